import { assertEquals } from "@std/assert";
import { seededRandom } from "../../../src/base/mod.ts";
import { FieldBlock, FieldColumn, FoundRows } from "../../../src/storage/text/mod.ts";

function found(column: FieldColumn, needle: string): number[] {
  const rows = new FoundRows();
  for (const block of column.blocks) block.find(needle, rows);
  return rows.pairs;
}

function columnOf(blocks: readonly (readonly (readonly [uid: number, text: string])[])[]): FieldColumn {
  const column = new FieldColumn();
  for (const block of blocks) {
    column.add(FieldBlock.of(block.map(([uid]) => uid), block.map(([, text]) => text)));
  }
  return column;
}

Deno.test("rows that follow one another are found as one range, over the ends of blocks and over UIDs that are not there", () => {
  const long = "X".repeat(40_000);
  const column = columnOf([[[1, " CAT\n"], [5, " DOG\n"], [7, ` CAT ${long}\n`]], [[9, ` CAT ${long}\n`], [
    10,
    " CAT\n",
  ]]]);
  assertEquals(column.blocks.length, 2);
  assertEquals(column.last, 10);
  assertEquals(found(column, "CAT"), [1, 1, 7, 10]);
  assertEquals(found(column, "DOG"), [5, 5]);
  assertEquals(found(column, "O"), [5, 5]);
  assertEquals(found(column, "COW"), []);
});

Deno.test("a text is found in one row, never across two, and an empty one where there is a line at all", () => {
  const column = columnOf([[[1, " LEFT\n"], [2, " RIGHT\n"], [3, ""], [4, " A\n B\n"], [5, ""]]]);
  assertEquals(found(column, "LEFT\n R"), []);
  assertEquals(found(column, "T\n"), [1, 2]);
  assertEquals(found(column, "B"), [4, 4]);
  assertEquals(found(column, ""), [1, 2, 4, 4]);
});

Deno.test("small blocks become one, and memory is counted", () => {
  const column = new FieldColumn();
  for (let uid = 1; uid <= 5_000; uid++) column.add(FieldBlock.of([uid], [` NUMBER ${uid}\n`]));
  assertEquals(column.rows, 5_000);
  assertEquals(column.blocks.length, 2);
  assertEquals(column.bytes, column.blocks.reduce((sum, { bytes }) => sum + bytes, 0));
  assertEquals(found(column, "NUMBER 4999\n"), [4_999, 4_999]);
});

Deno.test("blocks find what a search of one row after the other finds", () => {
  const random = seededRandom(7);
  const pick = (below: number) => Math.floor(random.next() * below);
  for (let round = 0; round < 200; round++) {
    let uid = 0;
    const rows = Array.from({ length: pick(40) + 1 }, () => {
      uid += 1 + pick(3);
      const text = Array.from({ length: pick(6) }, () => "AB\n"[pick(3)]).join("");
      return [uid, text === "" ? "" : `${text}\n`] as const;
    });
    const parted = pick(rows.length);
    const column = columnOf([rows.slice(0, parted), rows.slice(parted)].filter((part) => part.length > 0));
    const needle = Array.from({ length: pick(3) }, () => "AB"[pick(2)]).join("");
    const pairs: number[] = [];
    let last = -2;
    rows.forEach(([uid, text], i) => {
      if (needle === "" ? text === "" : !text.includes(needle)) return;
      if (last === i - 1) pairs[pairs.length - 1] = uid;
      else pairs.push(uid, uid);
      last = i;
    });
    assertEquals(found(column, needle), pairs);
  }
});
