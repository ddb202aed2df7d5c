import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "../../src/base/mod.ts";
import { Ring } from "../../src/runtime/channel/ring.ts";

const CAPACITY = 1_024;
/** Words of the two counters, and of the first record's length and number. */
const TAKEN = 0, PUT = 16, LENGTH = 32, NUMBER = 33;

function rings() {
  const memory = Ring.memory(CAPACITY);
  return { memory, words: new Int32Array(memory), writer: new Ring(memory), reader: new Ring(memory) };
}

function bytesOf(taken: ArrayBuffer | "broken" | null): number[] {
  assert(taken instanceof ArrayBuffer, `${taken} is no record`);
  return [...new Uint8Array(taken)];
}

Deno.test("records come out of a ring in the order put in, whatever their sizes, and also where its counters begin anew", () => {
  for (const begin of [0, -4_096, 0x7fff_f000]) {
    const { words, writer, reader } = rings();
    words[TAKEN] = words[PUT] = begin;
    const random = seededRandom(begin + 20261126);
    const waiting: number[][] = [];
    let [put, taken, full] = [0, 0, 0];
    while (taken < 3_000) {
      const record = random.bytes(Math.floor(random.next() * 300));
      if (writer.put(put + 1, record)) {
        put++;
        waiting.push([...record]);
      } else {
        full++;
      }
      while (waiting.length > 0 && (random.next() < 0.45 || waiting.length > 12)) {
        assertEquals(bytesOf(reader.take(++taken)), waiting.shift());
      }
    }
    assert(full > 100, "it was full now and then");
    while (waiting.length > 0) assertEquals(bytesOf(reader.take(++taken)), waiting.shift());
    assertEquals([reader.take(taken + 1), taken], [null, put]);
  }
});

Deno.test("a ring takes what fills it to the last byte, and nothing more until something is taken", () => {
  const { writer, reader } = rings();
  assertEquals(writer.put(1, new Uint8Array(CAPACITY - 7)), false);
  assertEquals(writer.put(1, new Uint8Array(CAPACITY - 8).fill(9)), true);
  assertEquals(writer.put(2, new Uint8Array(0)), false);
  assertEquals(bytesOf(reader.take(1)), new Array(CAPACITY - 8).fill(9));
  assertEquals(writer.put(2, new Uint8Array(0)), true);
  assertEquals(bytesOf(reader.take(2)), []);
});

Deno.test("a record with another number stays where it is until its turn comes", () => {
  const { writer, reader } = rings();
  writer.put(2, new Uint8Array([5]));
  assertEquals(reader.take(1), null);
  assertEquals(bytesOf(reader.take(2)), [5]);
});

Deno.test("what was taken is a copy: its writer cannot change it any more", () => {
  const { memory, writer, reader } = rings();
  writer.put(1, new Uint8Array([1, 2, 3]));
  const taken = reader.take(1);
  new Uint8Array(memory).fill(255);
  assertEquals(bytesOf(taken), [1, 2, 3]);
});

Deno.test("a record that is not whole is not there: a writer may die in the middle of one", () => {
  const { words, writer, reader } = rings();
  words[LENGTH] = 100;
  words[NUMBER] = 1;
  assertEquals(reader.take(1), null);
  assertEquals(writer.put(1, new Uint8Array([7])), true);
  assertEquals(bytesOf(reader.take(1)), [7]);
});

Deno.test("counters and lengths that lead out of a ring are never followed", () => {
  const wrong: ((words: Int32Array) => void)[] = [
    (words) => words[LENGTH] = -1,
    (words) => words[LENGTH] = 9,
    (words) => words[LENGTH] = 0x7fff_ffff,
    (words) => words[LENGTH] = -0x8000_0000,
    (words) => words[PUT] = CAPACITY + 8,
    (words) => words[PUT] = -8,
    (words) => words[PUT] = 8,
  ];
  for (const spoil of wrong) {
    const { words, writer, reader } = rings();
    writer.put(1, new Uint8Array(8));
    spoil(words);
    assertEquals(reader.take(1), "broken");
  }
});
