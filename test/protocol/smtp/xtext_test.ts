import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { decodeXtext, encodeXtext } from "../../../src/protocol/smtp/xtext.ts";

const octets = fc.array(fc.nat(255)).map((codes) => String.fromCharCode(...codes));

Deno.test("what was encoded as xtext decodes to what it was, and the code is plain ASCII", () => {
  fc.assert(
    fc.property(octets, (text) => {
      const encoded = encodeXtext(text);
      assertEquals(/^[!-~]*$/.test(encoded) && !encoded.includes("="), true);
      assertEquals(decodeXtext(encoded), text);
    }),
    { seed: 3461, numRuns: 5_000 },
  );
});

Deno.test("what decodes, encodes to something of the same meaning", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("+", "2", "B", "b", "a", "=", " ", "~", "é") }), (text) => {
      const decoded = decodeXtext(text);
      if (decoded !== null) assertEquals(decodeXtext(encodeXtext(decoded)), decoded);
    }),
    { seed: 1891, numRuns: 5_000 },
  );
});

Deno.test("xtext has two upper-case digits behind each plus, and no equals sign (RFC 3461 §4)", () => {
  assertEquals(decodeXtext("a+2Bb+3D+20"), "a+b= ");
  assertEquals(encodeXtext("a+b= é"), "a+2Bb+3D+20+E9");
  for (const bad of ["+", "+2", "+2b", "+GG", "a=b", "a b", "é", "++2B", "+2B+"]) {
    assertEquals(decodeXtext(bad), null, bad);
  }
  assertThrows(() => encodeXtext("\u0100"), RangeError);
});
