import { assert, assertEquals } from "@std/assert";
import { RowRoom } from "../../src/storage/row_room.ts";

Deno.test("what is taken for blocks never overlaps, and shares no more memory than 16 of them take", () => {
  const room = new RowRoom();
  const sizes = Array.from({ length: 400 }, (_, i) => 1 + 31 * (1 + i * 37 % 64));
  const pieces = sizes.map((size, i) => room.take(size).fill(i % 251));
  pieces.forEach((piece, i) => {
    assertEquals([piece.length, piece.every((octet) => octet === i % 251)], [sizes[i]!, true]);
    assert(piece.buffer.byteLength <= 16 * 1_985);
  });
  // Of a few changes each is by itself: none keeps the others' memory.
  assert(pieces.slice(0, 8).every((piece) => piece.buffer.byteLength === piece.length));
  assert(new Set(pieces.map(({ buffer }) => buffer)).size < 40);
});
