import type { OrderKey } from "../../../mail/mailbox_view.ts";
import { compareValues, type OrderValue } from "../../../mime/mod.ts";

/** What a message is put in order by; null when it is gone. */
export type ValuesOf = (uid: number) => readonly OrderValue[] | null;

/** UIDs in an order of their own, four bytes each. What they are ordered by is not kept: a message never changes in it. */
export class ResultOrder {
  readonly #reverse: readonly boolean[];

  constructor(readonly keys: readonly OrderKey[], private uids: Uint32Array) {
    this.#reverse = keys.map(({ reverse }) => reverse);
  }
  get bytes(): number {
    return this.uids.byteLength;
  }
  get length(): number {
    return this.uids.length;
  }
  /** Takes UIDs out; answers the places they had, from 1, the last first: so each is valid after those before. */
  remove(gone: ReadonlySet<number>): (readonly [place: number, uid: number])[] {
    const removed: (readonly [number, number])[] = [];
    let kept = 0;
    for (let i = 0; i < this.uids.length; i++) {
      const uid = this.uids[i]!;
      if (gone.has(uid)) removed.push([i + 1, uid]);
      else this.uids[kept++] = uid;
    }
    this.uids = this.uids.slice(0, kept);
    return removed.reverse();
  }
  /** Puts a UID where it belongs, O(log n) messages are looked at; answers its place, from 1. One that is gone comes last. */
  add(uid: number, valuesOf: ValuesOf): number {
    const place = this.#placeOf(uid, valuesOf);
    const more = new Uint32Array(this.uids.length + 1);
    more.set(this.uids.subarray(0, place));
    more[place] = uid;
    more.set(this.uids.subarray(place), place + 1);
    this.uids = more;
    return place + 1;
  }
  /** How many UIDs stand before. Among equals the mailbox's order counts (RFC 5256 §3). */
  #placeOf(uid: number, valuesOf: ValuesOf): number {
    const values = valuesOf(uid);
    let low = values === null ? this.uids.length : 0;
    let high = this.uids.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      // Of what is gone nothing is known: the next one that is there tells.
      let probe = middle;
      let there = valuesOf(this.uids[probe]!);
      while (there === null && ++probe < high) there = valuesOf(this.uids[probe]!);
      if (there === null) high = middle;
      else if ((compareValues(values!, there, this.#reverse) || uid - this.uids[probe]!) < 0) high = middle;
      else low = probe + 1;
    }
    return low;
  }
}
