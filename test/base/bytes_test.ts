import { assertEquals } from "@std/assert";
import {
  byteLength,
  concat,
  decodeUtf8,
  latin1,
  latin1Bytes,
  randomId,
  seededRandom,
  utf8,
} from "../../src/base/mod.ts";

Deno.test("parts are joined in order", () => {
  const parts = [utf8("a"), new Uint8Array(), utf8("bc")];
  assertEquals(byteLength(parts), 3);
  assertEquals(decodeUtf8(concat(parts)), "abc");
});

Deno.test("bytes that are not UTF-8 are no text", () => {
  for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]]) {
    assertEquals(decodeUtf8(Uint8Array.from(bytes)), null);
  }
  assertEquals(decodeUtf8(Uint8Array.from([0xef, 0xbb, 0xbf, 0x61])), "\ufeffa", "a byte order mark is text like any");
});

Deno.test("text of one character a byte is written as it was read, ASCII or not", () => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  for (const bytes of [all, all.subarray(0, 128), all.subarray(127, 129), all.subarray(0, 0)]) {
    assertEquals([...latin1Bytes(latin1(bytes))], [...bytes]);
  }
});

Deno.test("the same seed gives the same sequence, another seed another", () => {
  const [a, b, c] = [seededRandom(1), seededRandom(1), seededRandom(2)];
  assertEquals([a.next(), a.next()], [b.next(), b.next()]);
  assertEquals(randomId(seededRandom(1), 8) === randomId(c, 8), false);
});

Deno.test("an id has the length asked for and only its alphabet", () => {
  const id = randomId(seededRandom(3), 500);
  assertEquals(/^[0-9a-hj-km-np-tv-z]{500}$/.test(id), true, id);
});
