import { closeSync, openSync, readSync } from "node:fs";

/** Bytes read from a log at a time. */
const READ_BYTES = 262_144;

/** Counts the lines of a growing log that hold a text; reads only what was added since the last look. */
export class LineCounter {
  #count = 0;
  #position = 0;
  #rest = "";
  readonly #buffer = new Uint8Array(READ_BYTES);

  constructor(private readonly path: string, private readonly text: string) {}

  /** Complete lines with the text so far. A log that is not there yet has none. */
  count(): number {
    let fd: number;
    try {
      fd = openSync(this.path, "r");
    } catch {
      return this.#count;
    }
    try {
      for (;;) {
        const read = readSync(fd, this.#buffer, 0, READ_BYTES, this.#position);
        if (read === 0) return this.#count;
        this.#position += read;
        this.#take(new TextDecoder("latin1").decode(this.#buffer.subarray(0, read)));
      }
    } finally {
      closeSync(fd);
    }
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) if (line.includes(this.text)) this.#count++;
  }
}
