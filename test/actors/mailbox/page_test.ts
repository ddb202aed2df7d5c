import { assert, assertEquals } from "@std/assert";
import type { RowPage } from "../../../src/mail/mailbox_view.ts";
import { Pieces } from "../../../src/mail/pieces.ts";
import { ALL_COLUMNS, FLAG_COLUMNS, RowColumn, RowColumns } from "../../../src/mail/row_columns.ts";
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
