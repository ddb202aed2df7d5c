import { assert, assertEquals } from "@std/assert";
import { utf8 } from "../../../src/base/bytes.ts";
import { INBOX_NAME } from "../../../src/mail/mailbox_name.ts";
import type { RowPage } from "../../../src/mail/mailbox_view.ts";
import { Pieces } from "../../../src/mail/pieces.ts";
import { ALL_COLUMNS, FLAG_COLUMNS, RowColumn, RowColumns } from "../../../src/mail/row_columns.ts";
import { readIndex } from "../../../src/mime/mod.ts";
import { indexMessage } from "../../../src/protocol/imap/mod.ts";
import { openSession } from "./sessions.ts";
import { inMailbox, MAIL, put } from "./support.ts";

Deno.test("a page of columns says the same as rows do, whichever rows are gone", () =>
  inMailbox(async (world) => {
    await Promise.all(Array.from({ length: 150 }, (_, i) => put(world, `op/${i}`)));
    const a = await openSession(world);
    await a.store({ by: "uid", pairs: [3, 3, 70, 90] }, "add", { flags: 8, keywords: ["$One"] });
    await a.ask("mailbox.expungeDeleted", { set: { by: "uid", pairs: [70, 80] } });
    const asked = { set: { by: "uid", pairs: [2, 5, 60, 0] }, after: 0, changedSince: null, vanished: false } as const;
    const { rows } = await a.ask("mailbox.rows", { ...asked, index: false });
    const page = await a.ask("mailbox.page", { ...asked, index: "none", headBytes: 4 });
    const columns = RowColumns.of(page.rows)!;
    const heads = Pieces.of({ places: page.head!, bytes: page.headBytes! }, columns.count)!;
    assertEquals(columns.count, rows.length);
    for (const [i, row] of rows.entries()) {
      const { sequence, uid, modSeq, size } = row;
      const found = { sequence: columns.sequence[i], uid: columns.uid[i], modSeq: columns.modSeq[i] };
      assertEquals({ ...found, size: columns.size[i] }, { sequence, uid, modSeq, size } as never);
      assertEquals(heads.at(i), MAIL.slice(0, 4));
      const names = page.keywordSets.find(({ set }) => set === columns.keywords[i])?.names ?? [];
      assertEquals(names, row.keywords);
    }
    assertEquals(page.next, null);
    for (let form = FLAG_COLUMNS; form <= ALL_COLUMNS; form++) {
      const bare = await a.ask("mailbox.page", { ...asked, index: "none", headBytes: 0, form });
      const some = RowColumns.of(bare.rows, form)!;
      for (const name of ["sequence", "uid", "keywords", "flags"] as const) assertEquals(some[name], columns[name]);
      for (const [name, bit] of Object.entries(RowColumn) as [keyof typeof RowColumn, number][]) {
        assertEquals([...some[name]], (form & bit) === 0 ? [] : [...columns[name]]);
      }
      assertEquals(bare.keywordSets, page.keywordSets);
    }
  }));

Deno.test("envelopes and body structures come apart where both are kept beside the rows, and whole indexes where one is not", () =>
  inMailbox(async (world) => {
    const a = await openSession(world);
    const texts = Array.from({ length: 40 }, (_, i) => utf8(`Subject: ${"s".repeat(i)}\r\n\r\n${"b".repeat(40 - i)}`));
    const messages = texts.map((text) => ({
      ...{ parts: [text], index: indexMessage(text), internalDateMs: null, flags: 0, keywords: [] },
    }));
    await a.ask("mailbox.append", { opId: "append/1", name: INBOX_NAME, quotaBytes: 0, messages });
    await a.ask("mailbox.news", { expunges: true });
    const asked = {
      set: { by: "uid", pairs: [1, 0] },
      after: 0,
      changedSince: null,
      vanished: false,
      headBytes: 0,
    } as const;
    for (const kept of [[], [0], [1], [0, 1]]) {
      world.shard.columnBytes = ({ column }) => kept.includes(column) ? 90_000 : 0;
      const page = await a.ask("mailbox.page", { ...asked, index: "listed" });
      const apart = kept.length === 2;
      const rows = RowColumns.of(page.rows)!;
      // Of what is kept, as much goes as one answer takes of both together.
      assertEquals(rows.count, apart ? 16 : 40);
      const [first, second] = [
        Pieces.of({ places: page.index!, bytes: page.indexBytes! }, rows.count)!,
        apart ? Pieces.of({ places: page.structure!, bytes: page.structureBytes! }, rows.count) : undefined,
      ];
      assertEquals("structure" in page, apart);
      for (let i = 0; i < rows.count; i++) {
        const index = readIndex(messages[i]!.index)!;
        assertEquals(first.at(i), apart ? index.envelope : messages[i]!.index);
        if (apart) assertEquals(second?.at(i), index.bodyStructure);
      }
    }
  }));

Deno.test("headers come alone where all of each is among the first bytes, and indexes of the other messages if they are lacking", () =>
  inMailbox(async (world) => {
    const texts = [
      "A: b\r\n\r\nbody",
      "A: b\nC: d\n\nbody",
      "A: no body",
      "A: no body at all\r\n",
      "\r\nbody",
      "A: b\r\n\r\n",
    ];
    const a = await openSession(world);
    const index = utf8("an index");
    const messages = texts.map((text) => ({
      ...{ parts: [utf8(text)], index, internalDateMs: null, flags: 0, keywords: [] },
    }));
    await a.ask("mailbox.append", { opId: "append/1", name: INBOX_NAME, quotaBytes: 0, messages });
    await a.ask("mailbox.news", { expunges: true });
    const asked = { set: { by: "uid", pairs: [1, 0] }, after: 0, changedSince: null, vanished: false } as const;
    for (
      const [headBytes, headers] of [
        [100, ["A: b\r\n\r\n", "A: b\nC: d\n\n", "A: no body", "A: no body at all\r\n", "\r\n", "A: b\r\n\r\n"]],
        [10, ["A: b\r\n\r\n", null, "A: no body", null, "\r\n", "A: b\r\n\r\n"]],
        [3, [null, null, null, null, "\r\n", null]],
      ] as const
    ) {
      const page = await a.ask("mailbox.page", { ...asked, index: "lacking", headBytes, header: true });
      const heads = Pieces.of({ places: page.head!, bytes: page.headBytes! }, texts.length)!;
      const found = texts.map((_, i) => heads.at(i));
      assertEquals(found.map((bytes) => bytes && new TextDecoder().decode(bytes)), [...headers]);
      const lacks = headers.map((header) => header === null);
      assertEquals(page.index === null, !lacks.includes(true));
      if (page.index === null) continue;
      const indexes = Pieces.of({ places: page.index, bytes: page.indexBytes! }, texts.length)!;
      assertEquals(texts.map((_, i) => indexes.length(i) > 0), lacks);
    }
  }));

Deno.test("names of keywords end a page before they outgrow it, and the next page goes on from there", () =>
  inMailbox(async (world) => {
    await Promise.all(Array.from({ length: 12 }, (_, i) => put(world, `op/${i}`)));
    const a = await openSession(world);
    const all = Array.from({ length: 255 }, (_, i) => `k${i}`.padEnd(100, "x"));
    // Each message has another set: all keywords but one. Two have the same.
    const without = (uid: number) => all.filter((_, i) => i !== Math.min(uid, 11));
    for (let uid = 1; uid <= 12; uid++) {
      await a.store({ by: "uid", pairs: [uid, uid] }, "add", { keywords: without(uid) });
    }
    const asked = { set: { by: "uid", pairs: [1, 0] }, changedSince: null, vanished: false } as const;
    const pages: number[][] = [];
    for (let after: number | null = 0; after !== null;) {
      const page: RowPage = await a.ask("mailbox.page", { ...asked, after, index: "none", headBytes: 0 });
      const { uid: uids, keywords, count } = RowColumns.of(page.rows)!;
      const chars = page.keywordSets.flatMap(({ names }) => names.map(({ length }) => length)).reduce((a, b) => a + b);
      assert(chars <= 128 * 1024 + 25_400, `${chars} characters`);
      for (let i = 0; i < count; i++) {
        const { names } = page.keywordSets.find(({ set }) => set === keywords[i])!;
        assertEquals(names.toSorted(), without(uids[i]!).toSorted());
      }
      pages.push([...uids.subarray(0, count)]);
      after = page.next;
    }
    assertEquals(pages, [[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]]);
  }));
