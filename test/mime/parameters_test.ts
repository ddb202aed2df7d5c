import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  decodedParameter,
  PARAMETER_FIELD_CHARS_MAX,
  PARAMETERS_MAX,
  readDisposition,
  readEncoding,
  readLanguages,
  readMediaType,
} from "../../src/mime/mod.ts";

function parameters(text: string) {
  return readMediaType(`a/b; ${text}`)?.parameters;
}

Deno.test("a media type is read with its parameters, case of names does not count", () => {
  assertEquals(readMediaType(' Text/Plain; CharSet="iso-8859-1" (comment); format=flowed'), {
    type: "text",
    subtype: "plain",
    parameters: [["charset", "iso-8859-1"], ["format", "flowed"]],
  });
});

Deno.test("what is no media type is none", () => {
  for (const text of ["", " ", "text", "text/", "/plain", ";charset=x", "(text/plain"]) {
    assertEquals(readMediaType(text), null);
  }
});

Deno.test("parameters are read as mail programs write them", () => {
  assertEquals(parameters('a=b;; ;c="d\\"e" f; g; h=; i=x=y; j=k(l).txt; k="no end'), [
    ["a", "b"],
    ["c", 'd"e'],
    ["h", ""],
    ["i", "x=y"],
    ["j", "k(l).txt"],
    ["k", "no end"],
  ]);
});

Deno.test("pieces of a parameter are joined in their order (RFC 2231 §3, §4.1)", () => {
  assertEquals(parameters('url*0="ftp://"; x=1; url*1="cs.utk.edu/pub"'), [["url", "ftp://cs.utk.edu/pub"], [
    "x",
    "1",
  ]]);
  assertEquals(parameters("n*2=c; n*0=a; n*1=b"), [["n", "abc"]]);
  const mixed = parameters(
    `title*0*=us-ascii'en'This%20is%20even%20more%20; title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2="isn't it!"`,
  )!;
  assertEquals(mixed, [["title*", "us-ascii'en'This%20is%20even%20more%20%2A%2A%2Afun%2A%2A%2A%20isn%27t%20it!"]]);
  assertEquals(decodedParameter(mixed, "title"), "This is even more ***fun*** isn't it!");
});

Deno.test("ATTACKS M3: what stands behind a gap is lost, a piece that comes twice counts once, no piece is a name", () => {
  assertEquals(parameters("n*0=a; n*2=c"), [["n", "a"]]);
  assertEquals(parameters("n*1=b"), [["n", ""]]);
  assertEquals(parameters("n*0=a; n*0=b; n*x=c; n*99999=d; __proto__*0=e"), [
    ["n", "b"],
    ["n*x", "c"],
    ["n*99999", "d"],
    ["__proto__", "e"],
  ]);
});

Deno.test("ATTACKS M3: parameters and pieces are read up to the limit", () => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => `p${i}=x`).join("; ");
  assertEquals(parameters(many(PARAMETERS_MAX))!.length, PARAMETERS_MAX);
  assertEquals(parameters(many(PARAMETERS_MAX + 1))!.length, PARAMETERS_MAX);
  assertEquals(parameters(Array.from({ length: 10_000 }, (_, i) => `n*${i}=x`).join(";")), [["n", "x".repeat(100)]]);
  assertEquals(parameters(`a=${"x".repeat(PARAMETER_FIELD_CHARS_MAX)}; b=y`)!.map(([name]) => name), ["a"]);
  const languages = (count: number) => readLanguages(new Array(count).fill("en").join(", ")).length;
  assertEquals([languages(PARAMETERS_MAX), languages(PARAMETERS_MAX + 1)], [PARAMETERS_MAX, PARAMETERS_MAX]);
});

Deno.test("the text of a parameter is decoded, whatever its charset says", () => {
  const rows = [
    ["f*=utf-8''%e2%82%ac%20rates", "€ rates"],
    ["f*=iso-8859-1'en'%A3", "£"],
    ["f*=no-such'x'a%A3", "a\ufffd"],
    ["f*=''a%zz%4", "a%zz%4"],
    ["f*=plain", "plain"],
    ['f="=?utf-8?q?=E2=82=AC?="', "€"],
    ["f=\xc3\xa9", "é"],
    ["g=x", null],
  ] as const;
  for (const [text, expected] of rows) assertEquals(decodedParameter(parameters(text)!, "f"), expected, text);
});

Deno.test("dispositions, languages and encodings are read", () => {
  assertEquals(readDisposition(" Attachment; filename=a.txt"), {
    value: "attachment",
    parameters: [["filename", "a.txt"]],
  });
  assertEquals(readDisposition(" ; filename=a.txt"), null);
  assertEquals(readLanguages(" en, de (Swiss) , fr"), ["en", "de", "fr"]);
  assertEquals(readLanguages(" ,"), []);
  const encodings = [
    [" BASE64 (x)", "base64"],
    ["quoted-printable;", "quoted-printable"],
    ["x-uuencode", "x-uuencode"],
    ["quoted printable", "7bit"],
    ["", "7bit"],
  ] as const;
  for (const [field, expected] of encodings) assertEquals(readEncoding(field), expected, field);
  assertEquals(readEncoding(null), "7bit");
});

Deno.test("whatever the field, nothing throws and the limit holds (seeded)", () => {
  const piece = fc.oneof(
    fc.constantFrom(...";=*'\"\\()/%0129 \t", "a", "n*0*", "\r\n ", "utf-8''"),
    fc.string({ maxLength: 2 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const found = parameters(pieces.join("")) ?? [];
      for (const [name] of found) decodedParameter(found, name.replaceAll("*", ""));
    }),
    { seed: 13, numRuns: 10_000 },
  );
});
