import { assertEquals } from "@std/assert";
import { BlockTree } from "../../../../src/actors/mailbox/views/block_tree.ts";
import { type Dice, dice } from "../../../support/dice.ts";

Deno.test("a tree of blocks answers as adding up one by one does, whatever was added and removed before", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = dice(seed);
    const rows: { block: number; rows: number }[] = [];
    for (let block = 0, i = 0; i < random.below(900); i++) {
      block += 1 + random.below(seed % 3 === 0 ? 50_000 : 2);
      rows.push({ block, rows: 1 + random.below(64) });
    }
    const tree = new BlockTree({
      blocks: Uint32Array.from(rows, ({ block }) => block),
      rows: Uint8Array.from(rows, ({ rows }) => rows),
    });
    for (let i = 0; i < 1_500; i++) {
      const at = random.below(rows.length + 1);
      const known = rows[at];
      if (known === undefined) {
        const block = (rows.at(-1)?.block ?? 0) + random.below(2) + 1;
        rows.push({ block, rows: 1 });
        tree.add(block, 1);
      } else if (known.rows > 0) {
        // Most rows go, so that empty blocks are dropped on the way.
        const removed = 1 + random.below(known.rows);
        tree.add(known.block, -removed);
        rows[at] = { block: known.block, rows: known.rows - removed };
      }
      if (i % 50 === 0) compare(tree, rows, random);
    }
    compare(tree, rows, random);
  }
});

function compare(
  tree: BlockTree,
  rows: readonly { block: number; rows: number }[],
  random: Dice,
): void {
  const total = rows.reduce((sum, { rows }) => sum + rows, 0);
  assertEquals(tree.total, total);
  for (let i = 0; i < 20; i++) {
    const block = random.below((rows.at(-1)?.block ?? 0) + 3);
    assertEquals(tree.before(block), sumBefore(rows, block), `before block ${block}`);
    assertEquals(tree.of(block), rows.find((row) => row.block === block)?.rows ?? 0);
    if (total === 0) continue;
    const index = random.below(total);
    const found = tree.at(index);
    assertEquals(sumBefore(rows, found.block) + found.skip, index, `the block of row ${index}`);
    assertEquals(found.skip < tree.of(found.block), true);
  }
}

function sumBefore(rows: readonly { block: number; rows: number }[], block: number): number {
  return rows.reduce((sum, row) => row.block < block ? sum + row.rows : sum, 0);
}

Deno.test("the counts of a million messages take less than 200 KB", () => {
  const blocks = Math.ceil(1_000_000 / 64);
  const tree = new BlockTree({
    blocks: Uint32Array.from({ length: blocks }, (_, i) => i),
    rows: new Uint8Array(blocks).fill(64),
  });
  assertEquals(tree.total, blocks * 64);
  for (let i = 0; i < 1_000; i++) tree.add(blocks + Math.floor(i / 64), 1);
  assertEquals(tree.bytes < 200_000, true, `${tree.bytes} bytes`);
});
