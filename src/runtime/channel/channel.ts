import type { Sent } from "../beside.ts";
import type { LinkPort } from "../link.ts";
import { Bell } from "./bell.ts";
import { Ring } from "./ring.ts";

/**
 * Larger batches go through the port. It costs 10 µs a batch where both threads are awake and 50 where the other one sleeps, a ring
 * 3 and 25 and a copy on each side, at 1 to 2 GB/s.
 */
const COPIED_BYTES_MAX = 12 * 1024;
/** Bytes of one ring; a batch that finds no room goes through the port as well. */
const RING_BYTES = 64 * 1024;
/** Batches that one look takes before the next channel's turn comes. */
const LOOK_BATCHES_MAX = 64;

/** One end of a channel between two threads, as it is given to one of them. */
export interface ChannelEnd {
  readonly port: MessagePort;
  /** Memory of the rings for what goes out and what comes in, and of the other thread's bell. */
  readonly out: SharedArrayBuffer;
  readonly into: SharedArrayBuffer;
  readonly bell: SharedArrayBuffer;
}

/** Makes a channel between the threads that wait for these bells: the first's end, and the second's. */
export function makeChannel(first: SharedArrayBuffer, second: SharedArrayBuffer): readonly [ChannelEnd, ChannelEnd] {
  const { port1, port2 } = new MessageChannel();
  const there = Ring.memory(RING_BYTES);
  const back = Ring.memory(RING_BYTES);
  return [
    { port: port1, out: there, into: back, bell: second },
    { port: port2, out: back, into: there, bell: first },
  ];
}

/** One end of a channel as the port of a link, in the thread that waits for the bell `own`. */
export function channelLink(end: ChannelEnd, own: Bell): LinkPort {
  return new ChannelPort(end, own);
}

/** Batches are numbered, so that they arrive in the order sent whichever way each took. */
class ChannelPort implements LinkPort {
  readonly #port: MessagePort;
  readonly #out: Ring;
  readonly #bell: Int32Array;
  /** Null once it holds what no ring can hold. */
  #into: Ring | null;
  #sent = 0;
  #received = 0;
  #handle: (batch: unknown) => void = () => {};
  #deaf: () => void = () => {};

  constructor(end: ChannelEnd, private readonly own: Bell) {
    this.#port = end.port;
    this.#out = new Ring(end.out);
    this.#into = new Ring(end.into);
    this.#bell = new Int32Array(end.bell);
  }

  send(batch: Sent): void {
    const number = this.#sent = (this.#sent + 1) | 0;
    if (batch instanceof ArrayBuffer && batch.byteLength <= COPIED_BYTES_MAX) {
      if (this.#out.put(number, new Uint8Array(batch))) return Bell.ring(this.#bell);
    }
    this.#port.postMessage([number, batch], Array.isArray(batch) ? batch : [batch]);
  }

  receive(handle: (batch: unknown) => void): void {
    this.#handle = handle;
    this.#port.onmessage = ({ data }) => this.#fromPort(data);
    this.#deaf = this.own.add(() => this.#fromRing(LOOK_BATCHES_MAX) > 0);
    this.#fromRing(LOOK_BATCHES_MAX);
  }

  close(): void {
    this.#deaf();
    this.#port.onmessage = null;
    this.#port.close();
  }

  /** What was sent before is in the ring by now, for the writer put it there first; what was sent after it may have been passed over. */
  #fromPort(data: unknown): void {
    const [number, batch] = Array.isArray(data) && data.length === 2 ? data as unknown[] : [];
    this.#fromRing(Infinity);
    const expected = (this.#received + 1) | 0;
    if (number !== expected) return this.#handle(null); // No batch: the link counts it.
    this.#received = expected;
    this.#handle(batch);
    this.#fromRing(Infinity);
  }

  /** Hands on the batches whose turn it is, up to `most`; how many those were. */
  #fromRing(most: number): number {
    for (let count = 0; count < most; count++) {
      const number = (this.#received + 1) | 0;
      const batch = this.#into?.take(number) ?? null;
      if (batch === null) return count;
      if (batch === "broken") this.#into = null;
      else this.#received = number;
      this.#handle(batch);
    }
    return most;
  }
}
