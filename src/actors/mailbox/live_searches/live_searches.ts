import type { MailboxChange } from "../../../mail/mailbox_state.ts";
import { countOf, numbersIn, type Ranges, rangesOf, rangesOfRising, upTo } from "../../../mail/ranges.ts";
import { SortedUids } from "../views/mod.ts";
import type { LiveSearch } from "./live_search.ts";

/** Messages with changed flags that are remembered one by one; of more it is only known that any may have changed. 40 KB. */
export const TOUCHED_MAX = 10_000;

/** How many bytes all such searches of a worker take. */
export interface LiveBudget {
  liveBytes: number;
}

/** The searches of one view whose results are told as they change, and what happened since they were told last. */
export class LiveSearches {
  readonly #searches = new Map<string, LiveSearch>();
  readonly #touched = new SortedUids();
  #anyTouched = false;
  readonly #gone = new SortedUids();
  #bytes = 0;
  /** `testedTo`: messages from this UID on were not looked at yet. */
  constructor(private readonly budget: LiveBudget, public testedTo: number) {}

  get size(): number {
    return this.#searches.size;
  }
  /** Memory that counts, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }
  get searches(): Iterable<LiveSearch> {
    return this.#searches.values();
  }
  get(tag: string): LiveSearch | undefined {
    return this.#searches.get(tag);
  }
  add(search: LiveSearch): void {
    this.remove(search.tag);
    this.#searches.set(search.tag, search);
    this.count();
  }
  remove(tag: string): void {
    this.#searches.delete(tag);
    this.count();
  }
  /** Searches that wait for an order that nobody will tell any more. */
  removeWaiting(): void {
    for (const search of [...this.#searches.values()]) if (search.waits) this.remove(search.tag);
  }
  /** Counts the bytes anew, after results have changed. */
  count(): void {
    const before = this.#bytes;
    this.#bytes = 0;
    for (const { bytes } of this.#searches.values()) this.#bytes += bytes;
    this.budget.liveBytes += this.#bytes - before;
  }
  /** The view is closed. */
  end(): void {
    this.#searches.clear();
    this.count();
  }
  /** Notes what happened to messages that results may hold. Rising UIDs. */
  note(change: MailboxChange): void {
    if (change.kind !== "flags" && change.kind !== "expunged") return;
    // Of others nothing is known yet.
    if (change.kind === "expunged") return this.#gone.addAll(change.uids.filter((uid) => uid < this.testedTo));
    if (this.#anyTouched) return;
    const known = upTo(change.uids, this.testedTo - 1);
    if (countOf(known) <= TOUCHED_MAX) this.#touched.addAll([...numbersIn(known)]);
    if (Math.max(countOf(known), this.#touched.length) > TOUCHED_MAX) this.#touchAny();
  }
  /** Up to `max` messages that are gone, rising. */
  takeGone(max: number): number[] {
    return this.#gone.takeFirst(max);
  }
  /** Whether there is something to be looked at, in a view that shows messages below `uidNext`. */
  hasWork(uidNext: number): boolean {
    return this.#gone.length > 0 || this.#touched.length > 0 || this.#anyTouched || this.testedTo < uidNext;
  }
  /** What is to be looked at next, at most about `max` messages: what was touched, then what has come. */
  work(uidNext: number, max: number): LiveWork {
    const newTo = Math.min(uidNext, this.testedTo + max);
    if (this.#anyTouched) return { uids: rangesOf(newTo > 1 ? [1, newTo - 1] : [], 0), touched: null, newTo };
    const touched: number[] = [];
    for (let i = 0; i < Math.min(max, this.#touched.length); i++) touched.push(this.#touched.at(i));
    const fresh = newTo > this.testedTo ? [this.testedTo, newTo - 1] : [];
    return { uids: rangesOf([...rangesOfRising(touched), ...fresh], 0), touched, newTo };
  }
  /** That work begins: what is touched from now on is looked at again. */
  begin({ touched, newTo }: LiveWork): void {
    if (touched === null) {
      this.#anyTouched = false;
      this.#touched.clear();
    } else this.#touched.takeFirst(touched.length);
    this.testedTo = Math.max(this.testedTo, newTo);
  }
  /** It could not be done: it is to be done again. */
  giveBack({ touched, newTo }: LiveWork, from: number): void {
    this.testedTo = Math.min(this.testedTo, from, newTo);
    if (touched === null) this.#touchAny();
    else if (!this.#anyTouched) this.#touched.addAll(touched);
  }
  #touchAny(): void {
    this.#anyTouched = true;
    this.#touched.clear();
  }
}

/** Messages to be looked at. */
export interface LiveWork {
  readonly uids: Ranges;
  /** Those whose flags were changed; null: any. */
  readonly touched: readonly number[] | null;
  /** All below this UID will have been looked at. */
  readonly newTo: number;
}
