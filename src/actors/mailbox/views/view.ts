import type { MessageSet } from "../../../mail/mailbox_view.ts";
import { UID_MAX } from "../../../mail/uid.ts";
import {
  intersection,
  NO_RANGES,
  numbersIn,
  pairFrom,
  pairsFrom,
  type Ranges,
  rangesOf,
  upTo,
} from "../../../mail/ranges.ts";
import type { RowOrder } from "./row_order.ts";
import { SortedUids } from "./sorted_uids.ts";

/** Messages that are gone and that one view was not told of; a view that lies further behind ends. 400 KB. */
export const GHOSTS_MAX = 100_000;

/** Changed flags that one view remembers one by one; of more it only knows since when, and looks at all rows. 40 KB. */
export const CHANGED_MAX = 10_000;

/** Changes, and bounds of ranges in them, that wait to be known as the session's own or not. 1.6 MB. */
const UNSORTED_MAX = 1_000;
const UNSORTED_NUMBERS_MAX = 200_000;

/** So many UIDs are taken out of a set one by one. */
const FEW = 64;

/** How the mailbox was when the view was opened. */
export interface ViewStart {
  readonly uidNext: number;
  readonly messages: number;
  readonly modSeq: number;
  /** From this UID on messages are recent for this view. */
  readonly recentFrom: number;
  readonly recent: number;
  readonly keywords: readonly string[];
}

/**
 * What one session has been told of a mailbox. Message sequence numbers are not kept: they are counted from the rows of the
 * store that the session knows of (UIDs below `uidNext`) and from those that it still believes to be there (ghosts).
 */
export class View {
  /** UIDs that are gone, and the session was not told. */
  readonly #ghosts = new SortedUids();
  /** Their sequence numbers, once somebody asked by number; found anew after each change. */
  #places: Uint32Array | null = null;
  /** UIDs whose flags were changed, and the session was not told. */
  readonly #changed = new SortedUids();
  /** Set when there were too many: every row above this UID with a MODSEQ above `modSeq` may be one. */
  #changedAbove: number | null = null;
  /** What changed while a change of this session's own is under way: which of it is its own is not known yet. */
  #unsorted: { readonly uids: Ranges; readonly modSeq: number }[] = [];
  #unsortedNumbers = 0;
  #ownWork = 0;
  #told = 0;
  #uidNext: number;
  #exists: number;
  #recent: number;
  #modSeq: number;
  /** Keywords that the session was told of; one list for all views that know the same. */
  keywords: readonly string[];
  /** "$" (RFC 9051 §6.4.4.1), as UIDs. */
  saved: Ranges = NO_RANGES;
  /** The mailbox was removed, or the view lies too far behind. */
  gone = false;
  readonly recentFrom: number;

  constructor(readonly order: RowOrder, start: ViewStart) {
    this.#uidNext = start.uidNext;
    this.#exists = start.messages;
    this.#modSeq = start.modSeq;
    this.#recent = start.recent;
    this.recentFrom = start.recentFrom;
    this.keywords = start.keywords;
  }

  /** Messages as the session counts them (RFC 9051 §7.4.1 EXISTS). */
  get exists(): number {
    return this.#exists;
  }
  get recent(): number {
    return this.#recent;
  }
  /** The session knows of no message with this UID or a higher one. */
  get uidNext(): number {
    return this.#uidNext;
  }
  /** Every change up to this MODSEQ was told. */
  get modSeq(): number {
    return this.#modSeq;
  }
  /** How often sequence numbers have become others. */
  get told(): number {
    return this.#told;
  }
  /** Messages gone that are not told yet. */
  get ghosts(): number {
    return this.#ghosts.length;
  }
  /** Whether flags changed that are not told yet. */
  get hasChanged(): boolean {
    return this.#changed.length > 0 || this.#changedAbove !== null || this.#unsorted.length > 0;
  }

  isGhost(uid: number): boolean {
    return this.#ghosts.has(uid);
  }
  /** Whether one of these UIDs is a ghost's. */
  hasGhostIn(uids: Ranges): boolean {
    if (this.#ghosts.length === 0) return false;
    for (let i = 0; i < uids.length; i += 2) {
      if (this.#ghosts.countBelow(uids[i + 1]! + 1) > this.#ghosts.countBelow(uids[i]!)) return true;
    }
    return false;
  }
  /** The UID of the ghost with `index` ghosts below it. */
  ghostAt(index: number): number {
    return this.#ghosts.at(index);
  }
  /** Ghosts below a UID: rows of the store and these make up the sequence. */
  ghostsBelow(uid: number): number {
    return this.#ghosts.length === 0 ? 0 : this.#ghosts.countBelow(uid);
  }
  /** The sequence number of a message that the session knows of. */
  sequenceOf(uid: number): number {
    return this.order.rank(uid) + this.ghostsBelow(uid) + 1;
  }
  /** The UID at a sequence number, also of a ghost; 0 when there is no such number. */
  uidAt(sequence: number): number {
    if (sequence < 1 || sequence > this.#exists) return 0;
    const ghosts = this.#ghostsUpTo(sequence);
    if (ghosts > 0 && this.#ghostPlaces()[ghosts - 1] === sequence) return this.#ghosts.at(ghosts - 1);
    return this.order.select(sequence - ghosts - 1);
  }
  /** The highest UID of the view, ghosts among them; 0 when it is empty. */
  lastUid(): number {
    if (this.#exists === 0) return 0;
    const ghost = this.#ghosts.length === 0 ? 0 : this.#ghosts.at(this.#ghosts.length - 1);
    return Math.max(ghost, this.order.lastBelow(this.#uidNext));
  }
  /** A set as UIDs, none of them above what the session knows. Not every UID in them need have a message. */
  uidsOf(set: MessageSet): Ranges {
    if (set.by === "saved") {
      return set.from === undefined ? this.saved : intersection(this.saved, rangesOf([set.from, UID_MAX], 0));
    }
    if (set.by === "sequence") {
      return [...this.#pairsOfSequence(rangesOf(set.pairs, this.#exists), 0)].flat() as readonly number[] as Ranges;
    }
    // RFC 9051 §6.4.9: "*" is the last message, also when the other number is higher.
    const star = set.pairs.includes(0) ? this.lastUid() : 0;
    return upTo(rangesOf(set.pairs, star), this.#uidNext - 1);
  }
  /** The same pair by pair, from the UID `after` on: who needs only some of a long set finds only those. */
  pairsOf(set: MessageSet, after: number): Iterable<readonly [number, number]> {
    if (set.by === "sequence") return this.#pairsOfSequence(rangesOf(set.pairs, this.#exists), after);
    return pairsFrom(this.uidsOf(set), after);
  }
  /** Whether a set names a message by its number that is gone: RFC 2180 §4.1 and §4.2 let a session say so. */
  namesGhosts(set: MessageSet): boolean {
    if (set.by !== "sequence" || this.#ghosts.length === 0) return false;
    const sequences = rangesOf(set.pairs, this.#exists);
    for (let i = 0; i < sequences.length; i += 2) {
      if (this.#ghostsUpTo(sequences[i + 1]!) > this.#ghostsUpTo(sequences[i]! - 1)) return true;
    }
    return false;
  }

  /**
   * Messages left the mailbox. Rising UIDs, removed from `order` already; answers whether there is news in it. The view ends
   * when more than `ghostsMax` were not told.
   */
  expunged(uids: readonly number[], ghostsMax = GHOSTS_MAX): boolean {
    const known = uids.filter((uid) => uid < this.#uidNext);
    this.#ghosts.addAll(known);
    this.#places = null;
    if (known.length < FEW) { for (const uid of known) this.#changed.remove(uid); }
    else this.#changed.removeIf((uid) => this.#ghosts.has(uid));
    if (this.#ghosts.length > ghostsMax) this.end();
    return known.length > 0;
  }
  /** Flags changed; answers whether there is news in it. */
  flagsChanged(uids: Ranges, modSeq: number): boolean {
    const known = upTo(uids, this.#uidNext - 1);
    if (known.length === 0) return false;
    if (!this.ownWork) return this.#noteChanged(known);
    this.#unsorted.push({ uids: known, modSeq });
    this.#unsortedNumbers += known.length;
    if (this.#unsorted.length > UNSORTED_MAX || this.#unsortedNumbers > UNSORTED_NUMBERS_MAX) this.#sort();
    return true;
  }
  /** A change of the session's own begins: what it alone changes need not be told by news. */
  ownBegins(): void {
    this.#ownWork++;
  }
  /** What came by this MODSEQ was the session's own change: it is told of the rows by its answer. */
  ownWas(modSeq: number): void {
    const at = this.#unsorted.findIndex((change) => change.modSeq === modSeq);
    if (at < 0) return;
    this.#unsortedNumbers -= this.#unsorted[at]!.uids.length;
    this.#unsorted.splice(at, 1);
  }
  ownEnds(): void {
    if (--this.#ownWork === 0) this.#sort();
  }
  /** While it lasts the session is not woken: it asks for news when it has its answer. */
  get ownWork(): boolean {
    return this.#ownWork > 0;
  }

  /** Lets up to `max` ghosts leave the view: sequence numbers valid one after the other (RFC 9051 §7.5.1), rising UIDs. */
  takeGhosts(max: number): { readonly sequence: number; readonly uid: number }[] {
    const taken = this.#ghosts.takeFirst(max);
    this.#places = null;
    this.#exists -= taken.length;
    if (taken.length > 0) this.#told++;
    for (const uid of taken) if (uid >= this.recentFrom) this.#recent--;
    // Those before are told already, those behind do not count: what is before is what the store has.
    return taken.map((uid) => ({ sequence: this.order.rank(uid) + 1, uid }));
  }
  /** The view grows by what has come, up to the store's UIDNEXT. */
  takeArrivals(uidNext: number, messages: number): void {
    const exists = messages + this.#ghosts.length;
    this.#recent += Math.max(0, exists - this.#exists);
    this.#exists = exists;
    this.#uidNext = Math.max(this.#uidNext, uidNext);
  }
  /** Up to `max` UIDs whose flags changed, as one list, or as the UID above which to look at all rows. */
  takeChanged(max: number): { readonly uids: readonly number[] } | { readonly above: number } {
    this.#sort();
    if (this.#changed.length > 0) return { uids: this.#changed.takeFirst(max) };
    return this.#changedAbove === null ? { uids: [] } : { above: this.#changedAbove };
  }
  /** Some of those taken were not told after all. */
  putBack(uids: readonly number[]): void {
    this.#changed.addAll(uids);
  }
  /** How far the look at all rows has come; null when it is done. */
  lookedUpTo(uid: number | null): void {
    this.#changedAbove = uid;
  }
  /** Notes the MODSEQ of the mailbox, if there is nothing left to be told. */
  settle(modSeq: number): void {
    if (this.#ghosts.length === 0 && !this.hasChanged) this.#modSeq = modSeq;
  }
  /** Nothing is kept any more but that it is over. */
  end(): void {
    this.gone = true;
    this.#ghosts.clear();
    this.#places = null;
    this.#changed.clear();
    this.#changedAbove = null;
    this.#unsorted = [];
    this.#unsortedNumbers = 0;
    this.saved = NO_RANGES;
  }
  #noteChanged(uids: Ranges): boolean {
    const fresh: number[] = [];
    for (const uid of numbersIn(upTo(uids, this.#changedAbove ?? UID_MAX))) {
      if (this.#changed.has(uid) || this.#ghosts.has(uid)) continue;
      // With those that are kept it is too many already.
      if (fresh.push(uid) > CHANGED_MAX) break;
    }
    this.#changed.addAll(fresh);
    if (this.#changed.length > CHANGED_MAX) {
      this.#changed.clear();
      this.#changedAbove = 0;
    }
    return fresh.length > 0;
  }
  /** What is left of the changes is not the session's own, or nobody can say any more: it is told. */
  #sort(): void {
    const unsorted = this.#unsorted;
    if (unsorted.length === 0) return;
    this.#unsorted = [];
    this.#unsortedNumbers = 0;
    for (const { uids } of unsorted) this.#noteChanged(uids);
  }

  /** How many ghosts have a place at or below a sequence number. */
  #ghostsUpTo(sequence: number): number {
    if (this.#ghosts.length === 0) return 0;
    const places = this.#ghostPlaces();
    let low = 0;
    let high = places.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (places[middle]! <= sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }
  #ghostPlaces(): Uint32Array {
    if (this.#places !== null) return this.#places;
    const places = new Uint32Array(this.#ghosts.length);
    for (let i = 0; i < places.length; i++) places[i] = this.order.rank(this.#ghosts.at(i)) + i + 1;
    this.#places = places;
    return places;
  }
  /** From the UID `after` on; each pair is found when it is asked for. */
  *#pairsOfSequence(sequences: Ranges, after: number): Generator<readonly [number, number]> {
    const from = after === 0 ? 0 : pairFrom(sequences, this.sequenceOf(after));
    for (let i = from; i < sequences.length; i += 2) {
      const [first, last] = [sequences[i]!, Math.min(sequences[i + 1]!, this.#exists)];
      if (first > last) return;
      // The first and the last message are found without counting.
      const uid = first === 1 ? 1 : this.uidAt(first);
      if (last === this.#exists) yield [uid, this.#uidNext - 1];
      else yield [uid, last === first && first !== 1 ? uid : this.uidAt(last)];
    }
  }
}
