import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { type Log, type LogFields, SILENT } from "../../src/base/mod.ts";
import { type MailStore, nodeFiles, openMailStore, shardDirectory, type ShardStore } from "../../src/storage/mod.ts";
import { LmdbIndex } from "../../src/storage/disk/index_env.ts";
import { HEADER_KEY } from "../../src/storage/layout/keys.ts";
import type { StoreLimits } from "../../src/storage/limits.ts";
import { ANNA, BERT, diskOptions, kindOf, mail, targets, temporaryDirectory, text, uids } from "./support.ts";

/** Runs with a directory, and opens the store in it as often as asked. */
async function inDirectory(run: (dir: string, use: Use) => Promise<void>): Promise<void> {
  const dir = temporaryDirectory();
  const lines: [string, LogFields | undefined][] = [];
  const note = (event: string, fields?: LogFields) => void lines.push([event, fields]);
  const log: Log = { ...SILENT, info: note, warn: note, error: note, child: () => log };
  const use: Use = async (body, limits = {}) => {
    lines.length = 0;
    const store = await openMailStore(diskOptions(dir, { log, limits: { segmentBytesMax: 4_000, ...limits } }));
    try {
      await body(store.shard(0), store);
    } finally {
      await store.close();
    }
    return lines.map(([event]) => event);
  };
  try {
    await run(dir, use);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

type Use = (
  body: (shard: ShardStore, store: MailStore) => Promise<void>,
  limits?: Partial<StoreLimits>,
) => Promise<string[]>;

function segments(dir: string): string[] {
  const path = `${shardDirectory(dir, 0)}/segments`;
  return readdirSync(path).sort().map((name) => `${path}/${name}`);
}

async function verified(store: MailStore): Promise<unknown[]> {
  const bad = [];
  for await (const event of store.verify()) {
    if (event.type === "bad") bad.push([event.account, event.mailbox, event.uid, event.problem]);
  }
  return bad;
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at]! ^= 0x10;
  writeFileSync(path, bytes);
}

Deno.test("mail is there after the store was closed and opened again, and numbers go on", () =>
  inDirectory(async (_dir, use) => {
    let before: unknown;
    await use(async (shard) => {
      await shard.deliver(mail("one", { targets: targets(ANNA, BERT) }));
      await shard.deliver(mail("two"));
      await shard.expunge(ANNA, 1, [1]);
      before = shard.status(ANNA, 1);
    });
    await use(async (shard) => {
      assertEquals(shard.status(ANNA, 1) as unknown, before);
      assertEquals([text(shard, 2), text(shard, 1, BERT)], ["two", "one"]);
      assertEquals(uids(await shard.deliver(mail("three"))), [3]);
    });
  }));

Deno.test("an opId is remembered over a restart", () =>
  inDirectory(async (_dir, use) => {
    const input = mail("once");
    await use(async (shard) => void await shard.deliver(input));
    await use(async (shard) => {
      assertEquals(uids(await shard.deliver(input)), [1]);
      assertEquals(shard.status(ANNA, 1).messages, 1);
    });
  }));

Deno.test("what lies behind the last committed record is cut off, told in the log, and written over", () =>
  inDirectory(async (dir, use) => {
    await use(async (shard) => void await shard.deliver(mail("one")));
    const [path] = segments(dir);
    const size = statSync(path!).size;
    const fd = openSync(path!, "a");
    writeSync(fd, new Uint8Array(1_000).fill(7));
    closeSync(fd);
    const log = await use(async (shard) => {
      assertEquals(statSync(path!).size, size);
      await shard.deliver(mail("two"));
      assertEquals([text(shard, 1), text(shard, 2)], ["one", "two"]);
    });
    assertEquals(log, ["uncommitted bytes cut off"]);
    assertEquals(segments(dir), [path]);
  }));

Deno.test("zeros that were laid ahead are written over without growing the file, and are nothing to a start", () =>
  inDirectory(async (dir, use) => {
    const limits = { segmentBytesMax: 1_000_000, aheadFromBytes: 1_000 };
    let size = 0;
    await use(async (shard) => {
      for (let i = 0; i < 9; i++) await shard.deliver(mail("x".repeat(200)));
      size = statSync(segments(dir)[0]!).size;
      assert(size > 200_000, `${size} bytes`);
      for (let i = 0; i < 9; i++) await shard.deliver(mail("y".repeat(200)));
      assertEquals(statSync(segments(dir)[0]!).size, size);
    }, limits);
    const log = await use(async (shard) => {
      await shard.deliver(mail("last"));
      assertEquals([1, 9, 18, 19].map((uid) => text(shard, uid)[0]), ["x", "x", "y", "l"]);
      assert(statSync(segments(dir)[0]!).size < size);
    });
    assertEquals(log, []);
  }));

Deno.test("a segment that was never committed is removed; several of them are put aside", () =>
  inDirectory(async (dir, use) => {
    await use(async (shard) => void await shard.deliver(mail("one")));
    const [path] = segments(dir);
    const other = (number: number) => path!.replace("00000001", String(number).padStart(8, "0"));
    copyFileSync(path!, other(2));
    await use(() => Promise.resolve());
    assertEquals(segments(dir), [path]);
    for (const number of [3, 4]) copyFileSync(path!, other(number));
    await use(async (shard) => {
      assertEquals(text(shard, 1), "one");
      await shard.deliver(mail("two"));
    });
    assertEquals(segments(dir), [path, `${other(3)}.unclaimed`, `${other(4)}.unclaimed`]);
  }));

Deno.test("a segment that lost its end is not written again; only its lost messages are corrupt", () =>
  inDirectory(async (dir, use) => {
    await use(async (shard) => {
      await shard.deliver(mail("one"));
      await shard.deliver(mail("two"));
    });
    const [path] = segments(dir);
    truncateSync(path!, readFileSync(path!).indexOf("two") + 2);
    const log = await use(async (shard, store) => {
      assertEquals(text(shard, 1), "one");
      assertEquals(await kindOf(() => text(shard, 2)), "corrupt");
      assertEquals(uids(await shard.deliver(mail("three"))), [3]);
      assertEquals(text(shard, 3), "three");
      assertEquals(await verified(store), [["anna", 1, 2, "segment 1 ends before its record does"]]);
    });
    assertEquals(log, ["segment is shorter than what was committed"]);
    assertEquals(segments(dir).length, 2);
  }));

Deno.test("a flipped bit makes only that message fail, whole or in parts, and verify names it", () =>
  inDirectory(async (dir, use) => {
    await use(async (shard) => {
      for (const body of ["first", "second", "third"]) {
        await shard.deliver(mail(body, { targets: targets(ANNA, BERT) }));
      }
      await shard.expunge(BERT, 1, [2]);
    });
    const [path] = segments(dir);
    flip(path!, readFileSync(path!).indexOf("second") + 3);
    await use(async (shard, store) => {
      assertEquals(await kindOf(() => text(shard, 2)), "corrupt");
      assertEquals(await kindOf(() => shard.fetch(ANNA, 1, { uid: 2, offset: 0, length: 1 })), "corrupt");
      assertEquals([text(shard, 1), text(shard, 3), text(shard, 1, BERT)], ["first", "third", "first"]);
      assertEquals(await verified(store), [["anna", 1, 2, "the checksum of the message is wrong"]]);
      await shard.expunge(ANNA, 1, [2]);
      assertEquals(await verified(store), []);
    });
  }));

Deno.test("a large message is checked before its first part is given out", () =>
  inDirectory(async (dir, use) => {
    const body = new Uint8Array(3_000_000).map((_, i) => i % 251);
    await use(async (shard) => {
      await shard.deliver(mail(body));
      const part = shard.fetch(ANNA, 1, { uid: 1, offset: 2_000_000, length: 100_000 });
      assertEquals(part.size, 3_000_000);
      assertEquals(part.bytes, body.subarray(2_000_000, 2_100_000));
      assertEquals(shard.fetch(ANNA, 1, { uid: 1, offset: 0, length: 1e9 }).bytes.length, 3_000_000);
    });
    flip(segments(dir)[0]!, 2_999_000);
    await use(async (shard) => {
      assertEquals(await kindOf(() => shard.fetch(ANNA, 1, { uid: 1, offset: 0, length: 10 })), "corrupt");
    });
  }));

Deno.test("a segment file that is gone makes its messages corrupt, and no others", () =>
  inDirectory(async (dir, use) => {
    await use(async (shard) => {
      await shard.deliver(mail("x".repeat(5_000)));
      await shard.deliver(mail("two"));
    });
    assertEquals(segments(dir).length, 2);
    rmSync(segments(dir)[0]!);
    await use(async (shard) => {
      assertEquals(await kindOf(() => text(shard, 1)), "corrupt");
      assertEquals(text(shard, 2), "two");
    });
  }));

Deno.test("segments without an index are refused, not thrown away", () =>
  inDirectory(async (dir, use) => {
    await use(async (shard) => void await shard.deliver(mail("one")));
    for (const name of ["index.mdb", "index.mdb-lock"]) rmSync(`${shardDirectory(dir, 0)}/${name}`);
    assertEquals(await kindOf(() => use(() => Promise.resolve())), "corrupt");
    assertEquals(segments(dir).length, 1);
  }));

Deno.test("data of another schema version, shard or number of shards is refused with a clear message", () =>
  inDirectory(async (dir, use) => {
    await use(async (shard) => void await shard.deliver(mail("one")));
    const open = (shardCount: number) => openMailStore(diskOptions(dir, { shardCount }));
    assertEquals(await kindOf(() => open(2)), "schema");
    const index = new LmdbIndex(`${shardDirectory(dir, 0)}/index.mdb`, nodeFiles());
    const header = JSON.parse(new TextDecoder().decode(index.get(HEADER_KEY)));
    index.commit(() => index.put(HEADER_KEY, new TextEncoder().encode(JSON.stringify({ ...header, schema: 6 }))));
    index.close();
    await index.gone();
    const message = await open(1).then(() => "opened", String);
    assertStringIncludes(message, "schema version 6; this program reads 1 to 5. A newer version");
  }));

Deno.test("compaction gives back the space of dead messages and keeps the living byte for byte, over a restart", () =>
  inDirectory(async (dir) => {
    const { FakeClock } = await import("../../src/base/mod.ts");
    const clock = new FakeClock();
    const open = () =>
      openMailStore(diskOptions(dir, { clock, limits: { segmentBytesMax: 4_000, compactStepBytesMax: 700 } }));
    const bodies = Array.from({ length: 60 }, (_, i) => `${i} `.repeat(100));
    const store = await open();
    const shard = store.shard(0);
    for (const body of bodies) await shard.deliver(mail(body));
    const before = segments(dir);
    const gone = bodies.map((_, i) => i + 1).filter((uid) => uid % 3 !== 0);
    await shard.expunge(ANNA, 1, gone);
    clock.advance(1_000);
    for (let step = 0; step < 200; step++) clock.advance(20);
    const after = segments(dir);
    assert(after.length < before.length / 1.5, `${before.length} segments became ${after.length}`);
    const check = async (store: MailStore) => {
      for (let uid = 3; uid <= 60; uid += 3) assertEquals(text(store.shard(0), uid), bodies[uid - 1]);
      assertEquals(await verified(store), []);
    };
    await check(store);
    await store.close();
    const again = await open();
    await check(again);
    await again.shard(0).expunge(ANNA, 1, bodies.map((_, i) => i + 1));
    clock.advance(1_000);
    for (let step = 0; step < 200; step++) clock.advance(20);
    assert(segments(dir).length <= 1);
    await again.close();
    assert(existsSync(dir));
  }));

Deno.test("a segment in which a header is damaged is not compacted away: what lives behind it stays", () =>
  inDirectory(async (dir) => {
    const { FakeClock } = await import("../../src/base/mod.ts");
    const clock = new FakeClock();
    const limits = { segmentBytesMax: 4_000, compactStepBytesMax: 200 };
    const store = await openMailStore(diskOptions(dir, { clock, limits }));
    const shard = store.shard(0);
    const bodies = Array.from({ length: 60 }, (_, i) => `${i} `.repeat(100));
    for (const body of bodies) await shard.deliver(mail(body));
    const [damaged, ...others] = segments(dir);
    await shard.expunge(ANNA, 1, bodies.map((_, i) => i + 1).filter((uid) => uid % 4 !== 0));
    // Some steps into the segment.
    flip(damaged!, readFileSync(damaged!).indexOf(bodies[8]!) - 23);
    clock.advance(1_000);
    for (let step = 0; step < 4_000; step++) clock.advance(20);
    for (let uid = 4; uid <= 60; uid += 4) assertEquals(text(shard, uid), bodies[uid - 1]);
    assert(existsSync(damaged!));
    assert(others.some((path) => !existsSync(path)), "the others are");
    await store.close();
  }));

Deno.test("answers to opIds are forgotten after seven days of running time, not before, and never more than the bound", async () => {
  const { FakeClock } = await import("../../src/base/mod.ts");
  const dir = temporaryDirectory();
  const clock = new FakeClock();
  const day = 86_400_000;
  const store = await openMailStore(diskOptions(dir, { clock, limits: { opIdsMax: 50 } }));
  const shard = store.shard(0);
  try {
    const first = mail("first");
    await shard.deliver(first);
    clock.advance(7 * day - 1);
    await shard.deliver(mail("later"));
    assertEquals(uids(await shard.deliver(first)), [1]);
    clock.advance(1);
    await shard.deliver(mail("after seven days"));
    assertEquals(uids(await shard.deliver(first)), [4]);
    const second = mail("second");
    await shard.deliver(second);
    for (let i = 0; i < 49; i++) await shard.deliver(mail("more"));
    assertEquals(uids(await shard.deliver(second)), [5]);
    for (let i = 0; i < 2; i++) await shard.deliver(mail("more"));
    assertEquals(uids(await shard.deliver(second)), [57]);
  } finally {
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  }
});
