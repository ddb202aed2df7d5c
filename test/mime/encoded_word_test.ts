import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { decodeCharset, decodeWords, ENCODED_TEXT_CHARS_MAX } from "../../src/mime/mod.ts";

const ROWS: readonly (readonly [raw: string, text: string])[] = [
  // RFC 2047 §8
  ["=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>", "Keith Moore <moore@cs.utk.edu>"],
  ["=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?= <keld@dkuug.dk>", "Keld Jørn Simonsen <keld@dkuug.dk>"],
  [
    "=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
    "If you can read this you understand the example.",
  ],
  ["(=?ISO-8859-1?Q?a?=)", "(a)"],
  ["=?ISO-8859-1?Q?a?= b", "a b"],
  ["=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=", "ab"],
  ["=?ISO-8859-1?Q?a_b?=", "a b"],
  // RFC 2231 §5: a language
  ["=?US-ASCII*EN?Q?Keith_Moore?=", "Keith Moore"],
  // ATTACKS M5: a character cut in two, charsets unknown, malformed words
  ["=?utf-8?b?4p?= =?utf-8?b?yT?=", "\ufffd\ufffd"],
  ["=?utf-8?q?=E2=9C?= =?UTF-8?q?=93?=", "✓"],
  ["=?no-such?q?a=FFb?=", "a\ufffdb"],
  ["=?utf-7?q?+ADw-script+AD4-?=", "+ADw-script+AD4-"],
  ["=?utf-8?x?a?=", "=?utf-8?x?a?="],
  ["=?utf-8?q?a", "=?utf-8?q?a"],
  ["=??q?a?=", "=??q?a?="],
  ["=?utf-8?q?=4?= =?utf-8?q?=zz?=", "=4=zz"],
  ["=?utf-8?q?=41=?=", "A="],
  ["=?utf-8?q?=?utf-8?q?a?=?=", "=?utf-8?q?a?="],
  ["a =? b ?= c", "a =? b ?= c"],
  ["=?ISO-2022-JP?B?GyRCJCIbKEI=?= =?ISO-2022-JP?B?GyRCJCIbKEI=?=", "ああ"],
  ["=?iso-2022-kr?b?QQ==?=", "A"],
  ["=?utf-16le?b?QQBC?=", "A\ufffd"],
  // Bytes that nobody decoded
  ["\xc3\xa9", "é"],
  ["\xe9", "é"],
  ["\xe9 =?utf-8?q?=C3=A9?= \xc3\xa9", "é é é"],
];

for (const [raw, text] of ROWS) {
  Deno.test(`decoded: ${JSON.stringify(raw)}`, () => assertEquals(decodeWords(raw), text));
}

Deno.test("ATTACKS M5: words behind the limit stay as they are written", () => {
  const word = "=?utf-8?q?a?= ";
  assertEquals(decodeWords("x".repeat(ENCODED_TEXT_CHARS_MAX - 1) + word).at(-2), "a");
  assert(decodeWords("x".repeat(ENCODED_TEXT_CHARS_MAX) + word).endsWith(word));
  assertEquals(decodeWords(word.repeat(100_000)).slice(0, 3), "aaa");
});

Deno.test("charsets are those of the list of the Web, whatever the case; others leave ASCII readable", () => {
  const bytes = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
  assertEquals(decodeCharset(bytes("\xa4"), " ISO-8859-15 "), "€");
  assertEquals(decodeCharset(bytes("\x82\xa0"), "shift_jis"), "あ");
  assertEquals(decodeCharset(bytes('\x1b$B$"\x1b(B'), "iso-2022-jp"), "あ");
  assertEquals(decodeCharset(bytes("a\xff"), "x".repeat(10_000)), "a\ufffd");
  assertEquals(decodeCharset(bytes("\xff\xfe"), "us-ascii"), "ÿþ");
});

Deno.test("whatever the text, decoding throws nothing and grows nothing beyond three characters for one (seeded)", () => {
  const piece = fc.oneof(
    fc.constantFrom("=?", "?=", "?q?", "?b?", "utf-8", "iso-2022-jp", "=", "_", " ", "\r\n "),
    fc.string({ maxLength: 3 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 50 }), (pieces) => {
      const text = pieces.join("").replace(/[^\0-\xff]/g, "?");
      assert(decodeWords(text).length <= text.length * 3);
    }),
    { seed: 14, numRuns: 10_000 },
  );
});
