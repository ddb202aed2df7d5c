import type { TextWindow } from "./text_window.ts";

/** Counts line ends at places that never go back, each byte once, and only where somebody wants to know. */
export class LineCounter {
  #at = 0;
  #lines = 0;
  #messages = 0;
  /** Bodies that are open. */
  #wanted = 0;
  constructor(private readonly window: TextWindow) {}

  /** The count where a body begins. What lies between bodies counts only for a message around them. */
  open(at: number, message: boolean): number {
    if (this.#messages > 0) this.#countTo(at);
    else if (at > this.#at) this.#at = at;
    if (message) this.#messages++;
    this.#wanted++;
    return this.#lines;
  }
  /** The count where a body ends. */
  close(at: number, message: boolean): number {
    this.#countTo(at);
    if (message) this.#messages--;
    this.#wanted--;
    return this.#lines;
  }
  /** What stands before `to` will not be there any more. */
  advance(to: number): void {
    if (this.#wanted > 0) this.#countTo(to);
    else if (to > this.#at) this.#at = to;
  }
  #countTo(end: number): void {
    const { text, base } = this.window;
    let at = this.#at - base;
    while (at < end - base) {
      const newline = text.indexOf("\n", at);
      if (newline < 0 || newline >= end - base) break;
      this.#lines++;
      at = newline + 1;
    }
    this.#at = Math.max(this.#at, end);
  }
}
