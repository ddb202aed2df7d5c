import { Failure } from "../../../base/mod.ts";
import type { Uid } from "../../../mail/uid.ts";
import type { Ranges } from "../../../mail/ranges.ts";

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
  #last: Run | null = null;
  #modSeq = 0;
  readonly #scores: number[] | null;

  /** `scored`: how well each message fits is noted, too. */
  constructor({ scored = false }: { readonly scored?: boolean } = {}) {
    this.#scores = scored ? [] : null;
  }

  get runs(): readonly Run[] {
    return this.#runs;
  }
  /** The highest MODSEQ among what was found; null when that is nothing. */
  get modSeq(): number | null {
    return this.#runs.length === 0 ? null : this.#modSeq;
  }
  /** For each message in order how well it fits; null when that was not noted. */
  get scores(): readonly number[] | null {
    return this.#scores;
  }
  /** Adds a message behind all others. Throws Failure `refused` when the answer would be too long. */
  add(
    { sequence, uid, modSeq }: { readonly sequence: number; readonly uid: Uid; readonly modSeq: number },
    score?: number,
  ): void {
    if (score !== undefined) this.#scores?.push(score);
    this.#modSeq = Math.max(this.#modSeq, modSeq);
    const last = this.#last;
    if (last !== null && last.uid + last.count === uid && last.sequence + last.count === sequence) last.count++;
    else this.addRun({ sequence, uid, count: 1 });
  }
  /** Adds messages behind all others, of which neither MODSEQ nor score are asked for. Throws as `add` does. */
  addRun(run: Run): void {
    const last = this.#last;
    if (last !== null && last.uid + last.count === run.uid && last.sequence + last.count === run.sequence) {
      last.count += run.count;
    } else if (this.#runs.length < RUNS_MAX) {
      this.#last = run;
      this.#runs.push(run);
    } else throw new Failure("refused", "the search finds too many single messages");
  }
  /** The UIDs, as ranges. */
  uids(): Ranges {
    const uids: number[] = [];
    for (const { uid, count } of this.#runs) {
      if (uids.length > 0 && uids.at(-1) === uid - 1) uids[uids.length - 1] = uid + count - 1;
      else uids.push(uid, uid + count - 1);
    }
    return uids as readonly number[] as Ranges;
  }
}
