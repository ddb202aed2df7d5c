import { assertEquals, assertLessOrEqual } from "@std/assert";
import { seededRandom, utf8 } from "../../src/base/mod.ts";
import { FLUSH_BYTES_MAX, OutputQueue } from "../../src/net/output.ts";

function drain(queue: OutputQueue): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let piece = queue.take(); piece !== null; piece = queue.take()) {
    const bytes = typeof piece.data === "string" ? utf8(piece.data) : Uint8Array.from(piece.data);
    assertEquals(bytes.length, piece.bytes);
    assertLessOrEqual(piece.bytes, FLUSH_BYTES_MAX);
    pieces.push(bytes);
  }
  return pieces;
}

Deno.test("exactly one piece goes out in one write, one byte more takes two", () => {
  for (const [size, pieces] of [[FLUSH_BYTES_MAX, 1], [FLUSH_BYTES_MAX + 1, 2]] as const) {
    for (const data of ["x".repeat(size), new Uint8Array(size)]) {
      const queue = new OutputQueue();
      queue.push(data);
      assertEquals(queue.bytes, size);
      assertEquals(drain(queue).length, pieces);
      assertEquals(queue.bytes, 0);
    }
  }
});

Deno.test("texts and bytes of any size come out in order and whole (seed 11)", () => {
  const random = seededRandom(11);
  const queue = new OutputQueue();
  const expected: number[] = [];
  const actual: number[] = [];
  for (let round = 0; round < 15; round++) {
    const count = Math.floor(random.next() * 40);
    for (let i = 0; i < count; i++) {
      const size = Math.floor(random.next() ** 8 * 150_000);
      const data = random.next() < 0.5 ? "ü€x".repeat(size / 3) : random.bytes(size);
      queue.push(data);
      for (const byte of typeof data === "string" ? utf8(data) : data) expected.push(byte);
    }
    if (random.next() < 0.5) continue;
    for (const piece of drain(queue)) for (const byte of piece) actual.push(byte);
  }
  for (const piece of drain(queue)) for (const byte of piece) actual.push(byte);
  assertEquals(actual.length, expected.length);
  assertEquals(actual.findIndex((byte, i) => byte !== expected[i]), -1);
});

Deno.test("many short writes stay linear", () => {
  const queue = new OutputQueue();
  for (let i = 0; i < 200_000; i++) queue.push("0123456789");
  assertEquals(drain(queue).reduce((sum, piece) => sum + piece.length, 0), 2_000_000);
});

Deno.test("a buffer that was given is spent with the last piece of it, a shared one never", () => {
  const queue = new OutputQueue();
  const long = new Uint8Array(2 * FLUSH_BYTES_MAX + 1);
  queue.push(long, true);
  assertEquals([queue.take()?.spent, queue.take()?.spent, queue.take()?.spent], [null, null, long.buffer]);
  const shared = new Uint8Array(FLUSH_BYTES_MAX);
  queue.push(shared);
  assertEquals(queue.take()?.spent, null);
  // What is copied to be sent with others is left to be collected.
  const short = new Uint8Array(10);
  queue.push(short, true);
  queue.push("text");
  assertEquals([queue.take()?.spent, queue.take()], [null, null]);
});

Deno.test("much is sent as it is, without a copy, whatever waits behind it", () => {
  const queue = new OutputQueue();
  const much = new Uint8Array(20_000);
  queue.push(much);
  queue.push("and a text");
  assertEquals(queue.take()?.data === much, true);
  assertEquals(queue.take()?.data, "and a text");
});
