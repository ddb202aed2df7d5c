import { setImmediate } from "node:timers";
import type { LogLevel } from "../base/mod.ts";

/** Lines that may wait for the end of a turn. */
const LINES_MAX = 1_000;

/** Lines of a worker's log, those of one turn written together: a worker that tries mails has one for each. Troubles do not wait. */
export class LogLines {
  #lines: string[] = [];

  constructor(private readonly write: (lines: string) => void) {}

  add(line: string, level: LogLevel): void {
    this.#lines.push(line);
    if (level === "warn" || level === "error" || this.#lines.length >= LINES_MAX) this.flush();
    else if (this.#lines.length === 1) setImmediate(() => this.flush());
  }

  /** Writes what waits. */
  flush(): void {
    if (this.#lines.length === 0) return;
    const lines = this.#lines;
    this.#lines = [];
    this.write(lines.join("\n"));
  }
}
