import { assert, Failure } from "../../base/mod.ts";
import { foldKeyword, type KeywordChange, sortKeywords } from "./change.ts";
import type { IndexEnv } from "../disk/index_env.ts";
import {
  allKeywords,
  allKeywordSets,
  keywordIdsKey,
  keywordKey,
  keywordSetKey,
  readKeywordId,
  readKeywordSet,
} from "../layout/keys.ts";
import { getAscii, getU24, getU32, putAscii, putU24, putU32 } from "../layout/pack.ts";

/** Ids are octets, 0 is none. */
const KEYWORD_ID_MAX = 255;
const SET_MAX = 0xff_ffff;
/** The set of a message without keywords; it has no row. */
export const NO_KEYWORDS = 0;

interface Keyword {
  readonly id: number;
  /** As it was first spelt. */
  readonly name: string;
  /** Sets that hold it. */
  sets: number;
  changed: boolean;
}

interface KeywordSet {
  readonly set: number;
  /** Ids, rising. */
  readonly ids: Uint8Array;
  messages: number;
  changed: boolean;
}

/**
 * The keywords of one mailbox. A message row names a *set* of keywords by number; each set that a message has is kept once, with
 * the count of its messages, and each keyword with the count of its sets. What nobody uses goes at once, so that any number of
 * keywords may come and go. Read as needed, written by `flush`.
 */
export class KeywordTable {
  #keywords: Map<number, Keyword> | null = null;
  readonly #sets = new Map<number, KeywordSet>();
  /** Numbers of sets by their ids; null: there is none. */
  readonly #byIds = new Map<string, number | null>();
  #setNext = 0;
  constructor(
    private readonly index: IndexEnv,
    private readonly account: string,
    private readonly mailbox: number,
  ) {}
  /** Names in use, as they were first spelt, by their folded order. */
  inUse(): string[] {
    return sortKeywords([...this.#all().values()].filter(({ sets }) => sets > 0).map(({ name }) => name));
  }
  /** The names of a set, by their folded order. */
  names(set: number): string[] {
    if (set === NO_KEYWORDS) return [];
    const ids = this.#set(set)?.ids ?? [];
    return sortKeywords([...ids].flatMap((id) => this.#all().get(id)?.name ?? []));
  }
  /** The set of these names, with one message more. The names are distinct when folded. */
  acquire(names: readonly string[]): number {
    if (names.length === 0) return NO_KEYWORDS;
    const taken = new Set<number>();
    for (const name of names) taken.add(this.#keyword(name, taken).id);
    const ids = Uint8Array.from(taken).sort();
    const found = this.#find(ids);
    const held = (found === null ? null : this.#set(found)) ?? this.#make(ids);
    held.messages++;
    held.changed = true;
    return held.set;
  }
  release(set: number, messages = 1): void {
    if (set === NO_KEYWORDS) return;
    const held = this.#set(set);
    if (held === null || held.messages === 0) return;
    held.messages = Math.max(0, held.messages - messages);
    held.changed = true;
    if (held.messages > 0) return;
    for (const id of held.ids) {
      const keyword = this.#all().get(id);
      if (keyword === undefined || keyword.sets === 0) continue;
      keyword.sets--;
      keyword.changed = true;
    }
    this.#byIds.set(held.ids.join(), null);
  }
  /** The set after a change of a message that has `set`: one message more in the new one, one less in the old one. */
  change(set: number, change: KeywordChange): number {
    const before = this.names(set);
    const after = new Map((change.replace ? [] : before).map((name) => [foldKeyword(name), name]));
    for (const name of change.remove) after.delete(foldKeyword(name));
    for (const name of change.add) after.set(foldKeyword(name), name);
    if (after.size === before.length && before.every((name) => after.has(foldKeyword(name)))) return set;
    const next = this.acquire([...after.values()]);
    this.release(set);
    return next;
  }
  /** The same for so many more messages, of which it is known that `change` goes from one set to the other. */
  move(from: number, to: number, messages: number): void {
    const held = to === NO_KEYWORDS ? null : this.#set(to);
    if (held !== null) {
      held.messages += messages;
      held.changed = true;
    }
    this.release(from, messages);
  }
  flush(): void {
    const { index, account, mailbox } = this;
    for (const held of this.#sets.values()) {
      if (!held.changed) continue;
      held.changed = false;
      if (held.messages > 0) {
        index.put(keywordSetKey(account, mailbox, held.set), encodeSet(held));
        index.put(keywordIdsKey(account, mailbox, held.ids), encodeNumber(held.set));
      } else {
        index.remove(keywordSetKey(account, mailbox, held.set));
        // The same keywords may have come back under another number.
        if ((this.#byIds.get(held.ids.join()) ?? null) === null) {
          index.remove(keywordIdsKey(account, mailbox, held.ids));
        }
        this.#sets.delete(held.set);
      }
    }
    for (const keyword of this.#keywords?.values() ?? []) {
      if (!keyword.changed) continue;
      keyword.changed = false;
      if (keyword.sets > 0) index.put(keywordKey(account, mailbox, keyword.id), encodeKeyword(keyword));
      else {
        index.remove(keywordKey(account, mailbox, keyword.id));
        this.#keywords?.delete(keyword.id);
      }
    }
  }
  #all(): Map<number, Keyword> {
    if (this.#keywords !== null) return this.#keywords;
    this.#keywords = new Map();
    for (const { key, value } of this.index.range({ ...allKeywords(this.account, this.mailbox), limit: 256 })) {
      const id = readKeywordId(key);
      this.#keywords.set(id, decodeKeyword(id, value));
    }
    return this.#keywords;
  }
  /** The keyword of this name; a new one gets an id that nobody uses and that is not among those `taken`. */
  #keyword(name: string, taken: ReadonlySet<number>): Keyword {
    const all = this.#all();
    const folded = foldKeyword(name);
    for (const keyword of all.values()) {
      if (keyword.sets > 0 && foldKeyword(keyword.name) === folded) return keyword;
    }
    let id = 1;
    while (taken.has(id) || (all.get(id)?.sets ?? 0) > 0) id++;
    assert(id <= KEYWORD_ID_MAX, "the owner bounds the keywords of a mailbox");
    const made = { id, name, sets: 0, changed: true };
    all.set(id, made);
    return made;
  }
  /** Null when its row is lost: that must not keep a message from being shown, or deleted. */
  #set(set: number): KeywordSet | null {
    const held = this.#sets.get(set);
    if (held !== undefined) return held;
    const stored = this.index.get(keywordSetKey(this.account, this.mailbox, set));
    if (stored === undefined) return null;
    const made = { set, ...decodeSet(stored), changed: false };
    this.#sets.set(set, made);
    return made;
  }
  #find(ids: Uint8Array): number | null {
    const name = ids.join();
    const held = this.#byIds.get(name);
    if (held !== undefined) return held;
    const stored = this.index.get(keywordIdsKey(this.account, this.mailbox, ids));
    const found = stored === undefined ? null : getU24(stored, 0);
    this.#byIds.set(name, found);
    return found;
  }
  #make(ids: Uint8Array): KeywordSet {
    const made = { set: this.#free(), ids, messages: 0, changed: true };
    this.#sets.set(made.set, made);
    this.#byIds.set(ids.join(), made.set);
    for (const id of ids) {
      const keyword = this.#all().get(id);
      assert(keyword !== undefined, "the keywords of a new set are known");
      keyword.sets++;
      keyword.changed = true;
    }
    return made;
  }
  /** A number that no set has: above the highest, or the first gap when that is used up. */
  #free(): number {
    if (this.#setNext === 0) {
      const [last] = this.index.range({ ...allKeywordSets(this.account, this.mailbox), limit: 1, reverse: true });
      this.#setNext = last === undefined ? 1 : readKeywordSet(last.key) + 1;
    }
    if (this.#setNext <= SET_MAX) return this.#setNext++;
    for (let set = 1; set <= SET_MAX; set++) {
      if (!this.#sets.has(set) && this.index.get(keywordSetKey(this.account, this.mailbox, set)) === undefined) {
        return set;
      }
    }
    throw new Failure("refused", "a mailbox has used up its sets of keywords");
  }
}

/** Messages and ids of a set of keywords as it is stored. */
export function decodeSet(stored: Uint8Array): { messages: number; ids: Uint8Array } {
  return { messages: getU32(stored, 0), ids: stored.slice(4) };
}

function encodeSet({ messages, ids }: KeywordSet): Uint8Array {
  const bytes = new Uint8Array(4 + ids.length);
  putU32(bytes, 0, messages);
  bytes.set(ids, 4);
  return bytes;
}

function encodeNumber(set: number): Uint8Array {
  const bytes = new Uint8Array(3);
  putU24(bytes, 0, set);
  return bytes;
}

function encodeKeyword({ name, sets }: Keyword): Uint8Array {
  const bytes = new Uint8Array(4 + name.length);
  putU32(bytes, 0, sets);
  putAscii(bytes, 4, name);
  return bytes;
}

function decodeKeyword(id: number, stored: Uint8Array): Keyword {
  return { id, name: getAscii(stored, 4, stored.length), sets: getU32(stored, 0), changed: false };
}
