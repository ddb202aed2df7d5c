import { assertEquals } from "@std/assert";
import { mask } from "./mask.ts";
import { assertNone, place, type Source, sources } from "./sources.ts";

/** What makes code depend on when, where or how often it runs. */
const IMPURE: readonly (readonly [what: string, pattern: RegExp])[] = [
  ["a clock", /\bDate\.now\b|\bnew Date\(\s*\)|\bDate\(\s*\)|\bperformance\./g],
  ["randomness", /\bMath\.random\b|\bcrypto\.|\brandomBytes\b|\brandomUUID\b/g],
  ["a timer", /\b(setTimeout|setInterval|setImmediate|queueMicrotask)\b/g],
  ["async code", /\basync\b|\bawait\b|\bnew Promise\b|\bPromise\./g],
  ["a log", /\bconsole\./g],
  ["the machine", /\bDeno\.|\bprocess\./g],
];

/** Files of the program that may keep state for the whole module, with the reason. */
const MODULE_STATE: ReadonlyMap<string, string> = new Map([]);

function impurities(source: Source): string[] {
  const code = mask(source.text, "code");
  return IMPURE.flatMap(([what, pattern]) =>
    [...code.matchAll(pattern)].map((match) => `${place(source, match.index)}: ${what}: ${match[0]}`)
  );
}

/** Places of `let` and `var` outside every function, and of `enum` anywhere. */
function looseState(source: Source): string[] {
  const code = mask(source.text, "code");
  const found = [...code.matchAll(/^(export )?(let|var) \w+/gm), ...code.matchAll(/\benum \w+\s*\{/g)];
  return found.map((match) => `${place(source, match.index)}: ${match[0]}`);
}

Deno.test("protocols, mail and MIME know no clock, chance, timer, promise, log or machine", () => {
  assertNone(
    sources(["src"]).filter(({ path }) => /^src\/(protocol|mail|mime)\//.test(path)).flatMap(impurities),
    "Bytes in, actions out; nothing else:",
  );
});

Deno.test("no module keeps state of its own, and there is no enum", () => {
  assertNone(
    sources(["src", "workers"]).filter(({ path }) => !MODULE_STATE.has(path)).flatMap(looseState),
    "State lives in values and actors:",
  );
});

Deno.test("the rules catch what they are for", () => {
  const count = (text: string) => impurities({ path: "x.ts", text }).length;
  for (
    const text of [
      "Date.now()",
      "new Date()",
      "Math.random()",
      "async () => 1",
      "await x",
      "console.log(1)",
      "Deno.exit()",
    ]
  ) {
    assertEquals(count(text), 1, text);
  }
  for (const text of ["// await", '"async"', "new Date(ms)", "asynchronous", "myconsole.x", "update.now"]) {
    assertEquals(count(text), 0, text);
  }
  assertEquals(
    looseState({ path: "x.ts", text: "let a = 1;\nfunction f() {\n  let b = 1;\n}\nenum E { A }" }).length,
    2,
  );
});
