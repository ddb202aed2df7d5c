import type { Clock, DnsAnswer } from "../../base/mod.ts";

interface Entry {
  readonly answer: DnsAnswer<unknown>;
  readonly bytes: number;
  /** On the monotonic clock: a wall clock that jumps neither spoils answers nor keeps them. */
  readonly endMs: number;
}

/** What an entry costs beside its packet: key, map slot, objects. */
const ENTRY_BYTES = 200;

/**
 * Answers by question until their time is over. Within each limit there are two generations: what is used moves to the young
 * one; when that is full, it becomes the old one, and what lay unused in the old one is gone. A map that is kept in order of use
 * would be rehashed again and again: 27 µs for each look-up among 9,000 entries, against less than one.
 */
export class AnswerCache {
  #young = new Generation();
  #old = new Generation();
  constructor(private readonly options: { clock: Clock; entriesMax: number; bytesMax: number }) {}

  get entries(): number {
    return this.#young.size + this.#old.size;
  }
  get bytes(): number {
    return this.#young.bytes + this.#old.bytes;
  }

  get(key: string): DnsAnswer<unknown> | null {
    const young = this.#young.get(key);
    const entry = young ?? this.#old.get(key);
    if (entry === undefined || entry.endMs <= this.options.clock.monotonicMs()) return null;
    if (young === undefined) this.#keep(key, entry);
    return entry.answer;
  }

  /** Keeps an answer of so many octets on the wire; one that would push out half of all others is not kept. */
  put(key: string, answer: DnsAnswer<unknown>, keep: { readonly seconds: number; readonly packetBytes: number }): void {
    if (keep.seconds <= 0) return;
    const endMs = this.options.clock.monotonicMs() + keep.seconds * 1_000;
    this.#keep(key, { answer, bytes: keep.packetBytes + ENTRY_BYTES, endMs });
  }

  #keep(key: string, entry: Entry): void {
    const { entriesMax, bytesMax } = this.options;
    if (entry.bytes > bytesMax / 2 || entriesMax < 2) return;
    this.#old.remove(key);
    this.#young.remove(key);
    if (this.#young.size + 1 > entriesMax / 2 || this.#young.bytes + entry.bytes > bytesMax / 2) {
      this.#old = this.#young;
      this.#young = new Generation();
    }
    this.#young.add(key, entry);
  }
}

class Generation {
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  get size(): number {
    return this.#entries.size;
  }
  get bytes(): number {
    return this.#bytes;
  }
  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }
  /** Adds an entry that is not there. */
  add(key: string, entry: Entry): void {
    this.#entries.set(key, entry);
    this.#bytes += entry.bytes;
  }
  remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }
}
