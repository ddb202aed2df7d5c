import { assertEquals, assertRejects } from "@std/assert";
import { Failure, latin1, seededRandom, utf8 } from "../../../src/base/mod.ts";
import { Flag } from "../../../src/mail/flag.ts";
import { INBOX_NAME } from "../../../src/mail/mailbox_name.ts";
import type { SearchProgram } from "../../../src/mail/search_program.ts";
import { parseStructure, searchText, threadId } from "../../../src/mime/mod.ts";
import { indexMessage } from "../../../src/protocol/imap/fetch/message_index.ts";
import type { TextQuery, TextSearch } from "../../../src/actors/mailbox/search/mod.ts";
import { findIn, foldedText, type FuzzyWord, gradeWords, noteBest, type TextKey } from "../../../src/storage/mod.ts";
import { NO_FIELDS } from "../../support/no_texts.ts";
import { ALL, inTurns, openSession, sequence, type TestSession, uids } from "./sessions.ts";
import { inMailbox, JOHN, type MailboxWorld, put, settle, type Shard } from "./support.ts";

/** Looks into simple messages at once; notes which were asked for. */
class SimpleTexts implements TextSearch {
  readonly asked: number[] = [];
  failure: Failure | null = null;
  /** Waited for before the answer. */
  gate: Promise<void> = Promise.resolve();
  async find({ contents, read, check }: TextQuery, keys: readonly TextKey[]): Promise<Set<number>[]> {
    if (this.failure !== null) throw this.failure;
    await this.gate;
    check();
    const found = keys.map(() => new Set<number>());
    for (const [at, content] of contents.entries()) {
      this.asked.push(content);
      const bytes = read(at);
      if (bytes === null) continue;
      const { header, body } = searchText(parseStructure(bytes));
      const parts = { header: latin1(utf8(`\n${header}`)), body: latin1(utf8(body)) };
      keys.forEach((key, i) => {
        for (const [name, part] of Object.entries(parts)) {
          if (key.in !== name && key.in !== "text") continue;
          findIn(part, [{ start: 0, end: part.length }], key, () => found[i]!.add(content));
        }
      });
    }
    return found;
  }
  async grade({ contents, read, check }: TextQuery, words: readonly FuzzyWord[]): Promise<Map<number, number>[]> {
    await this.gate;
    check();
    const graded = words.map(() => new Map<number, number>());
    for (const [at, content] of contents.entries()) {
      const bytes = read(at);
      if (bytes === null) continue;
      const { header, body } = searchText(parseStructure(bytes));
      for (const [part, text] of [["header", `\n${header}`], ["body", body]] as const) {
        const work = gradeWords(foldedText(utf8(text)), part, words);
        let step = work.next();
        while (!step.done) step = work.next();
        step.value.forEach((grade, i) => grade > 0 && noteBest(graded[i]!, new Map([[content, grade]])));
      }
    }
    return graded;
  }
  fieldsAhead = NO_FIELDS.fieldsAhead;
  findInFields = NO_FIELDS.findInFields;
  findInTexts = NO_FIELDS.findInTexts;
  forget(): void {}
}

interface Letter {
  readonly subject?: string;
  readonly from?: string;
  readonly date?: string;
  readonly more?: string;
  readonly body?: string;
  readonly flags?: number;
  readonly keywords?: readonly string[];
  readonly internalDateMs?: number;
  /** Whether the index was made at delivery (default). */
  readonly indexed?: boolean;
}

const DAY_MS = 86_400_000;
const FIRST_DAY = Date.UTC(2025, 11, 10);

async function append(world: MailboxWorld, letters: readonly Letter[]): Promise<void> {
  const messages = letters.map((letter) => {
    const { subject = "hello", from = "Mary <mary@b.test>", date = "Wed, 10 Dec 2025 10:00:00 +0000" } = letter;
    const head = `Subject: ${subject}\r\nFrom: ${from}\r\nDate: ${date}\r\n${letter.more ?? ""}`;
    const bytes = utf8(`${head}\r\n${letter.body ?? "text"}\r\n`);
    return {
      parts: [bytes],
      index: letter.indexed === false ? null : indexMessage(bytes),
      internalDateMs: letter.internalDateMs ?? FIRST_DAY,
      flags: letter.flags ?? 0,
      keywords: letter.keywords ?? [],
    };
  });
  const opId = `append/${world.shard.status(JOHN, 1).uidNext}`;
  await world.mailbox.ask("mailbox.append", { account: JOHN, opId, name: INBOX_NAME, quotaBytes: 0, messages });
}

type Save = "none" | "all" | "min" | "max" | "minMax";

async function searched(session: TestSession, program: SearchProgram, save: Save = "none") {
  return await inTurns(session.world, session.ask("mailbox.search", { program, save, modSeq: true }));
}

async function find(session: TestSession, program: SearchProgram): Promise<number[]> {
  const { found } = await searched(session, program);
  return found.flatMap(({ uid, count }) => Array.from({ length: count }, (_, i) => uid + i));
}

function inTexts(run: (world: MailboxWorld, texts: SimpleTexts) => Promise<void>): Promise<void> {
  const texts = new SimpleTexts();
  return inMailbox((world) => run(world, texts), { texts });
}

function and(...of: SearchProgram[]): SearchProgram {
  return { type: "and", of };
}
function or(...of: SearchProgram[]): SearchProgram {
  return { type: "or", of };
}
function not(of: SearchProgram): SearchProgram {
  return { type: "not", of };
}
function header(field: string, text: string): SearchProgram {
  return { type: "header", field, text };
}
const SEEN: SearchProgram = { type: "flags", flags: Flag.seen };

Deno.test("a conversation is found by what FETCH calls it, its copies too, and with or without an index", () =>
  inTexts(async (world) => {
    await append(world, [
      { more: "Message-ID: <1@a.test>\r\n" },
      { more: "Message-ID: <2@a.test>\r\nIn-Reply-To: <1@a.test>\r\n", indexed: false },
      { more: "Message-ID: <3@a.test>\r\nReferences: <1@a.test>\r\n <2@a.test>\r\n" },
      { more: "Message-ID: <4@a.test>\r\n" },
      { more: "" },
    ]);
    const a = await openSession(world);
    await a.ask("mailbox.copy", { set: uids(3, 5), to: INBOX_NAME, move: false });
    await a.news();
    const thread = (id: string): SearchProgram => ({ type: "objectId", of: "thread", id });
    const named = (messageId: string) => threadId({ references: [], inReplyTo: null, messageId }, "");
    assertEquals(await find(a, thread(named("1@a.test"))), [1, 2, 3, 6]);
    assertEquals(await find(a, and(thread(named("4@a.test")), not({ type: "set", set: uids(4, 4) }))), [7]);
    const [row] = await a.rows(uids(5, 5));
    assertEquals(await find(a, thread(`T${row!.objectId}`)), [5, 8]);
    assertEquals(await find(a, thread("T1")), []);
  }));

Deno.test("rows are searched by set, flags, keywords, size, dates and age", () =>
  inTexts(async (world, texts) => {
    await append(world, [
      { flags: Flag.seen, keywords: ["$Work"], internalDateMs: FIRST_DAY - 1 },
      { flags: Flag.seen | Flag.flagged, internalDateMs: FIRST_DAY, body: "x".repeat(1_000) },
      { keywords: ["Later"], internalDateMs: FIRST_DAY + DAY_MS / 2 },
      { internalDateMs: FIRST_DAY + DAY_MS },
    ]);
    const a = await openSession(world);
    const internal = (than: "before" | "on" | "since"): SearchProgram => ({
      type: "date",
      of: "internal",
      than,
      dayMs: FIRST_DAY,
    });
    const age = (than: "younger" | "older"): SearchProgram => {
      return { type: "age", than, seconds: Math.floor((world.clock.wallMs() - FIRST_DAY - 0.75 * DAY_MS) / 1_000) };
    };
    const cases: readonly (readonly [SearchProgram, number[]])[] = [
      [{ type: "all" }, [1, 2, 3, 4]],
      [not({ type: "all" }), []],
      [SEEN, [1, 2]],
      [{ type: "flags", flags: Flag.seen | Flag.flagged }, [2]],
      [not(SEEN), [3, 4]],
      [{ type: "keyword", keyword: "$work" }, [1]],
      [{ type: "keyword", keyword: "wor" }, []],
      [{ type: "size", than: "larger", bytes: 900 }, [2]],
      [{ type: "size", than: "smaller", bytes: 900 }, [1, 3, 4]],
      [internal("before"), [1]],
      [internal("on"), [2, 3]],
      [internal("since"), [2, 3, 4]],
      [age("younger"), [4]],
      [age("older"), [1, 2, 3]],
      [{ type: "set", set: sequence(2, 3, 0, 0) }, [2, 3, 4]],
      [{ type: "set", set: uids(3, 100) }, [3, 4]],
      [and({ type: "set", set: uids(1, 3) }, not(SEEN)), [3]],
      [or({ type: "set", set: uids(1, 1) }, { type: "set", set: uids(4, 4) }), [1, 4]],
      [or(SEEN, { type: "keyword", keyword: "Later" }), [1, 2, 3]],
      [not(or(SEEN, { type: "keyword", keyword: "Later" })), [4]],
      [and(), [1, 2, 3, 4]],
      [or(), []],
      [{ type: "saveDateSupported" }, [1, 2, 3, 4]],
      [{ type: "objectId", of: "thread", id: "T1" }, []],
    ];
    for (const [program, expected] of cases) assertEquals(await find(a, program), expected, JSON.stringify(program));
    assertEquals(texts.asked, []);
    const [row] = await a.rows(uids(2, 2));
    assertEquals(await find(a, { type: "objectId", of: "email", id: row!.objectId }), [2]);
    const { rows: [changed] } = await a.store(uids(3, 3), "add", { flags: Flag.seen });
    assertEquals(await find(a, { type: "modSeq", atLeast: changed!.modSeq }), [3]);
    assertEquals(await find(a, { type: "modSeq", atLeast: changed!.modSeq + 1 }), []);
  }));

Deno.test("subjects, people and sent dates are found, whatever their case", () =>
  inTexts(async (world) => {
    await append(world, [
      { subject: "Grüße aus KÖLN", from: "Ann <ann@a.test>", date: "Thu, 11 Dec 2025 00:30:00 +0200" },
      {
        subject: "=?utf-8?Q?gr=C3=BCsse?=",
        more: "To: Bob <bob@b.test>\r\nCc: carl@c.test\r\n",
        date: "10 Dec 2025 23:00:00 -0800",
      },
      { subject: "other", date: "no date" },
    ]);
    const a = await openSession(world);
    const sent = (than: "before" | "on" | "since"): SearchProgram => ({
      type: "date",
      of: "sent",
      than,
      dayMs: FIRST_DAY,
    });
    assertEquals(await find(a, header("subject", "köln")), [1]);
    assertEquals(await find(a, header("Subject", "GRÜ")), [1, 2]);
    assertEquals(await find(a, header("from", "ANN@")), [1]);
    assertEquals(await find(a, header("to", "bob")), [2]);
    assertEquals(await find(a, header("cc", "carl")), [2]);
    // As they are written, whatever the zone; what has no date is nowhere.
    assertEquals(await find(a, sent("on")), [2]);
    assertEquals(await find(a, sent("since")), [1, 2]);
    assertEquals(await find(a, sent("before")), []);
  }));

Deno.test("what the index does not have is read, once for all keys, and only of messages that rows do not rule out", () =>
  inTexts(async (world, texts) => {
    await append(world, [
      { more: "X-Spam: Yes\r\n", body: "Der Zug fährt." },
      { body: "kein zug", flags: Flag.seen },
      { subject: "zug", body: "nichts" },
      { subject: "alt", body: "zug", indexed: false },
    ]);
    const a = await openSession(world);
    assertEquals(await find(a, { type: "body", text: "ZUG" }), [1, 2, 4]);
    assertEquals(await find(a, { type: "text", text: "Zug" }), [1, 2, 3, 4]);
    assertEquals(await find(a, header("x-spam", "yes")), [1]);
    assertEquals(await find(a, header("x-spam", "")), [1]);
    assertEquals(await find(a, header("x-span", "")), []);
    assertEquals(await find(a, header("bcc", "")), []);
    assertEquals(await find(a, header("subject", "alt")), [4]);
    texts.asked.length = 0;
    assertEquals(await find(a, and(not(SEEN), or({ type: "body", text: "zug" }, header("x-spam", "no")))), [1, 4]);
    assertEquals(texts.asked.length, 3);
  }));

Deno.test("whatever texts, flags and sets are put together, the messages found are those that fit one by one", () =>
  inTexts(async (world) => {
    const random = seededRandom(5);
    const upTo = (max: number) => Math.floor(random.next() * max);
    const words = ["rare", "some", "many", "none"];
    const letters = Array.from({ length: 60 }, () => {
      const held = words.filter((_, i) => random.next() < [0.05, 0.3, 0.8, 0][i]!);
      return { held, body: held.join(" "), flags: upTo(3) === 0 ? Flag.seen : 0 };
    });
    await append(world, letters);
    const a = await openSession(world);
    const program = (depth: number): [SearchProgram, (at: number) => boolean] => {
      const kind = upTo(depth > 0 ? 7 : 4);
      if (kind < 2) {
        const text = words[upTo(words.length)]!;
        return [{ type: "body", text }, (at) => letters[at]!.held.includes(text)];
      }
      if (kind === 2) return [SEEN, (at) => letters[at]!.flags === Flag.seen];
      if (kind === 3) {
        const [first, last] = [1 + upTo(60), 1 + upTo(60)];
        const within = (at: number) => at + 1 >= Math.min(first, last) && at + 1 <= Math.max(first, last);
        return [{ type: "set", set: sequence(first, last) }, within];
      }
      const [one, fitsOne] = program(depth - 1);
      if (kind === 4) return [not(one), (at) => !fitsOne(at)];
      const [other, fitsOther] = program(depth - 1);
      return kind === 5
        ? [and(one, other), (at) => fitsOne(at) && fitsOther(at)]
        : [or(one, other), (at) => fitsOne(at) || fitsOther(at)];
    };
    for (let i = 0; i < 400; i++) {
      const [asked, fits] = program(3);
      const expected = letters.flatMap((_, at) => fits(at) ? [at + 1] : []);
      assertEquals(await find(a, asked), expected, JSON.stringify(asked));
    }
  }));

Deno.test("results are runs in which numbers and UIDs go on together", () =>
  inTexts(async (world) => {
    await append(world, Array.from({ length: 9 }, () => ({})));
    const [a, b] = [await openSession(world), await openSession(world)];
    await b.store(uids(3, 4), "add", { flags: Flag.deleted });
    await inTurns(world, b.ask("mailbox.expungeDeleted", { set: null }));
    const { found, modSeq } = await searched(a, { type: "all" });
    // A still counts 3 and 4.
    assertEquals(found.map(({ sequence, uid, count }) => [sequence, uid, count]), [[1, 1, 2], [5, 5, 5]]);
    assertEquals(modSeq, (await a.rows(ALL)).at(-1)!.modSeq);
    await a.news();
    const after = (await searched(a, not({ type: "set", set: sequence(1, 1) }))).found;
    assertEquals(after.map(({ sequence, uid, count }) => [sequence, uid, count]), [[2, 2, 1], [3, 5, 5]]);
    assertEquals((await searched(a, SEEN)).modSeq, null);
  }));

Deno.test("a result that is saved is a set, loses what is expunged, and is empty after a failure", () =>
  inTexts(async (world, texts) => {
    await append(world, [{ body: "a" }, { body: "a" }, { body: "b" }, { body: "a" }]);
    const a = await openSession(world);
    const saved = async () => (await a.rows({ by: "saved" })).map(({ uid }) => uid as number);
    assertEquals(await saved(), []);
    const hits: SearchProgram = { type: "body", text: "a" };
    for (const [save, expected] of [["all", [1, 2, 4]], ["min", [1]], ["max", [4]], ["minMax", [1, 4]]] as const) {
      await searched(a, hits, save);
      assertEquals(await saved(), [...expected], save);
    }
    await searched(a, SEEN, "none");
    assertEquals(await saved(), [1, 4]);
    await searched(a, and({ type: "set", set: { by: "saved" } }, hits), "all");
    assertEquals(await saved(), [1, 4]);
    await a.store(uids(1, 1), "add", { flags: Flag.deleted });
    await inTurns(world, a.ask("mailbox.expungeDeleted", { set: { by: "saved" } }));
    await a.news();
    assertEquals(await saved(), [4]);
    texts.failure = new Failure("down", "as the test wants it");
    assertEquals((await assertRejects(() => searched(a, hits, "all"), Failure)).kind, "down");
    assertEquals(await saved(), []);
  }));

Deno.test("a search goes on in turns: between them others are answered, and it ends with its view", () =>
  inTexts(async (world, texts) => {
    await append(world, Array.from({ length: 200 }, () => ({ body: "needle" })));
    const a = await openSession(world);
    const gate = Promise.withResolvers<void>();
    texts.gate = gate.promise;
    const search = a.ask("mailbox.search", { program: { type: "body", text: "needle" }, save: "none", modSeq: false });
    const outcome = search.then(() => "done", (error) => (error as Failure).kind);
    await settle();
    // It has looked at all rows, and waits; a delivery does not wait for it.
    await put(world, "meanwhile");
    await a.close();
    gate.resolve();
    assertEquals(await outcome, "not_found");
  }));

Deno.test("numbers are right when the session was told of expunges while its search went on", () =>
  inTexts(async (world, texts) => {
    await append(world, Array.from({ length: 100 }, () => ({ body: "needle" })));
    const a = await openSession(world);
    const gate = Promise.withResolvers<void>();
    texts.gate = gate.promise;
    const search = a.ask("mailbox.search", { program: { type: "body", text: "needle" }, save: "none", modSeq: false });
    await settle();
    world.clock.advance(1);
    await settle();
    await a.store(uids(1, 10, 50, 50), "add", { flags: Flag.deleted });
    await inTurns(world, a.ask("mailbox.expungeDeleted", { set: null }));
    await a.news();
    gate.resolve();
    const { found } = await inTurns(world, search);
    assertEquals(found.map(({ sequence, uid, count }) => [sequence, uid, count]), [[1, 11, 39], [40, 51, 50]]);
  }));

function fuzzy(of: SearchProgram): SearchProgram {
  return { type: "fuzzy", of };
}

/** UIDs and scores of what is found. */
async function scored(session: TestSession, program: SearchProgram): Promise<[number, number][]> {
  const ask = session.ask("mailbox.search", { program, save: "none", modSeq: false, relevancy: true });
  const { found, relevancy } = await inTurns(session.world, ask);
  const numbers = found.flatMap(({ uid, count }) => Array.from({ length: count }, (_, i) => uid + i));
  assertEquals(relevancy?.length, numbers.length);
  return numbers.map((uid, i) => [uid, relevancy![i]!]);
}

Deno.test("FUZZY finds words in any order, misspelt, without accents, and says how well", () =>
  inTexts(async (world) => {
    await append(world, [
      { subject: "IMAP break" },
      { subject: "broken IMAP is breaking" },
      { subject: "Ímáp braek" },
      { subject: "imap", body: "break" },
    ]);
    const a = await openSession(world);
    assertEquals(await find(a, header("Subject", "break imap")), []);
    assertEquals(await scored(a, fuzzy(header("Subject", "break imap"))), [[1, 100], [2, 100], [3, 73]]);
    assertEquals(await scored(a, fuzzy(header("Subject", "imp"))), []);
    assertEquals(await scored(a, fuzzy(header("Subject", "imaap"))), [[1, 45], [2, 45], [3, 45], [4, 45]]);
    assertEquals(await scored(a, fuzzy({ type: "text", text: "imap breik" })), [[1, 73], [4, 68]]);
    assertEquals(await scored(a, fuzzy(and(header("Subject", "imap"), SEEN))), []);
    assertEquals(await find(a, and(fuzzy(header("Subject", "imap")), not(fuzzy(header("Subject", "breaking"))))), [
      1,
      3,
      4,
    ]);
    // Words and texts as they are may be asked for together; what is no text counts in full where it suffices.
    assertEquals(await scored(a, and(fuzzy(header("Subject", "imxx")), { type: "body", text: "REAK" })), []);
    assertEquals(await scored(a, and(fuzzy(header("Subject", "imaap")), { type: "body", text: "REAK" })), [[4, 45]]);
    const either = fuzzy(or(header("Subject", "imaap"), { type: "set", set: uids(4, 4) }));
    assertEquals(await scored(a, either), [[1, 45], [2, 45], [3, 45], [4, 100]]);
    assertEquals(await scored(a, fuzzy({ type: "all" })), [[1, 100], [2, 100], [3, 100], [4, 100]]);
    // Without a word it is a text as any other.
    assertEquals(await find(a, fuzzy({ type: "body", text: "-" })), []);
  }));

Deno.test("a search may have 64 words that are matched with tolerance", () =>
  inTexts(async (world) => {
    await append(world, [{}]);
    const a = await openSession(world);
    const words = (count: number) => Array.from({ length: count }, (_, i) => `w${i}`).join(" ");
    assertEquals(await find(a, fuzzy({ type: "body", text: words(64) })), []);
    await assertRejects(() => find(a, fuzzy({ type: "body", text: words(65) })), Failure, "too many words");
  }));

Deno.test("a search may look for a hundred texts", () =>
  inTexts(async (world) => {
    await append(world, [{}]);
    const a = await openSession(world);
    const texts = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ type: "body", text: `t${i}` }) as const);
    assertEquals(await find(a, { type: "and", of: texts(100) }), []);
    await assertRejects(() => find(a, { type: "and", of: texts(101) }), Failure, "too many texts");
  }));

Deno.test("scores stay with their messages when others go meanwhile", () =>
  inTexts(async (world, texts) => {
    await append(world, [{ body: "wrod" }, { body: "word" }, { body: "wrd" }, { body: "word" }]);
    const a = await openSession(world);
    let go = () => {};
    texts.gate = new Promise((resolve) => void (go = resolve));
    const search = scored(a, fuzzy({ type: "body", text: "word" }));
    await settle();
    await (world.shard as Shard).expunge(JOHN, 1, [2]);
    await a.news();
    go();
    assertEquals(await search, [[1, 45], [3, 45], [4, 100]]);
  }));

Deno.test("two searches of an account run at once, more wait, and too many are told to come back", () =>
  inTexts(async (world) => {
    await append(world, [{}]);
    const a = await openSession(world);
    const ask = () => a.ask("mailbox.search", { program: { type: "all" }, save: "none", modSeq: false });
    const searches = Array.from({ length: 53 }, () => ask().then(() => "found", (error) => (error as Failure).kind));
    const outcomes = await inTurns(world, Promise.all(searches));
    assertEquals(outcomes.filter((outcome) => outcome === "busy").length, 1);
    assertEquals(await find(a, { type: "all" }), [1]);
  }));

Deno.test("a message that goes while its text is on the way is not found", () => {
  const waiting: (() => void)[] = [];
  const texts: TextSearch = {
    async find({ contents, read }) {
      await new Promise<void>((resolve) => void waiting.push(resolve));
      return [new Set(contents.filter((_, at) => read(at) !== null))];
    },
    grade: () => Promise.resolve([]),
    ...NO_FIELDS,
    forget() {},
  };
  return inMailbox(async (world) => {
    await append(world, [{}, {}]);
    const a = await openSession(world);
    const search = a.ask("mailbox.search", { program: { type: "body", text: "needle" }, save: "none", modSeq: false });
    await settle();
    world.clock.advance(1);
    await settle();
    await (world.shard as Shard).expunge(JOHN, 1, [1]);
    waiting.forEach((go) => go());
    assertEquals((await inTurns(world, search)).found.map(({ uid }) => uid as number), [2]);
  }, { texts });
});
