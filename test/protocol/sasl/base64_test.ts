import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { decodeBase64, encodeBase64 } from "../../../src/protocol/sasl/mod.ts";

Deno.test("base64 of any bytes comes back as the same bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => assertEquals(decodeBase64(encodeBase64(bytes)), bytes)),
    { seed: 4648, numRuns: 500 },
  );
  const large = new Uint8Array(100_000).map((_, at) => at * 31);
  assertEquals(decodeBase64(encodeBase64(large)), large);
});

Deno.test("base64 that is not canonical is refused", () => {
  for (
    const text of [
      "A",
      "AA",
      "AAA",
      "AA=",
      "=",
      "====",
      "A===",
      "AB==",
      "AAB=",
      "AA==AAAA",
      "AA A",
      "AAA\n",
      "AA-_",
      "QUJD\r\n",
    ]
  ) {
    assertEquals(decodeBase64(text), null, JSON.stringify(text));
  }
  assertEquals(decodeBase64(""), new Uint8Array(0));
});

Deno.test("any text is decoded or refused, and what is decoded has one spelling", () => {
  const text = fc.string({ unit: fc.constantFrom(..."AQgw+/=- \u00e9"), maxLength: 12 });
  fc.assert(
    fc.property(text, (given) => {
      const bytes = decodeBase64(given);
      if (bytes !== null) assertEquals(encodeBase64(bytes), given);
    }),
    { seed: 4648, numRuns: 2_000 },
  );
});
