import { assert, assertEquals } from "@std/assert";
import {
  FieldColumns,
  PlaceColumns,
  StoredTexts,
  type TextSearch,
  Turns,
} from "../../../src/actors/mailbox/search/mod.ts";
import { Failure, FakeClock, seededRandom, SILENT, utf8 } from "../../../src/base/mod.ts";
import { Flag } from "../../../src/mail/flag.ts";
import { INBOX_NAME } from "../../../src/mail/mailbox_name.ts";
import type { SearchProgram } from "../../../src/mail/search_program.ts";
import type { TextProtocol } from "../../../src/messages/mod.ts";
import { casemap, parseStructure, searchText } from "../../../src/mime/mod.ts";
import type { Ref } from "../../../src/runtime/mod.ts";
import { FieldBlock, TextStore } from "../../../src/storage/mod.ts";
import { SimDisk } from "../../storage/sim_disk.ts";
import { inTurns, openSession, type TestSession, uids } from "./sessions.ts";
import { inMailbox, JOHN, type MailboxWorld, MARY } from "./support.ts";

interface FieldWorld extends MailboxWorld {
  readonly disk: SimDisk;
  readonly columns: FieldColumns;
  readonly places: PlaceColumns;
  /** How many texts were taken out of messages. */
  readonly extracted: () => number;
  /** UIDs of messages whose bytes are damaged. */
  readonly damaged: Set<number>;
}

/** A mailbox whose searches look at texts that are kept, on a disk in memory. */
function inFields(run: (world: FieldWorld) => Promise<void>, bytesMax = 1_000_000): Promise<void> {
  let texts: StoredTexts;
  let extracted = 0;
  const columns = new FieldColumns(bytesMax);
  const places = new PlaceColumns(20 * bytesMax);
  const disk = new SimDisk(seededRandom(1));
  const damaged = new Set<number>();
  const extractor = {
    ask(_type: string, { bytes }: { bytes: Uint8Array }) {
      extracted++;
      const { header, body } = searchText(parseStructure(bytes));
      return Promise.resolve({ header: utf8(`\n${header}`), body: utf8(body) });
    },
  } as unknown as Ref<TextProtocol>;
  const late: TextSearch = {
    find: (query, keys) => texts.find(query, keys),
    grade: (query, words) => texts.grade(query, words),
    fieldsAhead: (query, fields) => texts.fieldsAhead(query, fields),
    findInFields: (query, keys) => texts.findInFields(query, keys),
    findInTexts: (query, keys) => texts.findInTexts(query, keys),
    forget: (account) => texts.forget(account),
  };
  return inMailbox(
    (world) => run(Object.assign(world, { disk, columns, places, damaged, extracted: () => extracted })),
    {
      texts: late,
      wrap(shard) {
        const turns = new Turns(new FakeClock());
        const store = new TextStore("texts", disk, { openMessagesMax: 1_000, deadMessagesMin: 4 });
        texts = new StoredTexts({ store, shard, columns, places, extractor, turns, log: SILENT });
        const { fetch } = shard;
        shard.fetch = (account, mailbox, range) => {
          if (damaged.has(range.uid)) throw new Failure("corrupt", "the checksum of the message is wrong");
          return fetch.call(shard, account, mailbox, range);
        };
        return shard;
      },
    },
  );
}

interface Letter {
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly flags: number;
  readonly body?: string;
}

async function append(world: MailboxWorld, letters: readonly Letter[]): Promise<void> {
  const messages = letters.map(({ fields, flags, body = "text" }) => ({
    parts: [utf8(`${fields.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}\r\n`)],
    index: null,
    internalDateMs: 0,
    flags,
    keywords: [],
  }));
  const opId = `append/${world.shard.status(JOHN, 1).uidNext}`;
  await world.mailbox.ask("mailbox.append", { account: JOHN, opId, name: INBOX_NAME, quotaBytes: 0, messages });
}

/** UIDs that a search finds; their numbers must be those that the session knows. */
async function find(session: TestSession, program: SearchProgram): Promise<number[]> {
  const ask = session.ask("mailbox.search", { program, save: "none", modSeq: false });
  const { found } = await inTurns(session.world, ask);
  return found.flatMap(({ sequence, uid, count }) =>
    Array.from({ length: count }, (_, i) => {
      assertEquals(session.uids[sequence + i - 1], uid + i);
      return uid + i;
    })
  );
}

function header(field: string, text: string): SearchProgram {
  return { type: "header", field, text };
}
function not(of: SearchProgram): SearchProgram {
  return { type: "not", of };
}

function subject(value: string, flags = 0): Letter {
  return { fields: [["From", "Mary"], ["Subject", value]], flags };
}

/** The same by looking at one message after the other. */
function fits({ fields, flags, body = "text" }: Letter, uid: number, program: SearchProgram): boolean {
  switch (program.type) {
    case "and":
      return program.of.every((each) => fits({ fields, flags, body }, uid, each));
    case "or":
      return program.of.some((each) => fits({ fields, flags, body }, uid, each));
    case "not":
      return !fits({ fields, flags, body }, uid, program.of);
    case "flags":
      return (flags & program.flags) !== 0;
    case "set":
      return program.set.by === "uid" && uid >= program.set.pairs[0]! && uid <= program.set.pairs[1]!;
    case "header":
      return fields.some(([name, value]) =>
        casemap(name) === casemap(program.field) && casemap(value).includes(casemap(program.text))
      );
    case "body":
      return casemap(body).includes(casemap(program.text));
    case "text":
      return [body, ...fields.map(([name, value]) => `${name}: ${value}`)].some((part) =>
        casemap(part).includes(casemap(program.text))
      );
    default:
      throw new Error("not in this model");
  }
}

const VALUES = ["Hello", "e", "猫について", "hello FROM subject", "Straße", "b", "東京タワーへ", "x e x", ""];
const TEXTS = ["e", "hello", "SUBJ", "猫", "タワ", "strasse", "", "to", "nowhere", "o f"];
const NAMES = ["Subject", "From", "To", "X-Subject", "Received"];

for (const [bytes, name] of [[1_000_000, "in memory"], [700, "in memory in part"], [0, "made each time"]] as const) {
  Deno.test(`sessions that search texts find what a model finds, while messages come and go; columns are ${name}`, () =>
    inFields(async (world) => {
      const random = seededRandom(bytes + 3);
      const pick = (below: number) => Math.floor(random.next() * below);
      const one = <T>(of: readonly T[]) => of[pick(of.length)]!;
      const there = new Map<number, Letter>();
      const letter = (): Letter => ({
        fields: Array.from({ length: 1 + pick(4) }, () => [one(NAMES), one(VALUES)] as const),
        flags: pick(2) * Flag.seen,
        body: one(VALUES),
      });
      const program = (depth: number): SearchProgram => {
        const kind = pick(depth === 0 ? 5 : 10);
        if (kind >= 8) return not(program(depth - 1));
        if (kind >= 5) return { type: one(["and", "or"] as const), of: [program(depth - 1), program(depth - 1)] };
        if (kind === 0) return { type: "set", set: uids(1 + pick(10), 10 + pick(30)) };
        if (kind === 1) return { type: "flags", flags: Flag.seen };
        if (kind === 2) return { type: one(["body", "text"] as const), text: one(TEXTS) };
        return header(one(NAMES), one(TEXTS));
      };
      const sessions = [await openSession(world), await openSession(world)];
      for (let round = 0; round < 150; round++) {
        const what = pick(6);
        if (what === 0 && there.size < 150) {
          const letters = Array.from({ length: 1 + pick(9) }, letter);
          const first = world.shard.status(JOHN, 1).uidNext;
          await append(world, letters);
          letters.forEach((each, i) => there.set(first + i, each));
        } else if (what === 1 && there.size > 0) {
          const gone = [...there.keys()].filter(() => pick(6) === 0);
          if (gone.length > 0) await world.shard.expunge(JOHN, 1, gone);
          gone.forEach((uid) => there.delete(uid));
        } else if (what === 2) {
          const session = one(sessions);
          await session.news();
          await session.rows({ by: "sequence", pairs: [1, 0] });
        } else {
          const session = one(sessions);
          const asked = program(2);
          const known = new Set(session.uids);
          const expected = [...there].filter(([uid, each]) => known.has(uid) && fits(each, uid, asked));
          assertEquals(await find(session, asked), expected.map(([uid]) => uid), JSON.stringify(asked));
        }
      }
      assert(there.size > 0);
      for (const [kept, max] of [[world.columns.bytes, bytes], [world.places.bytes, 20 * bytes]] as const) {
        assert(kept <= max && (bytes === 0) === (kept === 0));
      }
    }, bytes));
}

Deno.test("what was searched once is looked at in memory; what comes since is found, too", () =>
  inFields(async (world) => {
    await append(world, [subject("a cat"), subject("a dog"), subject("a cat")]);
    const a = await openSession(world);
    await a.rows({ by: "sequence", pairs: [1, 0] });
    assertEquals(await find(a, header("subject", "cat")), [1, 3]);
    assertEquals(world.extracted(), 3);
    const reads: string[] = [];
    world.disk.fault = (_step, name) => (reads.push(name), null);
    assertEquals(await find(a, header("SUBJECT", "dog")), [2]);
    assertEquals(await find(a, not(header("Subject", "dog"))), [1, 3]);
    assertEquals(reads, []);
    await append(world, [subject("more cats")]);
    await a.news();
    await a.rows({ by: "sequence", pairs: [1, 0] });
    assertEquals(await find(a, header("subject", "cat")), [1, 3, 4]);
    assertEquals(world.extracted(), 4);
  }));

Deno.test("a search of few messages of a mailbox that was never searched takes out their texts alone", () =>
  inFields(async (world) => {
    for (const first of [0, 600]) {
      await append(world, Array.from({ length: 600 }, (_, i) => subject(`cat ${first + i}`)));
    }
    const a = await openSession(world);
    await a.rows({ by: "sequence", pairs: [1, 0] });
    const few = (of: SearchProgram): SearchProgram => ({ type: "and", of: [{ type: "set", set: uids(7, 9) }, of] });
    assertEquals(await find(a, few(header("subject", "cat"))), [7, 8, 9]);
    assertEquals(world.extracted(), 3);
    assertEquals((await find(a, header("subject", "cat 11"))).length, 111);
    assertEquals(world.extracted(), 1_200);
    assertEquals(await find(a, few(not(header("subject", "7")))), [7, 9]);
  }));

Deno.test("what follows on messages that no room is left for is not kept either", () =>
  inFields(async (world) => {
    for (const count of [600, 600, 100]) {
      const value = `cat${count === 100 ? "" : " of many words and colours"}`;
      await append(world, Array.from({ length: count }, () => subject(value)));
    }
    const a = await openSession(world);
    await a.rows({ by: "sequence", pairs: [1, 0] });
    for (const [field, text] of [["subject", "cat"], ["subject", "a"], ["from", "mary"], ["subject", "t"]] as const) {
      assertEquals((await find(a, header(field, text))).length, 1_300);
    }
  }, 25_000));

Deno.test("fields that few ask for are looked for in the texts that are kept, and nothing stays in memory", () =>
  inFields(async (world) => {
    await append(world, [{ fields: [["X-Cat", "a cat"]], flags: 0 }, subject("a cat"), {
      fields: [["X-Cat", ""]],
      flags: 0,
    }]);
    const a = await openSession(world);
    await a.rows({ by: "sequence", pairs: [1, 0] });
    assertEquals(await find(a, header("x-cat", "cat")), [1]);
    assertEquals(await find(a, header("x-cat", "")), [1, 3]);
    assertEquals(world.columns.bytes, 0);
    assertEquals(await find(a, { type: "or", of: [header("x-cat", "cat"), header("subject", "cat")] }), [1, 2]);
    assertEquals(world.columns.bytes, 0);
    assertEquals(await find(a, header("subject", "cat")), [2]);
    assert(world.columns.bytes > 0);
  }));

for (
  const [what, program] of [["field", header("subject", "cat")], ["text", { type: "body", text: "text" }]] as const
) {
  Deno.test(`a message that cannot be read when a ${what} is looked for is found as soon as it can be`, () =>
    inFields(async (world) => {
      const letters = Array.from({ length: 40 }, () => subject("a cat"));
      await append(world, letters);
      const a = await openSession(world);
      await a.rows({ by: "sequence", pairs: [1, 0] });
      const all = letters.map((_, i) => i + 1);
      world.damaged.add(2).add(40);
      assertEquals(await find(a, program), all.filter((uid) => !world.damaged.has(uid)));
      assertEquals(await find(a, program), all.filter((uid) => !world.damaged.has(uid)));
      world.damaged.delete(2);
      assertEquals(await find(a, program), all.filter((uid) => uid !== 40));
      world.damaged.clear();
      assertEquals(await find(a, program), all);
      assertEquals(await find(a, not(program)), []);
      assertEquals(await find(a, program), all);
      assertEquals(world.extracted(), 40, "each was taken apart once");
    }));
}

Deno.test("so many messages that cannot be read are tried again that a search stays cheap", () =>
  inFields(async (world) => {
    await append(world, Array.from({ length: 40 }, () => subject("a cat")));
    const a = await openSession(world);
    await a.rows({ by: "sequence", pairs: [1, 0] });
    for (let uid = 1; uid <= 40; uid++) world.damaged.add(uid);
    assertEquals(await find(a, header("subject", "cat")), []);
    world.damaged.clear();
    assertEquals((await find(a, header("subject", "cat"))).length, 16);
  }));

Deno.test("of messages that are alike one is enough that can be read", () =>
  inFields(async (world) => {
    await append(world, [subject("a cat"), subject("a dog")]);
    const inbox = { account: JOHN, mailbox: 1 };
    await world.shard.copy({ from: inbox, to: inbox, uids: [1, 1], quotaBytes: 0, move: false, savedMs: 0 });
    const a = await openSession(world);
    await a.rows({ by: "sequence", pairs: [1, 0] });
    world.damaged.add(1);
    assertEquals(await find(a, header("subject", "cat")), [1, 3]);
    assertEquals(await find(a, { type: "body", text: "text" }), [1, 2, 3]);
  }));

Deno.test("with a full disk fields are found in what is taken out now", () =>
  inFields(async (world) => {
    await append(world, [subject("a cat"), subject("a dog")]);
    const a = await openSession(world);
    await a.rows({ by: "sequence", pairs: [1, 0] });
    world.disk.fault = (_step, name) => name === "write" || name === "create" ? "ENOSPC" : null;
    assertEquals(await find(a, header("subject", "dog")), [2]);
    world.disk.fault = () => null;
    assertEquals(await find(a, header("subject", "a")), [1, 2]);
  }));

Deno.test("the fields that were searched longest ago make room, and those of an account that is no more are gone", () => {
  const columns = new FieldColumns(1_000);
  const name = (field: string, account = JOHN) => ({ shard: 0, account, mailbox: 1, field });
  const block = () => FieldBlock.of([1], ["x".repeat(200)]);
  for (const field of ["A", "B"]) assert(columns.add(name(field), columns.use(name(field), 1), block()));
  columns.use(name("A"), 1);
  assert(columns.add(name("C", MARY), columns.use(name("C", MARY), 1), block()));
  assertEquals(["A", "B"].map((field) => columns.lastOf(name(field))), [1, 0]);
  assertEquals(columns.add(name("D"), columns.use(name("D"), 1), FieldBlock.of([1], ["x".repeat(2_000)])), false);
  // What never fits drives nothing out.
  assertEquals(columns.lastOf(name("A")), 1);
  for (const account of [JOHN, MARY]) columns.add(name("E", account), columns.use(name("E", account), 1), block());
  columns.forget(0, MARY);
  assertEquals([JOHN, MARY].map((account) => columns.lastOf(name("E", account))), [1, 0]);
});

Deno.test("a field of which most messages are gone is made anew", () => {
  const columns = new FieldColumns();
  const name = { shard: 0, account: JOHN, mailbox: 1, field: "SUBJECT" };
  const uids = Array.from({ length: 1_010 }, (_, i) => i + 1);
  columns.add(name, columns.use(name, 5), FieldBlock.of(uids, uids.map(() => "")));
  assertEquals(columns.use(name, 5).rows, 1_010);
  assertEquals(columns.use(name, 4).rows, 0);
  assertEquals(columns.bytes, 0);
});
