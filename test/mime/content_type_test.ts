import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { decodeTransfer, parseContentType } from "../../src/mime/mod.ts";
import { utf8 } from "../../src/base/mod.ts";

function parsed(value: string): string | null {
  const found = parseContentType(value);
  return found === null ? null : [found.type, ...[...found.parameters].map(([key, of]) => `${key}=${of}`)].join("|");
}

Deno.test("a type is read with its parameters, comments and folds", () => {
  const cases: readonly (readonly [string, string | null])[] = [
    [" text/plain", "text/plain"],
    ["TEXT/Plain; Charset=UTF-8", "text/plain|charset=UTF-8"],
    [
      'multipart/report;\r\n\tboundary="a b;\\"c\\\\";report-type=x',
      'multipart/report|boundary=a b;"c\\|report-type=x',
    ],
    ["text (a (nested) comment) / plain ; a (b) = c", "text/plain|a=c"],
    ["text/plain; a=b; a=c;", "text/plain|a=b"],
    ['text/plain; a=""', "text/plain|a="],
    ["text", null],
    ["text/", null],
    ["/plain", null],
    ["text/plain; a", null],
    ["text/plain; a=", null],
    ['text/plain; a="b', null],
    ["text/plain x", null],
    ["text/plain; a=b c", null],
    ["", null],
  ];
  for (const [value, expected] of cases) assertEquals(parsed(value), expected, value);
});

Deno.test("a field that is long or has many parameters is not read to its end", () => {
  assertEquals(parsed(`text/plain; a=${"b".repeat(4_082)}`)?.length, 4_095);
  assertEquals(parsed(`text/plain; a=${"b".repeat(4_083)}`), null);
  assertEquals(parsed(`text/plain${Array.from({ length: 33 }, (_, i) => `;a${i}=b`).join("")}`), null);
});

Deno.test("any text is a type or none, in linear time", () => {
  fc.assert(fc.property(fc.string(), (text) => void parseContentType(text)), { seed: 1, numRuns: 2_000 });
  const startMs = performance.now();
  for (const scrap of ["(", ")", "\\", ";", '"', "a=b;", " "]) {
    for (let i = 0; i < 200; i++) parseContentType(`a/b;${scrap.repeat(4_000 / scrap.length)}`);
  }
  assert(performance.now() - startMs < 2_000);
});

Deno.test("transfer encodings are taken off as far as they go", () => {
  const decode = (body: string, encoding: string) => decodeTransfer(utf8(body), encoding);
  assertEquals(decode("a=3D", " 7BIT "), "a=3D");
  assertEquals(decode("aGVs\r\n!bG8=", "base64"), "hello");
  assertEquals(decode("a=3Db=\r\nc \t\r\n=zz=4", "Quoted-Printable"), "a=bc\r\n=zz=4");
  assertEquals(decode("x", "x-uuencode"), null);
});
