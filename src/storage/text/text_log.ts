import { crc32c } from "@node-rs/crc32";
import { asFailure, assert, concat, latin1 } from "../../base/mod.ts";
import { diskFailure, guarded } from "../disk/disk_failure.ts";
import type { FileSystem } from "../disk/file_system.ts";
import { getU32, getU48, putU32, putU48 } from "../layout/pack.ts";
import { foldedText, type FuzzyWord, gradeWords } from "./fuzzy.ts";
import { LooseRooms } from "../reading/rooms.ts";
import { findIn, linesIn, patternsOf, type TextKey, type TextSpan } from "./match.ts";
import { NOWHERE } from "./place_column.ts";
import { mayHold, Signatures, SIGNED_TOGETHER } from "./signatures.ts";

/*
 * A file of records, of one version: another form of the texts has another magic. Then nothing of the file is known, so that the texts
 * are made anew when they are searched.
 * A record: magic u32, CRC-32C of all that follows u32, content number u48, bytes of the text u32, the text. It is
 * never flushed: what a crash tears off is seen by its checksum.
 */
const MAGIC = 0x53505432; // "SPT2"
const RECORD_BYTES = 18;
/** What is read and searched in one go: what the caches of a processor hold. */
const CHUNK_BYTES = 256 * 1024;
/** Bytes between two wanted messages that are rather read than jumped over. */
const GAP_BYTES = 64 * 1024;

/** Rows that are looked at between two yields. */
const ROWS_TOGETHER = 65_536;

/** Text of one message: case-folded UTF-8. */
export interface LoggedText {
  /** Number of the message's content in the shard. */
  readonly content: number;
  readonly text: Uint8Array;
}

interface Entry {
  readonly content: number;
  /** Where its record begins. */
  readonly offset: number;
  readonly bytes: number;
  /** How many records are before it. */
  readonly place: number;
}

/** One file of texts. Reading and writing are synchronous; long work is a generator that yields in between. */
export class TextLog {
  readonly #entries = new Map<number, Entry>();
  /** The same by their places. */
  readonly #places: Entry[] = [];
  /** For each SIGNED_TOGETHER records from the first on the CRC-32C of their checksums. */
  readonly #checks: number[] = [];
  #check = 0;
  readonly #signatures: Signatures;
  /** Signatures could not be written: the disk would say the same again. */
  #unsigned = false;
  readonly #rooms = new LooseRooms();
  #fd: number | null = null;
  /** Bytes of whole records. */
  #end = 0;
  /** `signatureRows`: hashes that are told apart of what a text holds; a power of two. */
  constructor(
    private readonly path: string,
    private readonly files: FileSystem,
    private readonly signatureRows: number,
  ) {
    this.#signatures = new Signatures(`${path}.signatures`, files, signatureRows);
  }

  /** Reads what is there; cuts off what is damaged. To be run to its end before anything else. */
  *load(): Generator<void, void> {
    const size = guarded(() => this.files.fileBytes(this.path));
    if (size === null) return;
    this.#fd = guarded(() => this.files.open(this.path, "update"));
    while (this.#end < size) {
      const chunk = this.#read(this.#end, Math.min(size, this.#end + CHUNK_BYTES));
      const used = this.#take(chunk, this.#end);
      if (used > 0) this.#end += used;
      else if (!this.#takeLong(chunk, size)) break;
      yield;
    }
    if (this.#end < size) guarded(() => this.files.truncate(this.#fd!, this.#end));
    this.#signatures.load(this.#checks);
  }
  has(content: number): boolean {
    return this.#entries.has(content);
  }
  /** Messages whose text is here. */
  get size(): number {
    return this.#entries.size;
  }
  /** Bytes of the file. */
  get bytes(): number {
    return this.#end;
  }
  /** Adds texts of contents that are not here yet. Throws Failure `disk` or `disk_full`; then none of them is here. */
  add(texts: readonly LoggedText[]): void {
    const fresh = texts.filter(({ content }) => !this.#entries.has(content));
    if (fresh.length === 0) return;
    const joined = concat(fresh.map(encode));
    try {
      this.#fd ??= this.files.open(this.path, "create");
      this.files.write(this.#fd, joined, this.#end);
    } catch (error) {
      throw diskFailure(error) ?? error;
    }
    this.#take(joined, this.#end);
    this.#end += joined.length;
  }
  /**
   * Which of the wanted contents hold what each key asks for; contents without a text here are in none. Yields after each
   * chunk, so that others have their turn.
   */
  *find(wanted: Iterable<number>, keys: readonly TextKey[]): Generator<void, Set<number>[]> {
    yield* this.#sign();
    return yield* this.#findIn(yield* this.#candidates(wanted, keys), keys, ({ content }) => content);
  }
  /** How many records are before that of each content, or NOWHERE. */
  places(contents: readonly number[]): Uint32Array {
    const places = new Uint32Array(contents.length);
    for (let i = 0; i < contents.length; i++) places[i] = this.#entries.get(contents[i]!)?.place ?? NOWHERE;
    return places;
  }
  /** The rows, rising, whose texts at these places hold what each key asks for. Yields as `find` does. */
  *findAt(places: ArrayLike<number>, keys: readonly TextKey[]): Generator<void, number[][]> {
    yield* this.#sign();
    const rows = yield* this.#candidateRows(places, keys);
    const wanted = [...new Set(rows.map((row) => places[row]!))].sort((a, b) => a - b);
    const found = yield* this.#findIn(wanted.map((place) => this.#places[place]!), keys, ({ place }) => place);
    return found.map((held) => rows.filter((row) => held.has(places[row]!)));
  }
  /** The lines of a field of each of the wanted contents that has any: what stands behind the colon, each with an LF at its end. */
  *lines(wanted: Iterable<number>, field: string): Generator<void, Map<number, string>> {
    const lines = new Map<number, string>();
    for (const { run, chunk, spans } of this.#chunks(this.#wantedEntries(wanted))) {
      linesIn(chunk, spans, field, (span, line) => {
        const { content } = run[span]!;
        const before = lines.get(content);
        lines.set(content, before === undefined ? line : before + line);
      });
      yield;
    }
    return lines;
  }
  /** How well each of the wanted contents has each word, from 1 to 100; those that have it not at all are left out. */
  *grade(
    wanted: Iterable<number>,
    part: "header" | "body",
    words: readonly FuzzyWord[],
  ): Generator<void, Map<number, number>[]> {
    const graded = words.map(() => new Map<number, number>());
    for (const run of runs(this.#wantedEntries(wanted))) {
      const start = run[0]!.offset;
      const bytes = this.#read(start, endOf(run.at(-1)!));
      for (const entry of run) {
        const span = spanOf(entry, start);
        const grades = yield* gradeWords(foldedText(bytes.subarray(span.start, span.end)), part, words);
        grades.forEach((grade, i) => grade > 0 && graded[i]!.set(entry.content, grade));
        yield;
      }
    }
    return graded;
  }
  /** Writes the file anew with what `alive` still names. On a Failure the old one stays. */
  *compact(alive: (content: number) => boolean): Generator<void, void> {
    const kept = [...this.#entries.values()].filter(({ content }) => alive(content));
    const next = new TextLog(`${this.path}.new`, this.files, this.signatureRows);
    try {
      if (this.files.fileBytes(next.path) !== null) this.files.remove(next.path);
      for (const run of runs(kept)) {
        next.#append(run.map((entry) => this.#read(entry.offset, endOf(entry))));
        yield;
      }
      if (next.#fd === null) return this.remove();
      this.#signatures.remove();
      this.files.rename(next.path, this.path);
    } catch (error) {
      next.close();
      throw diskFailure(error) ?? error;
    }
    this.close();
    this.#forget();
    for (const entry of next.#places) {
      this.#entries.set(entry.content, entry);
      this.#places.push(entry);
    }
    for (const check of next.#checks) this.#checks.push(check);
    [this.#fd, this.#end, this.#check] = [next.#fd, next.#end, next.#check];
  }
  /** Removes the file. */
  remove(): void {
    this.close();
    this.#forget();
    this.#signatures.remove();
    guarded(() => {
      if (this.files.fileBytes(this.path) !== null) this.files.remove(this.path);
    });
  }
  /** Lets go of the file. */
  close(): void {
    this.#signatures.close();
    if (this.#fd !== null) this.files.close(this.#fd);
    this.#fd = null;
  }
  #forget(): void {
    this.#entries.clear();
    this.#places.length =
      this.#checks.length =
      this.#check =
      this.#end =
        0;
  }
  #append(records: readonly Uint8Array[]): void {
    this.#fd ??= this.files.open(this.path, "create");
    for (const record of records) {
      this.files.write(this.#fd, record, this.#end);
      this.#take(record, this.#end);
      this.#end += record.length;
    }
  }
  /** Notes the whole, undamaged records at the beginning of `chunk`; answers their bytes. */
  #take(chunk: Uint8Array, offset: number): number {
    let at = 0;
    for (;;) {
      const length = recordLength(chunk, at);
      if (length === null || at + length > chunk.length || !isWhole(chunk, at, length)) return at;
      const content = getU48(chunk, at + 8);
      if (this.#entries.has(content)) return at; // Each is written once.
      const place = this.#places.length;
      const entry: Entry = { content, offset: offset + at, bytes: getU32(chunk, at + 14), place };
      this.#entries.set(content, entry);
      this.#places.push(entry);
      this.#sum(chunk.subarray(at + 4, at + 8), place);
      at += length;
    }
  }
  #sum(checksum: Uint8Array, place: number): void {
    this.#check = crc32c(checksum, place % SIGNED_TOGETHER === 0 ? 0 : this.#check) >>> 0;
    if (place % SIGNED_TOGETHER === SIGNED_TOGETHER - 1) this.#checks.push(this.#check);
  }
  /** A record that is longer than a chunk. */
  #takeLong(chunk: Uint8Array, size: number): boolean {
    const length = recordLength(chunk, 0);
    if (length === null || length <= chunk.length || this.#end + length > size) return false;
    if (this.#take(this.#read(this.#end, this.#end + length), this.#end) === 0) return false;
    this.#end += length;
    return true;
  }
  /** Makes signatures of texts that have none yet, as many as are written together. A full disk leaves it at that. */
  *#sign(): Generator<void, void> {
    while (!this.#unsigned && this.#places.length - this.#signatures.texts >= SIGNED_TOGETHER) {
      const first = this.#signatures.texts;
      const block = this.#signatures.block();
      for (const run of runs(this.#places.slice(first, first + SIGNED_TOGETHER))) {
        const start = run[0]!.offset;
        const bytes = this.#read(start, endOf(run.at(-1)!));
        for (const entry of run) {
          const span = spanOf(entry, start);
          block.add(bytes.subarray(span.start, span.end));
        }
        yield;
      }
      try {
        this.#signatures.add(block, this.#checks);
      } catch (error) {
        if (asFailure(error) === null) throw error;
        this.#unsigned = true;
      }
    }
  }
  /** Those of the wanted texts that may hold what one of the keys asks for, in the order of the file. */
  *#candidates(wanted: Iterable<number>, keys: readonly TextKey[]): Generator<void, Entry[]> {
    const mayBe = yield* this.#mayHold(keys);
    return this.#wantedEntries(wanted, ({ place }) => mayBe(place));
  }
  /** The same of rows whose texts are at these places. */
  *#candidateRows(places: ArrayLike<number>, keys: readonly TextKey[]): Generator<void, number[]> {
    const mayBe = yield* this.#mayHold(keys);
    const rows: number[] = [];
    for (let row = 0; row < places.length; row++) {
      if (places[row] !== NOWHERE && mayBe(places[row]!)) rows.push(row);
      if (row % ROWS_TOGETHER === ROWS_TOGETHER - 1) yield;
    }
    return rows;
  }
  /** Tells of which places the text may hold what one of the keys asks for. */
  *#mayHold(keys: readonly TextKey[]): Generator<void, (place: number) => boolean> {
    let all: Uint8Array | null = null;
    for (const key of keys) {
      const bits = yield* this.#signatures.candidates(patternsOf(key));
      if (bits === null) return () => true;
      if (all === null) all = bits;
      else for (let i = 0; i < bits.length; i++) all[i]! |= bits[i]!;
    }
    return (place) => mayHold(all!, place);
  }
  /** What each key finds in the texts of entries, each by its name. */
  *#findIn(
    entries: Entry[],
    keys: readonly TextKey[],
    nameOf: (entry: Entry) => number,
  ): Generator<void, Set<number>[]> {
    const found = keys.map(() => new Set<number>());
    for (const { run, chunk, spans } of this.#chunks(entries)) {
      keys.forEach((key, i) => findIn(chunk, spans, key, (span) => found[i]!.add(nameOf(run[span]!))));
      yield;
    }
    return found;
  }
  /** The texts of entries, those together that are read together. */
  *#chunks(entries: Entry[]): Generator<{ run: readonly Entry[]; chunk: string; spans: readonly TextSpan[] }> {
    for (const run of runs(entries)) {
      const start = run[0]!.offset;
      const end = endOf(run.at(-1)!);
      const chunk = latin1(this.#read(start, end, this.#rooms.get().forReading(end - start)));
      yield { run, chunk, spans: run.map((entry) => spanOf(entry, start)) };
    }
  }
  /** Those that are here, in the order of the file. */
  #wantedEntries(wanted: Iterable<number>, fits: (entry: Entry) => boolean = () => true): Entry[] {
    const entries: Entry[] = [];
    for (const content of wanted) {
      const entry = this.#entries.get(content);
      if (entry !== undefined && fits(entry)) entries.push(entry);
    }
    return entries.sort((a, b) => a.offset - b.offset);
  }
  #read(from: number, to: number, bytes: Uint8Array = new Uint8Array(to - from)): Uint8Array {
    guarded(() => {
      assert(this.#fd !== null, "what is read has been opened");
      for (let at = 0; at < bytes.length;) {
        const came = this.files.read(this.#fd, bytes, at, bytes.length - at, from + at);
        if (came === 0) {
          bytes.fill(0, at); // Cut behind our back: what is missing is found nowhere.
          break;
        }
        at += came;
      }
    });
    return bytes;
  }
}

function encode({ content, text }: LoggedText): Uint8Array {
  const record = new Uint8Array(RECORD_BYTES + text.length);
  putU32(record, 0, MAGIC);
  putU48(record, 8, content);
  putU32(record, 14, text.length);
  record.set(text, RECORD_BYTES);
  putU32(record, 4, crc32c(record.subarray(8)));
  return record;
}

/** Bytes of the record that begins at `at`, or null when none does. */
function recordLength(chunk: Uint8Array, at: number): number | null {
  if (at + RECORD_BYTES > chunk.length || getU32(chunk, at) !== MAGIC) return null;
  return RECORD_BYTES + getU32(chunk, at + 14);
}

function isWhole(chunk: Uint8Array, at: number, length: number): boolean {
  return crc32c(chunk.subarray(at + 8, at + length)) >>> 0 === getU32(chunk, at + 4);
}

function endOf({ offset, bytes }: Entry): number {
  return offset + RECORD_BYTES + bytes;
}

function spanOf(entry: Entry, start: number): TextSpan {
  return { start: entry.offset - start + RECORD_BYTES, end: endOf(entry) - start };
}

/** Entries that are read together: near each other, a chunk in all; a longer one alone. */
function* runs(entries: readonly Entry[]): Iterable<Entry[]> {
  let run: Entry[] = [];
  for (const entry of entries) {
    const [first, last] = [run[0], run.at(-1)];
    const apart = first !== undefined && last !== undefined &&
      (entry.offset - endOf(last) > GAP_BYTES || endOf(entry) - first.offset > CHUNK_BYTES);
    if (apart) {
      yield run;
      run = [];
    }
    run.push(entry);
  }
  if (run.length > 0) yield run;
}
