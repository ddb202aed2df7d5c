import { assert, assertEquals } from "@std/assert";
import { readdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { FakeClock, seededRandom, utf8 } from "../../src/base/mod.ts";
import {
  DEFAULT_LIMITS,
  type MailStoreOptions,
  nodeFiles,
  openMailStore,
  shardDirectory,
  type ShardStore,
} from "../../src/storage/mod.ts";
import type { IndexEnv } from "../../src/storage/disk/index_env.ts";
import { RecordWalk } from "../../src/storage/reading/record_walk.ts";
import { Rooms } from "../../src/storage/reading/rooms.ts";
import { RECORD_HEADER_BYTES, Segments } from "../../src/storage/disk/segments.ts";
import { encodeSegmentUse } from "../../src/storage/layout/values.ts";
import { rowsOf } from "./columns_support.ts";
import { ANNA, BERT, diskOptions, made, mail, targets, temporaryDirectory } from "./support.ts";

/** Whole bodies of a mailbox of anna's, null where one cannot be read. */
function bodies(shard: ShardStore, mailbox = 1, bytesMax = 1e7): (string | null)[] {
  const pieces = shard.contents({ rows: rowsOf(shard, mailbox), what: "body", sizeMax: Infinity, bytesMax });
  return Array.from({ length: pieces.count }, (_, i) => {
    const piece = pieces.at(i);
    return piece === null ? null : new TextDecoder().decode(piece);
  });
}

async function inDirectory(
  run: (dir: string, use: (body: (shard: ShardStore) => Promise<void> | void) => Promise<void>) => Promise<void>,
  more: Partial<MailStoreOptions> = {},
): Promise<void> {
  const dir = temporaryDirectory();
  try {
    await run(dir, async (body) => {
      const store = await openMailStore(diskOptions(dir, more));
      try {
        await body(store.shard(0));
      } finally {
        await store.close();
      }
    });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function segmentFiles(dir: string): string[] {
  const path = `${shardDirectory(dir, 0)}/segments`;
  return readdirSync(path).sort().map((name) => `${path}/${name}`);
}

const text = (i: number) => `body ${i} ${"b".repeat((i * 37) % 900)}`;

Deno.test("messages that lie one behind the other are read in few reads, whatever lies between them", async () => {
  let reads = 0;
  const files = nodeFiles();
  const read: typeof files.read = (...args) => {
    reads++;
    return files.read(...args);
  };
  await inDirectory(async (_, use) => {
    await use(async (shard) => {
      for (let i = 0; i < 400; i++) {
        await shard.deliver(mail(text(i), { index: utf8("i".repeat(i % 50)) }));
        if (i % 3 === 0) await shard.deliver(mail(`other ${i}`, { targets: targets(BERT) }));
      }
      reads = 0;
      assertEquals(bodies(shard), Array.from({ length: 400 }, (_, i) => text(i)));
      assert(reads < 12, `${reads} reads`);
    });
  }, { files: { ...files, read } });
});

Deno.test("bodies are right in any order, among others, over many segments, and after they were moved", async () => {
  const clock = new FakeClock();
  const random = seededRandom(5);
  await inDirectory(async (dir, use) => {
    await use(async (shard) => {
      for (let i = 0; i < 300; i++) {
        await shard.deliver(mail(text(i)));
        if (random.next() < 0.5) await shard.deliver(mail("o".repeat(30_000), { targets: targets(BERT) }));
      }
      const other = await made(shard, "Other");
      const picked: number[] = [];
      for (let i = 0; i < 40; i++) {
        const uid = 1 + Math.floor(random.next() * 300);
        picked.push(uid);
        const [from, to] = [{ account: ANNA, mailbox: 1 }, { account: ANNA, mailbox: other }];
        await shard.copy({ from, to, uids: [uid], quotaBytes: 0, move: false, savedMs: 0 });
      }
      const check = () => {
        assertEquals(bodies(shard), Array.from({ length: 300 }, (_, i) => text(i)));
        assertEquals(bodies(shard, other), picked.map((uid) => text(uid - 1)));
        assertEquals(bodies(shard, other, text(picked[0]! - 1).length).length, 1);
      };
      check();
      const before = segmentFiles(dir);
      await shard.purge(BERT);
      for (let i = 0; i < 400; i++) {
        clock.advance(1_000);
        if (i % 40 === 0) check();
      }
      assert(!segmentFiles(dir).includes(before[0]!), "segments were compacted");
      check();
    });
  }, { clock, limits: { segmentBytesMax: 200_000 } });
});

Deno.test("a body that is damaged is missing, and so is one whose segment is gone; those around them are right", () =>
  inDirectory(async (dir, use) => {
    const damaged: number[] = [];
    await use(async (shard) => {
      for (let i = 0; i < 60; i++) await shard.deliver(mail(text(i)));
    });
    const [path] = segmentFiles(dir);
    const bytes = readFileSync(path!);
    for (const i of [0, 17, 59]) {
      bytes[bytes.indexOf(`body ${i} `) + 2]! ^= 1;
      damaged.push(i);
    }
    // The header of the record before the body of another: the way to it is lost, not the body.
    bytes[bytes.indexOf("body 30 ") - 20]! ^= 1;
    // Its magic.
    bytes[bytes.indexOf("body 40 ") - 32]! ^= 1;
    writeFileSync(path!, bytes);
    const expected = Array.from({ length: 60 }, (_, i) => damaged.includes(i) ? null : text(i));
    await use((shard) => assertEquals(bodies(shard), expected));
    unlinkSync(path!);
    await use((shard) => assertEquals(bodies(shard), expected.map(() => null)));
  }));

Deno.test("what lies behind the committed end of a segment is no body, however much it looks like the one wanted", () =>
  inDirectory(async (dir, use) => {
    await use(async (shard) => {
      await shard.deliver(mail("the first body"));
      await shard.deliver(mail("the second body"));
    });
    const [path] = segmentFiles(dir);
    const second = readFileSync(path!).indexOf("the second body") - RECORD_HEADER_BYTES;
    const first = { segment: 1, offset: 0, length: 14, crc: 0, refs: 1, indexBytes: 0 };
    const found = (end: number, open: boolean) => {
      const index = { get: () => encodeSegmentUse({ bytes: open ? 0 : end, dead: 0 }) } as unknown as IndexEnv;
      const position = open ? { segment: 1, offset: end, tail: 0 } : { segment: 2, offset: 9_999, tail: 0 };
      const segments = new Segments(dirname(path!), nodeFiles(), DEFAULT_LIMITS, position);
      const [walk, rooms] = [new RecordWalk({ index, segments }), new Rooms()];
      assertEquals(new TextDecoder().decode(walk.jump(first, rooms)), "the first body");
      const head = walk.to(2, rooms);
      if (head !== null) assertEquals(new TextDecoder().decode(walk.body), "the second body");
      segments.close();
      return head !== null;
    };
    for (const open of [true, false]) {
      const end = second + RECORD_HEADER_BYTES + 15;
      const ends = [second, second + RECORD_HEADER_BYTES, end - 1, end];
      assertEquals(ends.map((bytes) => found(bytes, open)), [false, false, false, true]);
    }
  }));
