import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { FakeClock, seededRandom } from "../../../src/base/mod.ts";
import { DEFAULT_QUEUE_LIMITS, nodeFiles, openQueueStore, type QueueStoreOptions } from "../../../src/storage/mod.ts";
import { LmdbIndex } from "../../../src/storage/disk/index_env.ts";
import { HEADER_KEY } from "../../../src/storage/layout/keys.ts";
import { itemKey } from "../../../src/storage/queue/keys.ts";
import { QUEUE_LOG } from "../../../src/storage/queue/log_group.ts";
import { readTail } from "../../../src/storage/disk/log_tail.ts";
import { watchedDisk, WatchedIndex } from "../log_support.ts";
import { SimDisk, SimIndex } from "../sim_disk.ts";
import { kindOf } from "../support.ts";
import { bodyText, enqueued, inDirectory, next, outgoing, problems, queueOptions, to } from "./support.ts";

const CHECKPOINT_MS = DEFAULT_QUEUE_LIMITS.unindexedMsMax;

async function open(dir: string, options: Partial<QueueStoreOptions> = {}) {
  const clock = new FakeClock();
  let index: WatchedIndex | null = null;
  const watched = (path: string) => index = new WatchedIndex(path);
  const store = await openQueueStore(queueOptions(dir, { clock, index: watched, ...options }));
  return { store, clock, index: index! };
}

/** The files as a crash would leave them now. */
function crashed(dir: string, name: string): string {
  rmSync(`${dir}/${name}`, { recursive: true, force: true });
  cpSync(`${dir}/queue`, `${dir}/${name}/queue`, { recursive: true });
  return `${dir}/${name}`;
}

function segmentOf(dir: string): string {
  const folder = `${dir}/queue/segments`;
  return `${folder}/${readdirSync(folder).sort().at(-1)}`;
}

Deno.test("a mail that is done before the next checkpoint never touches the index; after a crash it is gone, and known", () =>
  inDirectory(async (dir) => {
    const { store, clock, index } = await open(dir);
    await enqueued(store, outgoing("the first one begins a segment"));
    const { commits } = index;
    const inputs = Array.from({ length: 30 }, () => outgoing("soon done"));
    for (const input of inputs) {
      const [item] = await enqueued(store, input);
      await store.change([{ item: item!.item, next: null }]);
    }
    assertEquals([index.commits, store.counts().items], [commits, 1]);
    const left = await open(crashed(dir, "left"));
    assertEquals([left.store.counts().items, left.store.counts().messages], [1, 1]);
    for (const input of inputs) assertEquals(await left.store.enqueue(input), { items: [], known: true });
    assertEquals(await problems(left.store), []);
    await left.store.close();
    clock.advance(CHECKPOINT_MS);
    assertEquals(index.commits, commits + 1);
    for (const input of inputs) assertEquals(await store.enqueue(input), { items: [], known: true });
    await store.close();
  }));

Deno.test("what only the log has is there after a crash: mails, states, what is done, suspensions, the time", () =>
  inDirectory(async (dir) => {
    const { store, clock, index } = await open(dir);
    const old = await enqueued(store, outgoing("old", { items: [to("a.test"), to("b.test"), to("c.test")] }));
    await store.suspend("a.test", null);
    clock.advance(CHECKPOINT_MS);
    assert(index.get(itemKey(old[0]!.item)) !== undefined);
    clock.advance(7);
    const young = await enqueued(store, outgoing("young", { items: [to("a.test"), to("b.test")] }));
    await store.change([
      { item: old[0]!.item, next: null },
      { item: old[1]!.item, next: next(old[1]!, { attempts: 2, dueMs: 77, held: true }) },
      { item: young[0]!.item, next: null },
      { item: young[1]!.item, next: next(young[1]!, { attempts: 1 }) },
    ]);
    await store.suspend("b.test", 5);
    await store.resume("a.test");
    assertEquals(index.get(itemKey(young[1]!.item)), undefined);
    const seen = (one: typeof store) => [
      one.schedule(0, 10),
      [...old, ...young].map(({ item }) => one.item(item)),
      one.message(young[0]!.message),
      one.itemsOf("b.test", 0, 10),
      one.itemsOfMail(one.message(old[0]!.message)!.envelope.id),
      one.suspensions(),
      one.counts(),
      bodyText(one, young[0]!.message),
    ];
    const left = await open(crashed(dir, "left"), { clock });
    assertEquals(seen(left.store), seen(store));
    assertEquals([left.store.nowMs(), await problems(left.store)], [store.nowMs(), []]);
    await left.store.close();
    await store.close();
  }));

Deno.test("the schedule and the items of a destination are read in pages that pass over what is done, and over nothing else", () =>
  inDirectory(async (dir) => {
    const { store, clock } = await open(dir);
    for (let i = 0; i < 30; i++) await enqueued(store, outgoing(`mail ${i}`));
    clock.advance(CHECKPOINT_MS);
    for (const item of [1, 2, 3, 7, 8, 30]) await store.change([{ item, next: null }]);
    for (let i = 0; i < 3; i++) await enqueued(store, outgoing(`young ${i}`));
    await store.change([{ item: 32, next: null }]);
    const all = [4, 5, 6, ...Array.from({ length: 21 }, (_, i) => 9 + i), 31, 33];
    for (const limit of [1, 2, 5, 10, 100]) {
      for (
        const page of [
          (after: number) => store.schedule(after, limit).map(({ item }) => item),
          (after: number) => store.itemsOf("there.test", after, limit),
        ]
      ) {
        const found: number[] = [];
        for (let last = 0;;) {
          const items = page(last);
          found.push(...items);
          last = items.at(-1) ?? last;
          // A page that is not full is the last.
          if (items.length < limit) break;
        }
        assertEquals(found, all, `in pages of ${limit}`);
      }
    }
    await store.close();
  }));

Deno.test("a group that is not whole at the end of the log was never acknowledged: it is cut off, wherever it is torn", () =>
  inDirectory(async (dir) => {
    const { store } = await open(dir);
    await enqueued(store, outgoing("kept"));
    const before = readFileSync(segmentOf(dir)).length;
    const torn = outgoing("torn");
    await store.enqueue(torn);
    const whole = readFileSync(segmentOf(dir)).length;
    for (let size = before; size <= whole; size += size < whole - 7 ? 7 : 1) {
      const left = crashed(dir, "left");
      truncateSync(segmentOf(left), size);
      const again = await open(left);
      assertEquals(bodyText(again.store, 1), "kept");
      assertEquals((await again.store.enqueue(torn)).known, size === whole, `cut at ${size} of ${whole}`);
      assertEquals([bodyText(again.store, 2), await problems(again.store)], ["torn", []]);
      await again.store.close();
    }
    await store.close();
  }));

Deno.test("damage in the log with acknowledged mail behind it is no end of the log: the queue does not open, and nothing goes", () =>
  inDirectory(async (dir) => {
    const { store } = await open(dir);
    for (const text of ["first", "second", "third"]) await enqueued(store, outgoing(text));
    const bytes = readFileSync(segmentOf(dir));
    const flipped = (at: number) => {
      const left = crashed(dir, "left");
      const some = Uint8Array.from(bytes);
      some[at]! ^= 1;
      writeFileSync(segmentOf(left), some);
      return left;
    };
    // The record of the second group, and the header of its body.
    for (const at of [bytes.indexOf("second") + 60, bytes.indexOf("second") - 20]) {
      const left = flipped(at);
      assertEquals(await kindOf(() => open(left)), "corrupt");
      assertStringIncludes(await open(left).then(() => "opened", String), "with acknowledged mail behind");
      assertEquals(readFileSync(segmentOf(left)).length, bytes.length);
    }
    const body = await open(flipped(bytes.indexOf("second")));
    assertEquals([bodyText(body.store, 1), bodyText(body.store, 3)], ["first", "third"]);
    assertEquals(await kindOf(() => body.store.body(2)), "corrupt");
    await body.store.close();
    // In the last group it cannot be told from a flush that never returned.
    const last = await open(flipped(bytes.indexOf("third")));
    assertEquals([last.store.message(3), last.store.counts().messages, await problems(last.store)], [null, 2, []]);
    await last.store.close();
    await store.close();
  }));

Deno.test("when no checkpoint finds space, mail is refused before memory grows beyond its bound; changes go on", () =>
  inDirectory(async (dir) => {
    const { store, clock, index } = await open(dir, { limits: { unindexedRowsMax: 20 } });
    const [first] = await enqueued(store, outgoing("first"));
    index.full = true;
    let taken = 0;
    for (; taken < 50; taken++) if (await kindOf(() => store.enqueue(outgoing("more"))) !== "ok") break;
    assert(taken > 5 && taken <= 20, `${taken} were taken`);
    const health = store.health();
    assert(health !== "ok" && health.kind === "disk_full", "operators are told");
    assertStringIncludes(health.message, "no space is left for the index of the queue");
    assertEquals(await kindOf(() => store.enqueue(outgoing("more"))), "disk_full");
    await store.change([{ item: first!.item, next: null }]);
    clock.advance(60_000);
    assertEquals(await kindOf(() => store.enqueue(outgoing("more"))), "disk_full");
    assertEquals(store.counts().messages, taken);
    const left = await open(crashed(dir, "left"));
    assertEquals([left.store.counts().messages, await problems(left.store)], [taken, []]);
    await left.store.close();
    index.full = false;
    await enqueued(store, outgoing("more"));
    clock.advance(60_000);
    assertEquals(store.health(), "ok");
    assertEquals([store.counts().messages, await problems(store)], [taken + 1, []]);
    await store.close();
  }));

Deno.test("mail that an owner acknowledges while its successor opens the queue is the successor's", () =>
  inDirectory(async (dir) => {
    const owned = { owner: "process 1", defer: (run: () => void) => run() };
    const lost = await open(dir, owned);
    await lost.store.enqueue(outgoing("before"));
    const [during, late] = [outgoing("during"), outgoing("late")];
    const answers: string[] = [];
    let successor: WatchedIndex | null = null;
    const watched = (path: string) => {
      successor = new WatchedIndex(path);
      // The last that is acknowledged comes before the claim is committed, and after the log was read for the first time.
      successor.beforeCommit = () => {
        successor!.beforeCommit = () => {
          successor!.beforeCommit = () => {};
          lost.store.enqueue(late).then(() => answers.push("acknowledged"), ({ kind }) => answers.push(kind));
        };
        lost.store.enqueue(during).then(() => answers.push("acknowledged"), ({ kind }) => answers.push(kind));
      };
      return successor;
    };
    const { store } = await open(dir, { ...owned, index: watched });
    assertEquals(answers, ["acknowledged", "refused"]);
    assertEquals((await store.enqueue(during)).known, true);
    assertEquals([bodyText(store, 1), bodyText(store, 2), await problems(store)], ["before", "during", []]);
    assertEquals((await store.enqueue(late)).known, false);
    await lost.store.close();
    await store.close();
  }));

Deno.test("a queue of the version before, which had no log, opens and goes on", () =>
  inDirectory(async (dir) => {
    const before = await open(dir);
    await enqueued(before.store, outgoing("old"));
    await before.store.close();
    const index = new LmdbIndex(`${dir}/queue/index.mdb`, nodeFiles());
    const { stamp: _, logSeq: __, epoch: ___, ...header } = JSON.parse(new TextDecoder().decode(index.get(HEADER_KEY)));
    index.commit(() => index.put(HEADER_KEY, new TextEncoder().encode(JSON.stringify({ ...header, schema: 1 }))));
    index.close();
    await index.gone();
    const { store } = await open(dir);
    await enqueued(store, outgoing("new"));
    const left = await open(crashed(dir, "left"));
    for (const one of [store, left.store]) {
      assertEquals([bodyText(one, 1), bodyText(one, 2), await problems(one)], ["old", "new", []]);
    }
    await left.store.close();
    await store.close();
  }));

Deno.test("what a killed process left in the page cache is written again, and flushed before the index names it", () =>
  inDirectory(async (dir) => {
    const { store } = await open(dir);
    for (const text of ["one", "two"]) await enqueued(store, outgoing(text));
    const left = crashed(dir, "left");
    const { done, files, openIndex: index } = watchedDisk(readFileSync(segmentOf(left)));
    const next = await openQueueStore(queueOptions(left, { files, index }));
    assertEquals([done.slice(0, 4), next.counts().items], [["commit", [0, true], "flush", "commit"], 2]);
    await next.close();
    await store.close();
  }));

Deno.test("a group belongs to the log when its number, place, mark and checksum say so", () =>
  inDirectory(async (dir) => {
    const { store, index } = await open(dir);
    for (const text of ["first", "second", "third"]) await enqueued(store, outgoing(text));
    const { stamp, logSeq, position } = JSON.parse(new TextDecoder().decode(index.get(HEADER_KEY)));
    assertEquals([logSeq, position.offset], [0, 0]);
    const bytes = Uint8Array.from(readFileSync(segmentOf(dir)));
    const read = (more: Partial<{ seq: number; stamp: string; offset: number; bytes: Uint8Array }> = {}) =>
      readTail(more.bytes ?? bytes, { ...position, offset: more.offset ?? 0 }, { stamp, seq: 0, ...more }, QUEUE_LOG);
    const { groups, end } = read();
    assertEquals([groups.length, end.offset], [3, bytes.length]);
    // One is missing, and others are there.
    assertEquals(await kindOf(() => read({ seq: 1 })), "corrupt");
    assertEquals(read({ seq: 7 }).groups.length, 0);
    assertEquals(read({ stamp: "another queue" }).groups.length, 0);
    // Left over from another place of the file.
    assertEquals(await kindOf(() => read({ offset: 32 })), "corrupt");
    for (let at = end.tail; at < bytes.length; at++) {
      const flipped = bytes.slice();
      flipped[at]! ^= 0x41;
      // The reserved part of the header is covered by its checksum, too.
      assertEquals(read({ bytes: flipped }).groups.length, 2, `byte ${at - end.tail} of the record`);
    }
    await store.close();
  }));

Deno.test("a commit of the index that fails and has come true all the same is not made twice", () =>
  inDirectory(async (dir) => {
    let fails = false;
    class LateIndex extends LmdbIndex {
      override commit<T>(change: () => T): T {
        const answer = super.commit(change);
        if (!fails) return answer;
        fails = false;
        throw Object.assign(new Error("EIO"), { code: "EIO" });
      }
    }
    const clock = new FakeClock();
    const store = await openQueueStore(queueOptions(dir, { clock, index: (path) => new LateIndex(path) }));
    const [one] = await enqueued(store, outgoing("one"));
    const [two] = await enqueued(store, outgoing("two", { items: [to("a.test"), to("b.test")] }));
    await store.change([{ item: one!.item, next: null }]);
    fails = true;
    clock.advance(CHECKPOINT_MS);
    assert(store.health() !== "ok");
    assertEquals([store.counts(), bodyText(store, two!.message)], [{ items: 2, messages: 1, bytes: 3 }, "two"]);
    clock.advance(100);
    await enqueued(store, outgoing("three"));
    assertEquals([store.counts(), await problems(store)], [{ items: 3, messages: 2, bytes: 8 }, []]);
    await store.close();
  }));

Deno.test("mail that was refused for want of space is not there after a loss of power", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const disk = new SimDisk(seededRandom(seed));
    const options = () => queueOptions("", { files: disk, index: () => new SimIndex(disk) });
    const store = await openQueueStore(options());
    await enqueued(store, outgoing("one"));
    disk.fault = (_step, name) => name === "syncData" ? (disk.fault = () => null, "ENOSPC") : null;
    assertEquals(await kindOf(() => store.enqueue(outgoing("two"))), "disk_full");
    disk.restart();
    const left = await openQueueStore(options());
    assertEquals([left.counts().messages, await problems(left)], [1, []], `seed ${seed}`);
    await left.close();
  }
});

Deno.test("a lost owner whose disk fails does not take the queue back from its successor", () =>
  inDirectory(async (dir) => {
    const real = nodeFiles();
    let fails = false;
    const syncData = (fd: number) => {
      if (fails) throw Object.assign(new Error("EIO"), { code: "EIO" });
      real.syncData(fd);
    };
    const owner = "process 1";
    const lost = await open(dir, { owner, files: { ...real, syncData } });
    await lost.store.enqueue(outgoing("before"));
    const successor = await open(dir, { owner });
    await successor.store.enqueue(outgoing("the successor's"));
    fails = true;
    assertEquals(await kindOf(() => lost.store.enqueue(outgoing("late"))), "disk");
    fails = false;
    lost.clock.advance(10_000);
    assertEquals(await kindOf(() => lost.store.enqueue(outgoing("late"))), "refused");
    await successor.store.enqueue(outgoing("goes on"));
    assertEquals([successor.store.counts().messages, await problems(successor.store)], [3, []]);
    await lost.store.close();
    await successor.store.close();
  }));
