import type { Clock, DnsAnswer } from "../../base/mod.ts";

interface Entry {
  readonly answer: DnsAnswer<unknown>;
  readonly bytes: number;
  /** On the monotonic clock: a wall clock that jumps neither spoils answers nor keeps them. */
  readonly endMs: number;
}

/** What an entry costs beside its packet: key, map slot, objects. */
const ENTRY_BYTES = 200;

/** Answers by question until their time is over; within both limits, the one unused for longest goes first. */
export class AnswerCache {
  /** In order of use. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;
  constructor(private readonly options: { clock: Clock; entriesMax: number; bytesMax: number }) {}

  get entries(): number {
    return this.#entries.size;
  }
  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): DnsAnswer<unknown> | null {
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    this.#entries.delete(key);
    if (entry.endMs <= this.options.clock.monotonicMs()) {
      this.#bytes -= entry.bytes;
      return null;
    }
    this.#entries.set(key, entry);
    return entry.answer;
  }

  /** Keeps an answer of so many octets on the wire. */
  put(key: string, answer: DnsAnswer<unknown>, keep: { readonly seconds: number; readonly packetBytes: number }): void {
    if (keep.seconds <= 0) return;
    const bytes = keep.packetBytes + ENTRY_BYTES;
    this.#remove(key);
    this.#entries.set(key, { answer, bytes, endMs: this.options.clock.monotonicMs() + keep.seconds * 1_000 });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.options.entriesMax && this.#bytes <= this.options.bytesMax) break;
      this.#remove(oldest);
    }
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }
}
