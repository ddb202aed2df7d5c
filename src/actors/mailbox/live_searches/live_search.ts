import type { OrderKey } from "../../../mail/mailbox_view.ts";
import type { SearchProgram } from "../../../mail/search_program.ts";
import { difference, isIn, NO_RANGES, type Ranges, rangesOf, rangesOfRising } from "../../../mail/ranges.ts";
import { ResultOrder } from "./result_order.ts";

/** Bytes of a search without its results, about, and of each character in its program. */
const SEARCH_BYTES = 500;
const CHARACTER_BYTES = 2;

/** What a search is known by. */
export interface LiveStart {
  readonly tag: string;
  /** Its results are told by UIDs, not by numbers. */
  readonly uid: boolean;
  /** Its results have an order of their own, which is not known yet. */
  readonly sorted: boolean;
  /** Sets in it are of UIDs: numbers are those of the time when it was asked for (RFC 5267 §4.3). */
  readonly program: SearchProgram;
  readonly results: Ranges;
}

/** A search, and its results as the session knows them. */
export class LiveSearch {
  readonly tag: string;
  readonly uid: boolean;
  readonly program: SearchProgram;
  /** The results in their order; null when that is the mailbox's, or is not known yet. */
  #order: ResultOrder | null = null;
  #waits: boolean;
  /** Ranges of UIDs, as pairs: of a million results in a row they are eight bytes. */
  #results: Uint32Array;
  readonly #programBytes: number;

  constructor({ tag, uid, sorted, program, results }: LiveStart) {
    this.tag = tag;
    this.uid = uid;
    this.program = program;
    this.#waits = sorted;
    this.#results = Uint32Array.from(results);
    this.#programBytes = SEARCH_BYTES + CHARACTER_BYTES * JSON.stringify(program).length;
  }
  /** Memory, in bytes. */
  get bytes(): number {
    return this.#programBytes + this.#results.byteLength + (this.#order?.bytes ?? 0);
  }
  /** Nothing is told of it before its order is known. */
  get waits(): boolean {
    return this.#waits;
  }
  get order(): ResultOrder | null {
    return this.#order;
  }
  get results(): Ranges {
    return this.#results.length === 0 ? NO_RANGES : [...this.#results] as readonly number[] as Ranges;
  }
  remove(uids: Ranges): void {
    this.#results = Uint32Array.from(difference(this.results, uids));
  }
  add(uids: Ranges): void {
    this.#results = Uint32Array.from(rangesOf([...this.#results, ...uids], 0));
  }
  /** The order in which the session knows the results; those that are not in it were gone before they were told. */
  setOrder(keys: readonly OrderKey[], uids: Uint32Array): void {
    const { results } = this;
    const known = uids.filter((uid) => isIn(results, uid));
    this.#order = new ResultOrder(keys, known);
    this.#results = Uint32Array.from(rangesOfRising(known.toSorted()));
    this.#waits = false;
  }
}
