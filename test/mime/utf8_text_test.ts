import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { decodeUtf8, utf8 } from "../../src/base/mod.ts";
import { fromUtf8Chars, toUtf8Chars } from "../../src/mime/utf8_text.ts";

Deno.test("texts become the bytes that the platform makes of them, lone surrogates included (seeded)", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("\ud800", "a\udc00b", "\ud83d\ude00", "")),
      (text) => {
        assertEquals(toUtf8Chars(text), Buffer.from(utf8(text)).toString("latin1"));
        assertEquals(fromUtf8Chars(toUtf8Chars(text)), text.toWellFormed());
      },
    ),
    { seed: 21, numRuns: 5_000 },
  );
});

Deno.test("bytes become a text where the platform finds one, and else none (seeded)", () => {
  // Bytes near the limits of each form, so that chance finds what is nearly well-formed.
  const byte = fc.oneof(
    fc.constantFrom(
      0x41,
      0x7f,
      0x80,
      0x8f,
      0x90,
      0x9f,
      0xa0,
      0xbf,
      0xc1,
      0xc2,
      0xe0,
      0xed,
      0xef,
      0xf0,
      0xf4,
      0xf5,
      0xff,
    ),
    fc.nat(255),
  );
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 6 }), (bytes) => {
      assertEquals(fromUtf8Chars(String.fromCharCode(...bytes)), decodeUtf8(Uint8Array.from(bytes)));
    }),
    { seed: 22, numRuns: 50_000 },
  );
});

Deno.test("long texts take another way to the same end", () => {
  const text = "aé✓😀".repeat(1_000);
  assertEquals(fromUtf8Chars(toUtf8Chars(text)), text);
  assertEquals(fromUtf8Chars(`${toUtf8Chars(text)}\xff`), null);
});
