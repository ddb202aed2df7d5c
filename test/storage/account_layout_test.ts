import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { Setting } from "../../src/storage/account/change.ts";
import { mailboxObjectId } from "../../src/storage/account/fixed_mailboxes.ts";
import {
  allBlockCounts,
  allKeywords,
  allKeywordSets,
  allRemoved,
  allSettings,
  annotationsBetween,
  besidesMailOf,
  blockCountsKey,
  changeKey,
  type Key,
  type KeyRange,
  keywordIdsKey,
  keywordKey,
  keywordSetKey,
  mailboxKey,
  piecesOfSetting,
  rangesOfMailbox,
  readAnnotationUid,
  readBlockCountsChunk,
  readKeywordId,
  readKeywordSet,
  readMailKey,
  readSettingName,
  readTreeName,
  removedKey,
  rowsKey,
  settingKey,
  treeBelow,
  treeKey,
  treeNames,
} from "../../src/storage/layout/keys.ts";
import { decodeTreeHead, decodeTreeRow, encodeTreeHead, encodeTreeRow } from "../../src/storage/account/tree_rows.ts";
import { decodeOp, encodeOp } from "../../src/storage/layout/values.ts";

const SEED = { seed: 20261126 };
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const account = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 1,
  maxLength: 64,
});
const mailbox = fc.integer({ min: 1, max: 0xffff_ffff });
const text = fc.string({
  unit: fc.constantFrom("a", "b", "/", "0", ".", "ü", "語", "\u0001"),
  minLength: 1,
  maxLength: 12,
});
const ids = fc.uint8Array({ min: 1, minLength: 1, maxLength: 255 });

function inside(key: Key, { start, end }: KeyRange): boolean {
  return Buffer.compare(key, start) >= 0 && Buffer.compare(key, end) < 0;
}

Deno.test("names of a tree are read back, sort by their octets, and those below a name form a range", () => {
  fc.assert(
    fc.property(account, account, text, text, (owner, other, a, b) => {
      assertEquals(readTreeName(treeKey(owner, a)), a);
      const order = Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      assertEquals(Math.sign(Buffer.compare(treeKey(owner, a), treeKey(owner, b))), order);
      assertEquals(inside(treeKey(owner, b), treeBelow(owner, a)), b.startsWith(`${a}/`));
      assertEquals(inside(treeKey(other, b), treeNames(owner)), other === owner);
      assert(!inside(treeKey(owner, ""), treeNames(owner)));
      assertEquals(inside(treeKey(other, ""), besidesMailOf(owner)[0]!), other === owner);
    }),
    SEED,
  );
});

Deno.test("the pieces of a setting are a range, and nothing else lies in it", () => {
  const kind = fc.constantFrom(1, 2);
  fc.assert(
    fc.property(account, mailbox, mailbox, kind, kind, text, text, (owner, m, n, k, l, a, b) => {
      for (const part of [0, 255]) {
        const key = settingKey(owner, n, l, b, part);
        assertEquals(readSettingName(key), b);
        assertEquals(inside(key, piecesOfSetting(owner, m, k, a)), m === n && k === l && a === b);
        assertEquals(inside(key, allSettings(owner, m, k)), m === n && k === l);
      }
    }),
    SEED,
  );
});

Deno.test("annotations of messages lie by UID among the settings of their mailbox (seeded)", () => {
  const name = fc.tuple(fc.constantFrom("p/", "s/"), fc.string({ maxLength: 20 })).map(([scope, text]) => {
    return scope + text.replaceAll("\0", "");
  });
  fc.assert(
    fc.property(account, mailbox, mailbox, u32, u32, u32, name, (owner, m, n, uid, one, other, text) => {
      const key = settingKey(owner, m, Setting.annotation, uid.toString(16).padStart(8, "0") + text, 1);
      const [first, last] = [Math.min(one, other), Math.max(one, other)];
      assertEquals(readAnnotationUid(key), uid);
      assertEquals(inside(key, annotationsBetween(owner, n, first, last)), m === n && uid >= first && uid <= last);
      assert(inside(key, annotationsBetween(owner, m, uid, uid)));
      assert(!inside(settingKey(owner, m, 1, text, 0), annotationsBetween(owner, m, 0, 0xffff_ffff)));
      assert(rangesOfMailbox(owner, m).some((range) => inside(key, range)));
    }),
    SEED,
  );
  assert(settingKey("a".repeat(64), 1, Setting.annotation, `${"f".repeat(8)}s${"/".repeat(200)}`, 0).length <= 511);
});

Deno.test("keys beside the rows of a mailbox are read back and lie in its ranges, and in no other's", () => {
  fc.assert(
    fc.property(account, account, mailbox, mailbox, u32, ids, (owner, other, m, n, number, some) => {
      const set = number % 2 ** 24;
      const keys = [
        rowsKey(owner, m, number % 2 ** 26),
        blockCountsKey(owner, m, number),
        changeKey(owner, m, 2 ** 48 - 1, 0xffff),
        keywordKey(owner, m, 255),
        keywordSetKey(owner, m, set),
        keywordIdsKey(owner, m, some),
        settingKey(owner, m, 2, "x", 0),
      ];
      for (const key of keys) {
        assertEquals(rangesOfMailbox(other, n).some((range) => inside(key, range)), owner === other && m === n);
        assert(key.length <= 511);
      }
      assert(!rangesOfMailbox(owner, m).some((range) => inside(mailboxKey(owner, m), range)));
      assertEquals(readBlockCountsChunk(keys[1]!), number);
      assertEquals(readKeywordId(keys[3]!), 255);
      assertEquals(readKeywordSet(keys[4]!), set);
      const kinds = [allBlockCounts(owner, m), allKeywords(owner, m), allKeywordSets(owner, m)];
      assertEquals([1, 3, 4, 5].map((i) => kinds.findIndex((range) => inside(keys[i]!, range))), [0, 1, 2, -1]);
      assertEquals(readMailKey(removedKey(owner, m)), { account: owner, mailbox: m });
      assert(inside(removedKey(owner, m), allRemoved()));
    }),
    SEED,
  );
});

Deno.test("rows of a tree come out as they went in", () => {
  const row = fc.record({
    mailbox: u32,
    specialUse: fc.constantFrom(null, "all", "archive", "trash"),
    subscribed: fc.boolean(),
    last: u32,
  });
  const mailboxNext = fc.integer({ min: 7, max: 0x1_0000_0000 });
  const head = fc.record({ mailboxNext, epochNext: u32, retired: u32, names: u32, former: u32 });
  fc.assert(
    fc.property(row, head, (row, head) => {
      assertEquals(decodeTreeRow(encodeTreeRow(row)), row);
      assertEquals(decodeTreeHead(encodeTreeHead(head)), head);
    }),
    SEED,
  );
});

Deno.test("the answer to an append of a thousand messages is as short as that to one", () => {
  const targets = Array.from(
    { length: 1_000 },
    (_, i) => ({ account: "anna", mailbox: 3, uid: 77 + i, uidValidity: 5 }),
  );
  const stored = encodeOp({ targets });
  assertEquals(decodeOp(stored), { targets });
  assert(stored.length < 30);
});

Deno.test("an object id of a mailbox has the letters that RFC 8474 allows, and no other mailbox has it", () => {
  fc.assert(
    fc.property(account, account, mailbox, mailbox, (a, b, m, n) => {
      const id = mailboxObjectId(a, m);
      assert(/^[A-Za-z][0-9A-Za-z_-]{0,254}$/.test(id), id);
      assertEquals(id === mailboxObjectId(b, n), a === b && m === n);
    }),
    SEED,
  );
});
