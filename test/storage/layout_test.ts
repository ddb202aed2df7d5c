import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Failure } from "../../src/base/mod.ts";
import { numbersIn, rangesOfRising } from "../../src/mail/ranges.ts";
import {
  bodyKey,
  changeKey,
  changesAfter,
  type Key,
  mailAfter,
  mailboxKey,
  opKey,
  opsOfRecordKey,
  readChangeModSeq,
  readMailKey,
  readRowsBlock,
  readSegmentKey,
  rowsFrom,
  rowsKey,
  segmentKey,
  usageKey,
} from "../../src/storage/layout/keys.ts";
import { FlagChange } from "../../src/storage/flag_change.ts";
import { BLOCK_UIDS, readBlocks, RowBlock, type StoredRow } from "../../src/storage/row_block.ts";
import { getAscii, getU32, getU48, putAscii, putU32, putU48 } from "../../src/storage/layout/pack.ts";
import {
  decodeBody,
  decodeChange,
  decodeMailbox,
  decodeOp,
  decodeUsage,
  encodeBody,
  encodeChange,
  encodeMailbox,
  encodeOp,
  encodeUsage,
} from "../../src/storage/layout/values.ts";

const SEED = { seed: 20261122 };
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const u48 = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const name = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 1,
  maxLength: 64,
});
const mailbox = fc.integer({ min: 1, max: 0xffff_ffff });

function compare(a: Key, b: Key): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

Deno.test("numbers and text come out as they went in", () => {
  fc.assert(
    fc.property(u32, u48, name, (small, large, text) => {
      const bytes = new Uint8Array(10 + text.length);
      putU32(bytes, 0, small);
      putU48(bytes, 4, large);
      putAscii(bytes, 10, text);
      assertEquals([getU32(bytes, 0), getU48(bytes, 4), getAscii(bytes, 10, bytes.length)], [small, large, text]);
    }),
    SEED,
  );
});

Deno.test("keys sort as their numbers do, and are read back", () => {
  fc.assert(
    fc.property(name, mailbox, u48, u48, (account, number, a, b) => {
      const order = Math.sign(a - b);
      assertEquals(Math.sign(compare(bodyKey(a), bodyKey(b))), order);
      assertEquals(Math.sign(compare(opsOfRecordKey(a, 0), opsOfRecordKey(b, 0))), order);
      assertEquals(Math.sign(compare(changeKey(account, number, a, 0), changeKey(account, number, b, 0))), order);
      assertEquals(readChangeModSeq(changeKey(account, number, a, 7)), a);
      const [low, high] = [a % 2 ** 26, b % 2 ** 26];
      const blocks = [rowsKey(account, number, low), rowsKey(account, number, high)] as const;
      assertEquals(Math.sign(compare(...blocks)), Math.sign(low - high));
      assertEquals(readRowsBlock(blocks[0]), low);
      assertEquals(readMailKey(blocks[0]), { account, mailbox: number });
      assertEquals(readMailKey(mailboxKey(account, number)), { account, mailbox: number });
      assertEquals(readSegmentKey(segmentKey(a % 2 ** 32)), a % 2 ** 32);
    }),
    SEED,
  );
});

Deno.test("the ranges of one mailbox and one account hold what is theirs and nothing else", () => {
  const inside = (key: Key, { start, end }: { start: Key; end: Key }) =>
    compare(key, start) >= 0 && compare(key, end) < 0;
  fc.assert(
    fc.property(
      name,
      name,
      mailbox,
      mailbox,
      fc.integer({ min: 0, max: 2 ** 26 - 1 }),
      (account, other, a, b, block) => {
        const same = account === other && a === b;
        assert(inside(rowsKey(account, a, block), rowsFrom(account, a, 0)));
        assert(!inside(mailboxKey(account, a), rowsFrom(account, a, 0)));
        assertEquals(inside(rowsKey(other, b, block), rowsFrom(account, a, 0)), same);
        assertEquals(inside(changeKey(other, b, 5, 0), changesAfter(account, a, 4)), same);
        assert(!inside(changeKey(account, a, 4, 0), changesAfter(account, a, 4)));
        for (const key of [mailboxKey(other, b), usageKey(other), rowsKey(other, b, block)]) {
          assertEquals(inside(key, mailAfter(null, account)), account === other);
          assert(inside(key, mailAfter(null)));
        }
        // Behind a mailbox nothing of it comes again.
        for (const key of [mailboxKey(account, a), rowsKey(account, a, block)]) {
          assert(!inside(key, mailAfter({ account, mailbox: a })));
        }
        if (a === 1) assert(!inside(usageKey(account), mailAfter({ account, mailbox: 1 })));
      },
    ),
    SEED,
  );
});

Deno.test("keys fit LMDB, whatever names are allowed", () => {
  const longest = [changeKey("a".repeat(64), 1, 1, 1), usageKey("a".repeat(64)), opKey("o".repeat(255))];
  for (const key of longest) assert(key.length <= 511);
});

Deno.test("rows of an index come out as they went in", () => {
  const counters = fc.record({
    uidValidity: u32,
    uidNext: fc.integer({ min: 1, max: 2 ** 32 }),
    highestModSeq: u48,
    messages: u32,
    unseen: u32,
    deleted: u32,
    size: u48,
    changesFloor: u48,
    changeRows: u32,
    form: fc.constantFrom("uncounted", "counted", "removed"),
  });
  const place = fc.record({ segment: u32, offset: u32, length: u32, crc: u32, refs: u32, indexBytes: u32 });
  const target = fc.record({ account: name, mailbox, uid: u32, uidValidity: u32 });
  fc.assert(
    fc.property(
      counters,
      place,
      fc.option(fc.array(target, { minLength: 1 })),
      mailbox,
      u48,
      (row, body, targets, number, bytes) => {
        assertEquals(decodeMailbox(encodeMailbox(row)), row);
        assertEquals(decodeBody(encodeBody(body)), body);
        assertEquals(decodeOp(encodeOp({ targets })), { targets });
        assertEquals(decodeUsage(encodeUsage({ bytes, messages: number })), { bytes, messages: number });
      },
    ),
    SEED,
  );
});

Deno.test("a block of rows does what a map would, and stays below 2,000 bytes", () => {
  const step = fc.record({
    slot: fc.integer({ min: 0, max: BLOCK_UIDS - 1 }),
    flags: fc.integer({ min: 0, max: 31 }),
    size: u32,
    wide: u48,
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), fc.integer({ min: 0, max: 2 ** 26 - 1 }), (steps, number) => {
      let block = new RowBlock(number, undefined);
      const model = new Map<
        number,
        Omit<StoredRow, "uid">
      >();
      let next = 0;
      for (const { slot, flags, size, wide } of steps) {
        const uid = number * BLOCK_UIDS + slot;
        const at = block.find(uid);
        assertEquals(at >= 0, model.has(uid));
        if (slot >= next) {
          const row = { flags, keywords: 0, modSeq: wide, size, internalDateMs: wide, body: wide, saved: size };
          block.append({ uid, ...row });
          model.set(uid, row);
          next = slot + 1;
        } else if (flags % 2 === 0) {
          // Also none, and those beyond the last: ranges go over many blocks.
          const last = uid + size % BLOCK_UIDS;
          const gone = [...model].filter(([each]) => each >= uid && each <= last);
          assertEquals(block.take(uid, last) as unknown, gone.map(([uid, row]) => ({ uid, ...row })));
          for (const [each] of gone) model.delete(each);
          assertEquals(block.rows, model.size);
        } else if (at >= 0) {
          const [before, keywords] = [model.get(uid)!, size % 2 ** 24];
          set(block, uid, { flags, keywords, modSeq: wide });
          if (before.flags !== flags || before.keywords !== keywords) {
            model.set(uid, { ...before, flags, keywords, modSeq: wide });
          }
        }
        block = new RowBlock(number, block.bytes().slice());
      }
      const rows = readBlocks([{ key: rowsKey("a", 1, number), value: block.bytes() }]);
      assertEquals(rows, [...model].map(([uid, row]) => ({ uid, ...row })).sort((a, b) => a.uid - b.uid) as never);
      assert(block.bytes().length < 2_000);
    }),
    SEED,
  );
});

/** Gives a row other flags and keywords. */
function set(block: RowBlock, uid: number, row: Pick<StoredRow, "flags" | "keywords" | "modSeq">): void {
  const { flags: add, keywords, modSeq } = row;
  const change = { add, remove: ~add & 0xff, modSeq, unchangedSince: null };
  block.change(uid, uid, new FlagChange(change, { change: () => keywords, move() {} }));
}

/** A block as schema 1 wrote it. */
function oldBlock(rows: readonly Omit<StoredRow, "keywords" | "saved">[]): Uint8Array {
  const bytes = new Uint8Array(30 * rows.length);
  rows.forEach((row, i) => {
    bytes.set([row.uid % BLOCK_UIDS, row.flags], 30 * i);
    putU32(bytes, 30 * i + 4, row.size);
    putU48(bytes, 30 * i + 8, row.modSeq);
    putU48(bytes, 30 * i + 14, row.internalDateMs);
    putU48(bytes, 30 * i + 20, row.body);
  });
  return bytes;
}

Deno.test("a block of schema 1 shows its rows, and takes the present form when it is changed", () => {
  const row = fc.record({
    flags: fc.integer({ min: 0, max: 31 }),
    size: u32,
    modSeq: u48,
    internalDateMs: u48,
    body: u48,
  });
  const slots = fc.subarray(Array.from({ length: BLOCK_UIDS }, (_, i) => i), { minLength: 1 });
  fc.assert(
    fc.property(slots, row, fc.integer({ min: 0, max: 2 ** 26 - 1 }), (slots, row, number) => {
      const rows = slots.map((slot) => ({ uid: number * BLOCK_UIDS + slot, ...row }));
      const expected = rows.map((each) => ({
        ...each,
        keywords: 0,
        saved: Math.min(0xffff_ffff, Math.floor(each.internalDateMs / 1_000)),
      }));
      const key = rowsKey("a", 1, number);
      const stored = oldBlock(rows);
      assertEquals(readBlocks([{ key, value: stored }]), expected);
      const block = new RowBlock(number, stored.slice());
      set(block, rows[0]!.uid, { flags: 31, keywords: 7, modSeq: 9 });
      expected[0] = { ...expected[0]!, flags: 31, keywords: 7, modSeq: 9 };
      assertEquals(readBlocks([{ key, value: block.bytes() }]), expected);
    }),
    SEED,
  );
});

Deno.test("a block changes neither the bytes it was made of nor those it gave out: they are the index's", () => {
  const row = { flags: 0, keywords: 0, modSeq: 1, size: 1, internalDateMs: 1, body: 1, saved: 1 };
  const first = new RowBlock(0, undefined);
  for (let uid = 1; uid <= 6; uid++) first.append({ uid, ...row });
  const changes: ((block: RowBlock) => void)[] = [
    (block) => set(block, 1, { flags: 9, keywords: 9, modSeq: 9 }),
    (block) => block.touch(1, 10),
    (block) => block.take(2, 3),
    (block) => block.append({ uid: 9, ...row }),
  ];
  for (const change of changes) {
    const stored = first.bytes().slice();
    const block = new RowBlock(0, stored);
    const before = stored.slice();
    change(block);
    const given = block.bytes();
    const after = given.slice();
    assert(after.length !== before.length || after.some((octet, i) => octet !== before[i]));
    change(block.rows > 6 ? new RowBlock(0, given) : block);
    for (const other of changes.slice(0, 3)) other(block);
    assertEquals([stored, given], [before, after]);
  }
});

Deno.test("a block that was never written so is damaged, not guessed at", () => {
  for (
    const bytes of [[], [64], [0, 1], [0x82, 1], Array(31).fill(0), Array(65 * 30).fill(0), [
      0x83,
      ...Array(31).fill(0),
    ]]
  ) {
    assertThrows(() => new RowBlock(0, Uint8Array.from(bytes)), Failure, "damaged");
  }
});

Deno.test("changed UIDs come out as they went in, in parts below 2,000 bytes", () => {
  const uids = fc.uniqueArray(fc.integer({ min: 1, max: 5_000 }), { maxLength: 1_500 });
  fc.assert(
    fc.property(uids, fc.constantFrom(1 as const, 2 as const), (some, kind) => {
      const rising = [...some].sort((a, b) => a - b);
      const parts = encodeChange(kind, rangesOfRising(rising));
      assert(parts.every((part) => part.length < 2_000));
      const decoded = parts.map(decodeChange);
      assertEquals(decoded.flatMap((part) => [...numbersIn(part.uids)]), rising);
      assert(decoded.every((part) => part.kind === (kind === 2 ? "expunged" : "flags")));
    }),
    { ...SEED, numRuns: 40 },
  );
});
