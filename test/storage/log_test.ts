/** The open segment as the log of a shard: what only it has, where it ends, and what brings it to the index. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { FakeClock, seededRandom, SILENT, utf8 } from "../../src/base/mod.ts";
import { DEFAULT_LIMITS, type FileSystem, nodeFiles, shardDirectory, type StoreLimits } from "../../src/storage/mod.ts";
import { type IndexEnv, LmdbIndex } from "../../src/storage/index_env.ts";
import { HEADER_KEY } from "../../src/storage/keys.ts";
import { readTail } from "../../src/storage/log_tail.ts";
import { LoggedShard } from "../../src/storage/logged_shard.ts";
import { SHARD_LOG } from "../../src/storage/shard_group.ts";
import { LocalLog } from "../../src/storage/shard_log.ts";
import { ShardState } from "../../src/storage/shard_state.ts";
import { verifyShard } from "../../src/storage/verify.ts";
import { randomStep } from "./model_steps.ts";
import { SimDisk } from "./sim_disk.ts";
import { openSimShard } from "./sim_shard.ts";
import { ANNA, kindOf, mail, temporaryDirectory, text, uids } from "./support.ts";

const CHECKPOINT_MS = DEFAULT_LIMITS.unindexedMsMax;
const EVERYTHING = { start: Uint8Array.of(2), end: Uint8Array.of(0xff), limit: Infinity };

async function inDirectory(run: (dir: string) => Promise<void>): Promise<void> {
  const dir = temporaryDirectory();
  try {
    await run(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

class WatchedIndex extends LmdbIndex {
  commits = 0;
  full = false;
  beforeCommit = () => {};
  afterCommit = () => {};
  override reserve(bytes: number): void {
    if (this.full && bytes > 0) throw coded("ENOSPC");
    super.reserve(bytes);
  }
  override commit<T>(change: () => T): T {
    this.commits++;
    this.beforeCommit();
    const answer = super.commit(change);
    this.afterCommit();
    return answer;
  }
}

function coded(code: string): Error {
  return Object.assign(new Error(code), { code });
}

interface How {
  readonly limits?: Partial<StoreLimits>;
  readonly files?: FileSystem;
  readonly owner?: string;
  readonly openIndex?: (path: string) => WatchedIndex;
  readonly defer?: (run: () => void) => void;
}

async function open(dir: string, how: How = {}) {
  const { files = nodeFiles(), defer = (run: () => void) => void setImmediate(run) } = how;
  const clock = new FakeClock();
  let index: WatchedIndex | null = null;
  const place = shardDirectory(dir, 0);
  const limits = { ...DEFAULT_LIMITS, freeBytesMin: 0, ...how.limits };
  const common = { dir: place, files, log: SILENT, limits };
  const state = new ShardState({
    ...common,
    shard: 0,
    shardCount: 1,
    random: seededRandom(7),
    wallMs: clock.wallMs(),
    ...(how.owner === undefined ? {} : { owner: how.owner }),
    openIndex: (path) => index = how.openIndex?.(path) ?? new WatchedIndex(path),
  });
  const shard = new LoggedShard(state, new LocalLog(state), { ...common, number: 0, node: "local", clock, defer });
  try {
    await shard.open();
  } catch (error) {
    await state.close();
    throw error;
  }
  return { shard, state, clock, index: index! as WatchedIndex };
}

/** The files as a crash would leave them now. */
function crashed(dir: string): string {
  const left = `${dir}/left`;
  rmSync(left, { recursive: true, force: true });
  cpSync(`${dir}/shards`, `${left}/shards`, { recursive: true });
  return left;
}

function segmentOf(dir: string): string {
  const folder = `${shardDirectory(dir, 0)}/segments`;
  return `${folder}/${readdirSync(folder).sort().at(-1)}`;
}

async function problems(shard: LoggedShard): Promise<unknown[]> {
  const found = [];
  for await (const event of verifyShard(shard, {}, (run) => void setImmediate(run))) {
    if (event.type === "bad") found.push(event);
  }
  return found;
}

/** All rows of an index. */
function allOf(index: IndexEnv): string[] {
  return index.range(EVERYTHING).map(({ key, value }) => `${[...key].join()} ${[...value].join()}`);
}

/** All rows, and the header but for what each checkpoint changes. */
function rowsOf({ index, header }: ShardState): unknown {
  return [allOf(index), { ...header, commits: 0 }];
}

function texts(shard: LoggedShard): string[] {
  return shard.list(ANNA, 1, 0, 100).rows.map(({ uid }) => text(shard, uid));
}

Deno.test("mail that comes and is flagged and goes before the next checkpoint never touches the index", () =>
  inDirectory(async (dir) => {
    const { shard, state, clock, index } = await open(dir);
    await shard.deliver(mail("the first one begins a segment"));
    const { commits } = index;
    for (let i = 0; i < 30; i++) {
      const [uid] = uids(await shard.deliver(mail("soon gone")));
      await shard.setFlags(ANNA, 1, [uid!], { add: 1, remove: 0 });
      await shard.expunge(ANNA, 1, [uid!]);
    }
    assertEquals(index.commits, commits);
    assert(allOf(index).length < allOf(state.index).length);
    const before = rowsOf(state);
    clock.advance(CHECKPOINT_MS - 1);
    assertEquals([index.commits, state.owed], [commits, true]);
    clock.advance(1);
    assertEquals([index.commits, state.owed], [commits + 1, false]);
    assertEquals(
      [allOf(index), rowsOf(state)],
      [allOf(state.index), before],
      "a checkpoint changes nothing that is read",
    );
    clock.advance(100 * CHECKPOINT_MS);
    assertEquals(index.commits, commits + 1, "nothing is done for a shard that rests");
    await shard.close();
  }));

Deno.test("after a crash every row is as it was, whatever was done and however much of it only the log has", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seededRandom(seed);
    const disk = new SimDisk(random);
    const limits = {
      ...DEFAULT_LIMITS,
      keywordsMax: 4,
      mailboxesMax: 11,
      changeRowsMax: 8,
      opIdsMax: 30,
      unindexedRowsMax: [15, 60, 100_000][seed % 3]!,
      segmentBytesMax: [3_000, 1_000_000][seed % 2]!,
    };
    const shard = await openSimShard(disk, new FakeClock(), limits);
    for (let number = 0; number < 150; number++) await randomStep(random, number, true)(shard).catch(() => {});
    const before = rowsOf(shard.state);
    disk.kill();
    const left = await openSimShard(disk, new FakeClock(), limits);
    const { appliedSeq, epoch } = left.state.header;
    assertEquals([appliedSeq, epoch], [shard.state.appliedSeq + 1, appliedSeq], "one claim more");
    const header = { ...left.state.header, appliedSeq: appliedSeq - 1, epoch: shard.state.header.epoch, commits: 0 };
    assertEquals([allOf(left.state.index), header], before, `seed ${seed}`);
    assertEquals(await problems(left), []);
  }
});

Deno.test("a group that is not whole at the end of the log was never acknowledged: it is cut off, wherever it is torn", () =>
  inDirectory(async (dir) => {
    const { shard } = await open(dir);
    await shard.deliver(mail("kept"));
    const before = readFileSync(segmentOf(dir)).length;
    const torn = mail("torn", { index: utf8("index of it") });
    await shard.deliver(torn);
    const whole = readFileSync(segmentOf(dir)).length;
    for (let size = before; size <= whole; size += size < whole - 7 ? 7 : 1) {
      const left = crashed(dir);
      truncateSync(segmentOf(left), size);
      const again = await open(left);
      assertEquals(texts(again.shard), size === whole ? ["kept", "torn"] : ["kept"], `cut at ${size} of ${whole}`);
      assertEquals(uids(await again.shard.deliver(torn)), [2]);
      assertEquals([texts(again.shard), await problems(again.shard)], [["kept", "torn"], []]);
      await again.shard.close();
    }
    await shard.close();
  }));

Deno.test("damage in the log with acknowledged mail behind it is no end of the log: the shard does not open, and nothing goes", () =>
  inDirectory(async (dir) => {
    const { shard } = await open(dir);
    for (const body of ["first", "second", "third"]) await shard.deliver(mail(body, { index: utf8(`i-${body}`) }));
    const bytes = readFileSync(segmentOf(dir));
    const flipped = (at: number) => {
      const left = crashed(dir);
      const some = Uint8Array.from(bytes);
      some[at]! ^= 1;
      writeFileSync(segmentOf(left), some);
      return left;
    };
    // The record of the second group, and the header of its body.
    for (const at of [bytes.indexOf("i-second") + 60, bytes.indexOf("second") - 20]) {
      const left = flipped(at);
      assertEquals(await kindOf(() => open(left)), "corrupt");
      assertStringIncludes(await open(left).then(() => "opened", String), "with acknowledged mail behind");
      assertEquals(readFileSync(segmentOf(left)).length, bytes.length);
    }
    const body = await open(flipped(bytes.indexOf("second")));
    assertEquals([text(body.shard, 1), text(body.shard, 3)], ["first", "third"]);
    assertEquals(await kindOf(() => text(body.shard, 2)), "corrupt");
    await body.shard.close();
    const index = await open(flipped(bytes.indexOf("i-second")));
    assertEquals([texts(index.shard), index.shard.fetchIndex(ANNA, 1, 2)], [["first", "second", "third"], null]);
    await index.shard.close();
    // In the last group it cannot be told from a flush that never returned.
    for (const part of ["third", "i-third"]) {
      const last = await open(flipped(bytes.indexOf(part)));
      assertEquals([texts(last.shard), await problems(last.shard)], [["first", "second"], []]);
      await last.shard.close();
    }
    await shard.close();
  }));

Deno.test("a group belongs to the log when its number, place, mark and checksum say so", () =>
  inDirectory(async (dir) => {
    const { shard, index } = await open(dir);
    for (const body of ["first", "second", "third"]) await shard.deliver(mail(body));
    const { incarnation: stamp, appliedSeq, position } = JSON.parse(new TextDecoder().decode(index.get(HEADER_KEY)));
    assertEquals([appliedSeq, position.offset], [1, 0]);
    const bytes = Uint8Array.from(readFileSync(segmentOf(dir)));
    const read = (more: { seq?: number; stamp?: string; offset?: number; bytes?: Uint8Array } = {}) =>
      readTail(
        more.bytes ?? bytes,
        { ...position, offset: more.offset ?? 0 },
        { stamp: more.stamp ?? stamp, seq: more.seq ?? appliedSeq },
        SHARD_LOG,
      );
    const { groups, end } = read();
    assertEquals([groups.length, end.offset], [3, bytes.length]);
    // One is missing, and others are there.
    assertEquals(await kindOf(() => read({ seq: 2 })), "corrupt");
    assertEquals(read({ seq: 7 }).groups.length, 0);
    assertEquals(read({ stamp: "another shard" }).groups.length, 0);
    // Left over from another place of the file.
    assertEquals(await kindOf(() => read({ offset: 32 })), "corrupt");
    for (let at = end.tail; at < bytes.length; at++) {
      const flipped = bytes.slice();
      flipped[at]! ^= 0x41;
      assertEquals(read({ bytes: flipped }).groups.length, 2, `byte ${at - end.tail} of the record`);
    }
    await shard.close();
  }));

for (
  const [what, limits] of [
    ["rows", { unindexedRowsMax: 20 }],
    ["bytes of the log", { unindexedBytesMax: 3_000 }],
  ] as const
) {
  Deno.test(`when so many ${what} are owed to the index, they are brought there before anything else is taken`, () =>
    inDirectory(async (dir) => {
      const { shard, state, index } = await open(dir, { limits });
      await shard.deliver(mail("first"));
      const { commits } = index;
      let taken = 0;
      for (; index.commits === commits; taken++) await shard.deliver(mail("x".repeat(200)));
      assert(taken > 3 && taken < 15, `${taken} were taken`);
      assertEquals(state.owed, true, "the last one is in the log alone");
      assertEquals([texts(shard).length, await problems(shard)], [taken + 1, []]);
      await shard.close();
    }));
}

Deno.test("when no checkpoint finds space, mail is refused before memory grows beyond its bound; what makes room goes on", () =>
  inDirectory(async (dir) => {
    const { shard, clock, index } = await open(dir, { limits: { unindexedRowsMax: 20 } });
    await shard.deliver(mail("first"));
    index.full = true;
    let taken = 0;
    for (; taken < 50; taken++) if (await kindOf(() => shard.deliver(mail("more"))) !== "ok") break;
    assert(taken > 3 && taken <= 20, `${taken} were taken`);
    const health = shard.health();
    assert(health !== "ok" && health.kind === "disk_full", "operators are told");
    assertStringIncludes(health.message, "no space is left for the index of the shard");
    assertEquals(await kindOf(() => shard.deliver(mail("more"))), "disk_full");
    assertEquals((await shard.expunge(ANNA, 1, [1])).expunged, [1] as never);
    // Flags add rows; beyond the bound they go to the index without a reserve.
    const { commits } = index;
    for (let i = 0; i < 300; i++) await shard.setFlags(ANNA, 1, [2], { add: 1 + i % 2, remove: 2 - i % 2 });
    assert(index.commits > commits, "memory has a bound");
    clock.advance(60_000);
    assertEquals(await kindOf(() => shard.deliver(mail("more"))), "ok", "room was found all the same");
    const left = await open(crashed(dir));
    assertEquals([texts(left.shard).length, await problems(left.shard)], [taken + 1, []]);
    await left.shard.close();
    index.full = false;
    clock.advance(60_000);
    assertEquals([shard.health(), await problems(shard)], ["ok", []]);
    await shard.close();
  }));

Deno.test("mail that an owner acknowledges while its successor opens the shard is the successor's", () =>
  inDirectory(async (dir) => {
    const owned = { owner: "process 1", defer: (run: () => void) => run() };
    const lost = await open(dir, owned);
    await lost.shard.deliver(mail("before"));
    const answers: string[] = [];
    const deliver = (body: string) =>
      void lost.shard.deliver(mail(body)).then(() => answers.push("acknowledged"), ({ kind }) => answers.push(kind));
    let commits = 0;
    const openIndex = (path: string) => {
      const index = new WatchedIndex(path);
      index.beforeCommit = () => {
        // The last that is acknowledged comes before the name is committed, and after the log was read for the first time.
        if (commits++ === 0) deliver("during");
      };
      index.afterCommit = () => {
        // And this one before the log is read for the second time.
        if (commits === 1) deliver("late");
      };
      return index;
    };
    const { shard } = await open(dir, { ...owned, openIndex });
    assertEquals(answers, ["acknowledged", "refused"]);
    assertEquals(texts(shard).slice(0, 2), ["before", "during"]);
    // What was refused may be there, whole, and never shadows what comes.
    const found = texts(shard).length;
    assertEquals(uids(await shard.deliver(mail("after"))), [found + 1]);
    assertEquals([texts(shard).at(-1), await problems(shard)], ["after", []]);
    await lost.shard.close();
    const left = await open(crashed(dir));
    assertEquals(texts(left.shard), texts(shard));
    await left.shard.close();
    await shard.close();
  }));

Deno.test("an owner that hangs in its write while a successor claims is refused, and what it wrote late is nobody's mail", () =>
  inDirectory(async (dir) => {
    const real = nodeFiles();
    let hang = () => {};
    const write = (fd: number, bytes: Uint8Array, position: number) => {
      hang();
      real.write(fd, bytes, position);
    };
    const owned = { owner: "process 1", defer: (run: () => void) => run() };
    const lost = await open(dir, { ...owned, files: { ...real, write } });
    await lost.shard.deliver(mail("before"));
    let opening: ReturnType<typeof open> | null = null;
    hang = () => {
      hang = () => {};
      opening = open(dir, owned);
    };
    assertEquals(await kindOf(() => lost.shard.deliver(mail("late"))), "refused");
    const successor = await opening!;
    assertEquals(texts(successor.shard), ["before"]);
    // The power goes before the successor has written anything: the late group is whole, and still does not count.
    const left = await open(crashed(dir));
    assertEquals([texts(left.shard), uids(await left.shard.deliver(mail("other")))], [["before"], [2]]);
    await left.shard.close();
    assertEquals(uids(await successor.shard.deliver(mail("after"))), [2]);
    assertEquals([texts(successor.shard), await problems(successor.shard)], [["before", "after"], []]);
    await lost.shard.close();
    await successor.shard.close();
  }));

Deno.test("a commit of the index that fails and has come true all the same is not made twice", () =>
  inDirectory(async (dir) => {
    const { shard, state, clock, index } = await open(dir);
    for (const body of ["one", "two"]) await shard.deliver(mail(body));
    await shard.expunge(ANNA, 1, [1]);
    index.afterCommit = () => {
      index.afterCommit = () => {};
      throw coded("EIO");
    };
    clock.advance(CHECKPOINT_MS);
    assert(shard.health() !== "ok");
    assertEquals([texts(shard), state.owed, allOf(index)], [["two"], false, allOf(state.index)]);
    clock.advance(100);
    assertEquals(uids(await shard.deliver(mail("three"))), [3]);
    assertEquals([texts(shard), await problems(shard)], [["two", "three"], []]);
    const left = await open(crashed(dir));
    assertEquals([texts(left.shard), await problems(left.shard)], [["two", "three"], []]);
    await left.shard.close();
    await shard.close();
  }));

Deno.test("a failed flush leaves the rows as they were, and the segment behind: its successor begins with a checkpoint", () =>
  inDirectory(async (dir) => {
    const real = nodeFiles();
    let fails = false;
    const syncData = (fd: number) => {
      if (fails) throw coded("EIO");
      real.syncData(fd);
    };
    const { shard, state, clock } = await open(dir, { files: { ...real, syncData } });
    await shard.deliver(mail("one"));
    await shard.setFlags(ANNA, 1, [1], { add: 1, remove: 0 });
    const [before, segment] = [rowsOf(state), segmentOf(dir)];
    fails = true;
    assertEquals(await kindOf(() => shard.deliver(mail("in doubt"))), "disk");
    assertEquals(rowsOf(state), before);
    // It may be on the disk all the same; then a crash now shows it, whole.
    const now = await open(crashed(dir));
    assertEquals([texts(now.shard), await problems(now.shard)], [["one", "in doubt"], []]);
    await now.shard.close();
    fails = false;
    clock.advance(1_000);
    assertEquals(uids(await shard.deliver(mail("two"))), [2]);
    assert(segmentOf(dir) !== segment, "what is in doubt is never written over");
    const left = await open(crashed(dir));
    assertEquals([texts(left.shard), await problems(left.shard)], [["one", "two"], []]);
    await left.shard.close();
    await shard.close();
  }));

Deno.test("mail that was refused for want of space is not there after a loss of power", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const disk = new SimDisk(seededRandom(seed));
    const shard = await openSimShard(disk, new FakeClock(), DEFAULT_LIMITS);
    await shard.deliver(mail("one"));
    disk.fault = (_step, name) => name === "syncData" ? (disk.fault = () => null, "ENOSPC") : null;
    assertEquals(await kindOf(() => shard.deliver(mail("two"))), "disk_full");
    disk.restart();
    const left = await openSimShard(disk, new FakeClock(), DEFAULT_LIMITS);
    assertEquals([texts(left), await problems(left)], [["one"], []], `seed ${seed}`);
  }
});

Deno.test("on a device without any space a change that frees some goes to the index, and survives a crash", () =>
  inDirectory(async (dir) => {
    const real = nodeFiles();
    let full = false;
    const write = (...args: Parameters<FileSystem["write"]>) => {
      if (full) throw coded("ENOSPC");
      real.write(...args);
    };
    const { shard, index } = await open(dir, { files: { ...real, write } });
    for (const body of ["one", "two"]) await shard.deliver(mail(body));
    full = true;
    const { commits } = index;
    assertEquals((await shard.expunge(ANNA, 1, [1])).expunged, [1] as never);
    assertEquals([index.commits, await kindOf(() => shard.deliver(mail("three")))], [commits + 1, "disk_full"]);
    const left = await open(crashed(dir));
    assertEquals([texts(left.shard), await problems(left.shard)], [["two"], []]);
    await left.shard.close();
    full = false;
    assertEquals(uids(await shard.deliver(mail("three"))), [3]);
    await shard.close();
  }));

Deno.test("data of schema 2, which had no log, opens and goes on; then a program that knows no log refuses it", () =>
  inDirectory(async (dir) => {
    const before = await open(dir);
    await before.shard.deliver(mail("old"));
    await before.shard.close();
    const index: IndexEnv = new LmdbIndex(`${shardDirectory(dir, 0)}/index.mdb`, nodeFiles());
    const { commits: _, ...header } = JSON.parse(new TextDecoder().decode(index.get(HEADER_KEY)));
    index.commit(() => index.put(HEADER_KEY, utf8(JSON.stringify({ ...header, schema: 2 }))));
    index.close();
    await index.gone();
    const { shard, index: now } = await open(dir);
    assertEquals(JSON.parse(new TextDecoder().decode(now.get(HEADER_KEY))).schema, 3);
    await shard.deliver(mail("new"));
    const left = await open(crashed(dir));
    for (const one of [shard, left.shard]) {
      assertEquals([texts(one), await problems(one)], [["old", "new"], []]);
    }
    await left.shard.close();
    await shard.close();
  }));

Deno.test("segments that hold nothing but the log are given back when they are sealed", () =>
  inDirectory(async (dir) => {
    const { shard, clock } = await open(dir, { limits: { segmentBytesMax: 2_000 } });
    await shard.deliver(mail("kept"));
    for (let i = 0; i < 300; i++) await shard.setFlags(ANNA, 1, [1], { add: 1 + i % 2, remove: 2 - i % 2 });
    for (let step = 0; step < 300; step++) clock.advance(50);
    const files = readdirSync(`${shardDirectory(dir, 0)}/segments`);
    assert(files.length <= 3, `${files.length} segments are left`);
    assertEquals([texts(shard), await problems(shard)], [["kept"], []]);
    await shard.close();
  }));
