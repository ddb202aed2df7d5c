import { assertEquals } from "@std/assert";
import { functionBodies } from "./functions.ts";
import { importsOf } from "./imports.ts";
import { mask } from "./mask.ts";

const blank = (text: string) => " ".repeat(text.length);

Deno.test("masking blanks comments, strings, templates and regular expressions, and keeps places", () => {
  const cases: readonly (readonly [text: string, code: string])[] = [
    ["a /* { */ b // }\nc", `a ${blank("/* { */")} b ${blank("// }")}\nc`],
    [`a("}", '{', "\\"}")`, `a(${blank('"}"')}, ${blank("'{'")}, ${blank('"\\"}"')})`],
    ["`a{${b({ c: `}` })}}` + d", `${blank("`a{${")}b({ c: ${blank("`}`")} })${blank("}}`").replace(/^ /, "}")} + d`],
    ["x = /[/}]\\/{/.test(y) / 2", `x = ${blank("/[/}]\\/{/")}.test(y) / 2`],
    ["a / b / c", "a / b / c"],
    ["return /}/", `return ${blank("/}/")}`],
  ];
  for (const [text, code] of cases) assertEquals(mask(text, "code"), code, text);
  assertEquals(mask('a("x") // "y"', "codeAndStrings"), `a("x") ${blank('// "y"')}`);
});

Deno.test("functions, methods and arrows are found, other blocks are not", () => {
  const text = `
    export function one<T extends object>({ a, b }: { a: T; b: number }): { c: T } { return { c: a }; }
    class Two { constructor(private x = {}) { } #three(): void { if (a) { b(); } } get four(): Map<string, () => void> { } }
    const five = async (x) => { for (const y of x) { } };
    const six = ({ y }: Y): Z[] => { switch (y) { case 1: { } } };
    seven({ eight(a) { }, nine: (b) => { }, ten: { a: 1 } });
    interface Eleven { a(): { b: string } }
    try { } catch (error) { } finally { }
    if (x({ a })) { } else { }`;
  const names = functionBodies(text).map(({ name }) => name);
  assertEquals(names.toSorted(), ["#three", "constructor", "eight", "five", "four", "nine", "one", "six"].toSorted());
});

Deno.test("imports are found in every form, and not in comments", () => {
  const text = `
    import a, { type b } from "./a.ts";
    import type { c } from "../c/c.ts";
    export * from "./d/mod.ts";
    export type { e } from "./e.ts";
    import "node:net";
    const f = await import("lmdb");
    new Worker(new URL("../../workers/g.ts", import.meta.url));
    // import h from "./h.ts";
    const i = new URL("./i.json", import.meta.url);
    import {
      j,
      k as l,
    } from "zod";`;
  const found = importsOf({ path: "src/x/y.ts", text }).sort((a, b) => a.at - b.at);
  assertEquals(found.map(({ specifier, typeOnly, target }) => [specifier, typeOnly, target]), [
    ["./a.ts", false, "src/x/a.ts"],
    ["../c/c.ts", true, "src/c/c.ts"],
    ["./d/mod.ts", false, "src/x/d/mod.ts"],
    ["./e.ts", true, "src/x/e.ts"],
    ["node:net", false, null],
    ["lmdb", false, null],
    ["../../workers/g.ts", false, "workers/g.ts"],
    ["zod", false, null],
  ]);
});
