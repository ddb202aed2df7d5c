import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { asFailure, Failure } from "../../src/base/mod.ts";
import type { AccountId } from "../../src/mail/account.ts";
import { SPECIAL_USES } from "../../src/mail/mailbox_name.ts";
import { NO_RANGES, type Ranges, rangesOf, rangesOfRising } from "../../src/mail/ranges.ts";
import { Setting } from "../../src/storage/account/change.ts";
import { RowWriter } from "../../src/storage/layout/row_codec.ts";
import { decodeShardGroup, encodeShardGroup } from "../../src/storage/shard_group.ts";
import type { Appending, ShardOp } from "../../src/storage/shard_log.ts";

const SEED = { seed: 11 };
const printable = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
const account = fc.array(printable, { minLength: 1, maxLength: 64 }).map((some) => some.join(""));
const text = fc.string({ maxLength: 300 });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const u48 = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const flags = fc.integer({ min: 0, max: 31 });
const rising = fc.uniqueArray(fc.integer({ min: 1, max: 0xffff_ffff }), { maxLength: 40 }).map((uids) =>
  uids.sort((a, b) => a - b)
);
const names = fc.array(text, { maxLength: 4 });
const delivery = fc.record({ account, mailbox: u32, uid: u32, modSeq: u48, uidValidity: u32 });
const index = fc.option(fc.uint8Array({ minLength: 1, maxLength: 50 }));
const body = { body: u48, size: u48, crc: u32, index, parts: fc.constant([Uint8Array.of(1, 2)]) };
const epochs = fc.array(fc.record({ mailbox: u32, uidValidity: u32 }), { maxLength: 3 });
const treeRow = fc.record({
  mailbox: u32,
  specialUse: fc.constantFrom(null, ...SPECIAL_USES),
  subscribed: fc.boolean(),
  last: u32,
});
const edit = fc.record({
  head: fc.record({ mailboxNext: u48, epochNext: u32, retired: u32, names: u32, former: u32 }),
  rows: fc.array(fc.record({ name: text, row: fc.option(treeRow) }), { maxLength: 5 }),
  made: epochs,
  renewed: epochs,
  removed: fc.array(u32, { maxLength: 5 }),
});

const bytes = fc.uint8Array({ maxLength: 300 });
const annotation = { entry: text, scope: fc.constantFrom("priv", "shared") };

const OPS: { readonly [K in ShardOp["kind"]]: fc.Arbitrary<unknown> } = {
  claim: fc.record({ kind: fc.constant("claim"), node: text }),
  deliver: fc.record({
    kind: fc.constant("deliver"),
    opId: text,
    flags,
    internalDateMs: u48,
    ...body,
    deliveries: fc.array(delivery, { maxLength: 4 }),
  }),
  withdraw: fc.record({
    kind: fc.constant("withdraw"),
    opId: text,
    removals: fc.array(fc.record({ account, mailbox: u32, modSeq: u48, uids: fc.array(u32, { maxLength: 5 }) }), {
      maxLength: 3,
    }),
  }),
  expunge: fc.record({
    kind: fc.constant("expunge"),
    account,
    mailbox: u32,
    modSeq: u48,
    uids: rising.map(rangesOfRising),
  }),
  flags: fc.record({
    kind: fc.constant("flags"),
    account,
    mailbox: u32,
    modSeq: u48,
    uids: rising.map(rangesOfRising),
    add: flags,
    remove: flags,
    unchangedSince: fc.option(u48),
    keywords: fc.option(fc.record({ replace: fc.boolean(), add: names, remove: names })),
  }),
  append: fc.record({
    kind: fc.constant("append"),
    opId: fc.oneof(text, fc.constant("")),
    to: delivery,
    savedMs: u48,
    messages: fc.array(
      fc.record({
        ...{ ...body, flags, keywords: names, internalDateMs: u48 },
        annotations: fc.array(fc.record({ ...annotation, value: bytes }), { maxLength: 3 }),
      }),
      { maxLength: 3 },
    ),
  }),
  copy: fc.record({
    kind: fc.constant("copy"),
    from: fc.record({ account, mailbox: u32 }),
    to: delivery,
    uids: rising.map(rangesOfRising),
    removed: fc.option(u48),
    savedMs: fc.option(u48),
    annotations: fc.constantFrom("all", "shared", "none"),
    within: fc.record({ flags, keywords: fc.boolean() }),
  }),
  annotate: fc.record({
    kind: fc.constant("annotate"),
    account,
    mailbox: u32,
    modSeq: u48,
    uids: rising,
    unchangedSince: fc.option(u48),
    changes: fc.array(fc.record({ ...annotation, value: fc.option(bytes) }), { maxLength: 3 }),
  }),
  tree: fc.record({ kind: fc.constant("tree"), account, edit }),
  settings: fc.record({
    kind: fc.constant("settings"),
    account,
    mailbox: u32,
    setting: fc.constantFrom(...Object.values(Setting)),
    entries: fc.array(fc.tuple(text, fc.option(bytes)), { maxLength: 3 }),
    grown: fc.integer({ min: -1_000_000, max: 1_000_000 }),
  }),
  sweep: fc.record({ kind: fc.constant("sweep"), account, mailbox: u32, limit: u32 }),
  purge: fc.record({ kind: fc.constant("purge"), account, limit: u32 }),
};

const group = fc.record({
  stamp: text,
  seq: u48,
  start: u48,
  flushed: fc.option(u48),
  epoch: u48,
  ageMs: u48,
  ops: fc.array(fc.oneof(...Object.values(OPS)), { maxLength: 6 }) as fc.Arbitrary<ShardOp[]>,
}).map(({ epoch, ageMs, ops, flushed, ...mark }) => ({
  ...mark,
  ...(flushed === null ? {} : { flushed }),
  stale: false,
  record: { version: 1 as const, epoch, incarnation: mark.stamp, ageMs, ops },
}));

/** An op without the bytes that lie before the group. */
function withoutBytes(op: ShardOp): unknown {
  const bare = { parts: [], index: null };
  if (op.kind === "deliver") return { ...op, ...bare };
  return op.kind === "append" ? { ...op, messages: op.messages.map((message) => ({ ...message, ...bare })) } : op;
}

Deno.test("UIDs in a row take an octet each in the log, others as many as they are apart, and none is lost", () => {
  const written = (uids: readonly number[]) => {
    const op = { kind: "annotate", account: "a", mailbox: 1, modSeq: 5, uids, changes: [], unchangedSince: 4 } as const;
    const record = { version: 1, epoch: 1, incarnation: "s", ageMs: 0, ops: [op] } as const;
    const bytes = encodeShardGroup({ stamp: "s", seq: 1, start: 0, stale: false, record });
    assertEquals(decodeShardGroup(bytes.slice()).record.ops, [op]);
    return bytes.length;
  };
  const row = (length: number, from = 1) => Array.from({ length }, (_, i) => from + i);
  const none = written([]);
  for (const length of [100, 200, 1_000, 10_000]) {
    assertEquals(written(row(length)) - none, length + (length < 128 ? 0 : 1));
    assertEquals(written(row(length, 0xffff_ffff - length + 1)) - none, length + (length < 128 ? 4 : 5));
  }
  assertEquals(written([127, 254, 382, 16_765, 33_149]) - none, 1 + 1 + 2 + 2 + 3);
  assertThrows(() => written([2, 2]));
  assertThrows(() => written([3, 2]));
});

const FLAGS = { kind: "flags", account: "a", mailbox: 1, modSeq: 5, add: 1, remove: 2, unchangedSince: 4 } as const;

const EXPUNGE = { kind: "expunge", account: "a", mailbox: 1, modSeq: 5 } as const;

Deno.test("a change of flags or a removal takes a few octets in the log for each range of UIDs, however long it is", () => {
  const written = (...uids: number[]) => {
    const ops = [{ ...FLAGS, keywords: null, uids: rangesOf(uids, 0) }, { ...EXPUNGE, uids: NO_RANGES }];
    const removing = [{ ...ops[0]!, uids: NO_RANGES }, { ...EXPUNGE, uids: rangesOf(uids, 0) }];
    const bytes = encoded(ops);
    assertEquals(encoded(removing), bytes);
    return bytes;
  };
  const encoded = (ops: ShardOp[]) => {
    const record = { version: 1, epoch: 1, incarnation: "s", ageMs: 0, ops } as const;
    const bytes = encodeShardGroup({ stamp: "s", seq: 1, start: 0, stale: false, record });
    assertEquals(decodeShardGroup(bytes.slice()).record.ops, ops);
    return bytes.length;
  };
  const none = written();
  assertEquals(written(7, 7) - none, 2);
  assertEquals(written(1, 100_000) - none, 4);
  assertEquals(written(1, 0xffff_ffff) - none, 6);
  assertEquals(written(0xffff_ffff, 0xffff_ffff) - none, 6);
  assertEquals(written(5, 127, 200, 10_000, 10_002, 10_002) - none, 2 + 3 + 2);
  assertThrows(() => encodeFlags([3, 3, 3, 4]));
  assertThrows(() => encodeFlags([3, 2]));
  assertThrows(() => encodeFlags([0, 2]));
});

function encodeFlags(uids: readonly number[]): Uint8Array {
  const op: ShardOp = { ...FLAGS, keywords: null, uids: uids as Ranges };
  const record = { version: 1, epoch: 1, incarnation: "s", ageMs: 0, ops: [op] } as const;
  return encodeShardGroup({ stamp: "s", seq: 1, start: 0, stale: false, record });
}

Deno.test("a change of flags is read from a log up to schema 4, which named each UID", () => {
  const row = new RowWriter().u8(1).u8(0).text("s").u48(1).u48(0).u48(1).u48(0).count(1);
  row.u8(5).text("a").u32(1).u48(5).rising([2, 3, 4, 9, 200]).u8(1).u8(2).u8(1).u48(4).u8(0);
  const uids = [2, 4, 9, 9, 200, 200];
  assertEquals(decodeShardGroup(row.bytes()).record.ops, [{ ...FLAGS, keywords: null, uids }] as never);
  const kindAt = new RowWriter().u8(1).u8(0).text("s").u48(1).u48(0).u48(1).u48(0).count(1).bytes().length;
  assertEquals([row.bytes()[kindAt], encodeFlags([2, 2])[kindAt]], [5, 13]);
});

const COPY = {
  kind: "copy",
  from: { account: "a" as AccountId, mailbox: 1 },
  to: { account: "b", mailbox: 2, uid: 7, modSeq: 9, uidValidity: 3 },
  removed: 8,
  savedMs: null,
  annotations: "shared",
} as const;

Deno.test("a removal is read from a log up to schema 4, which named each UID", () => {
  const row = new RowWriter().u8(1).u8(0).text("s").u48(1).u48(0).u48(1).u48(0).count(1);
  row.u8(4).text("a").u32(1).u48(5).rising([2, 3, 4, 9, 200]);
  const uids = [2, 4, 9, 9, 200, 200];
  assertEquals(decodeShardGroup(row.bytes()).record.ops, [{ ...EXPUNGE, uids }] as never);
});

Deno.test("a copy is read from a log up to schema 4, which named each UID: all flags and keywords go with it", () => {
  const row = new RowWriter().u8(1).u8(0).text("s").u48(1).u48(0).u48(1).u48(0).count(1);
  row.u8(7).text("a").u32(1).text("b").u32(2).u32(7).u48(9).u32(3).rising([2, 3, 4, 9]).u8(1).u48(8).u8(0).u8(1);
  const op: ShardOp = { ...COPY, uids: rangesOfRising([2, 3, 4, 9]), within: { flags: 31, keywords: true } };
  assertEquals(decodeShardGroup(row.bytes()).record.ops, [op]);
});

Deno.test("a copy takes a few octets in the log for each range of UIDs, and one for the flags that go with it", () => {
  const written = (uids: readonly number[], keywords: boolean) => {
    const op: ShardOp = { ...COPY, uids: rangesOf(uids, 0), within: { flags: 9, keywords } };
    const record = { version: 1, epoch: 1, incarnation: "s", ageMs: 0, ops: [op] } as const;
    const bytes = encodeShardGroup({ stamp: "s", seq: 1, start: 0, stale: false, record }).slice();
    assertEquals(decodeShardGroup(bytes).record.ops, [op]);
    return bytes;
  };
  const none = written([], true).length;
  assertEquals(written([1, 100_000], false).length - none, 4);
  const bytes = written([1, 2], true);
  assertEquals(bytes.at(-1), 9 + 32);
  bytes[bytes.length - 1] = 64;
  assertThrows(() => decodeShardGroup(bytes), Failure);
});

Deno.test("a group comes out of the log as it went in, but for the bytes of its bodies, which it names", () => {
  fc.assert(
    fc.property(group, (written) => {
      const { bodies, ...read } = decodeShardGroup(encodeShardGroup(written).slice());
      const ops = written.record.ops.map(withoutBytes);
      assertEquals(read, { ...written, record: { ...written.record, ops } } as never);
      const held = written.record.ops.flatMap((op): readonly Pick<Appending, "body" | "size" | "crc" | "index">[] =>
        op.kind === "deliver" ? [op] : op.kind === "append" ? op.messages : []
      );
      const named = held.map(({ body, size, crc, index }) => ({ body, size, crc, indexBytes: index?.length ?? 0 }));
      assertEquals(bodies, named);
    }),
    { ...SEED, numRuns: 500 },
  );
});

Deno.test("a bound that no MODSEQ reaches, or none at all, holds nobody back after it was written down", () => {
  const since = (unchangedSince: number) => {
    const op: ShardOp = {
      kind: "flags",
      account: "anna",
      mailbox: 1,
      modSeq: 9,
      uids: rangesOfRising([1]),
      add: 1,
      remove: 0,
      unchangedSince,
      keywords: null,
    };
    const record = { version: 1 as const, epoch: 1, incarnation: "x", ageMs: 0, ops: [op] };
    const [read] =
      decodeShardGroup(encodeShardGroup({ stamp: "x", seq: 1, start: 0, stale: false, record })).record.ops;
    assert(read?.kind === "flags");
    return read.unchangedSince;
  };
  const most = 2 ** 48 - 1;
  assertEquals([5, 5.5, -1, 2 ** 63, Infinity, NaN].map(since), [5, 5, 0, most, most, most]);
});

Deno.test("a group of a record that came too late holds none of it", () => {
  const record = {
    version: 1 as const,
    epoch: 3,
    incarnation: "x",
    ageMs: 4,
    ops: [{ kind: "claim", node: "n" }] as const,
  };
  const read = decodeShardGroup(encodeShardGroup({ stamp: "x", seq: 1, start: 0, stale: true, record }));
  assertEquals([read.stale, read.record.ops, read.bodies], [true, [], []]);
});

Deno.test("bytes that are no group, or not all of one, or changed, end in a Failure and nothing else", () => {
  fc.assert(
    fc.property(group, fc.nat(), fc.nat(), fc.uint8Array({ maxLength: 200 }), (written, at, mask, noise) => {
      const bytes = encodeShardGroup(written).slice();
      assertThrows(() => decodeShardGroup(bytes.subarray(0, at % bytes.length)), Failure);
      const changed = bytes.slice();
      changed[at % bytes.length]! ^= mask % 256;
      for (const some of [changed, noise, Uint8Array.of(1, 0, ...noise)]) {
        try {
          decodeShardGroup(some);
        } catch (error) {
          if (asFailure(error) === null) throw error;
        }
      }
    }),
    { ...SEED, numRuns: 500 },
  );
});
