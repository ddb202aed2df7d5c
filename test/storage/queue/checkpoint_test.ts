import { assert, assertEquals } from "@std/assert";
import { cpSync, readFileSync, rmSync } from "node:fs";
import { FakeClock, type Log, SILENT, utf8 } from "../../../src/base/mod.ts";
import {
  DEFAULT_QUEUE_LIMITS,
  type FileSystem,
  nodeFiles,
  openQueueStore,
  type QueueLimits,
  type QueueStore,
} from "../../../src/storage/mod.ts";
import { LmdbIndex } from "../../../src/storage/disk/index_env.ts";
import { allOpsOfRecords, HEADER_KEY, opKey } from "../../../src/storage/layout/keys.ts";
import { messageKey } from "../../../src/storage/queue/keys.ts";
import { coded, WatchedIndex } from "../log_support.ts";
import { kindOf } from "../support.ts";
import { bodyText, enqueued, inDirectory, next, outgoing, problems, queueOptions, to } from "./support.ts";

const CHECKPOINT_MS = DEFAULT_QUEUE_LIMITS.unindexedMsMax;
const NEVER = { unindexedMsMax: 1e9 };

interface How {
  readonly limits?: Partial<QueueLimits>;
  readonly clock?: FakeClock;
}

/** What was laid ready in the index since its last commit, and by how much that made it grow. */
class MeasuredIndex extends WatchedIndex {
  readonly grown: { readonly ready: number; readonly bytes: number }[] = [];
  #ready = 0;
  override reserve(bytes: number): void {
    super.reserve(bytes);
    this.#ready += bytes;
  }
  override commit<T>(change: () => T): T {
    const before = this.usedBytes();
    const answer = super.commit(change);
    this.grown.push({ ready: this.#ready, bytes: this.usedBytes() - before });
    this.#ready = 0;
    return answer;
  }
}

async function open(dir: string, { limits = {}, clock = new FakeClock() }: How = {}) {
  const real = nodeFiles();
  const disk = { full: false };
  const write: FileSystem["write"] = (fd, bytes, at) => {
    if (disk.full) throw coded("ENOSPC");
    real.write(fd, bytes, at);
  };
  const lines: unknown[] = [];
  const note = (...line: unknown[]) => void lines.push(line);
  const log: Log = { ...SILENT, warn: note, error: note, child: () => log };
  let index: MeasuredIndex | null = null;
  const store = await openQueueStore(
    queueOptions(dir, {
      ...{ clock, log, limits: { freeBytesMin: 0, ...limits }, files: { ...real, write } },
      index: (path) => index = new MeasuredIndex(path),
    }),
  );
  return { store, clock, disk, lines, index: index! as MeasuredIndex };
}

/** The files as a crash would leave them now. */
function crashed(dir: string): string {
  rmSync(`${dir}/left`, { recursive: true, force: true });
  cpSync(`${dir}/queue`, `${dir}/left/queue`, { recursive: true });
  return `${dir}/left`;
}

Deno.test("what is laid ready in the index is enough for all that a checkpoint writes", () =>
  inDirectory(async (dir) => {
    const { store, clock, index } = await open(dir, { limits: NEVER });
    const locals = Array.from({ length: 100 }, (_, i) => `${i}`.padStart(60, "x"));
    const large = await enqueued(
      store,
      outgoing("to many", { items: Array.from({ length: 40 }, (_, i) => to(`d${i}.test`, 1_000, locals)) }),
    );
    clock.advance(NEVER.unindexedMsMax);
    const small: number[] = [];
    for (let i = 0; i < 1_000; i++) small.push((await enqueued(store, outgoing("x")))[0]!.item);
    clock.advance(NEVER.unindexedMsMax);
    for (let i = 0; i < 400; i++) await store.suspend(`${`${i}`.padStart(60, "s")}.test`, null);
    await store.change(large.map((item) => ({ item: item.item, next: next(item, { attempts: 1 }) })));
    clock.advance(NEVER.unindexedMsMax);
    await store.change(
      [...small.slice(1), ...large.map(({ item }) => item)].slice(0, 1_000).map((item) => ({
        item,
        next: null,
      })),
    );
    clock.advance(NEVER.unindexedMsMax);
    assert(index.grown.filter(({ bytes }) => bytes > 256 * 1024).length >= 2, "checkpoints were large");
    for (const { ready, bytes } of index.grown.slice(2)) assert(bytes <= ready, `${bytes} bytes, ${ready} were ready`);
    await store.close();
  }));

Deno.test("what the log alone has is bounded in rows, opIds, bytes and time, and is brought to the index beyond that", () =>
  inDirectory(async (dir) => {
    const commits = async (
      name: string,
      limits: Partial<QueueLimits>,
      act: (store: QueueStore, i: number) => unknown,
    ) => {
      const { store, index } = await open(`${dir}/${name}`, { limits: { ...NEVER, ...limits } });
      await enqueued(store, outgoing("the first one begins a segment"));
      const before = index.commits;
      const after: number[] = [];
      for (let i = 0; i < 12; i++) {
        await act(store, i);
        if (index.commits - before > after.length) after.push(i);
      }
      await store.close();
      return after;
    };
    const send = (store: QueueStore) => store.enqueue(outgoing("x"));
    const sendDone = async (store: QueueStore) => {
      const [item] = await enqueued(store, outgoing("x"));
      await store.change([{ item: item!.item, next: null }]);
    };
    // Each mail is two rows, one opId and, here, a kilobyte; the one that began the segment counts, too.
    assertEquals(await commits("rows", { unindexedRowsMax: 8 }, send), [4, 9]);
    assertEquals(await commits("sending", { unindexedOpsMax: 4 }, send), [4, 9]);
    assertEquals(await commits("done", { unindexedOpsMax: 4 }, sendDone), [3, 8]);
    const suspend = (store: QueueStore, i: number) => store.suspend(`d${i}.test`, null);
    assertEquals(await commits("suspended", { unindexedRowsMax: 6 }, suspend), [5]);
    const bytes = (store: QueueStore) => store.enqueue(outgoing("x".repeat(1_000)));
    assertEquals((await commits("bytes", { unindexedBytesMax: 6_000 }, bytes)).length, 2);
    assertEquals(await commits("nothing", {}, send), []);
  }));

Deno.test("after a checkpoint mail goes to the log alone again, and rests there no longer than the time set", () =>
  inDirectory(async (dir) => {
    const { store, clock, index } = await open(dir);
    await enqueued(store, outgoing("the first one begins a segment"));
    for (let round = 0; round < 3; round++) {
      clock.advance(CHECKPOINT_MS);
      const { commits } = index;
      for (let i = 0; i < 4; i++) {
        await store.enqueue(outgoing("x"));
        clock.advance(CHECKPOINT_MS / 4 - 1);
      }
      assertEquals(index.commits, commits, "mail goes to the log alone");
      clock.advance(4);
      assertEquals(index.commits, commits + 1, "the first has waited for so long");
    }
    await store.close();
  }));

/** A mail of two and one of three items that the index has, and beyond it: a mail, what was done of all, suspensions. */
async function filled(dir: string) {
  const opened = await open(dir, { limits: NEVER });
  const { store, clock } = opened;
  const old = await enqueued(store, outgoing("old", { items: [to("a.test"), to("b.test"), to("c.test")] }));
  const pair = await enqueued(store, outgoing("pair", { items: [to("a.test"), to("b.test")] }));
  await store.suspend("a.test", null);
  clock.advance(NEVER.unindexedMsMax);
  const input = outgoing("young", { items: [to("a.test"), to("b.test"), to("d.test")] });
  const young = await enqueued(store, input);
  const soon = outgoing("soon done");
  const [done] = await enqueued(store, soon);
  await store.change([old[0]!, pair[0]!, young[0]!, done!].map(({ item }) => ({ item, next: null })));
  await store.change([{ item: young[1]!.item, next: next(young[1]!, { attempts: 3 }) }]);
  await store.resume("a.test");
  await store.suspend("d.test", 7);
  return { ...opened, old, pair, young, inputs: [input, soon] };
}

/** What a queue says of all that is in it. */
function seen(store: QueueStore): unknown {
  const items = store.schedule(0, 99).map(({ item }) => store.item(item)!);
  return [items, items.map(({ message }) => bodyText(store, message)), store.suspensions(), store.counts()];
}

Deno.test("what is done on a full disk brings all of the log to the index with it: opIds, items, suspensions, counts", () =>
  inDirectory(async (dir) => {
    const { store, disk, old, pair, young, inputs } = await filled(dir);
    disk.full = true;
    await store.change([{ item: old[1]!.item, next: null }, { item: pair[1]!.item, next: null }]);
    assertEquals(store.counts(), { items: 3, messages: 2, bytes: 8 });
    for (const input of inputs) assertEquals((await store.enqueue(input)).known, true, "it is known still");
    assertEquals([store.item(young[1]!.item)?.attempts, store.item(young[0]!.item)], [3, null]);
    assertEquals(store.suspensions(), [{ destination: "d.test", untilMs: 7 }]);
    const left = await open(crashed(dir));
    assertEquals([seen(left.store), await problems(left.store)], [seen(store), []]);
    for (const input of inputs) assertEquals((await left.store.enqueue(input)).known, true);
    const [fresh] = await enqueued(left.store, outgoing("next"));
    assertEquals([fresh!.message, fresh!.item], [5, 10], "numbers go on");
    await left.store.close();
    disk.full = false;
    assertEquals(await problems(store), []);
    await store.close();
  }));

Deno.test("what could not be done on a full disk, as the index had no room either, has changed nothing", () =>
  inDirectory(async (dir) => {
    const { store, clock, disk, index, old, pair, young, inputs } = await filled(dir);
    const before = seen(store);
    disk.full = true;
    index.beforeCommit = () => {
      throw coded("ENOSPC");
    };
    const changes = [
      [{ item: old[1]!.item, next: null }, { item: pair[1]!.item, next: null }],
      [{ item: young[1]!.item, next: null }, { item: young[2]!.item, next: null }],
    ];
    for (const change of changes) {
      assertEquals(await kindOf(() => store.change(change)), "disk_full");
      assertEquals(await kindOf(() => store.suspend("z.test", null)), "disk_full");
      assertEquals(seen(store), before);
    }
    disk.full = false;
    index.beforeCommit = () => {};
    clock.advance(60_000);
    for (const input of inputs) assertEquals((await store.enqueue(input)).known, true);
    assertEquals([seen(store), await problems(store)], [before, []]);
    for (const change of changes) await store.change(change);
    assertEquals([store.counts(), await problems(store)], [{ items: 1, messages: 1, bytes: 3 }, []]);
    const left = await open(crashed(dir));
    assertEquals([seen(left.store), await problems(left.store)], [seen(store), []]);
    await left.store.close();
    await store.close();
  }));

Deno.test("after a crash queue time goes on from the last group, not from the last checkpoint, whatever the clock says", () =>
  inDirectory(async (dir) => {
    const clock = new FakeClock(Date.UTC(2026, 0, 1));
    const { store } = await open(dir, { limits: NEVER, clock });
    await store.enqueue(outgoing("the first one begins a segment"));
    clock.advance(50_000);
    await store.enqueue(outgoing("later"));
    const time = store.nowMs();
    const left = await open(crashed(dir), { clock: new FakeClock(0) });
    assertEquals(left.store.nowMs(), time);
    await left.store.close();
    await store.close();
  }));

Deno.test("a compaction moves mail, not the time: that goes on after a crash where it was", () =>
  inDirectory(async (dir) => {
    const clock = new FakeClock(Date.UTC(2026, 0, 1));
    const limits = { segmentBytesMax: 4_000, compactStepBytesMax: 700 };
    const { store, lines } = await open(dir, { limits, clock });
    const items: number[] = [];
    for (let i = 0; i < 40; i++) items.push((await enqueued(store, outgoing("x".repeat(200))))[0]!.item);
    await store.change(items.filter((_, i) => i % 4 > 0).map((item) => ({ item, next: null })));
    const time = store.nowMs();
    clock.advance(CHECKPOINT_MS);
    for (let step = 0; step < 400; step++) clock.advance(20);
    assertEquals(lines, []);
    const left = await open(crashed(dir), { clock: new FakeClock(0), limits });
    assert(left.store.nowMs() >= time, `${time - left.store.nowMs()} ms were lost`);
    assertEquals([left.store.counts(), await problems(left.store)], [store.counts(), []]);
    await left.store.close();
    await store.close();
  }));

Deno.test("opIds that are forgotten before their time are told to operators, each once", () =>
  inDirectory(async (dir) => {
    const { store, clock, lines } = await open(dir, { limits: { opIdsMax: 20 } });
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 15; i++) await store.enqueue(outgoing("x"));
      clock.advance(CHECKPOINT_MS);
      await store.change([]);
    }
    const line = ["opIds of mails forgotten before their time", { count: 15 }];
    assertEquals(lines, [line, line, line]);
    await store.close();
    const late = await open(`${dir}/late`, { limits: { opIdsMax: 20, opIdMsMin: 10 } });
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 15; i++) await late.store.enqueue(outgoing("x"));
      late.clock.advance(CHECKPOINT_MS);
    }
    assertEquals(late.lines, [], "of those whose time was over nothing is told");
    await late.store.close();
  }));

Deno.test("what is done and gone is not done again, whether the index or the log alone had it", () =>
  inDirectory(async (dir) => {
    const { store, clock } = await open(dir, { limits: NEVER });
    const all = await enqueued(store, outgoing("mail", { items: [to("a.test"), to("b.test"), to("c.test")] }));
    const other = await enqueued(store, outgoing("other"));
    const done = () => store.change([{ item: all[0]!.item, next: null }, { item: all[0]!.item, next: null }]);
    const late = () => store.change([{ item: all[0]!.item, next: next(all[0]!, { attempts: 1 }) }]);
    for (const rest of [() => {}, () => clock.advance(NEVER.unindexedMsMax)]) {
      for (const change of [done, late, done]) {
        await change();
        rest();
        assertEquals([store.item(all[0]!.item), store.counts()], [null, { items: 3, messages: 2, bytes: 9 }]);
      }
    }
    await store.change([...all, ...other].map(({ item }) => ({ item, next: null })));
    for (let i = 0; i < 2; i++) {
      assertEquals([store.counts(), await problems(store)], [{ items: 0, messages: 0, bytes: 0 }, []]);
      clock.advance(NEVER.unindexedMsMax);
      await store.change(all.map(({ item }) => ({ item, next: null })));
    }
    await store.close();
  }));

Deno.test("a mail whose row is damaged leaves the counts once, however many of its items are done", () =>
  inDirectory(async (dir) => {
    const { store, clock, index } = await open(dir, { limits: NEVER });
    const bad = await enqueued(store, outgoing("bad", { items: [to("a.test"), to("b.test"), to("c.test")] }));
    await enqueued(store, outgoing("good"));
    clock.advance(NEVER.unindexedMsMax);
    index.commit(() => index.put(messageKey(bad[0]!.message), Uint8Array.of(1)));
    for (const { item } of bad) await store.change([{ item, next: null }]);
    assertEquals([store.counts().items, store.counts().messages], [1, 1]);
    clock.advance(NEVER.unindexedMsMax);
    assertEquals([store.counts().items, store.counts().messages], [1, 1]);
    await store.close();
  }));

Deno.test("so many destinations may be suspended, and those that are may be again, before and after a checkpoint", () =>
  inDirectory(async (dir) => {
    const { store, clock } = await open(dir, { limits: { ...NEVER, suspensionsMax: 2 } });
    await store.suspend("a.test", null);
    await store.suspend("b.test", 5);
    for (let i = 0; i < 2; i++) {
      assertEquals(await kindOf(() => store.suspend("c.test", null)), "busy");
      await store.suspend("a.test", 7);
      await store.resume("nobody.test");
      assertEquals(await kindOf(() => store.suspend("c.test", null)), "busy");
      clock.advance(NEVER.unindexedMsMax);
    }
    await store.resume("a.test");
    await store.resume("a.test");
    await store.suspend("c.test", null);
    assertEquals(await kindOf(() => store.suspend("d.test", null)), "busy");
    assertEquals(store.suspensions().map(({ destination }) => destination), ["b.test", "c.test"]);
    clock.advance(NEVER.unindexedMsMax);
    assertEquals(await kindOf(() => store.suspend("d.test", null)), "busy");
    await store.close();
  }));

Deno.test("a log that does not follow its index is refused, and left as it is", () =>
  inDirectory(async (dir) => {
    const { store } = await open(dir, { limits: NEVER });
    for (let i = 0; i < 3; i++) await enqueued(store, outgoing("x"));
    for (const [name, value] of [["messageNext", 2], ["itemNext", 2]] as const) {
      const left = crashed(dir);
      const index = new LmdbIndex(`${left}/queue/index.mdb`, nodeFiles());
      const header = JSON.parse(new TextDecoder().decode(index.get(HEADER_KEY)));
      index.commit(() => index.put(HEADER_KEY, utf8(JSON.stringify({ ...header, [name]: value }))));
      index.close();
      await index.gone();
      const before = readFileSync(`${left}/queue/segments/00000001.seg`);
      assertEquals(await kindOf(() => open(left)), "corrupt");
      assertEquals(readFileSync(`${left}/queue/segments/00000001.seg`), before);
    }
    await store.close();
  }));

Deno.test("opIds are known for their time, however many come at once, and are then forgotten a few at each checkpoint", () =>
  inDirectory(async (dir) => {
    const clock = new FakeClock(Date.UTC(2026, 0, 1));
    const limits = { unindexedMsMax: 10, opIdMsMin: 1_000_000, opIdsMax: 260 };
    const { store, index, lines } = await open(dir, { clock, limits });
    const many = Array.from({ length: 200 }, (_, i) => outgoing("x", { opId: `${i}/${"o".repeat(40)}` }));
    await Promise.all(many.map((input) => store.enqueue(input)));
    clock.advance(10);
    const rows = () => index.range({ ...allOpsOfRecords(), limit: 1_000 }).length;
    assert(rows() > 3, "they fill several lists");
    clock.advance(500_000);
    const few = Array.from({ length: 3 }, () => outgoing("y"));
    await Promise.all(few.map((input) => store.enqueue(input)));
    clock.advance(10);
    /** How many of some are known, without a new one coming in. */
    const known = (inputs: readonly { readonly opId: string }[]) =>
      inputs.filter(({ opId }) => index.get(opKey(opId)) !== undefined).length;
    const checkpoint = async () => {
      await store.change([]);
      await store.suspend("a.test", clock.wallMs());
      clock.advance(10);
    };
    clock.advance(499_969);
    await checkpoint();
    assertEquals([known(many), known(few)], [200, 3], "a moment before their time is over");
    clock.advance(10);
    const left: number[] = [];
    for (let i = 0; i < 8; i++) {
      await checkpoint();
      left.push(known(many));
    }
    assert(left[0]! < 200 && left[0]! > 100, `${left[0]} are left after one checkpoint`);
    assertEquals([left.at(-1), known(few), rows()], [0, 3, 1]);
    assertEquals((await store.enqueue(many[0]!)).known, false);
    assertEquals((await store.enqueue(few[0]!)).known, true);
    clock.advance(500_000);
    await checkpoint();
    await checkpoint();
    assertEquals([known(few), known(many), rows()], [0, 1, 1]);
    // Those that are gone take nobody's place.
    const fresh = Array.from({ length: 250 }, (_, i) => outgoing("z", { opId: `z${i}/${"o".repeat(40)}` }));
    await Promise.all(fresh.map((input) => store.enqueue(input)));
    clock.advance(10);
    await checkpoint();
    assertEquals([known(fresh), known(many), lines], [250, 1, []]);
    // However many come at once, as many go when there are more than the bound.
    const next = Array.from({ length: 250 }, () => outgoing("w"));
    await Promise.all(next.map((input) => store.enqueue(input)));
    clock.advance(10);
    assert(known(next) === 250 && known(fresh) <= 50, `${known(fresh)} of the others are left`);
    await store.close();
  }));
