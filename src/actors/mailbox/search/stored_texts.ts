import { asFailure, concat, describeError, latin1, type Log } from "../../../base/mod.ts";
import type { AccountId } from "../../../mail/account.ts";
import type { TextProtocol } from "../../../messages/mod.ts";
import type { Ref } from "../../../runtime/types.ts";
import {
  findIn,
  foldedText,
  type FuzzyWord,
  gradeWords,
  type MessageText,
  noteBest,
  type ShardStore,
  type TextKey,
  type TextStore,
} from "../../../storage/mod.ts";
import type { TextQuery, TextSearch } from "./text_search.ts";
import type { Turns } from "./turns.ts";

/** Messages whose texts are asked for at once, and their bytes: what is on the way to another worker and back. */
const BATCH_MESSAGES_MAX = 64;
const BATCH_BYTES_MAX = 4 * 1024 * 1024;
/** How long the texts of one batch may take, in ms. */
const EXTRACT_DEADLINE_MS = 30_000;
/** Rows read at once when the contents of an account are counted. */
const ROWS = 1_000;

/** How a search looks at texts: at those that are kept, and at each that no room is left for. */
interface Looks<T> {
  readonly kept: (query: TextQuery) => Generator<void, T>;
  readonly unkept: (text: MessageText) => void;
}

export interface StoredTextsOptions {
  readonly store: TextStore;
  readonly shard: ShardStore;
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
    const loose = keys.map(() => new Set<number>());
    return this.#search(query, {
      kept: ({ account, contents }) => this.options.store.find(account, contents, keys),
      unkept: (text) => findLoose(text, keys, loose),
    }).then((found) => {
      found.forEach((set, i) => loose[i]!.forEach((content) => set.add(content)));
      return found;
    });
  }
  grade(query: TextQuery, words: readonly FuzzyWord[]): Promise<readonly ReadonlyMap<number, number>[]> {
    const loose = words.map(() => new Map<number, number>());
    return this.#search(query, {
      kept: ({ account, contents }) => this.options.store.grade(account, contents, words),
      unkept: (text) => gradeLoose(text, words, loose),
    }).then((graded) => {
      graded.forEach((grades, i) => noteBest(grades, loose[i]!));
      return graded;
    });
  }
  forget(account: AccountId): void {
    this.options.store.remove(account);
  }

  /** Searches of one account follow one another. */
  #search<T>(query: TextQuery, looks: Looks<T>): Promise<T> {
    const { account } = query;
    const found = (this.#last.get(account) ?? Promise.resolve()).then(() => this.#look(query, looks));
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
    const wanted = new Set(missing);
    const places = query.contents.flatMap((content, at) => wanted.delete(content) ? [at] : []);
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

  /** Texts of the messages at `places` from `start` on, as many as are asked for at once. */
  async #extract(
    query: TextQuery,
    places: readonly number[],
    start: number,
  ): Promise<{ readonly texts: MessageText[]; readonly end: number }> {
    const { extractor, turns } = this.options;
    if (start >= places.length) return { texts: [], end: start };
    await turns.next();
    query.check();
    const asked: Promise<MessageText>[] = [];
    let end = start;
    for (let bytes = 0; end < places.length && asked.length < BATCH_MESSAGES_MAX && bytes < BATCH_BYTES_MAX; end++) {
      const at = places[end]!;
      const message = query.read(at);
      if (message === null) continue;
      bytes += message.length;
      const content = query.contents[at]!;
      asked.push(
        extractor.ask("text.extract", { bytes: message }, { deadlineMs: EXTRACT_DEADLINE_MS })
          .then(({ header, body }) => ({ content, header, body })),
      );
    }
    return { texts: await Promise.all(asked), end };
  }

  /** Now and then what is gone is thrown away. */
  async #tidy(query: TextQuery): Promise<void> {
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
  async #inTurns<T>(work: Generator<void, T>, query: TextQuery): Promise<T> {
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
