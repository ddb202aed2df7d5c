import { crc32c } from "@node-rs/crc32";
import { assert, concat, latin1 } from "../../base/mod.ts";
import { diskFailure, guarded } from "../disk_failure.ts";
import type { FileSystem } from "../file_system.ts";
import { getU32, getU48, putU32, putU48 } from "../pack.ts";
import { foldedText, type FuzzyWord, gradeWords } from "./fuzzy.ts";
import { LooseRooms } from "../rooms.ts";
import { findIn, type TextKey, type TextSpan } from "./match.ts";

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
}

/** One file of texts. Reading and writing are synchronous; long work is a generator that yields in between. */
export class TextLog {
  readonly #entries = new Map<number, Entry>();
  readonly #rooms = new LooseRooms();
  #fd: number | null = null;
  /** Bytes of whole records. */
  #end = 0;
  constructor(private readonly path: string, private readonly files: FileSystem) {}

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
    const found = keys.map(() => new Set<number>());
    for (const run of runs(this.#wantedEntries(wanted))) {
      const start = run[0]!.offset;
      const end = endOf(run.at(-1)!);
      const chunk = latin1(this.#read(start, end, this.#rooms.get().forReading(end - start)));
      const spans = run.map((entry) => spanOf(entry, start));
      keys.forEach((key, i) => findIn(chunk, spans, key, (span) => found[i]!.add(run[span]!.content)));
      yield;
    }
    return found;
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
    const next = new TextLog(`${this.path}.new`, this.files);
    try {
      if (this.files.fileBytes(next.path) !== null) this.files.remove(next.path);
      for (const run of runs(kept)) {
        next.#append(run.map((entry) => this.#read(entry.offset, endOf(entry))));
        yield;
      }
      if (next.#fd === null) return this.remove();
      this.files.rename(next.path, this.path);
    } catch (error) {
      next.close();
      throw diskFailure(error) ?? error;
    }
    this.close();
    this.#entries.clear();
    for (const [content, entry] of next.#entries) this.#entries.set(content, entry);
    [this.#fd, this.#end] = [next.#fd, next.#end];
  }
  /** Removes the file. */
  remove(): void {
    this.close();
    this.#entries.clear();
    this.#end = 0;
    guarded(() => {
      if (this.files.fileBytes(this.path) !== null) this.files.remove(this.path);
    });
  }
  /** Lets go of the file. */
  close(): void {
    if (this.#fd !== null) this.files.close(this.#fd);
    this.#fd = null;
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
      this.#entries.set(content, { content, offset: offset + at, bytes: getU32(chunk, at + 14) });
      at += length;
    }
  }
  /** A record that is longer than a chunk. */
  #takeLong(chunk: Uint8Array, size: number): boolean {
    const length = recordLength(chunk, 0);
    if (length === null || length <= chunk.length || this.#end + length > size) return false;
    if (this.#take(this.#read(this.#end, this.#end + length), this.#end) === 0) return false;
    this.#end += length;
    return true;
  }
  /** Those that are here, in the order of the file. */
  #wantedEntries(wanted: Iterable<number>): Entry[] {
    const entries: Entry[] = [];
    for (const content of wanted) {
      const entry = this.#entries.get(content);
      if (entry !== undefined) entries.push(entry);
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
