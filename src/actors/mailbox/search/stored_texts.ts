import { asFailure, concat, describeError, latin1, type Log } from "../../../base/mod.ts";
import type { AccountId } from "../../../mail/account.ts";
import type { TextProtocol } from "../../../messages/mod.ts";
import type { Ref } from "../../../runtime/types.ts";
import { RowColumns } from "../../../mail/row_columns.ts";
import {
  FieldBlock,
  type FieldKey,
  findIn,
  foldedText,
  FoundRows,
  type FuzzyWord,
  gradeWords,
  linesIn,
  type MessageText,
  noteBest,
  placeBlock,
  type PlaceColumn,
  type ShardStore,
  type TextKey,
  type TextStore,
  type UnreadText,
} from "../../../storage/mod.ts";
import { type Ranges, rangesOf } from "../../../mail/ranges.ts";
import type { ColumnName, FieldColumns, PlaceColumns } from "./mailbox_columns.ts";
import type { MailboxQuery, TextQuery, TextSearch } from "./text_search.ts";
import type { Turns } from "./turns.ts";

/** Messages whose texts are asked for at once, and their bytes: what is on the way to another worker and back. */
const BATCH_MESSAGES_MAX = 64;
const BATCH_BYTES_MAX = 4 * 1024 * 1024;
/** Messages with one content that are tried until one can be read. */
const PLACES_MAX = 4;
/** How long the texts of one batch may take, in ms. */
const EXTRACT_DEADLINE_MS = 30_000;
/** Rows read at once when the contents of an account are counted. */
const ROWS = 1_000;
/** Rows of a mailbox that are made ready at once. */
const READY_ROWS = 1_024;
/**
 * Fields that are kept ready, as texts have them: those that have a key of their own (RFC 9051 §6.4.4), and those by which clients
 * find a message or a conversation. Of all others there would be as many as somebody asks for.
 */
const READY_FIELDS: ReadonlySet<string> = new Set([
  "SUBJECT",
  "FROM",
  "TO",
  "CC",
  "BCC",
  "MESSAGE-ID",
  "IN-REPLY-TO",
  "REFERENCES",
  "LIST-ID",
]);

/** How a search looks at texts: at those that are kept, and at each that no room is left for. */
interface Looks<T> {
  readonly kept: (query: TextQuery) => Generator<void, T>;
  readonly unkept: (text: MessageText) => void;
}

export interface StoredTextsOptions {
  readonly store: TextStore;
  readonly shard: ShardStore;
  /** Of all shards of the worker. */
  readonly columns: FieldColumns;
  readonly places: PlaceColumns;
  /** Takes texts out of messages, where no files are written. */
  readonly extractor: Ref<TextProtocol>;
  readonly turns: Turns;
  readonly log: Log;
}

/**
 * Searches texts that are kept in files of their own. What is not there yet is taken out of the messages first, so that a search
 * sees every message that was delivered before it; each message is taken apart once, by a worker that writes no files.
 */
export class StoredTexts implements TextSearch {
  /** The last search of each account: the next one begins when it has ended. */
  readonly #last = new Map<AccountId, Promise<void>>();
  constructor(private readonly options: StoredTextsOptions) {}

  find(query: TextQuery, keys: readonly TextKey[]): Promise<readonly ReadonlySet<number>[]> {
    return this.#inOrder(query.account, () => this.#find(query, keys));
  }
  grade(query: TextQuery, words: readonly FuzzyWord[]): Promise<readonly ReadonlyMap<number, number>[]> {
    const loose = words.map(() => new Map<number, number>());
    const looks = {
      kept: ({ account, contents }: TextQuery) => this.options.store.grade(account, contents, words),
      unkept: (text: MessageText) => gradeLoose(text, words, loose),
    };
    return this.#inOrder(query.account, () => this.#look(query, looks)).then((graded) => {
      graded.forEach((grades, i) => noteBest(grades, loose[i]!));
      return graded;
    });
  }
  fieldsAhead({ account, mailbox, uidNext }: Omit<MailboxQuery, "read" | "check">, fields: Iterable<string>): number {
    const { columns, shard: { number: shard } } = this.options;
    let ahead = 0;
    for (const field of fields) {
      if (!READY_FIELDS.has(field)) return Infinity;
      ahead = Math.max(ahead, uidNext - 1 - columns.lastOf({ shard, account, mailbox, field }));
    }
    return ahead;
  }
  findInFields(query: MailboxQuery, keys: readonly FieldKey[]): Promise<readonly Ranges[]> {
    return this.#inOrder(query.account, async () => {
      const found = keys.map(() => new FoundRows());
      const unread = new Map<number, UnreadText>();
      for (const field of new Set(keys.map(({ field }) => field))) {
        const looks = keys.map(({ needle }, i) => ({ needle, into: found[i]! })).filter((_, i) =>
          keys[i]!.field === field
        );
        for (const text of await this.#findInField(query, field, looks)) unread.set(text.uid, text);
      }
      const ranges = found.map(({ pairs }) => pairs as readonly number[] as Ranges);
      return await this.#andUnread(query, ranges, [...unread.values()], keys);
    });
  }
  findInTexts(query: MailboxQuery, keys: readonly TextKey[]): Promise<readonly Ranges[] | null> {
    return this.#inOrder(query.account, async () => {
      const { column, unread, missed } = await this.#placesOf(query);
      if (column === null) return null;
      const rows = await this.#inTurns(this.options.store.findAt(query.account, column, keys), query);
      if (missed) await this.#tidy(query);
      if (rows === null) return null;
      const found = rows.map((rows) => rangesOfRows(rows, column.uids));
      return await this.#andUnread(query, found, unread, keys);
    });
  }
  forget(account: AccountId): void {
    const { columns, places, shard, store } = this.options;
    columns.forget(shard.number, account);
    places.forget(shard.number, account);
    store.remove(account);
  }

  async #find(query: TextQuery, keys: readonly TextKey[]): Promise<readonly ReadonlySet<number>[]> {
    const loose = keys.map(() => new Set<number>());
    const found = await this.#look(query, {
      kept: ({ account, contents }) => this.options.store.find(account, contents, keys),
      unkept: (text) => findLoose(text, keys, loose),
    });
    found.forEach((set, i) => loose[i]!.forEach((content) => set.add(content)));
    return found;
  }

  /** Adds to what was found those that could not be read when columns were made, if they can be now and hold it. */
  async #andUnread(
    query: MailboxQuery,
    found: readonly Ranges[],
    unread: readonly UnreadText[],
    keys: readonly TextKey[],
  ): Promise<readonly Ranges[]> {
    if (unread.length === 0) return found;
    const { account } = query;
    const read = (at: number) => query.read(unread[at]!.uid);
    const contents = unread.map(({ content }) => content);
    const held = await this.#find({ account, contents, read, check: () => query.check() }, keys);
    return found.map((ranges, i) => {
      const uids = unread.filter(({ content }) => held[i]!.has(content)).map(({ uid }) => uid);
      return uids.length === 0 ? ranges : rangesOf([...ranges, ...uids.flatMap((uid) => [uid, uid])], 0);
    });
  }

  /** Looks at what is ready, and makes ready what is not; answers what could not be read before, and may be by now. */
  async #findInField(
    query: MailboxQuery,
    field: string,
    looks: readonly FieldLook[],
  ): Promise<readonly UnreadText[]> {
    const { columns, shard } = this.options;
    const { account, mailbox } = query;
    const name: ColumnName = { shard: shard.number, account, mailbox, field };
    const column = columns.use(name, shard.status(account, mailbox).messages);
    const unread = [...column.unread.all];
    await this.#inTurns(lookAt([...column.blocks], looks), query);
    let missed = false;
    let full = false;
    for await (const rows of this.#rowsAfter(column.last, query)) {
      const made = await this.#fieldOf(query, field, rows);
      missed ||= made.missed;
      await this.#inTurns(lookAt([made.block], looks), query);
      full ||= !columns.add(name, column, made.block);
      if (!full) column.unread.note(made.unread);
    }
    if (missed) await this.#tidy(query);
    return unread;
  }

  /**
   * Where the texts of all messages of a mailbox lie; null when there is no room for some. `missed`: some had to be taken out;
   * `unread`: those that could not be read before.
   */
  async #placesOf(
    query: MailboxQuery,
  ): Promise<{
    readonly column: PlaceColumn | null;
    readonly unread: readonly UnreadText[];
    readonly missed: boolean;
  }> {
    const { places, shard, store } = this.options;
    const { account, mailbox } = query;
    const name: ColumnName = { shard: shard.number, account, mailbox, field: "" };
    const files = await this.#inTurns(store.opened(account), query);
    const column = places.use(name, shard.status(account, mailbox).messages, files);
    const unread = [...column.unread.all];
    let missed = false;
    let full = false;
    for await (const rows of this.#rowsAfter(column.last, query)) {
      const kept = await this.#keep(query, rows, () => full = true);
      missed ||= kept.missed;
      const here = await this.#inTurns(store.places(account, kept.contents), query);
      full ||= !places.add(name, column, placeBlock(kept.uids, here));
      if (full) return { column: null, unread, missed };
      column.unread.note(kept.unread);
    }
    return { column, unread, missed };
  }

  /** The rows of a mailbox above a UID, some at a time, always in the same columns. */
  async *#rowsAfter(last: number, query: MailboxQuery): AsyncGenerator<RowColumns, void> {
    const { shard, turns } = this.options;
    const { account, mailbox, uidNext } = query;
    const rows = new RowColumns(READY_ROWS);
    for (let after: number | null = last; after !== null && after < uidNext - 1;) {
      await turns.next();
      query.check();
      rows.count = 0;
      const wanted = { ranges: [1, uidNext - 1], after, modSeqAbove: 0, rankOf: () => 0, lookedMax: READY_ROWS };
      after = shard.fillRows(account, mailbox, wanted, rows);
      if (rows.count > 0) yield rows;
    }
  }

  /** Sees to it that the texts of rows are kept; `unkept` is given those that no room is left for. */
  async #keep(query: MailboxQuery, rows: RowColumns, unkept: (text: MessageText) => void): Promise<KeptRows> {
    const { account } = query;
    const uids = rows.uid.slice(0, rows.count);
    const contents = [...rows.content.subarray(0, rows.count)];
    const missing = await this.#inTurns(this.options.store.missing(account, contents), query);
    const read = (at: number) => query.read(uids[at]!);
    if (missing.length === 0) return { uids, contents, missed: false, unread: [] };
    const loose = new Set<number>();
    await this.#bring({ account, contents, read, check: () => query.check() }, missing, (text) => {
      loose.add(text.content);
      unkept(text);
    });
    const lacking = new Set(await this.#inTurns(this.options.store.missing(account, missing), query));
    const unread = contents.map((content, i) => ({ uid: uids[i]!, content }))
      .filter(({ content }) => lacking.has(content) && !loose.has(content));
    return { uids, contents, missed: true, unread };
  }

  /** What a field says in some rows. */
  async #fieldOf(
    query: MailboxQuery,
    field: string,
    rows: RowColumns,
  ): Promise<{ readonly block: FieldBlock } & Pick<KeptRows, "missed" | "unread">> {
    const { account } = query;
    const loose = new Map<number, string>();
    const { uids, contents, missed, unread } = await this.#keep(query, rows, (text) => {
      loose.set(text.content, looseLines(text, field));
    });
    const lines = await this.#inTurns(this.options.store.lines(account, [...new Set(contents)], field), query);
    const said = contents.map((content) => lines.get(content) ?? loose.get(content) ?? "");
    return { block: FieldBlock.of(uids, said), missed, unread };
  }

  /** Searches of one account follow one another. */
  #inOrder<T>(account: AccountId, search: () => Promise<T>): Promise<T> {
    const found = (this.#last.get(account) ?? Promise.resolve()).then(search);
    const ended: Promise<void> = found.then(() => {}, () => {}).then(() => {
      if (this.#last.get(account) === ended) this.#last.delete(account);
    });
    this.#last.set(account, ended);
    return found;
  }

  async #look<T>(query: TextQuery, { kept, unkept }: Looks<T>): Promise<T> {
    const { account, contents } = query;
    const { store } = this.options;
    query.check();
    const missing = await this.#inTurns(store.missing(account, contents), query);
    if (missing.length > 0) await this.#bring(query, missing, unkept);
    const found = await this.#inTurns(kept(query), query);
    if (missing.length > 0) await this.#tidy(query);
    return found;
  }

  /** Takes the texts of messages out and keeps them; `unkept` is given those that no room is left for. */
  async #bring(query: TextQuery, missing: readonly number[], unkept: (text: MessageText) => void): Promise<void> {
    const { store, log } = this.options;
    const places = placesOf(query.contents, missing);
    let next = this.#extract(query, places, 0);
    for (let batch = await next; batch.texts.length > 0 || batch.end < places.length; batch = await next) {
      // The next ones are read while these are written. One that fails is awaited below.
      next = this.#extract(query, places, batch.end);
      next.catch(() => {});
      try {
        await this.#inTurns(store.add(query.account, batch.texts), query);
      } catch (error) {
        const failure = asFailure(error);
        if (failure === null || (failure.kind !== "disk" && failure.kind !== "disk_full")) throw error;
        log.warn("texts for searches not kept", { error: describeError(failure) });
        batch.texts.forEach(unkept);
      }
    }
  }

  /** Texts of the messages at `places`, of each one of some, from `start` on, as many as are asked for at once. */
  async #extract(
    query: TextQuery,
    places: readonly (readonly number[])[],
    start: number,
  ): Promise<{ readonly texts: MessageText[]; readonly end: number }> {
    const { extractor, turns } = this.options;
    if (start >= places.length) return { texts: [], end: start };
    await turns.next();
    query.check();
    const asked: Promise<MessageText>[] = [];
    let end = start;
    for (let bytes = 0; end < places.length && asked.length < BATCH_MESSAGES_MAX && bytes < BATCH_BYTES_MAX; end++) {
      const here = places[end]!;
      const message = firstRead(query, here);
      if (message === null) continue;
      bytes += message.length;
      const content = query.contents[here[0]!]!;
      asked.push(
        extractor.ask("text.extract", { bytes: message }, { deadlineMs: EXTRACT_DEADLINE_MS })
          .then(({ header, body }) => ({ content, header, body })),
      );
    }
    return { texts: await Promise.all(asked), end };
  }

  /** Now and then what is gone is thrown away. */
  async #tidy(query: Pick<TextQuery, "account" | "check">): Promise<void> {
    const { store, shard } = this.options;
    const { account } = query;
    const { messages } = shard.usage(account);
    if (!await this.#inTurns(store.isWorthTidying(account, messages), query)) return;
    const alive = new Set<number>();
    for (const { mailbox } of shard.mailboxes(account)) {
      for (let after: number | null = 0; after !== null;) {
        await this.options.turns.next();
        query.check();
        const page: ReturnType<ShardStore["rowsAt"]> = shard.rowsAt(account, mailbox, after, {
          limit: ROWS,
          index: false,
        });
        for (const { content } of page.rows) alive.add(content);
        after = page.more ? page.rows.at(-1)!.uid : null;
      }
    }
    await this.#inTurns(store.tidy(account, (content) => alive.has(content)), query);
  }

  /** Runs work to its end, as long as somebody waits for it. */
  async #inTurns<T>(work: Generator<void, T>, query: Pick<TextQuery, "check">): Promise<T> {
    const { turns } = this.options;
    try {
      for (;;) {
        await turns.next();
        query.check();
        for (const over = turns.begin(); !over();) {
          const step = work.next();
          if (step.done) return step.value;
        }
      }
    } finally {
      // Given up in the middle, it lets go of what it holds.
      work.return(undefined as T);
    }
  }
}

/** Rows whose texts were to be kept. */
interface KeptRows {
  readonly uids: Uint32Array;
  readonly contents: readonly number[];
  /** Whether some had to be taken out of messages. */
  readonly missed: boolean;
  /** Those that could not be. */
  readonly unread: readonly UnreadText[];
}

/** Where each of some contents is among others: a few of its places. */
function placesOf(contents: readonly number[], wanted: readonly number[]): readonly (readonly number[])[] {
  const places = new Map<number, number[]>(wanted.map((content) => [content, []]));
  contents.forEach((content, at) => {
    const known = places.get(content);
    if (known !== undefined && known.length < PLACES_MAX) known.push(at);
  });
  return [...places.values()].filter(({ length }) => length > 0);
}

/** The first message of several alike that is there: one may go while another stays. */
function firstRead(query: TextQuery, places: readonly number[]): Uint8Array | null {
  for (const at of places) {
    const message = query.read(at);
    if (message !== null) return message;
  }
  return null;
}

/** What is looked for in a field. */
interface FieldLook {
  readonly needle: string;
  readonly into: FoundRows;
}

function* lookAt(blocks: readonly FieldBlock[], looks: readonly FieldLook[]): Generator<void, void> {
  for (const block of blocks) {
    for (const { needle, into } of looks) block.find(needle, into);
    yield;
  }
}

function rangesOfRows(rows: readonly number[], uids: Uint32Array): Ranges {
  const found = new FoundRows();
  for (const row of rows) found.add(uids[row]!, row);
  return found.pairs as readonly number[] as Ranges;
}

/** What a field says in one message that is not kept. */
function looseLines({ header }: MessageText, field: string): string {
  const chunk = latin1(header);
  const lines: string[] = [];
  linesIn(chunk, [{ start: 0, end: chunk.length }], field, (_, line) => lines.push(line));
  return lines.join("");
}

/** The same search in one message that is not kept. */
function findLoose(text: MessageText, keys: readonly TextKey[], found: readonly Set<number>[]): void {
  keys.forEach((key, i) => {
    for (const part of ["header", "body"] as const) {
      if (key.in !== part && key.in !== "text") continue;
      const chunk = latin1(concat([text[part]]));
      findIn(chunk, [{ start: 0, end: chunk.length }], key, () => found[i]!.add(text.content));
    }
  });
}

function gradeLoose(text: MessageText, words: readonly FuzzyWord[], graded: readonly Map<number, number>[]): void {
  for (const part of ["header", "body"] as const) {
    const grades = toEnd(gradeWords(foldedText(text[part]), part, words));
    grades.forEach((grade, i) => grade > 0 && noteBest(graded[i]!, new Map([[text.content, grade]])));
  }
}

/** One message is not so much that others would have to wait for long. */
function toEnd<T>(work: Generator<void, T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}
