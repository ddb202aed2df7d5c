import { Failure } from "../../../base/mod.ts";
import type { Uid } from "../../../mail/uid.ts";
import { type Ranges } from "../views/mod.ts";

/** Runs of one answer: the actor system carries so many values in a message. */
const RUNS_MAX = 300_000;

export interface Run {
  readonly sequence: number;
  readonly uid: Uid;
  count: number;
}

/** What a search has found so far: runs in which sequence numbers and UIDs go on together. */
export class Found {
  #runs: Run[] = [];
  #count = 0;
  #modSeq = 0;
  readonly #scores: number[] | null;
  readonly #last: number;

  /** `scored`: how well each message fits is noted, too. `last`: only so many are kept, the last ones. */
  constructor({ scored = false, last = Infinity }: { readonly scored?: boolean; readonly last?: number } = {}) {
    this.#scores = scored ? [] : null;
    this.#last = last;
  }

  get runs(): readonly Run[] {
    this.#keepLast();
    return this.#runs;
  }
  /** The highest MODSEQ among all that was found; null when that is nothing. */
  get modSeq(): number | null {
    return this.#runs.length === 0 ? null : this.#modSeq;
  }
  /** For each message in order how well it fits; null when that was not noted. */
  get scores(): readonly number[] | null {
    this.#keepLast();
    return this.#scores;
  }
  /** Adds a message behind all others. Throws Failure `refused` when the answer would be too long. */
  add(
    { sequence, uid, modSeq }: { readonly sequence: number; readonly uid: Uid; readonly modSeq: number },
    score?: number,
  ): void {
    if (score !== undefined) this.#scores?.push(score);
    this.#modSeq = Math.max(this.#modSeq, modSeq);
    this.#count++;
    if (this.#runs.length === RUNS_MAX) this.#keepLast();
    const last = this.#runs.at(-1);
    if (last !== undefined && last.uid + last.count === uid && last.sequence + last.count === sequence) last.count++;
    else if (this.#runs.length < RUNS_MAX) this.#runs.push({ sequence, uid, count: 1 });
    else throw new Failure("refused", "the search finds too many single messages");
  }
  /** The UIDs, as ranges. */
  uids(): Ranges {
    const uids: number[] = [];
    for (const { uid, count } of this.runs) {
      if (uids.length > 0 && uids.at(-1) === uid - 1) uids[uids.length - 1] = uid + count - 1;
      else uids.push(uid, uid + count - 1);
    }
    return uids as readonly number[] as Ranges;
  }
  #keepLast(): void {
    let over = this.#count - this.#last;
    if (over <= 0) return;
    this.#count = this.#last;
    this.#scores?.splice(0, over);
    let at = 0;
    for (; over >= this.#runs[at]!.count; at++) over -= this.#runs[at]!.count;
    const { sequence, uid, count } = this.#runs[at]!;
    this.#runs.splice(0, at + 1, { sequence: sequence + over, uid: uid + over as Uid, count: count - over });
  }
}
