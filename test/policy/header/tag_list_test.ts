import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { parseTagList, withoutTagValue } from "../../../src/policy/header/mod.ts";

type Parse = (text: string) => ReadonlyMap<string, string> | null;

function entries(text: string): readonly (readonly [string, string])[] | null {
  const tags = parseTagList(text);
  return tags === null ? null : [...tags];
}

Deno.test("tags are read with the blanks around them gone, those inside kept", () => {
  assertEquals(entries(" v = 1;\r\n\th=from : to ;b=\r\n a b\r\n"), [["v", "1"], ["h", "from : to"], ["b", "a b"]]);
  assertEquals(entries("p="), [["p", ""]]);
  assertEquals(entries("__proto__=1"), null);
  assertEquals(entries("constructor=1; toString=2"), [["constructor", "1"], ["toString", "2"]]);
});

Deno.test("a tag without a name or a value, one that comes twice, or an empty one inside is no list", () => {
  for (const text of ["", "a", "=1", "a=1;;b=2", "a=1; a=2", "1a=1", "a b=1", "a=\u0000", ";", "a=1;;"]) {
    assertEquals(parseTagList(text), null, JSON.stringify(text));
  }
  assertEquals(entries("a=1; A=2;"), [["a", "1"], ["A", "2"]]);
});

Deno.test("a hundred tags are read, one more is no list", () => {
  const list = (count: number) => Array.from({ length: count }, (_, i) => `t${i}=x`).join(";");
  assertEquals(parseTagList(list(100))?.size, 100);
  assertEquals(parseTagList(list(101)), null);
});

Deno.test("only the value of b= goes, bh= and every other byte stay", () => {
  assertEquals(withoutTagValue(" bh=b=x; b = a\r\n b ;c=1", "b"), " bh=b=x; b =;c=1");
  assertEquals(withoutTagValue(" a=1; \r\n\tb=xyz", "b"), " a=1; \r\n\tb=");
  assertEquals(withoutTagValue("a=1", "b"), "a=1");
});

const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{0,6}$/);
const value = fc.stringMatching(/^([!-:<-~]([ -:<-~]{0,10}[!-:<-~])?)?$/);
const blanks = fc.constantFrom("", " ", "\t", "\r\n ", " \r\n\t");
const list = fc.uniqueArray(fc.tuple(name, value, blanks, blanks, blanks, blanks), {
  minLength: 1,
  maxLength: 8,
  selector: ([each]) => each,
});

/** Whatever is written as a list is read back as it was meant. */
function readsBack(parse: Parse): void {
  fc.assert(
    fc.property(list, fc.boolean(), (tags, final) => {
      const text = tags.map(([key, data, a, b, c, d]) => `${a}${key}${b}=${c}${data}${d}`).join(";") +
        (final ? ";" : "");
      assertEquals([...parse(text) ?? []], tags.map(([key, data]) => [key, data]));
    }),
    { seed: 11, numRuns: 2_000 },
  );
}

Deno.test("whatever is written as a tag list is read back", () => readsBack(parseTagList));

Deno.test("canary: the fuzzer finds a reader that cuts a value at its second equals sign", () => {
  assertThrows(() =>
    readsBack((text) => {
      const tags = parseTagList(text);
      return tags && new Map([...tags].map(([key, data]) => [key, data.split("=")[0]!]));
    })
  );
});

Deno.test("no text makes the reader throw, or take more than linear time", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void parseTagList(text)), {
    seed: 12,
    numRuns: 2_000,
  });
  const startMs = performance.now();
  for (const piece of ["a", ";", "=", " ", "\r\n ", "a=;", "a=b "]) parseTagList(piece.repeat(300_000));
  if (performance.now() - startMs > 2_000) throw new Error(`${performance.now() - startMs} ms`);
});
