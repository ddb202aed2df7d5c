import { createHmac } from "node:crypto";
import type { Random } from "../../base/mod.ts";

/** Attempts of one address that may be under way; those that say the same are one. */
const PER_REMOTE_MAX = 8;
/** Attempts of one address that say the same: as many as a client has connections, and more. */
const ALIKE_MAX = 100;
/** Attempts that may be under way in all, most of them waiting for their time. */
const ATTEMPTS_MAX = 1_000;

/** Whose attempt it is, and what makes it like another one; `said` is null for one that is like none. */
export interface AttemptMark {
  readonly remote: string;
  readonly said: string | null;
}

/**
 * What is being checked at the moment. A client that opens many connections says the same on each: that is one attempt, and
 * one check whose result they share. What was said is known by a keyed hash, no longer than it is under way; the key lives
 * and dies with the process.
 */
export class ChecksUnderWay {
  readonly #key: Uint8Array;
  /** By address: how many attempts are under way that said that. */
  readonly #places = new Map<string, Map<string, number>>();
  readonly #shared = new Map<string, Promise<unknown>>();
  #attempts = 0;
  #unlike = 0;
  constructor(random: Random) {
    this.#key = random.bytes(32);
  }

  /** Known by these words; secrets may be among them. */
  mark(...words: readonly string[]): string {
    return createHmac("sha256", this.#key).update(JSON.stringify(words)).digest("base64");
  }

  /** A place for an attempt, to be given back; null: too many are under way. */
  enter({ remote, said }: AttemptMark): (() => void) | null {
    const places = this.#places.get(remote) ?? new Map<string, number>();
    const mark = said ?? `${this.#unlike++}`;
    const alike = places.get(mark) ?? 0;
    if (alike >= ALIKE_MAX) return null;
    if (alike === 0 && (places.size >= PER_REMOTE_MAX || this.#attempts >= ATTEMPTS_MAX)) return null;
    if (alike === 0) this.#attempts++;
    this.#places.set(remote, places.set(mark, alike + 1));
    return () => this.#leave(remote, mark);
  }

  #leave(remote: string, mark: string): void {
    const places = this.#places.get(remote);
    const left = (places?.get(mark) ?? 1) - 1;
    if (left > 0) return void places?.set(mark, left);
    this.#attempts--;
    places?.delete(mark);
    if (places?.size === 0) this.#places.delete(remote);
  }

  /** What `check` comes to; who asks with the same mark before it has is told the same. */
  share<T>(mark: string, check: () => Promise<T>): Promise<T> {
    const running = this.#shared.get(mark) as Promise<T> | undefined;
    if (running !== undefined) return running;
    const started = check().finally(() => this.#shared.delete(mark));
    this.#shared.set(mark, started);
    return started;
  }
}
