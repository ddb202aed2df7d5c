/** What of an account's mailboxes only shows on a disk: removal in steps, indexes beside bodies, large mailboxes. */
import { assert, assertEquals } from "@std/assert";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { FakeClock, utf8 } from "../../src/base/mod.ts";
import type { MailboxName } from "../../src/mail/mailbox_name.ts";
import { type MailStore, nodeFiles, openMailStore, shardDirectory, type ShardStore } from "../../src/storage/mod.ts";
import { LmdbIndex } from "../../src/storage/disk/index_env.ts";
import { allRemoved, besidesMailOf, mailOf, rangesOfMailbox, rowsKey } from "../../src/storage/layout/keys.ts";
import { ANNA, diskOptions, kindOf, mail, temporaryDirectory, text } from "./support.ts";

const LIMITS = { segmentBytesMax: 200_000 };

async function inDirectory(run: (dir: string) => Promise<void>): Promise<void> {
  const dir = temporaryDirectory();
  try {
    await run(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function open(dir: string, clock = new FakeClock()): Promise<MailStore> {
  return openMailStore(diskOptions(dir, { clock, limits: LIMITS }));
}

/** Looks at the index while no store has it open. */
async function look<T>(dir: string, see: (index: LmdbIndex) => T): Promise<T> {
  const index = new LmdbIndex(`${shardDirectory(dir, 0)}/index.mdb`, nodeFiles());
  const seen = see(index);
  index.close();
  await index.gone();
  return seen;
}

async function fill(shard: ShardStore, mailbox: number, count: number, index?: Uint8Array): Promise<void> {
  const more = index === undefined ? { mailbox } : { mailbox, index };
  for (let from = 0; from < count; from += 500) {
    const some = Array.from({ length: Math.min(500, count - from) }, (_, i) => mail(`${from + i} `.repeat(20), more));
    await Promise.all(some.map((input) => shard.deliver(input)));
  }
}

async function make(shard: ShardStore, name: string): Promise<number> {
  const made = await shard.createMailbox(ANNA, name as MailboxName, null);
  assert(made.type === "done");
  return made.mailbox;
}

async function bad(store: MailStore): Promise<unknown[]> {
  const found = [];
  for await (const event of store.verify()) {
    if (event.type === "bad") found.push([event.mailbox, event.uid, event.problem]);
  }
  return found;
}

/** Lets the clock run until `done`, with turns for what waits for the disk. */
async function until(clock: FakeClock, done: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2_000 && !done(); turn++) {
    clock.advance(25);
    await new Promise<void>((resolve) => void setImmediate(resolve));
  }
  assert(done(), "it comes to an end");
}

Deno.test("the rows of a removed mailbox go in steps, also after a restart, and their space is given back", () =>
  inDirectory(async (dir) => {
    const first = await open(dir);
    const mailbox = await make(first.shard(0), "large");
    await fill(first.shard(0), mailbox, 2_500, utf8("index"));
    await first.shard(0).storeFlags(ANNA, mailbox, [1, 2, 2_000], {
      how: "add",
      flags: 0,
      keywords: ["a", "b"],
      unchangedSince: null,
    });
    await first.shard(0).setAcl(ANNA, mailbox, [["bert", "lr"]]);
    await first.shard(0).annotate(ANNA, mailbox, [1, 2_000], { changes: [NOTE], unchangedSince: null });
    const before = segmentsOf(dir).length;
    assertEquals((await first.shard(0).removeMailbox(ANNA, "large" as MailboxName)).type, "done");
    await first.close();
    const rows = (index: LmdbIndex) =>
      rangesOfMailbox("anna", mailbox).reduce((sum, range) => sum + index.range({ ...range, limit: 10_000 }).length, 0);
    assert(await look(dir, rows) > 40, "the crash came before the rows went");
    const clock = new FakeClock();
    const second = await open(dir, clock);
    assertEquals(second.shard(0).status(ANNA, mailbox).messages, 0);
    await until(clock, () => segmentsOf(dir).length <= 1);
    assertEquals(await bad(second), []);
    await second.close();
    assert(before > 1);
    assertEquals(await look(dir, rows), 0);
    assertEquals(await look(dir, (index) => index.range({ ...allRemoved(), limit: 9 }).length), 0);
  }));

Deno.test("purging an account takes away what a removed mailbox left", () =>
  inDirectory(async (dir) => {
    const store = await open(dir);
    const shard = store.shard(0);
    await fill(shard, await make(shard, "gone"), 1_500);
    await fill(shard, 1, 1_200);
    const annotated = await shard.annotate(ANNA, 1, [1, 1_200], { changes: [NOTE], unchangedSince: null });
    assert(annotated.type === "stored" && annotated.changed.length === 2);
    await shard.removeMailbox(ANNA, "gone" as MailboxName);
    await shard.subscribe(ANNA, "gone" as MailboxName, true);
    await shard.setMetadata(ANNA, 0, [["/shared/x", new Uint8Array(9_000)]]);
    await shard.setAcl(ANNA, 2, [["bert", "lr"]]);
    assertEquals(await shard.purge(ANNA), { messages: 1_200 });
    await store.close();
    const left = await look(dir, (index) =>
      [mailOf("anna"), ...besidesMailOf("anna")].map((range) => index.range({ ...range, limit: 9 }).length));
    assertEquals(left, [0, 0, 0, 0, 0, 0, 0, 0, 0]);
  }));

Deno.test("an INBOX of thousands is renamed in steps; what comes meanwhile stays in INBOX", () =>
  inDirectory(async (dir) => {
    const store = await open(dir);
    const shard = store.shard(0);
    await fill(shard, 1, 3_300);
    const renaming = shard.renameMailbox(ANNA, "INBOX" as MailboxName, "old" as MailboxName);
    const came = shard.deliver(mail("new"));
    const outcome = await renaming;
    await came;
    assert(outcome.type === "done");
    assertEquals([shard.status(ANNA, 1).messages, shard.status(ANNA, outcome.mailbox).messages], [1, 3_300]);
    assertEquals(text(shard, 3_301), "new");
    assertEquals(text(shard, 3_300, ANNA, outcome.mailbox), "3299 ".repeat(20));
    assertEquals(shard.usage(ANNA).messages, 3_301);
    assertEquals(await bad(store), []);
    await store.close();
  }));

function segmentsOf(dir: string): string[] {
  const path = `${shardDirectory(dir, 0)}/segments`;
  return readdirSync(path).sort().map((name) => `${path}/${name}`);
}

Deno.test("compaction moves an index with its body, and a damaged index stays known as damaged", () =>
  inDirectory(async (dir) => {
    const clock = new FakeClock();
    const store = await openMailStore(diskOptions(dir, { clock, limits: { segmentBytesMax: 3_000 } }));
    const shard = store.shard(0);
    for (let i = 0; i < 30; i++) await shard.deliver(mail(`body ${i} `.repeat(20), { index: utf8(`index ${i}`) }));
    const path = segmentsOf(dir)[0]!;
    const bytes = readFileSync(path);
    const at = bytes.indexOf("index 0");
    bytes[at]! ^= 1;
    writeFileSync(path, bytes);
    const before = segmentsOf(dir).length;
    await shard.expunge(ANNA, 1, Array.from({ length: 30 }, (_, i) => i + 1).filter((uid) => uid % 3 !== 1));
    await until(clock, () => segmentsOf(dir)[0] !== path && segmentsOf(dir).length < before / 1.5);
    for (let uid = 4; uid <= 30; uid += 3) {
      assertEquals(shard.fetchIndex(ANNA, 1, uid), utf8(`index ${uid - 1}`));
      assertEquals(text(shard, uid), `body ${uid - 1} `.repeat(20));
    }
    assertEquals([shard.fetchIndex(ANNA, 1, 1), text(shard, 1)], [null, "body 0 ".repeat(20)]);
    assertEquals(await bad(store), [[1, 1, "the checksum of the message's MIME index is wrong"]]);
    await store.close();
  }));

Deno.test("verify names wrong counts of blocks and keywords", () =>
  inDirectory(async (dir) => {
    const first = await open(dir);
    await fill(first.shard(0), 1, 130);
    await first.shard(0).storeFlags(ANNA, 1, [1], { how: "add", flags: 0, keywords: ["k"], unchangedSince: null });
    await first.close();
    await look(dir, (index) =>
      index.commit(() => {
        // A block of which the others do not know.
        const stored = index.get(rowsKey("anna", 1, 0))!;
        index.put(rowsKey("anna", 1, 0), stored.slice(0, stored.length - 31));
        index.remove(index.range({ ...rangesOfMailbox("anna", 1)[3]!, limit: 1 })[0]!.key);
      }));
    const second = await open(dir);
    const problems = (await bad(second)).map((problem) => String((problem as unknown[])[2]));
    for (
      const part of [/^counter messages/, /^block 0 is counted as 63, the rows say 62$/, /^keyword 1 is counted as 0/]
    ) {
      assert(problems.some((problem) => part.test(problem)), `${part} in ${problems.join("; ")}`);
    }
    // A keyword that is lost keeps no message from being shown or deleted.
    const shard = second.shard(0);
    assertEquals(shard.rowsAt(ANNA, 1, 0, { limit: 1, index: false }).rows[0]?.keywords, []);
    assertEquals((await shard.expunge(ANNA, 1, [1])).expunged, [1] as never);
    await second.close();
  }));

Deno.test("on a full device nothing is added, and what makes room goes on: moves, removals, settings that go", () =>
  inDirectory(async (dir) => {
    let free = 1e9;
    const files = { ...nodeFiles(), freeBytes: () => free };
    const store = await openMailStore(diskOptions(dir, { files }));
    const shard = store.shard(0);
    await fill(shard, 1, 3);
    await make(shard, "a");
    await shard.setMetadata(ANNA, 0, [["/shared/x", utf8("x")]]);
    const annotate = (value: Uint8Array | null) =>
      shard.annotate(ANNA, 1, [3], { changes: [{ ...NOTE, value }], unchangedSince: null });
    await annotate(NOTE.value);
    free = 1_000;
    const message = { parts: [utf8("x")], index: null, flags: 0, keywords: [], internalDateMs: 0 };
    const copy = { from: ofAnna(1), to: ofAnna(6), uids: [1], quotaBytes: 0, savedMs: 0 };
    const append = { opId: "full", account: ANNA, mailbox: 1, quotaBytes: 0, messages: [message], savedMs: 0 };
    assertEquals(await kindOf(() => shard.append(append)), "disk_full");
    assertEquals(await kindOf(() => shard.copy({ ...copy, move: false })), "disk_full");
    assertEquals(await kindOf(() => shard.setMetadata(ANNA, 0, [["/shared/y", utf8("y")]])), "disk_full");
    assertEquals(await kindOf(() => annotate(utf8("other"))), "disk_full");
    assertEquals((await annotate(null)).type, "stored");
    assertEquals((await shard.copy({ ...copy, move: true })).type, "copied");
    assertEquals((await shard.setMetadata(ANNA, 0, [["/shared/x", null]])).type, "done");
    assertEquals((await shard.removeMailbox(ANNA, "a" as MailboxName)).type, "done");
    free = 1e9;
    assertEquals((await shard.append(append)).type, "appended");
    await store.close();
  }));

const NOTE = { entry: "/comment", scope: "priv", value: utf8("note") } as const;

function ofAnna(mailbox: number) {
  return { account: ANNA, mailbox };
}
