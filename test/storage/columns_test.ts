import { assert, assertEquals } from "@std/assert";
import { rmSync } from "node:fs";
import { type Clock, FakeClock, type Log, seededRandom, SILENT, utf8 } from "../../src/base/mod.ts";
import type { MailboxName } from "../../src/mail/mailbox_name.ts";
import { ColumnBlock, type ColumnText, encodeColumnBlock } from "../../src/storage/columns/block.ts";
import { LmdbIndex } from "../../src/storage/disk/index_env.ts";
import { columnKey, columnsOfBlock } from "../../src/storage/layout/keys.ts";
import {
  type MailStore,
  type MailStoreOptions,
  nodeFiles,
  openMailStore,
  shardDirectory,
} from "../../src/storage/mod.ts";
import type { ShardStore } from "../../src/storage/mod.ts";
import { columnOf, COLUMNS, columnText, deliverIndexed, isKept, rest, rowsOf } from "./columns_support.ts";
import { ANNA, BERT, diskOptions, made, mail, targets, temporaryDirectory } from "./support.ts";

interface World {
  readonly clock: FakeClock;
  readonly dir: string;
  /** Opens the store, and closes it behind. */
  use(
    run: (shard: ShardStore, store: MailStore) => Promise<void> | void,
    more?: Partial<MailStoreOptions>,
  ): Promise<void>;
  /** Reads of segments since it was set to 0. */
  reads: number;
  /** Lines of the log. */
  readonly lines: string[];
}

async function inWorld(run: (world: World) => Promise<void>): Promise<void> {
  const dir = temporaryDirectory();
  const clock = new FakeClock();
  const lines: string[] = [];
  const note = (event: string) => void lines.push(event);
  const log: Log = { ...SILENT, warn: note, error: note, child: () => log };
  const files = nodeFiles();
  const world: World = {
    ...{ clock, dir, lines, reads: 0 },
    async use(body, more = {}) {
      const read: typeof files.read = (...args) => {
        world.reads++;
        return files.read(...args);
      };
      const options = { clock, log, columns: COLUMNS, files: { ...files, read }, ...more };
      const store = await openMailStore(diskOptions(dir, options));
      try {
        await body(store.shard(0), store);
      } finally {
        await store.close();
      }
    },
  };
  try {
    await run(world);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Changes what is kept of block 0 of anna's INBOX, while the store is closed. */
async function tamper(dir: string, change: (stored: Uint8Array) => Uint8Array): Promise<void> {
  const index = new LmdbIndex(`${shardDirectory(dir, 0)}/index.mdb`);
  const key = columnKey(ANNA, 1, 0, 0);
  const stored = index.get(key);
  assert(stored !== undefined, "the block is kept");
  index.commit(() => index.put(key, change(stored)));
  index.close();
  await index.gone();
}

/** Numbers of the values that are kept of each of the first blocks of a mailbox. */
async function keptValues(dir: string, mailbox = 1, account: string = ANNA): Promise<number[]> {
  const index = new LmdbIndex(`${shardDirectory(dir, 0)}/index.mdb`);
  const counts = [0, 1, 2].map((block) => index.range({ ...columnsOfBlock(account, mailbox, block), limit: 9 }).length);
  index.close();
  await index.gone();
  return counts;
}

const texts = (column: number, messages: number) => Array.from({ length: messages }, (_, i) => columnText(i, column));

Deno.test("blocks are kept when they are complete, and then no message is looked at for what they say", () =>
  inWorld(async (world) => {
    await world.use(async (shard) => {
      await deliverIndexed(shard, 0, 130);
      for (let i = 0; i < 5; i++) {
        world.clock.advance(500);
        assertEquals(isKept(shard, 1), false, "mail that comes goes first");
      }
      rest(world.clock);
      assertEquals([1, 63, 64, 127, 128].map((uid) => isKept(shard, uid)), [true, true, true, true, false]);
      for (const column of [0, 1]) assertEquals(columnOf(shard, column), texts(column, 130));
      await shard.expunge(ANNA, 1, [128, 129, 130]);
      world.reads = 0;
      for (const column of [0, 1]) assertEquals(columnOf(shard, column), texts(column, 127));
      assertEquals(world.reads, 0);
    });
    await world.use((shard) => {
      world.reads = 0;
      assertEquals(columnOf(shard, 1), texts(1, 127));
      assertEquals(world.reads, 0, "also when it was opened again");
    });
  }));

Deno.test("a shard that never rests has its blocks made, too, in a twentieth of the time, and faster when it rests", () =>
  inWorld(async (world) => {
    let workMs = 0;
    const clock: Clock = {
      wallMs: () => world.clock.wallMs(),
      monotonicMs: () => world.clock.monotonicMs() + workMs,
      after: (ms, run) => world.clock.after(ms, run),
    };
    const find: typeof COLUMNS.find = (...args) => {
      workMs += 0.5;
      return COLUMNS.find(...args);
    };
    const limits = { unindexedMsMax: 1e9 };
    await world.use(async (shard) => {
      await deliverIndexed(shard, 0, 100 * 64);
      for (let ms = 0; ms < 4_900; ms += 100) world.clock.advance(100);
      assertEquals(workMs, 0, "it might come to rest");
      let sent = 6_400;
      const [firstMs, firstWorkMs] = [clock.monotonicMs(), workMs];
      for (let ms = 0; ms < 60_000; ms += 100) {
        await deliverIndexed(shard, sent, ++sent);
        world.clock.advance(100);
      }
      const share = (workMs - firstWorkMs) / (clock.monotonicMs() - firstMs);
      assert(share > 0.04 && share < 0.054, `${share}`);
      const blocks = () => Array.from({ length: 100 }, (_, i) => 64 * i + 1).filter((uid) => isKept(shard, uid)).length;
      const kept = blocks();
      assert(kept >= 40 && kept < 60, `${kept}`);
      assertEquals(isKept(shard, 1), true);
      for (let ms = 0; ms < 9_000; ms += 100) world.clock.advance(100);
      assertEquals(blocks(), 100);
      assertEquals(columnOf(shard, 0).slice(0, 5_000), texts(0, 5_000));
    }, { clock, limits, columns: { ...COLUMNS, find } });
  }));

Deno.test("what was there before columns were kept is kept when it was read once", () =>
  inWorld(async (world) => {
    await world.use(async (shard) => {
      await deliverIndexed(shard, 0, 70);
      rest(world.clock);
      assertEquals(isKept(shard, 1), false);
    }, { columns: { ...COLUMNS, count: 0 } });
    await world.use((shard) => {
      rest(world.clock);
      assertEquals(columnOf(shard, 0), texts(0, 70));
      rest(world.clock);
      assertEquals([isKept(shard, 1), isKept(shard, 64)], [true, false]);
      assertEquals(columnOf(shard, 0), texts(0, 70));
    });
  }));

Deno.test("a damaged block is complained of, read from the messages, and made anew", () =>
  inWorld(async (world) => {
    await world.use(async (shard) => {
      await deliverIndexed(shard, 0, 70);
      rest(world.clock);
    });
    for (const at of [0, 2, 5, 200, -1]) {
      await tamper(world.dir, (stored) => {
        const bytes = stored.slice();
        bytes[at < 0 ? bytes.length - 1 : at]! ^= 0x10;
        return bytes;
      });
      world.lines.length = 0;
      await world.use(async (shard, store) => {
        const bad = [];
        for await (const event of store.verify()) if (event.type === "bad") bad.push(event.problem);
        assertEquals(bad, ["what is kept of the MIME indexes of UIDs 0 to 63 is damaged"]);
        assertEquals(columnOf(shard, 0), texts(0, 70));
        assertEquals(world.lines, ["what is kept of MIME indexes is damaged"]);
        rest(world.clock);
        world.lines.length = 0;
        assertEquals(isKept(shard, 1), true);
        assertEquals(columnOf(shard, 0), texts(0, 70));
        assertEquals(world.lines, []);
      });
    }
  }));

Deno.test("what was kept of indexes of another version is not used, and made anew", () =>
  inWorld(async (world) => {
    await world.use(async (shard) => {
      await deliverIndexed(shard, 0, 70);
      rest(world.clock);
    });
    const columns = { ...COLUMNS, version: 2 };
    await world.use((shard) => {
      assertEquals(isKept(shard, 1), false);
      assertEquals(columnOf(shard, 0), texts(0, 70));
      rest(world.clock);
      assertEquals(isKept(shard, 1), true);
    }, { columns });
  }));

Deno.test("a block that speaks of other contents is not believed, however whole it is", () =>
  inWorld(async (world) => {
    await world.use(async (shard) => {
      await deliverIndexed(shard, 0, 70);
      rest(world.clock);
    });
    const lies = Array.from({ length: 63 }, (_, i) => ({ uid: 1 + i, content: 500 + i, text: utf8("wrong") }));
    await tamper(world.dir, () => encodeColumnBlock(lies, COLUMNS.version));
    await world.use((shard) => assertEquals(columnOf(shard, 0), texts(0, 70)));
  }));

Deno.test("messages without an index, and texts that are too long to be kept, are answered as ever", () =>
  inWorld(async (world) => {
    await world.use(async (shard) => {
      const expected: (string | null)[] = [];
      for (let i = 0; i < 80; i++) {
        const first = i % 3 === 0 ? null : i % 3 === 1 ? `long ${i} `.repeat(1_000) : `short ${i}`;
        expected.push(first);
        await shard.deliver(mail(`body ${i}`, first === null ? {} : { index: utf8(`${first}|other`) }));
      }
      rest(world.clock);
      assertEquals(isKept(shard, 1), true);
      assertEquals(columnOf(shard, 0), expected);
    });
  }));

Deno.test("copies have columns of their own; an answer ends where it is full, in the middle of a block", () =>
  inWorld(async (world) => {
    await world.use(async (shard) => {
      await deliverIndexed(shard, 0, 20);
      const other = await made(shard, "Other");
      const [from, to] = [{ account: ANNA, mailbox: 1 }, { account: ANNA, mailbox: other }];
      const order: number[] = [];
      for (let round = 0; round < 8; round++) {
        const uids = [3, 9, 1 + round, 20].sort((a, b) => a - b).filter((uid, i, all) => uid !== all[i - 1]);
        await shard.copy({ from, to, uids, quotaBytes: 0, move: false, savedMs: 0 });
        order.push(...uids);
      }
      for (let i = 0; order.length < 100; i++) {
        await shard.copy({ from, to, uids: [1 + i % 20], quotaBytes: 0, move: false, savedMs: 0 });
        order.push(1 + i % 20);
      }
      rest(world.clock);
      assertEquals(isKept(shard, 1, other), true);
      const expected = order.map((uid) => columnText(uid - 1, 0));
      assertEquals(columnOf(shard, 0, other), expected);
      const rows = rowsOf(shard, other);
      const bytesMax = expected.slice(0, 30).join("").length;
      const pieces = shard.contents({
        ...{ rows, what: "index", sizeMax: Infinity, bytesMax, column: { ...to, column: 0 } },
        part: (bytes, place) => COLUMNS.find(0, bytes, place),
      });
      assertEquals(pieces.count, 30);
      assertEquals(new TextDecoder().decode(pieces.bytes), expected.slice(0, 30).join(""));
    });
  }));

Deno.test("what is kept of a block goes when half of its messages are gone; the rest is answered as ever", () =>
  inWorld(async (world) => {
    const gone = Array.from({ length: 64 }, (_, i) => 64 + i);
    await world.use(async (shard) => {
      await deliverIndexed(shard, 0, 200);
      rest(world.clock);
      await shard.expunge(ANNA, 1, gone.slice(0, 31));
      assertEquals(isKept(shard, 100), true);
      const left = texts(0, 200).filter((_, i) => i + 1 < 64 || i + 1 > 94);
      assertEquals(columnOf(shard, 0), left);
      await shard.expunge(ANNA, 1, [95]);
      assertEquals(isKept(shard, 100), false);
      assertEquals(columnOf(shard, 0), left.filter((text) => text !== columnText(94, 0)));
      rest(world.clock);
      assertEquals(isKept(shard, 100), true, "what was read is kept again");
      await shard.expunge(ANNA, 1, gone.slice(32));
    });
    assertEquals(await keptValues(world.dir), [2, 0, 2]);
  }));

Deno.test("nothing is kept of a mailbox that was removed, nor of an account", () =>
  inWorld(async (world) => {
    let other = 0;
    await world.use(async (shard) => {
      await deliverIndexed(shard, 0, 200);
      const index = utf8("a|b");
      for (let i = 0; i < 70; i++) await shard.deliver(mail("b", { targets: targets(BERT), index }));
      other = await made(shard, "Other");
      const uids = Array.from({ length: 150 }, (_, i) => 1 + i);
      const [from, to] = [{ account: ANNA, mailbox: 1 }, { account: ANNA, mailbox: other }];
      await shard.copy({ from, to, uids, quotaBytes: 0, move: false, savedMs: 0 });
      rest(world.clock);
    });
    assertEquals(await keptValues(world.dir, other), [2, 2, 0]);
    assertEquals(await keptValues(world.dir, 1, BERT), [2, 0, 0]);
    await world.use(async (shard) => {
      await shard.removeMailbox(ANNA, "Other" as MailboxName);
      await shard.purge(BERT);
      // The rows of the mailbox go in steps of their own.
      for (let i = 0; i < 20; i++) {
        world.clock.advance(100);
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    assertEquals(await keptValues(world.dir, other), [0, 0, 0]);
    assertEquals(await keptValues(world.dir, 1, BERT), [0, 0, 0]);
    assertEquals(await keptValues(world.dir), [2, 2, 2]);
  }));

Deno.test("where space is short nothing is kept, and all is answered", () =>
  inWorld(async (world) => {
    await world.use(async (shard) => {
      await deliverIndexed(shard, 0, 70);
      rest(world.clock);
      assertEquals(isKept(shard, 1), false);
      assertEquals(columnOf(shard, 0), texts(0, 70));
      assertEquals(shard.health(), "ok");
    }, { files: { ...nodeFiles(), freeBytes: () => 100 * 1024 * 1024 }, limits: { freeBytesMin: 64 * 1024 * 1024 } });
  }));

Deno.test("a block is read as it was written, and no byte of it can be another one unnoticed", () => {
  const random = seededRandom(11);
  const block = new ColumnBlock();
  for (let round = 0; round < 50; round++) {
    const given: ColumnText[] = [];
    for (let uid = 640; uid < 704; uid++) {
      if (random.next() < 0.4) continue;
      const text = utf8("t".repeat(Math.floor(random.next() * 40)) + uid);
      given.push({ uid, content: Math.floor(random.next() * 2 ** 47), text });
    }
    const stored = encodeColumnBlock(given, 7);
    assertEquals(block.read(stored, 7), "ok");
    const read = given.map((_, i) => ({
      uid: 640 + block.slots[i]!,
      content: block.contents[i]!,
      text: block.bytes.slice(block.starts[i]!, block.starts[i + 1]!),
    }));
    assertEquals([block.count, read], [given.length, given]);
    assertEquals(block.read(stored, 8), "other");
    for (let i = 0; i < 40; i++) {
      const damaged = stored.slice();
      damaged[Math.floor(random.next() * damaged.length)]! ^= 1 << Math.floor(random.next() * 8);
      assertEquals(block.read(damaged, 7), "damaged");
      assertEquals(block.read(stored.subarray(0, Math.floor(random.next() * stored.length)), 7), "damaged");
      assertEquals(block.count, 0);
    }
  }
});
