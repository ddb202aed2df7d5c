import { assert, assertEquals } from "@std/assert";
import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
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
import { HEADER_KEY } from "../../../src/storage/layout/keys.ts";
import { itemKey } from "../../../src/storage/queue/keys.ts";
import { coded, WatchedIndex } from "../log_support.ts";
import { kindOf } from "../support.ts";
import { bodyText, enqueued, inDirectory, outgoing, problems, queueOptions, to } from "./support.ts";

const CHECKPOINT_MS = DEFAULT_QUEUE_LIMITS.unindexedMsMax;
const HOUR = 3_600_000;
/** Segments of a few mails, compacted in steps of three. */
const SMALL = { segmentBytesMax: 4_000, compactStepBytesMax: 700 };

/** What it does may fail before it counts. */
class FailingIndex extends WatchedIndex {
  duringCommit = () => {};
  closed = 0;
  override close(): void {
    this.closed++;
    super.close();
  }
  /** LMDB takes nothing more after a commit that failed to reach the disk, until it is opened anew. */
  panics = false;
  override reopen(): void {
    this.panics = false;
    super.reopen();
  }
  override commit<T>(change: () => T): T {
    if (this.panics) throw coded("EIO");
    return super.commit(() => {
      const answer = change();
      this.duringCommit();
      return answer;
    });
  }
}

/** Opens a queue whose disk does as it is told, and says what was done to it. */
async function open(dir: string, { limits = {}, clock = new FakeClock() } = {} as How) {
  const real = nodeFiles();
  const disk = { fails: null as string | null, free: null as number | null, writes: 0, flushes: 0, open: 0 };
  const files: FileSystem = {
    ...real,
    freeBytes: (path) => disk.free ?? real.freeBytes(path),
    open: (path, how) => (disk.open++, real.open(path, how)),
    close: (fd) => (disk.open--, real.close(fd)),
    write(fd, bytes, at) {
      disk.writes++;
      if (disk.fails === "EIO of writes") throw coded("EIO");
      if (disk.fails === "ENOSPC") throw coded("ENOSPC");
      real.write(fd, bytes, at);
    },
    syncData(fd) {
      disk.flushes++;
      if (disk.fails === "EIO") throw coded("EIO");
      real.syncData(fd);
    },
  };
  const lines: unknown[] = [];
  const note = (...line: unknown[]) => void lines.push(line);
  const log: Log = { ...SILENT, warn: note, error: note, child: () => log };
  let index: FailingIndex | null = null;
  const options = { clock, log, files, limits: { freeBytesMin: 0, ...limits } };
  const store = await openQueueStore(queueOptions(dir, { ...options, index: (path) => index = new FailingIndex(path) }))
    .catch((error) => {
      assertEquals([disk.open, index!.closed], [0, 1], "a queue that is refused leaves no file open");
      throw error;
    });
  return { store, clock, disk, lines, index: index! as FailingIndex };
}

interface How {
  readonly limits?: Partial<QueueLimits>;
  readonly clock?: FakeClock;
}

function segments(dir: string): string[] {
  return readdirSync(`${dir}/queue/segments`);
}

/** Fills segments with mails, of which one in four stays. */
async function wasted(store: QueueStore): Promise<readonly number[]> {
  const items: number[] = [];
  for (let i = 0; i < 40; i++) items.push((await enqueued(store, outgoing(`${i} `.repeat(100))))[0]!.item);
  await store.change(items.filter((_, i) => i % 4 > 0).map((item) => ({ item, next: null })));
  return items.filter((_, i) => i % 4 === 0);
}

function passes(clock: FakeClock, ms: number): void {
  for (let at = 0; at < ms; at += 20) clock.advance(20);
}

Deno.test("a queue that was closed has no file open, does nothing more whatever the time, and may be closed twice", () =>
  inDirectory(async (dir) => {
    for (const fails of [null, "EIO"]) {
      const { store, clock, disk, index, lines } = await open(`${dir}/${fails}`, { limits: SMALL });
      await wasted(store);
      disk.fails = fails;
      if (fails !== null) assertEquals(await kindOf(() => store.enqueue(outgoing("x"))), "disk");
      lines.length = 0;
      const { commits } = index;
      await Promise.all([store.close(), store.close()]);
      await store.close();
      assertEquals(index.commits, commits + (fails === null ? 1 : 0), "nothing is owed, but on a disk that failed");
      const before = { ...disk };
      clock.advance(3 * HOUR);
      for (let i = 0; i < 20; i++) await Promise.resolve();
      assertEquals([disk, disk.open, lines], [before, 0, []]);
    }
  }));

Deno.test("after a flush failed nothing is written until the pause is over, not even by a checkpoint or a compaction", () =>
  inDirectory(async (dir) => {
    const limits = { ...SMALL, retryMsMin: HOUR, retryMsMax: HOUR };
    const { store, clock, disk, index } = await open(dir, { limits });
    const left = await wasted(store);
    disk.fails = "EIO";
    assertEquals(await kindOf(() => store.enqueue(outgoing("x"))), "disk");
    disk.fails = null;
    const before = [{ ...disk }, index.commits, segments(dir)];
    passes(clock, 60_000);
    assertEquals([{ ...disk }, index.commits, segments(dir)], before);
    clock.advance(HOUR);
    await store.enqueue(outgoing("y"));
    assertEquals([store.health(), store.counts().messages, await problems(store)], ["ok", left.length + 1, []]);
    const count = segments(dir).length;
    passes(clock, 10_000);
    assert(segments(dir).length < count / 2, "compaction goes on");
    assertEquals(await problems(store), []);
    await store.close();
  }));

Deno.test("while plain files cannot be written or flushed the index is not asked to, either", () =>
  inDirectory(async (dir) => {
    for (const fails of ["EIO", "EIO of writes"]) {
      const place = `${dir}/${fails}`;
      const { store, clock, disk, index } = await open(place);
      await enqueued(store, outgoing("one"));
      disk.fails = fails;
      assertEquals(await kindOf(() => store.enqueue(outgoing("x"))), "disk");
      const { commits } = index;
      for (let i = 0; i < 5; i++) {
        clock.advance(60_000);
        assertEquals(await kindOf(() => store.enqueue(outgoing("x"))), "disk");
      }
      assertEquals(index.commits, commits);
      disk.fails = null;
      clock.advance(60_000);
      await store.enqueue(outgoing("x"));
      assertEquals([store.health(), store.counts().messages], ["ok", 2]);
      await store.close();
      assertEquals([disk.open, existsSync(`${place}/queue/probe`)], [0, false], "nothing is left of the trials");
    }
  }));

Deno.test("when the flush of a compaction fails nothing is acknowledged before a claim, as after any other", () =>
  inDirectory(async (dir) => {
    const { store, clock, disk } = await open(dir, { limits: { ...SMALL, retryMsMin: HOUR, retryMsMax: HOUR } });
    const left = await wasted(store);
    clock.advance(900);
    disk.fails = "EIO";
    passes(clock, 200);
    disk.fails = null;
    const health = store.health();
    assert(health !== "ok" && health.kind === "disk");
    assertEquals(await kindOf(() => store.enqueue(outgoing("x"))), "disk");
    clock.advance(HOUR);
    await store.enqueue(outgoing("x"));
    assertEquals([store.health(), store.counts().messages, await problems(store)], ["ok", left.length + 1, []]);
    await store.close();
  }));

Deno.test("what an earlier life left for compaction is compacted by the next, though nothing happens in it", () =>
  inDirectory(async (dir) => {
    const first = await open(dir, { limits: SMALL });
    const left = await wasted(first.store);
    await first.store.close();
    const before = segments(dir).length;
    const { store, clock } = await open(dir, { limits: SMALL });
    passes(clock, 10_000);
    assert(segments(dir).length < before / 2, `${before} segments became ${segments(dir).length}`);
    for (const item of left) assertEquals(bodyText(store, store.item(item)!.message), `${item - 1} `.repeat(100));
    assertEquals(await problems(store), []);
    await store.close();
  }));

Deno.test("a checkpoint that found no space is made when there is, though nothing else happens; none is made for nothing", () =>
  inDirectory(async (dir) => {
    const { store, clock, index } = await open(dir);
    await enqueued(store, outgoing("the first one begins a segment"));
    index.full = true;
    clock.advance(CHECKPOINT_MS);
    assert(store.health() !== "ok");
    index.full = false;
    const { commits } = index;
    clock.advance(5_000);
    assertEquals([index.commits, store.health()], [commits + 1, "ok"]);
    clock.advance(HOUR / 2);
    assertEquals(index.commits, commits + 1);
    await store.close();
    const busy = await open(`${dir}/busy`, { limits: { unindexedRowsMax: 2 } });
    for (let i = 0; i < 3; i++) await busy.store.enqueue(outgoing("x"));
    const made = busy.index.commits;
    clock.advance(HOUR / 2);
    busy.clock.advance(CHECKPOINT_MS);
    assertEquals(busy.index.commits, made + 1);
    busy.clock.advance(HOUR / 2);
    assertEquals(busy.index.commits, made + 1);
    await busy.store.close();
  }));

Deno.test("a change of nothing costs no flush, and counts that were asked for stay as they were", () =>
  inDirectory(async (dir) => {
    const { store, disk } = await open(dir);
    await store.enqueue(outgoing("one"));
    const before = { ...disk };
    const counts = store.counts();
    await store.change([]);
    assertEquals(disk, before);
    await store.enqueue(outgoing("two"));
    assertEquals(counts, { items: 1, messages: 1, bytes: 3 });
    await store.close();
  }));

Deno.test("a mail that comes again, of which an item is damaged, is told so; others of its group are taken", () =>
  inDirectory(async (dir) => {
    const { store, clock, index } = await open(dir);
    const input = outgoing("one", { items: [to("a.test"), to("b.test")] });
    const [item] = await enqueued(store, input);
    clock.advance(CHECKPOINT_MS);
    index.commit(() => index.put(itemKey(item!.item), Uint8Array.of(1, 0, 0)));
    const asked = [kindOf(() => store.enqueue(outgoing("two"))), kindOf(() => store.enqueue(input))];
    assertEquals(await Promise.all(asked), ["ok", "corrupt"]);
    assertEquals(store.counts(), { items: 3, messages: 2, bytes: 6 });
    await store.close();
  }));

Deno.test("a stop counts by the wall clock, also when queue time has fallen behind it", () =>
  inDirectory(async (dir) => {
    const start = Date.UTC(2026, 0, 1);
    const life = async (wallMs: number) => {
      const { store } = await open(dir, { clock: new FakeClock(wallMs) });
      const began = store.nowMs();
      await store.close();
      return began;
    };
    const began = await life(start);
    // Of a thousand hours a day counts; from then on queue time is behind.
    assertEquals(await life(start + 1_000 * HOUR), began + 24 * HOUR);
    assertEquals(await life(start + 1_002 * HOUR), began + 26 * HOUR);
  }));

Deno.test("a body that is damaged in the log is told to operators when the log is read; what is refused leaves no file open", () =>
  inDirectory(async (dir) => {
    const { store } = await open(dir);
    for (const text of ["first", "second", "third"]) await enqueued(store, outgoing(text));
    cpSync(`${dir}/queue`, `${dir}/left/queue`, { recursive: true });
    await store.close();
    const path = `${dir}/left/queue/segments/00000001.seg`;
    const bytes = readFileSync(path);
    const flip = (at: number) => {
      bytes[bytes.indexOf("second") + at]! ^= 1;
      writeFileSync(path, bytes);
    };
    // The header of its record: what comes behind cannot be told from what was never flushed.
    flip(-20);
    assertEquals(await kindOf(() => open(`${dir}/left`)), "corrupt");
    flip(-20);
    const index = new LmdbIndex(`${dir}/left/queue/index.mdb`, nodeFiles());
    const header = index.get(HEADER_KEY)!;
    for (const [row, kind] of [[utf8("{"), "corrupt"], [header, "ok"]] as const) {
      index.commit(() => index.put(HEADER_KEY, row));
      if (kind !== "ok") assertEquals(await kindOf(() => open(`${dir}/left`)), kind);
    }
    index.close();
    await index.gone();
    flip(0);
    const left = await open(`${dir}/left`);
    assertEquals(left.lines[0], ["bodies in the log of the queue are damaged", { segment: 1, count: 1 }]);
    await left.store.close();
    assertEquals(left.disk.open, 0);
  }));

Deno.test("an index that takes nothing more after a failed commit is opened anew", () =>
  inDirectory(async (dir) => {
    const { store, clock, index } = await open(dir);
    await enqueued(store, outgoing("one"));
    index.duringCommit = () => {
      index.panics = true;
      throw coded("EIO");
    };
    clock.advance(CHECKPOINT_MS);
    assert(store.health() !== "ok");
    index.duringCommit = () => {};
    clock.advance(60_000);
    await store.enqueue(outgoing("two"));
    clock.advance(CHECKPOINT_MS);
    assertEquals([store.health(), store.counts().messages, await problems(store)], ["ok", 2, []]);
    await store.close();
  }));

Deno.test("a new segment whose commit finds no space is taken back, and mail goes nowhere but where it is looked for", () =>
  inDirectory(async (dir) => {
    const { store, clock, disk, index } = await open(dir);
    await enqueued(store, outgoing("one"));
    // After a failed flush the segment is left as it is: the next mail begins another.
    disk.fails = "EIO";
    assertEquals(await kindOf(() => store.enqueue(outgoing("x"))), "disk");
    disk.fails = null;
    clock.advance(60_000);
    await store.change([]);
    index.duringCommit = () => {
      throw coded("ENOSPC");
    };
    for (let i = 0; i < 3; i++) assertEquals(await kindOf(() => store.enqueue(outgoing("y"))), "disk_full");
    index.duringCommit = () => {};
    for (const text of ["two", "three"]) await enqueued(store, outgoing(text));
    const texts = (one: QueueStore) => one.schedule(0, 9).map(({ item }) => bodyText(one, one.item(item)!.message));
    assertEquals([texts(store), segments(dir).length], [["one", "two", "three"], 2]);
    cpSync(`${dir}/queue`, `${dir}/left/queue`, { recursive: true });
    const left = await open(`${dir}/left`);
    assertEquals([texts(left.store), await problems(left.store)], [["one", "two", "three"], []]);
    await left.store.close();
    await store.close();
  }));

Deno.test("compaction begins new segments, too, when one is full", () =>
  inDirectory(async (dir) => {
    const { store, clock } = await open(dir, { limits: { ...SMALL, segmentBytesMax: 100_000 } });
    const items: number[] = [];
    for (let i = 0; i < 200; i++) items.push((await enqueued(store, outgoing(`${i} `.repeat(200))))[0]!.item);
    await store.close();
    const small = await open(dir, { limits: SMALL });
    await small.store.change(items.filter((_, i) => i % 3 > 0).map((item) => ({ item, next: null })));
    clock.advance(1);
    passes(small.clock, 20_000);
    const sizes = segments(dir).map((name) => statSync(`${dir}/queue/segments/${name}`).size);
    assert(sizes.length > 5 && Math.max(...sizes) < 8_000, `segments of ${sizes.join()} bytes`);
    assertEquals([small.store.counts().messages, await problems(small.store)], [67, []]);
    await small.store.close();
  }));

Deno.test("a segment that cannot be walked stays as it is, and is given up once; others are compacted", () =>
  inDirectory(async (dir) => {
    const { store, clock, lines } = await open(dir, { limits: { ...SMALL, compactStepBytesMax: 1 } });
    const left = await wasted(store);
    const path = `${dir}/queue/segments/00000001.seg`;
    const bytes = readFileSync(path);
    const text = (item: number) => `${item - 1} `.repeat(100);
    // The header of the second record: the way to those behind it is lost.
    bytes[bytes.indexOf(text(2)) - 20]! ^= 1;
    writeFileSync(path, bytes);
    const before = segments(dir).length;
    passes(clock, 120_000);
    clock.advance(HOUR);
    passes(clock, 120_000);
    assert(segments(dir).length < before / 2, `${before} segments became ${segments(dir).length}`);
    assertEquals(
      [lines.length, readFileSync(path).equals(bytes), store.health()],
      [1, true, "ok"],
      JSON.stringify(lines),
    );
    for (const item of left) assertEquals(bodyText(store, store.item(item)!.message), text(item));
    await store.close();
  }));

Deno.test("a body that is damaged when it is moved is as damaged behind it, and the others are whole", () =>
  inDirectory(async (dir) => {
    const { store, clock } = await open(dir, { limits: SMALL });
    const left = await wasted(store);
    const path = `${dir}/queue/segments/00000001.seg`;
    const bytes = readFileSync(path);
    const text = (item: number) => `${item - 1} `.repeat(100);
    bytes[bytes.indexOf(text(5)) + 7]! ^= 1;
    writeFileSync(path, bytes);
    passes(clock, 20_000);
    assertEquals(existsSync(path), false, "it was moved");
    for (const item of left) {
      const { message } = store.item(item)!;
      if (item === 5) assertEquals(await kindOf(() => store.body(message)), "corrupt");
      else assertEquals(bodyText(store, message), text(item));
    }
    await store.close();
  }));

Deno.test("where room is short the open segment is compacted, too, once more than half of it is dead", () =>
  inDirectory(async (dir) => {
    for (const short of [false, true]) {
      const limits = {
        freeBytesMin: 1_000,
        segmentBytesMax: 1_000_000,
        compactStepBytesMax: 7_000,
        aheadFromBytes: 1e9,
      };
      const place = `${dir}/${short}`;
      const { store, clock, disk } = await open(place, { limits });
      disk.free = short ? 1_000_999 : 1_001_000;
      const items: number[] = [];
      for (let i = 0; i < 40; i++) items.push((await enqueued(store, outgoing(`${i} `.repeat(1_000))))[0]!.item);
      const size = () => segments(place).map((name) => statSync(`${place}/queue/segments/${name}`).size);
      const [before] = size();
      for (const [some, done] of [[items.slice(0, 10), false], [items.slice(10, 30), true]] as const) {
        await store.change(some.map((item) => ({ item, next: null })));
        passes(clock, 20_000);
        assertEquals([size().length, size()[0]! < before! / 1.5], [1, short && done], `${short} ${done}`);
        assertEquals(
          segments(place)[0] === "00000001.seg",
          !(short && done),
          "what is not worth it is left where it is",
        );
      }
      assertEquals([store.counts().messages, await problems(store)], [10, []]);
      for (const item of items.slice(30)) {
        assertEquals(bodyText(store, store.item(item)!.message), `${item - 1} `.repeat(1_000));
      }
      await store.close();
    }
  }));

Deno.test("compaction that finds no space for long gives no segment up for that: all are compacted when there is", () =>
  inDirectory(async (dir) => {
    const { store, clock, disk } = await open(dir, { limits: SMALL });
    await wasted(store);
    const before = segments(dir).length;
    disk.fails = "ENOSPC";
    for (let i = 0; i < 100; i++) clock.advance(30_000);
    disk.fails = null;
    clock.advance(30_000);
    await store.enqueue(outgoing("awake"));
    passes(clock, 60_000);
    assert(segments(dir).length < before / 2, `${before} segments became ${segments(dir).length}`);
    assertEquals(await problems(store), []);
    await store.close();
  }));
