import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { latin1, utf8 } from "../../src/base/mod.ts";
import { decodeBody } from "../../src/mime/mod.ts";

function decoded(body: string, encoding: string): string | null {
  const bytes = decodeBody(Buffer.from(body, "latin1"), encoding);
  return bytes === null ? null : latin1(bytes);
}

Deno.test("quoted-printable is decoded as far as it goes (RFC 2045 §6.7)", () => {
  const rows = [
    ["=C3=A9", "\xc3\xa9"],
    ["a=\r\nb", "ab"],
    ["a= \t\r\nb", "ab"],
    ["a=\nb", "ab"],
    ["a  \r\nb\t\n", "a\r\nb\n"],
    ["a =\r\n b", "a  b"],
    ["a=20\r\nb", "a \r\nb"],
    ["a  ", "a  "],
    ["=", ""],
    ["a=4", "a=4"],
    ["=zz=3D", "=zz="],
    ["=a", "=a"],
    ["\0\xff", "\0\xff"],
  ] as const;
  for (const [body, expected] of rows) assertEquals(decoded(body, "Quoted-Printable"), expected, JSON.stringify(body));
});

Deno.test("base64 is decoded up to its padding, other characters passed over (RFC 2045 §6.8)", () => {
  const rows = [["QUJD\r\nREVG\r\n", "ABCDEF"], ["Q U!J\0D", "ABC"], ["QQ==", "A"], ["QUI=tail", "AB"], ["Q", ""], [
    "====",
    "",
  ]] as const;
  for (const [body, expected] of rows) assertEquals(decoded(body, "BASE64"), expected, body);
});

Deno.test("a body without encoding is not copied, an unknown encoding is told", () => {
  const body = utf8("x");
  for (const encoding of ["", "7bit", "8BIT", " binary ", "7-Bit", "8-bit"]) {
    assert(decodeBody(body, encoding) === body);
  }
  assertEquals(decodeBody(body, "x-uuencode"), null);
});

Deno.test("what was encoded comes back, and nothing grows (seeded)", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const hex = [...bytes].map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, "0")}`);
      const broken = hex.map((code, i) => i % 20 === 19 ? `${code}=\r\n` : code).join("");
      assertEquals(decoded(broken, "quoted-printable"), latin1(bytes));
      const base64 = Buffer.from(bytes).toString("base64").replace(/.{1,76}/g, "$&\r\n");
      assertEquals(decoded(base64, "base64"), latin1(bytes));
      assert(decodeBody(bytes, "quoted-printable")!.length <= bytes.length);
      assert(decodeBody(bytes, "base64")!.length <= bytes.length);
    }),
    { seed: 17, numRuns: 2_000 },
  );
});
