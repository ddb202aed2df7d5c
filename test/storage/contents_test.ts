import { assert, assertEquals } from "@std/assert";
import { utf8 } from "../../src/base/mod.ts";
import type { MailboxName } from "../../src/mail/mailbox_name.ts";
import { ALL_COLUMNS, FLAG_COLUMNS, RowColumn, RowColumns } from "../../src/mail/row_columns.ts";
import type { ContentsWanted, ShardStore } from "../../src/storage/mod.ts";
import { ANNA, mail, type Open, openDisk, openMemory } from "./support.ts";

/** Rows of anna's INBOX. */
function rowsOf(shard: ShardStore, mailbox = 1, capacity = 5_000): RowColumns {
  const rows = new RowColumns(capacity);
  const rankOf = () => 0;
  shard.fillRows(ANNA, mailbox, { ranges: [1, 10_000], after: 0, modSeqAbove: 0, rankOf, lookedMax: 10_000 }, rows);
  return rows;
}

/** Pieces as texts, null where one is missing. */
function texts(shard: ShardStore, rows: RowColumns, wanted: Partial<ContentsWanted> = {}): (string | null)[] {
  const whole = { what: "body", sizeMax: Infinity, bytesMax: 1_000_000 } as const;
  const pieces = shard.contents({ rows, ...whole, ...wanted });
  return Array.from({ length: pieces.count }, (_, i) => {
    const piece = pieces.at(i);
    return piece === null ? null : new TextDecoder().decode(piece);
  });
}

async function filled(shard: ShardStore, bodies: readonly string[]): Promise<void> {
  for (const [i, body] of bodies.entries()) await shard.deliver(mail(body, { index: utf8(`index ${i}`) }));
}

for (const [name, open] of [["memory", openMemory], ["disk", openDisk]] as const satisfies [string, Open][]) {
  const inStore = (run: (shard: ShardStore) => Promise<void>) => async () => {
    const opened = await open();
    try {
      await run(opened.shard);
    } finally {
      await opened.close();
    }
  };

  Deno.test(
    `${name}: bodies and indexes come in the order of rows, also of copies that lie in another order`,
    inStore(async (shard) => {
      const bodies = Array.from({ length: 300 }, (_, i) => `body ${i} `.repeat(1 + i % 50));
      await filled(shard, bodies);
      const rows = rowsOf(shard);
      assertEquals(texts(shard, rows), bodies);
      assertEquals(texts(shard, rows, { part: () => true }), bodies);
      assertEquals(texts(shard, rows, { what: "index" }), bodies.map((_, i) => `index ${i}`));
      const made = await shard.createMailbox(ANNA, "Other" as MailboxName, null);
      assert(made.type === "done");
      const to = { account: ANNA, mailbox: made.mailbox };
      for (const pick of [200, 5, 200]) {
        const from = { account: ANNA, mailbox: 1 };
        await shard.copy({ from, to, uids: [rows.uid[pick]!], quotaBytes: 0, move: false, savedMs: 0 });
      }
      assertEquals(texts(shard, rowsOf(shard, made.mailbox)), [bodies[200]!, bodies[5]!, bodies[200]!]);
    }),
  );

  Deno.test(
    `${name}: rows of columns are those of lists, with whole blocks gone, in every form, from any UID on`,
    inStore(async (shard) => {
      const message = { parts: [utf8("a")], index: null, internalDateMs: 7, flags: 0, keywords: [] };
      const messages = Array.from({ length: 900 }, (_, i) => ({ ...message, flags: i % 3 }));
      await shard.append({ opId: "a", account: ANNA, mailbox: 1, messages, quotaBytes: 0, savedMs: 5_000 });
      const gone = (uid: number) =>
        (uid >= 64 && uid < 300) || (uid >= 500 && uid < 576) || uid % 50 === 0 || uid > 890;
      await shard.expunge(ANNA, 1, Array.from({ length: 900 }, (_, i) => i + 1).filter(gone));
      const { rows: listed } = shard.rowsAt(ANNA, 1, 0, { limit: 1_000, index: false });
      assertEquals(listed.length, 900 - Array.from({ length: 900 }, (_, i) => i + 1).filter(gone).length);
      for (const form of [ALL_COLUMNS, FLAG_COLUMNS, RowColumn.content, RowColumn.size | RowColumn.modSeq]) {
        for (
          const ranges of [[1, 900], [1, 10, 20, 63, 70, 310, 320, 320, 499, 600, 895, 900], [64, 299], [500, 577]]
        ) {
          for (const after of [0, 5, 63, 64, 350]) {
            const rows = new RowColumns(1_000, form);
            const rankOf = (uid: number) => listed.filter((row) => row.uid < uid).length;
            const next = shard.fillRows(ANNA, 1, { ranges, after, modSeqAbove: 0, rankOf, lookedMax: 5_000 }, rows);
            const named = (uid: number) =>
              ranges.some((first, i) => i % 2 === 0 && uid >= first && uid <= ranges[i + 1]!);
            const wanted = listed.filter(({ uid }) => uid > after && named(uid));
            assertEquals(next, null);
            assertEquals([...rows.uid.subarray(0, rows.count)], wanted.map(({ uid }) => uid as number));
            assertEquals([...rows.flags.subarray(0, rows.count)], wanted.map(({ flags }) => flags as number));
            assertEquals([...rows.sequence.subarray(0, rows.count)], wanted.map(({ uid }) => rankOf(uid)));
            const read = RowColumns.of(rows.bytes(), form)!;
            assertEquals([...read.flags], [...rows.flags.subarray(0, rows.count)]);
            assertEquals([...read.uid], [...rows.uid.subarray(0, rows.count)]);
            const contents = (form & RowColumn.content) === 0 ? [] : wanted.map(({ content }) => content);
            assertEquals([...read.content], contents);
          }
        }
      }
    }),
  );

  Deno.test(
    `${name}: an answer is of as many rows as fit, and of one at least; what is too large is missing`,
    inStore(async (shard) => {
      await filled(shard, ["a".repeat(600), "b".repeat(600), "c".repeat(600)]);
      const rows = rowsOf(shard);
      for (const part of [{}, { part: () => true }]) {
        assertEquals(texts(shard, rows, { ...part, bytesMax: 1_200 }).length, 2);
        assertEquals(texts(shard, rows, { ...part, bytesMax: 1_199 }).length, 1);
        assertEquals(texts(shard, rows, { ...part, bytesMax: 1 }).length, 1);
        assertEquals(texts(shard, rows, { ...part, sizeMax: 599 }), [null, null, null]);
      }
    }),
  );

  Deno.test(
    `${name}: a part is taken, and only its bytes count; what part refuses is missing`,
    inStore(async (shard) => {
      await filled(shard, ["first one", "second one", "third one"]);
      const rows = rowsOf(shard);
      const part: ContentsWanted["part"] = (bytes, place) => {
        assert(place.offset + place.length <= bytes.length);
        place.offset += 2;
        place.length = 3;
        return bytes[place.offset - 2] !== 0x73; // "s"
      };
      assertEquals(texts(shard, rows, { part, bytesMax: 6 }), ["rst", null, "ird"]);
      assertEquals(texts(shard, rows, { part, bytesMax: 5 }), ["rst", null]);
    }),
  );

  Deno.test(
    `${name}: of rows that are not wanted nothing is read, though others show the same`,
    inStore(async (shard) => {
      const bodies = ["first", "second", "third"];
      await filled(shard, bodies);
      const rows = rowsOf(shard);
      const wants = (row: number) => row !== 1;
      const read: string[] = [];
      const part: ContentsWanted["part"] = (bytes, { offset, length }) => {
        read.push(new TextDecoder().decode(bytes.subarray(offset, offset + length)));
        return true;
      };
      assertEquals(texts(shard, rows, { what: "index", wants, part }), ["index 0", null, "index 2"]);
      assertEquals(read, ["index 0", "index 2"]);
      assertEquals(texts(shard, rows, { wants, part }), ["first", null, "third"]);
    }),
  );

  Deno.test(
    `${name}: what was answered stays as it is when more is read`,
    inStore(async (shard) => {
      await filled(shard, ["first", "other"]);
      const rows = rowsOf(shard);
      const wanted = { rows, what: "body", sizeMax: 10, bytesMax: 100, part: () => true } as const;
      const before = shard.contents(wanted);
      shard.contents({ ...wanted, what: "index" });
      assertEquals(before.at(1), utf8("other"));
    }),
  );
}
