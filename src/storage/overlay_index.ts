import { assert } from "../base/mod.ts";
import type { IndexEnv } from "./disk/index_env.ts";
import { type Key, NAMES_TABLE } from "./layout/keys.ts";

type Entry = { key: Key; value: Uint8Array };
type RangeWanted = Parameters<IndexEnv["range"]>[0];

/** A row over that of the index below; null: that one is gone. */
interface Row {
  readonly key: Key;
  readonly value: Uint8Array | null;
}

/** The keys of one table, rising; those that came since the last range stand apart. */
interface KeyOrder {
  sorted: string[];
  fresh: string[];
}

/** Dead rows that a range walks over before that is noted; and how many such notes are kept. */
const GAP_ROWS_MIN = 4;
const GAPS_MAX = 16;
/** Rows that are read from the index below at a time when dead ones are among them, at least. */
const PAGE_ROWS_MIN = 16;
/** Rows of names that are kept as the index below has them: every delivery and every append asks for one or two. */
const KEPT_NAMES_MAX = 1_000;
/** Space that the index below may need for a row: a page, with its share of those above it. */
const INDEX_BYTES_A_ROW = 4_096;

/**
 * An index in memory over another one: what was changed, and is not brought there yet. Reads show both as one, and cost no more
 * than those of the one below while nothing is here. Changes are made in `commit`, which undoes all of them when it throws.
 */
export class OverlayIndex implements IndexEnv {
  /** By the octets of the key. A null stands only where the index below has a row. */
  readonly #rows = new Map<string, Row>();
  /** The same keys by their first octet: what ranges over one table is not put in order with all others. */
  readonly #order = new Map<number, KeyOrder>();
  /** Changes of each table, by the first octet of its keys. */
  readonly #changes = new Float64Array(256);
  /** Where ranges that begin with many dead rows find the first living one: what is taken from its front costs no walk each time. */
  readonly #gaps = new Map<string, Key>();
  /** Rows of names in the index below, or that it has none, until something is brought there. */
  readonly #names = new Map<string, Uint8Array | undefined>();
  #undo: { readonly name: string; readonly before: Row | undefined }[] | null = null;
  constructor(private readonly below: IndexEnv) {}
  /** Rows that differ from the index below. */
  get size(): number {
    return this.#rows.size;
  }
  /** Space that the index below may need for them. */
  get indexBytes(): number {
    return this.#rows.size * INDEX_BYTES_A_ROW;
  }
  /** A number that rises with every change of a table's rows, told by the first octet of their keys, also when it is undone. */
  changesOf(table: number): number {
    return this.#changes[table]!;
  }
  get(key: Key): Uint8Array | undefined {
    if (this.#rows.size > 0) {
      const row = this.#rows.get(nameOf(key));
      if (row !== undefined) return row.value ?? undefined;
    }
    return key[0] === NAMES_TABLE ? this.#nameBelow(key) : this.below.get(key);
  }
  peek(key: Key): Uint8Array | undefined {
    const row = this.#rows.size === 0 ? undefined : this.#rows.get(nameOf(key));
    return row === undefined ? this.below.peek(key) : row.value ?? undefined;
  }
  put(key: Key, value: Uint8Array): void {
    const name = nameOf(key);
    const before = this.#note(name);
    // A key that is there already need not be kept twice.
    this.#rows.set(name, { key: before?.key ?? key, value });
    if (before === undefined) this.#orderOf(name).fresh.push(name);
    if (before === undefined || before.value === null) this.#closeGaps(name);
  }
  remove(key: Key): void {
    const name = nameOf(key);
    if (this.below.peek(key) !== undefined) {
      if (this.#note(name) === undefined) this.#orderOf(name).fresh.push(name);
      this.#rows.set(name, { key, value: null });
    } else if (this.#rows.has(name)) {
      this.#note(name);
      this.#drop(name);
    }
  }
  range(options: RangeWanted): Entry[] {
    if (this.#rows.size === 0) return this.below.range(options);
    const first = nameOf(options.start);
    const gap = options.reverse === true ? undefined : this.#gaps.get(first);
    const start = gap ?? options.start;
    const [name, end] = [gap === undefined ? first : nameOf(gap), nameOf(options.end)];
    if (name >= end) return [];
    const sorted = this.#between(name, end);
    const from = lowerBound(sorted, name);
    const to = lowerBound(sorted, end);
    if (from === to) return this.below.range({ ...options, start });
    const { found, dead } = this.#merge({ ...options, start }, { sorted, from, to });
    if (dead >= GAP_ROWS_MIN && options.reverse !== true) {
      if (this.#gaps.size >= GAPS_MAX) this.#gaps.clear();
      this.#gaps.set(first, found[0]?.key ?? options.end);
    }
    return found;
  }
  /** Runs a change; a throw inside undoes all that it did here. */
  commit<T>(change: () => T): T {
    assert(this.#undo === null, "one change is made at a time");
    this.#undo = [];
    try {
      return change();
    } catch (error) {
      this.#takeBack(this.#undo);
      throw error;
    } finally {
      this.#undo = null;
    }
  }
  /** Writes what is here to the index below, inside a transaction of it. It stays here until `clear`. */
  fold(): void {
    this.#names.clear();
    for (const order of this.#order.values()) {
      for (const name of settled(order)) {
        const { key, value } = this.#rows.get(name)!;
        if (value === null) this.below.remove(key);
        else this.below.put(key, value);
      }
    }
  }
  /** Forgets what is here: it has been brought to the index below, or is read again. */
  clear(): void {
    for (let table = 0; table < this.#changes.length; table++) this.#changes[table]!++;
    this.#rows.clear();
    this.#order.clear();
    this.#gaps.clear();
    this.#names.clear();
    if (this.#undo !== null) this.#undo = [];
  }
  refresh(): number {
    this.#names.clear();
    return this.below.refresh();
  }
  reserve(bytes: number): void {
    this.below.reserve(bytes);
  }
  reopen(): void {
    this.#names.clear();
    this.below.reopen();
  }
  close(): void {
    this.below.close();
  }
  gone(): Promise<void> {
    return this.below.gone();
  }
  #nameBelow(key: Key): Uint8Array | undefined {
    const name = nameOf(key);
    const known = this.#names.get(name);
    if (known !== undefined || this.#names.has(name)) return known;
    if (this.#names.size >= KEPT_NAMES_MAX) this.#names.clear();
    const value = this.below.get(key);
    this.#names.set(name, value);
    return value;
  }
  /** What a key had before it is changed. */
  #note(name: string): Row | undefined {
    assert(this.#undo !== null, "rows change inside a commit");
    this.#changes[name.charCodeAt(0)]!++;
    const before = this.#rows.get(name);
    this.#undo.push({ name, before });
    return before;
  }
  #takeBack(done: readonly { readonly name: string; readonly before: Row | undefined }[]): void {
    for (const { name, before } of [...done].reverse()) {
      this.#changes[name.charCodeAt(0)]!++;
      if (before === undefined) this.#rows.delete(name);
      else this.#rows.set(name, before);
    }
    if (done.length === 0) return;
    this.#order.clear();
    for (const name of this.#rows.keys()) this.#orderOf(name).fresh.push(name);
    this.#gaps.clear();
  }
  #drop(name: string): void {
    const sorted = settled(this.#orderOf(name));
    this.#rows.delete(name);
    sorted.splice(lowerBound(sorted, name), 1);
  }
  #orderOf(name: string): KeyOrder {
    const table = name.charCodeAt(0);
    const known = this.#order.get(table);
    if (known !== undefined) return known;
    const order = { sorted: [], fresh: [] };
    this.#order.set(table, order);
    return order;
  }
  /** The keys of all tables that a range meets, rising. */
  #between(name: string, end: string): readonly string[] {
    const [first, last] = [name.charCodeAt(0), end.charCodeAt(0)];
    const met = [...this.#order.keys()].filter((table) =>
      table >= first && (table < last || end.length > 1 && table === last)
    );
    if (met.length === 1) return settled(this.#order.get(met[0]!)!);
    return met.sort((a, b) => a - b).flatMap((table) => settled(this.#order.get(table)!));
  }
  #closeGaps(name: string): void {
    for (const [start, to] of this.#gaps) if (start <= name && name < nameOf(to)) this.#gaps.delete(start);
  }
  /** Rows from below with those from here, `from` to `to` of the sorted ones; how many dead ones came before the first. */
  #merge(
    options: RangeWanted,
    { sorted, from, to }: { readonly sorted: readonly string[]; readonly from: number; readonly to: number },
  ): { readonly found: Entry[]; readonly dead: number } {
    const { limit, reverse = false } = options;
    const found: Entry[] = [];
    let [at, dead] = [reverse ? to - 1 : from, 0];
    const next = () => at < from || at >= to ? undefined : sorted[at];
    const take = (name: string) => {
      const { key, value } = this.#rows.get(name)!;
      at += reverse ? -1 : 1;
      if (value !== null) found.push({ key, value });
      else if (found.length === 0) dead++;
    };
    let { start, end } = options;
    for (let page = limit; found.length < limit; page = Math.max(PAGE_ROWS_MIN, 2 * page)) {
      const stored = this.below.range({ start, end, limit: page, reverse });
      for (const entry of stored) {
        const name = nameOf(entry.key);
        let own = next();
        for (; own !== undefined && isBefore(own, name, reverse) && found.length < limit; own = next()) take(own);
        if (found.length >= limit) break;
        if (own === name) take(own);
        else found.push(entry);
      }
      const last = stored.at(-1);
      if (last === undefined || stored.length < page) {
        for (let own = next(); own !== undefined && found.length < limit; own = next()) take(own);
        break;
      }
      if (reverse) end = last.key;
      else start = behind(last.key);
    }
    return { found, dead };
  }
}

/** Puts the keys that came lately in their places. */
function settled(order: KeyOrder): string[] {
  const { sorted, fresh } = order;
  if (fresh.length === 0) return sorted;
  order.fresh = [];
  if (fresh.length > 8) return order.sorted = merged(sorted, fresh.sort());
  for (const name of fresh) sorted.splice(lowerBound(sorted, name), 0, name);
  return sorted;
}

/** The octets of a key as text that sorts as they do. */
function nameOf(key: Key): string {
  return String.fromCharCode.apply(null, key as unknown as number[]);
}

function isBefore(name: string, other: string, reverse: boolean): boolean {
  return reverse ? name > other : name < other;
}

/** The least key above a key. */
function behind(key: Key): Key {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}

/** How many of the sorted names are below a name. */
function lowerBound(sorted: readonly string[], name: string): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (sorted[middle]! < name) from = middle + 1;
    else to = middle;
  }
  return from;
}

function merged(a: readonly string[], b: readonly string[]): string[] {
  const all: string[] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) all.push(a[i]! < b[j]! ? a[i++]! : b[j++]!);
  while (i < a.length) all.push(a[i++]!);
  while (j < b.length) all.push(b[j++]!);
  return all;
}
