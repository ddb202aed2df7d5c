import { assert } from "../../base/mod.ts";
import type { FileSystem } from "../disk/file_system.ts";
import type { FuzzyWord } from "./fuzzy.ts";
import type { TextKey } from "./match.ts";
import type { PlaceColumn, TextPlaces } from "./place_column.ts";
import { type LoggedText, TextLog } from "./text_log.ts";

/** The text of one message: case-folded UTF-8. */
export interface MessageText {
  /** Number of the message's content in the shard. */
  readonly content: number;
  /** An LF, then lines `field: value`, unfolded and decoded, each ended by LF. */
  readonly header: Uint8Array;
  readonly body: Uint8Array;
}

/** Headers and bodies lie apart: most searches want one of them. */
interface AccountTexts {
  readonly header: TextLog;
  readonly body: TextLog;
  /** Another number when they are opened again, or written anew. */
  files: number;
}

/** Hashes that signatures tell apart: a few times the trigrams of a usual text. */
const SIGNATURE_ROWS = { header: 2_048, body: 8_192 } as const;

/** Bounds of the texts of a shard. */
export interface TextLimits {
  /** Messages whose places are kept in memory, over all accounts; the account that searched longest ago is closed first. */
  readonly openMessagesMax: number;
  /** Texts of messages that are gone are thrown away when there are more than so many, and more than of those that live. */
  readonly deadMessagesMin: number;
}

export const DEFAULT_TEXT_LIMITS: TextLimits = { openMessagesMax: 1_000_000, deadMessagesMin: 1_000 };

/** The texts of a shard's messages, by account. Whoever uses it runs one of its generators per account at a time. */
export class TextStore {
  /** Least recently used first. */
  readonly #open = new Map<string, AccountTexts>();
  /** Accounts whose log is in use: not to be closed. */
  readonly #busy = new Set<string>();
  #made = false;
  /** Files of accounts that were opened or written anew so far. */
  #files = 0;
  constructor(
    private readonly dir: string,
    private readonly files: FileSystem,
    private readonly limits: TextLimits = DEFAULT_TEXT_LIMITS,
  ) {}

  /** Opens the texts of an account and answers which of `wanted` are not there. */
  *missing(account: string, wanted: readonly number[]): Generator<void, number[]> {
    const { header, body } = yield* this.#texts(account);
    return wanted.filter((content) => !header.has(content) || !body.has(content));
  }
  /** Throws Failure `disk` or `disk_full`: some may be kept, and `missing` tells which are not. */
  *add(account: string, texts: readonly MessageText[]): Generator<void, void> {
    const { header, body } = yield* this.#texts(account);
    for (const [log, part] of [[header, "header"], [body, "body"]] as const) {
      log.add(texts.map((text): LoggedText => ({ content: text.content, text: text[part] })));
    }
  }
  /** Which of the wanted contents hold what each key asks for. */
  find(account: string, wanted: readonly number[], keys: readonly TextKey[]): Generator<void, Set<number>[]> {
    return this.#with(account, function* ({ header, body }) {
      const found = keys.map(() => new Set<number>());
      for (const log of [header, body]) {
        const left = log === header ? "body" : "header";
        const here = keys.map((key, at) => ({ key, at })).filter(({ key }) => key.in !== left);
        if (here.length === 0) continue;
        const more = yield* log.find(wanted, here.map(({ key }) => key));
        here.forEach(({ at }, i) => {
          if (found[at]!.size === 0) found[at] = more[i]!;
          else more[i]!.forEach((content) => found[at]!.add(content));
        });
      }
      return found;
    });
  }
  /** Opens the texts of an account: the number by which its files go as they are. */
  *opened(account: string): Generator<void, number> {
    return (yield* this.#texts(account)).files;
  }
  /** Where the texts of contents lie. */
  *places(account: string, contents: readonly number[]): Generator<void, TextPlaces> {
    const { header, body } = yield* this.#texts(account);
    return { header: header.places(contents), body: body.places(contents) };
  }
  /** The rows, rising, that hold what each key asks for; null when the files are not those in which the places are. */
  findAt(account: string, column: PlaceColumn, keys: readonly TextKey[]): Generator<void, number[][] | null> {
    return this.#with(account, function* (texts) {
      if (texts.files !== column.files) return null;
      const found: number[][] = keys.map(() => []);
      for (const part of ["header", "body"] as const) {
        const left = part === "header" ? "body" : "header";
        const here = keys.map((key, at) => ({ key, at })).filter(({ key }) => key.in !== left);
        if (here.length === 0) continue;
        const more = yield* texts[part].findAt(column[part], here.map(({ key }) => key));
        here.forEach(({ at }, i) => found[at] = bothRising(found[at]!, more[i]!));
      }
      return found;
    });
  }
  /** The lines of a header field of each of the wanted contents that has any, each with an LF at its end. */
  lines(account: string, wanted: readonly number[], field: string): Generator<void, Map<number, string>> {
    return this.#with(account, ({ header }) => header.lines(wanted, field));
  }
  /** How well each of the wanted contents has each word, from 1 to 100; those that have it not at all are left out. */
  grade(
    account: string,
    wanted: readonly number[],
    words: readonly FuzzyWord[],
  ): Generator<void, Map<number, number>[]> {
    return this.#with(account, function* (texts) {
      const graded = words.map(() => new Map<number, number>());
      for (const part of ["header", "body"] as const) {
        const left = part === "header" ? "body" : "header";
        const here = words.map((word, at) => ({ word, at })).filter(({ word }) => word.in !== left);
        if (here.length === 0) continue;
        const more = yield* texts[part].grade(wanted, part, here.map(({ word }) => word));
        here.forEach(({ at }, i) => noteBest(graded[at]!, more[i]!));
      }
      return graded;
    });
  }
  /** Whether so much of what is kept is of messages that are gone that it should be thrown away; `messages` are those there are. */
  *isWorthTidying(account: string, messages: number): Generator<void, boolean> {
    const { header, body } = yield* this.#texts(account);
    const dead = Math.max(header.size, body.size) - messages;
    return dead > this.limits.deadMessagesMin && dead > messages;
  }
  /** Throws away the texts of what is gone. */
  tidy(account: string, alive: (content: number) => boolean): Generator<void, void> {
    const files = ++this.#files;
    return this.#with(account, function* (texts) {
      texts.files = files;
      for (const log of [texts.header, texts.body]) yield* log.compact(alive);
    });
  }
  /** Removes all texts of an account. */
  remove(account: string): void {
    const texts = this.#open.get(account) ?? this.#make(account);
    this.#open.delete(account);
    texts.header.remove();
    texts.body.remove();
  }
  close(): void {
    for (const texts of this.#open.values()) close(texts);
    this.#open.clear();
  }
  *#with<T>(account: string, work: (texts: AccountTexts) => Generator<void, T>): Generator<void, T> {
    assert(!this.#busy.has(account), "one search of an account at a time");
    this.#busy.add(account);
    try {
      return yield* work(yield* this.#texts(account));
    } finally {
      this.#busy.delete(account);
    }
  }
  *#texts(account: string): Generator<void, AccountTexts> {
    let texts = this.#open.get(account);
    if (texts === undefined) {
      if (!this.#made) this.files.makeDirectory(this.dir);
      this.#made = true;
      texts = this.#make(account);
      yield* texts.header.load();
      yield* texts.body.load();
    }
    this.#open.delete(account);
    this.#open.set(account, texts);
    this.#closeOld();
    return texts;
  }
  #closeOld(): void {
    let messages = 0;
    for (const { header } of this.#open.values()) messages += header.size;
    for (const [account, texts] of this.#open) {
      if (messages <= this.limits.openMessagesMax) return;
      if (this.#busy.has(account)) continue;
      messages -= texts.header.size;
      close(texts);
      this.#open.delete(account);
    }
  }
  /** Account ids may hold any printable character; in a path they stand as hex digits. */
  #make(account: string): AccountTexts {
    let hex = "";
    for (let i = 0; i < account.length; i++) hex += account.charCodeAt(i).toString(16).padStart(2, "0");
    const log = (part: keyof typeof SIGNATURE_ROWS) =>
      new TextLog(`${this.dir}/${hex}.${part}`, this.files, SIGNATURE_ROWS[part]);
    return { header: log("header"), body: log("body"), files: ++this.#files };
  }
}

/** What is in either of two rising rows of numbers. */
function bothRising(a: number[], b: number[]): number[] {
  if (a.length === 0 || b.length === 0) return a.length === 0 ? b : a;
  return [...new Set([...a, ...b])].sort((x, y) => x - y);
}

/** Of two grades the better one counts. */
export function noteBest(grades: Map<number, number>, more: ReadonlyMap<number, number>): void {
  for (const [content, grade] of more) grades.set(content, Math.max(grade, grades.get(content) ?? 0));
}

function close({ header, body }: AccountTexts): void {
  header.close();
  body.close();
}
