import type { Random } from "../base/mod.ts";
import type { Sent } from "./beside.ts";
import type { LinkPort } from "./link.ts";

/** One direction of a simulated channel: in order, but only as far as the simulation delivers. */
export class SimLink {
  #queue: Sent[] = [];
  #handle: ((batch: unknown) => void) | null = null;
  #closed = false;

  constructor(readonly from: string, readonly to: string) {}

  /** The two directions as one end of a channel. */
  static port(out: SimLink, incoming: SimLink): LinkPort {
    return {
      send: (batch) => {
        if (!out.#closed) out.#queue.push(batch);
      },
      receive: (handle) => {
        incoming.#handle = handle;
      },
      close: () => {
        out.close();
        incoming.close();
      },
    };
  }

  get ended(): boolean {
    return this.#closed;
  }

  get waiting(): boolean {
    return this.#queue.length > 0;
  }

  /** Hands over the oldest batch. */
  deliver(): void {
    const batch = this.#queue.shift();
    if (batch) this.#handle?.(batch);
  }

  /** The sender is gone: an unknown part of its last words is lost. */
  loseTail(random: Random): void {
    this.#queue.length = Math.floor(random.next() * (this.#queue.length + 1));
  }

  close(): void {
    this.#closed = true;
    this.#queue = [];
  }
}
