import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  decodeMailboxName,
  decodeModifiedUtf7,
  encodeMailboxName,
  encodeModifiedUtf7,
} from "../../../src/protocol/imap/mod.ts";

Deno.test("names in modified UTF-7 (RFC 3501 §5.1.3)", () => {
  const table: readonly (readonly [text: string, wire: string])[] = [
    ["~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"],
    ["☺!", "&Jjo-!"],
    ["a&b", "a&-b"],
    ["&", "&-"],
    ["Entwürfe", "Entw&APw-rfe"],
    ["😀", "&2D3eAA-"],
    ["&&ü&", "&-&-&APw-&-"],
    ["", ""],
  ];
  for (const [text, wire] of table) {
    assertEquals(encodeModifiedUtf7(text), wire);
    assertEquals(decodeModifiedUtf7(wire), text);
  }
});

Deno.test("each name has one spelling only (I6)", () => {
  for (
    const wire of [
      "&", // does not end
      "a&b",
      "&Jjo", // does not end
      "&Jjo!", // no digit
      "&Jjo=-", // padding
      "&Jjp-", // bits that are left over are not 0
      "&JjoA-", // a digit that is left over
      "&AGE-", // "a" is written as itself
      "&AC8-", // so is "/"
      "&U,BTFw-&ZeVnLIqe-", // two shifts where one is enough
      "&2D0-", // half a character
      "&3gA-",
      "&AAA&", // a shift within a shift
      "ü",
      "\u007f",
    ]
  ) assertEquals(decodeModifiedUtf7(wire), null, wire);
  assertEquals(decodeMailboxName("a&AAA-", false), null);
  assertEquals(decodeMailboxName("&IAg-/x", false), "\u2008/x" as never);
});

Deno.test("every text comes back from modified UTF-7, and every spelling that is taken is the one we write", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 20 }), (text) => {
      assertEquals(decodeModifiedUtf7(encodeModifiedUtf7(text)), text);
      assert(/^[\x20-\x7e]*$/.test(encodeModifiedUtf7(text)));
    }),
    { seed: 2060, numRuns: 5_000 },
  );
  const character = fc.constantFrom("&", "-", "A", "P", "w", ",", "/", "J", "j", "o", "2", "D", "3", "e");
  let taken = 0;
  fc.assert(
    fc.property(fc.array(character, { maxLength: 12 }).map((list) => list.join("")), (wire) => {
      const text = decodeModifiedUtf7(wire);
      if (text === null) return;
      taken++;
      assertEquals(encodeModifiedUtf7(text), wire);
    }),
    { seed: 2061, numRuns: 20_000 },
  );
  assert(taken > 1_000);
});

Deno.test("with UTF-8, names go as they are (RFC 6855 §3)", () => {
  assertEquals(encodeMailboxName("Entwürfe & mehr", true), "Entwürfe & mehr");
  assertEquals(decodeMailboxName("Entwu\u0308rfe &-", true), "Entwürfe &-" as never);
  assertEquals(decodeMailboxName("inbox", true), "INBOX" as never);
});
