import { assert, assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { AttackTest } from "./attack_answers.ts";
import { ATTACKS } from "./attacks.ts";
import { mask } from "./mask.ts";
import { assertNone, readSource } from "./sources.ts";

/** Where a test's name begins. */
const REGISTERED = /\b(?:Deno\.test|testWith|workerTest|test|needs)\(|\bname(?::| =)/;

/** How far behind it the name may be. */
const NAME_CHARS_MAX = 400;

/** Whether a test of this file has `name` in its name; comments do not count. */
function hasTest(text: string, name: string): boolean {
  const shown = mask(text, "codeAndStrings");
  for (let at = shown.indexOf(name); at >= 0; at = shown.indexOf(name, at + 1)) {
    if (REGISTERED.test(shown.slice(Math.max(0, at - NAME_CHARS_MAX), at))) return true;
  }
  return false;
}

function missing({ file, name }: AttackTest): boolean {
  try {
    return !hasTest(readSource(`test/${file}`).text, name);
  } catch {
    return true;
  }
}

/** The rows of the document, or null where it is not beside the project. */
function documentRows(): string[] | null {
  try {
    const path = fileURLToPath(new URL("../../../shared/ATTACKS.md", import.meta.url));
    return [...readFileSync(path, "utf8").matchAll(/^\| ([A-Z]\d+) \|/gm)].map(([, id]) => id!);
  } catch {
    return null;
  }
}

function numbered(letter: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${letter}${i + 1}`);
}

const DUE = [
  ...numbered("S", 31),
  ...numbered("M", 12),
  "I17",
  "I18",
  ...numbered("A", 2),
  ...numbered("L", 2),
  ...numbered("R", 12),
];

Deno.test("every attack that is known is answered by tests, or by the reason why it cannot be met yet", () => {
  assertNone(DUE.filter((id) => ATTACKS[id] === undefined), "Not in test/tidy/attacks.ts:");
  for (const [id, answer] of Object.entries(ATTACKS)) {
    if ("notYet" in answer) assert(answer.notYet.length > 10, id);
    else assert(answer.length > 0, id);
  }
});

Deno.test("each test that answers an attack is there under its name", () => {
  const gone = Object.entries(ATTACKS).flatMap(([id, answer]) =>
    "notYet" in answer ? [] : answer.filter(missing).map(({ file, name }) => `${id}: test/${file}: ${name}`)
  );
  assertNone(gone, "No such test:");
});

const rows = documentRows();

Deno.test({
  name: "the attacks answered are those of the document" +
    (rows === null ? " (skipped: needs ../shared/ATTACKS.md)" : ""),
  ignore: rows === null,
  fn() {
    assertEquals(Object.keys(ATTACKS).sort(), [...rows!].sort());
  },
});

Deno.test("a name in a comment or in a string of another use is no test", () => {
  const name = "a line is read whole";
  assert(hasTest(`Deno.test("${name} and once", () => {});`, name));
  assert(hasTest(`testWith(\n  { programs: ["curl"] },\n  \`each of 3: ${name}\`,`, name));
  assert(!hasTest(`// Deno.test("${name}", () => {});\nDeno.test("other", () => {});`, name));
  assert(!hasTest(`const text = "${name}";`, name));
});
