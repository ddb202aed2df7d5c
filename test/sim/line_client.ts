import { latin1, utf8 } from "../../src/base/mod.ts";
import { latin1Bytes } from "../support/latin1.ts";
import type { SimPeer } from "./sim_connection.ts";

/** The server has closed, or the worker behind it was lost. */
export class Closed extends Error {
  override name = "Closed";
}

/** A client that speaks in lines and waits for lines, on simulated time. */
export class LineClient {
  #text = "";
  #closed = false;
  #wake: (() => void) | null = null;

  constructor(private readonly peer: SimPeer) {
    peer.receive = (bytes) => {
      if (bytes === null) this.#closed = true;
      else this.#text += latin1(bytes);
      this.#wake?.();
    };
  }

  /** Sends text, in which each character is one byte. */
  write(text: string): void {
    this.peer.send(latin1Bytes(text));
  }

  /** One command; answers the line that comes back. */
  command(line: string): Promise<string> {
    this.peer.send(utf8(`${line}\r\n`));
    return this.line();
  }

  /** The next line without its end. Throws Closed when there is none. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#text.indexOf("\r\n");
      if (end >= 0) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        return line;
      }
      if (this.#closed) throw new Closed("the server is gone");
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  end(): void {
    this.peer.end();
  }

  reset(): void {
    this.#closed = true;
    this.peer.reset();
    this.#wake?.();
  }
}
