import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { asFailure } from "../../../src/base/mod.ts";
import type { ScheduleRow, StoredItem } from "../../../src/storage/mod.ts";
import type { Key } from "../../../src/storage/layout/keys.ts";
import {
  destinationFrom,
  destinationKey,
  itemKey,
  itemsBetween,
  mailIdKey,
  mailsOfId,
  messageKey,
  readNumber,
  scheduleFrom,
  scheduleKey,
} from "../../../src/storage/queue/keys.ts";
import {
  BLOCK_ITEMS,
  decodeItem,
  decodeItemOwner,
  decodeMessage,
  decodeOp,
  decodeSuspension,
  encodeItem,
  encodeMessage,
  encodeOp,
  encodeSuspension,
  readSchedule,
  ScheduleBlock,
} from "../../../src/storage/queue/values.ts";
import type { QueueStep } from "../../../src/storage/queue/delta.ts";
import { decodeGroup, encodeGroup } from "../../../src/storage/queue/log_group.ts";
import { RowReader, RowWriter } from "../../../src/storage/layout/row_codec.ts";
import { envelope } from "./support.ts";

const SEED = { seed: 20261126 };
const BOUNDS = { attemptsKeptMax: 16, noteTextMax: 512 };

const u48 = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const count = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const text = fc.string({ unit: "grapheme", maxLength: 60 });
const code = fc.option(fc.integer({ min: 0, max: 999 }));
const reply = fc.record({ code, status: text, text });
const notify = fc.option(fc.subarray(["success", "failure", "delay"] as const));
const recipient = fc.record({ address: text, notify, orcpt: fc.option(text), last: fc.option(reply) });
const note = fc.record({ atMs: u48, host: fc.option(text), tls: fc.option(text), code, status: text, text });
const storedItem: fc.Arbitrary<StoredItem> = fc.record({
  item: u48,
  message: u48,
  destination: text,
  dueMs: u48,
  held: fc.boolean(),
  attempts: fc.integer({ min: 0, max: 1e6 }),
  warned: fc.boolean(),
  recipients: fc.array(recipient, { maxLength: 5 }),
  notes: fc.array(note, { maxLength: 16 }),
});

function compare(a: Key, b: Key): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

Deno.test("a row's numbers and texts come out as they went in, and nothing is left over", () => {
  fc.assert(
    fc.property(u48, count, text, fc.option(text), (large, small, some, maybe) => {
      const row = new RowWriter().u8(7).u48(large).count(small).text(some).maybe(maybe).u32(0xffff_fffe).bytes();
      const reader = new RowReader(row, "test");
      assertEquals(
        [reader.u8(), reader.u48(), reader.count(), reader.text(), reader.maybe(), reader.u32()],
        [7, large, small, some, maybe, 0xffff_fffe],
      );
      reader.end();
    }),
    SEED,
  );
});

Deno.test("an item comes out of its row as it went in", () => {
  fc.assert(
    fc.property(storedItem, (item) => {
      const row = encodeItem(item, BOUNDS);
      assertEquals(decodeItem(row, item.item), item);
      assertEquals(decodeItemOwner(row, item.item), { message: item.message, destination: item.destination });
    }),
    SEED,
  );
});

Deno.test("an item of one recipient with three attempts stays far below the size of a page", () => {
  const last = { code: 451, status: "4.7.1", text: "t".repeat(120) };
  const note = { atMs: 1, host: "mx.example.test [192.0.2.1]:25", tls: "TLSv1.3 TLS_AES_128_GCM_SHA256", ...last };
  const address = "somebody@example.test";
  const row = encodeItem({
    message: 1,
    destination: "example.test",
    dueMs: 1,
    held: false,
    attempts: 3,
    warned: false,
    recipients: [{ address, notify: null, orcpt: null, last }],
    notes: [note, note, note],
  }, BOUNDS);
  assert(row.length < 1_000, `${row.length} bytes`);
});

Deno.test("messages, opIds and suspensions come out of their rows as they went in", () => {
  fc.assert(
    fc.property(u48, count, u48, text, fc.option(u48), (large, items, size, id, untilMs) => {
      const message = { firstItem: large, items, size, createdMs: large, envelope: envelope(id, { sender: id }) };
      assertEquals(decodeMessage(encodeMessage(message), 1), message);
      const op = { message: size, firstItem: large, items };
      assertEquals(decodeOp(encodeOp(op)), op);
      assertEquals(decodeSuspension(encodeSuspension(untilMs)), untilMs);
    }),
    SEED,
  );
});

Deno.test("a group of the log comes out as it went in; damaged, it is another or refused as corrupt, never anything else", () => {
  const items = fc.array(storedItem, { minLength: 1, maxLength: 3 });
  const mail = fc.record({
    opId: text,
    message: u48,
    size: u48,
    crc: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    id: text,
    envelope: text,
    items,
  });
  const until = fc.oneof(u48, fc.constant("forever" as const), fc.constant("resume" as const));
  const step = fc.oneof(
    fc.record({ kind: fc.constant("mail" as const), mail }),
    fc.record({ kind: fc.constant("item" as const), item: u48, next: fc.option(storedItem) }),
    fc.record({ kind: fc.constant("suspend" as const), destination: text, until }),
  );
  const damage = fc.record({ at: fc.nat(), flip: fc.integer({ min: 1, max: 255 }) });
  fc.assert(
    fc.property(
      u48,
      u48,
      u48,
      text,
      fc.array(step, { maxLength: 5 }),
      damage,
      (seq, start, timeMs, stamp, raw, { at, flip }) => {
        const steps = raw.map((one): QueueStep => {
          if (one.kind === "item") return { ...one, next: one.next && { ...one.next, item: one.item } };
          if (one.kind === "suspend") return one;
          const numbered = one.mail.items.map((item, i) => ({ ...item, item: 7 + i }));
          return { kind: "mail", mail: { ...one.mail, createdMs: timeMs, items: numbered } };
        });
        const group = { stamp, seq, start, timeMs, wallMs: start, steps };
        const bytes = encodeGroup(group, BOUNDS).slice();
        assertEquals(decodeGroup(bytes), group);
        bytes[at % bytes.length]! ^= flip;
        for (const damaged of [bytes, bytes.subarray(0, at % bytes.length)]) {
          try {
            decodeGroup(damaged);
          } catch (error) {
            assertEquals(asFailure(error)?.kind, "corrupt", String(error));
          }
        }
      },
    ),
    SEED,
  );
});

Deno.test("a damaged row is read as another value or refused as corrupt, never anything else", () => {
  fc.assert(
    fc.property(storedItem, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.boolean(), (item, at, flip, short) => {
      const row = encodeItem(item, BOUNDS).slice();
      row[at % row.length]! ^= flip;
      const damaged = short ? row.subarray(0, at % row.length) : row;
      for (const read of [decodeItem, decodeItemOwner, decodeMessage]) {
        try {
          read(damaged, 1);
        } catch (error) {
          assertEquals(asFailure(error)?.kind, "corrupt", String(error));
        }
      }
    }),
    SEED,
  );
});

Deno.test("a block of the schedule holds what a map would", () => {
  const step = fc.record({
    slot: fc.nat({ max: BLOCK_ITEMS - 1 }),
    dueMs: u48,
    held: fc.boolean(),
    remove: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.nat({ max: 1e9 }),
      fc.array(step, { maxLength: 150 }),
      fc.nat({ max: 63 }),
      (number, steps, from) => {
        const block = new ScheduleBlock(number, undefined);
        const map = new Map<number, ScheduleRow>();
        for (const { slot, dueMs, held, remove } of steps) {
          const item = number * BLOCK_ITEMS + slot;
          if (remove) {
            block.remove(item);
            map.delete(item);
          } else {
            block.set({ item, dueMs, held });
            map.set(item, { item, dueMs, held });
          }
        }
        const rows: ScheduleRow[] = [];
        const stored = new ScheduleBlock(number, block.bytes().slice()).bytes();
        const after = number * BLOCK_ITEMS + from;
        readSchedule({ block: number, stored }, after, { rows, limit: 20 });
        const expected = [...map.values()].filter(({ item }) => item > after).sort((a, b) => a.item - b.item);
        assertEquals(rows, expected.slice(0, 20));
        assertEquals(block.rows, map.size);
      },
    ),
    SEED,
  );
});

Deno.test("keys sort as their numbers do, and ranges hold what they name and nothing else", () => {
  fc.assert(
    fc.property(text, text, u48, u48, (name, other, a, b) => {
      const order = Math.sign(a - b);
      const makers = [
        itemKey,
        messageKey,
        scheduleKey,
        (n: number) => destinationKey(name, n),
        (n: number) => mailIdKey(name, n),
      ];
      for (const make of makers) {
        assertEquals(Math.sign(compare(make(a), make(b))), order);
        assertEquals(readNumber(make(a)), a);
      }
      const within = ({ start, end }: { start: Key; end: Key }, key: Key) =>
        compare(start, key) <= 0 && compare(key, end) < 0;
      assertEquals(within(itemsBetween(b, b + 5), itemKey(a)), a >= b && a < b + 5);
      assertEquals(within(scheduleFrom(b), scheduleKey(a)), a >= b);
      assertEquals(within(destinationFrom(name, b), destinationKey(name, a)), a >= b);
      assertEquals(within(destinationFrom(name, 0), destinationKey(other, a)), name === other);
      assertEquals(within(mailsOfId(name), mailIdKey(other, a)), name === other);
    }),
    SEED,
  );
});
