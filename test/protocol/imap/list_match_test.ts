import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "../../../src/base/mod.ts";
import { listMatcher } from "../../../src/protocol/imap/list_match.ts";

/** Patterns, names that match, names that do not. */
const TABLE: readonly (readonly [pattern: string, yes: readonly string[], no: readonly string[]])[] = [
  ["*", ["INBOX", "a", "a/b/c"], []],
  ["%", ["INBOX", "a"], ["a/b"]],
  ["a/%", ["a/b", "a/bc"], ["a", "a/b/c", "b/a"]],
  ["a%", ["a", "ab"], ["a/b", "ba"]],
  ["%/%", ["a/b"], ["a", "a/b/c"]],
  ["%/*", ["a/b", "a/b/c"], ["a"]],
  ["*b", ["b", "ab", "a/b", "abb"], ["ba", ""]],
  ["*a*b*", ["ab", "xaxbx", "a/b"], ["ba", "a"]],
  ["%a%", ["a", "bab"], ["b/a", "a/b"]],
  ["a*%", ["a", "a/b", "ab"], ["b"]],
  ["a.c", ["a.c"], ["abc"]],
  ["inbox", ["INBOX"], ["inbox2", "INBOX/x"]],
  ["inbox/%", ["INBOX/x"], ["INBOX", "x/INBOX"]],
  ["iNb*", ["INBOX", "INBOX/x"], ["INBOX2", "x"]],
  ["%box", ["INBOX"], ["INBOX/box"]],
  ["x/inbox*", ["x/inbox"], ["x/INBOX"]],
  ["", [""], ["a"]],
  ["ä*", ["ä", "äö"], ["a"]],
];

Deno.test("LIST patterns match names by the rules of wildcards (RFC 9051 §6.3.9)", () => {
  for (const [pattern, yes, no] of TABLE) {
    const matches = listMatcher("", [pattern]);
    for (const name of yes) assert(matches(name), `${pattern} matches ${name}`);
    for (const name of no) assert(!matches(name), `${pattern} does not match ${name}`);
  }
});

Deno.test("a reference stands before each pattern, and one of several patterns is enough", () => {
  const matches = listMatcher("foo/", ["%", "x/*"]);
  assertEquals(["foo/a", "foo/x/y", "foo/a/b", "foo", "x/y"].map(matches), [true, true, false, false, false]);
});

Deno.test("names and patterns that look the same are the same", () => {
  assert(listMatcher("", ["a\u0308*"])("äb"));
  assert(listMatcher("", ["a\u0308"])("ä"));
});

Deno.test("no pattern matches nothing", () => {
  assert(!listMatcher("", [])("INBOX"));
});

/** By definition, character for character. */
function slowly(pattern: string, name: string): boolean {
  if (pattern === "") return name === "";
  const rest = pattern.slice(1);
  if (pattern[0] === "*" || pattern[0] === "%") {
    return slowly(rest, name) ||
      (name !== "" && !(pattern[0] === "%" && name[0] === "/") && slowly(pattern, name.slice(1)));
  }
  return name !== "" && pattern[0] === name[0] && slowly(rest, name.slice(1));
}

Deno.test("the matcher agrees with the definition of wildcards", () => {
  const random = seededRandom(71);
  const pick = (letters: string, max: number) =>
    Array.from({ length: Math.floor(random.next() * max) }, () => letters[Math.floor(random.next() * letters.length)])
      .join("");
  let met = 0;
  for (let i = 0; i < 20_000; i++) {
    const pattern = pick("ab/*%", 8);
    const name = pick("ab/", 8);
    const expected = slowly(pattern, name);
    assertEquals(listMatcher("", [pattern])(name), expected, `${pattern} ${name}`);
    if (expected) met++;
  }
  assert(met > 500);
});

Deno.test("patterns longer than a word of bits match to their end", () => {
  const name = "abcdefghij".repeat(12);
  assert(listMatcher("", [`*${name}`])(`x/${name}`));
  assert(listMatcher("", [`${name}%`])(name));
  assert(!listMatcher("", [`${name}*`])(`${name.slice(0, -1)}x`));
  assert(listMatcher("", [[...name].join("*")])(name));
  assert(listMatcher("", [[...name].join("*")])([...name].join("xy")));
});

Deno.test("hostile patterns cost no more than a long name times a long pattern (I7)", () => {
  const name = "a".repeat(400);
  const started = performance.now();
  for (const pattern of ["*a".repeat(400) + "b", "%*".repeat(500) + "b", "*a%".repeat(133) + "b"]) {
    const matches = listMatcher("", [pattern]);
    for (let i = 0; i < 500; i++) assert(!matches(name));
  }
  assert(performance.now() - started < 2_000);
});
