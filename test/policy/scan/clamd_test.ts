import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { concat, latin1, utf8 } from "../../../src/base/mod.ts";
import {
  BLOCK_BYTES,
  blocksOf,
  ClamdReader,
  instreamBody,
  instreamHead,
  readClamdReply,
} from "../../../src/policy/scan/mod.ts";

Deno.test("a mail goes to clamd in one chunk under its length, with one of no bytes at the end", () => {
  assertEquals(latin1(instreamHead(5)), "zINSTREAM\0\0\0\0\x05");
  assertEquals(latin1(instreamHead(0x01020304)), "zINSTREAM\0\x01\x02\x03\x04");
  assertEquals(latin1(concat([...instreamBody([utf8("he"), utf8(""), utf8("llo")])])), "hello\0\0\0\0");
});

Deno.test("blocks hold the same bytes however the parts are cut, all but the last as many", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(3 * BLOCK_BYTES), { maxLength: 6 }), (sizes) => {
      const parts = sizes.map((bytes, i) => new Uint8Array(bytes).fill(i + 1));
      const blocks = [...blocksOf(parts)];
      const whole = concat(parts);
      assert(blocks.slice(0, -1).every(({ length }) => length === BLOCK_BYTES));
      assert(blocks.every(({ length }) => length > 0 && length <= BLOCK_BYTES));
      const joined = concat(blocks);
      assertEquals(joined.length, whole.length);
      assert(joined.every((byte, i) => byte === whole[i]));
    }),
    { seed: 3_310, numRuns: 100 },
  );
});

Deno.test("clamd's words are clean, a virus, too large, or an error of its own", () => {
  assertEquals(readClamdReply("stream: OK"), { type: "clean" });
  assertEquals(readClamdReply("stream: Eicar-Test.UNOFFICIAL FOUND"), { type: "virus", name: "Eicar-Test.UNOFFICIAL" });
  assertEquals(readClamdReply("INSTREAM size limit exceeded. ERROR"), { type: "tooLarge" });
  for (
    const text of [
      "",
      "OK",
      "stream: OK FOUND OK",
      "stream:  FOUND",
      "stream: a b FOUND",
      "UNKNOWN COMMAND",
      "stream: Can't allocate memory ERROR",
      "stream: OK\r\nstream: OK",
    ]
  ) {
    assertEquals(readClamdReply(text).type, "broken", text);
  }
  const why = (text: string) => {
    const reply = readClamdReply(text);
    return reply.type === "broken" ? reply.why : reply.type;
  };
  assertEquals(why("Can't open file\x01 ERROR"), "it replied neither OK nor FOUND: Can't open file? ERROR");
  assertEquals(why("Dear Anna"), "it replied neither OK nor FOUND", "nothing of a mail reaches the log");
  const long = readClamdReply(`stream: ${"v".repeat(101)}\xff FOUND`);
  assertEquals(long, { type: "virus", name: "v".repeat(100) });
  assertEquals(readClamdReply("stream: a\u0001b\xff FOUND"), { type: "virus", name: "a?b?" });
});

Deno.test("a reply ends at its NUL, however it is cut, and one without an end is broken", () => {
  const read = (text: string, bytes: number) => {
    const reader = new ClamdReader();
    for (let at = 0; at < text.length; at += bytes) {
      const reply = reader.push(utf8(text.slice(at, at + bytes)));
      if (reply !== null) return reply.type;
    }
    return "more";
  };
  for (const bytes of [1, 3, 100]) {
    assertEquals(read("stream: OK\0", bytes), "clean");
    assertEquals(read("stream: OK\0stream: X FOUND\0", bytes), "clean");
    assertEquals(read("stream: OK", bytes), "more");
  }
  assertEquals(read("x".repeat(4_095), 1_000), "more");
  assertEquals(read("x".repeat(4_096), 1_000), "broken");
  assertEquals(read(`${"x".repeat(5_000)}\0`, 5_001), "broken");
});
