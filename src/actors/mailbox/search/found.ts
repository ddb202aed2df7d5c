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
  readonly #runs: Run[] = [];
  #latest: Run | null = null;
  #count = 0;
  #modSeq = 0;
  readonly #scores: number[] | null;
  readonly #kept: number;

  /** `scored`: how well each message fits is noted, too. `last`: only so many are kept, the last ones. */
  constructor({ scored = false, last = Infinity }: { readonly scored?: boolean; readonly last?: number } = {}) {
    this.#scores = scored ? [] : null;
    this.#kept = last;
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
    const latest = this.#latest;
    if (latest !== null && latest.uid + latest.count === uid && latest.sequence + latest.count === sequence) {
      latest.count++;
      this.#count++;
    } else this.addRun({ sequence, uid, count: 1 });
  }
  /** Adds messages behind all others, of which neither MODSEQ nor score are asked for. Throws as `add` does. */
  addRun(run: Run): void {
    if (this.#runs.length === RUNS_MAX) this.#keepLast(run.count);
    this.#count += run.count;
    const latest = this.#latest;
    if (latest !== null && latest.uid + latest.count === run.uid && latest.sequence + latest.count === run.sequence) {
      latest.count += run.count;
    } else if (this.#runs.length < RUNS_MAX) {
      this.#latest = run;
      this.#runs.push(run);
    } else throw new Failure("refused", "the search finds too many single messages");
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
  /** Lets go of what is too much when so many more have come. */
  #keepLast(coming = 0): void {
    let over = Math.min(this.#count, this.#count + coming - this.#kept);
    if (over <= 0) return;
    this.#count -= over;
    this.#scores?.splice(0, over);
    let at = 0;
    for (; at < this.#runs.length && over >= this.#runs[at]!.count; at++) over -= this.#runs[at]!.count;
    const first = this.#runs[at];
    this.#runs.splice(0, at);
    if (first !== undefined) {
      const { sequence, uid, count } = first;
      this.#runs[0] = { sequence: sequence + over, uid: uid + over as Uid, count: count - over };
    }
    this.#latest = this.#runs.at(-1) ?? null;
  }
}
