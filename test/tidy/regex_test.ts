import { assertEquals } from "@std/assert";
import { mask } from "./mask.ts";
import { assertNone, place, sources } from "./sources.ts";

/** Patterns that repeat a repetition and are linear all the same, with the reason. */
const HARMLESS: ReadonlyMap<string, string> = new Map([
  [String.raw`^[\x21-\x7e]+( [\x21-\x7e]+)*$`, "each turn begins with a blank, which the class does not have"],
]);

/** A regular expression of a source: where it begins, and its pattern. */
interface Found {
  readonly at: number;
  readonly pattern: string;
}

/** Where comments and strings stand apart, what is left with a slash in front is a regular expression. */
function patterns(text: string): Found[] {
  const [shown, code] = [mask(text, "codeAndStrings"), mask(text, "code")];
  const found: Found[] = [];
  for (let at = 0; at < shown.length; at++) {
    if (code[at] !== " " || shown[at] === " ") continue;
    let end = at;
    while (end < shown.length && (code[end] === " " || shown[end] === code[end]) && code[end] === " ") end++;
    const piece = shown.slice(at, end).trimEnd();
    if (piece[0] === "/") found.push({ at, pattern: piece.slice(1, piece.lastIndexOf("/")) });
    at = end;
  }
  return found;
}

/** Whether a quantifier without an upper bound stands at this place. */
function endless(pattern: string, at: number): boolean {
  return pattern[at] === "*" || pattern[at] === "+" || /^\{\d+,\}/.test(pattern.slice(at, at + 8));
}

/** Whether a group that may repeat for ever holds something that may repeat for ever: time then may double with each byte. */
function repeatsRepetition(pattern: string): boolean {
  /** For each open group: whether something endless is inside. */
  const groups: boolean[] = [false];
  let inClass = false;
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at];
    if (char === "\\") at++;
    else if (inClass) inClass = char !== "]";
    else if (char === "[") inClass = true;
    else if (char === "(") groups.push(false);
    else if (char === ")") {
      const inside = groups.pop() ?? false;
      const repeated = endless(pattern, at + 1);
      if (inside && repeated) return true;
      if (inside || repeated) groups[groups.length - 1] = true;
      continue;
    }
    if (!inClass && endless(pattern, at + 1)) groups[groups.length - 1] = true;
  }
  return false;
}

Deno.test("no regular expression of the program repeats a repetition", () => {
  const findings = sources(["src", "workers"]).flatMap((source) =>
    patterns(source.text).filter(({ pattern }) => repeatsRepetition(pattern) && !HARMLESS.has(pattern))
      .map(({ at, pattern }) => `${place(source, at)}: /${pattern}/`)
  );
  assertNone(findings, "Such a pattern can take exponential time:");
});

Deno.test("the rule finds what takes exponential time, and lets the rest pass", () => {
  for (const bad of ["(a+)+", "^(a*)*$", "(?:x|(?:[a-z]+))*y", "([^]]+\\s*){2,}", "(a\\)+)+"]) {
    assertEquals(repeatsRepetition(bad), true, bad);
  }
  for (const good of ["a+b+", "(ab)+", "(?:[a-z]{0,61}[a-z])?(?:\\.[a-z]{1,5})*", "[(+*)]+", "(a+)?", "\\(a+\\)+"]) {
    assertEquals(repeatsRepetition(good), false, good);
  }
  const text = 'const a = "/(x+)+/"; // /(y+)+/\nconst b = /(z+ )+/g, c = 1 / 2;\n';
  assertEquals(patterns(text).map(({ pattern }) => pattern), ["(z+ )+"]);
});
