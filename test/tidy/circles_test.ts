import { assertEquals } from "@std/assert";
import { importsOf } from "./imports.ts";
import { assertNone, type Source, sources } from "./sources.ts";

/** Groups of files each of which leads to each other by imports, types included, smallest names first. */
function circlesOf(list: readonly Source[]): string[] {
  const targets = new Map(list.map((source) => [source.path, targetsOf(source)]));
  const reached = new Map([...targets.keys()].map((path) => [path, reachedFrom(path, targets)]));
  const circles = [...reached].flatMap(([path, far]) => {
    if (!far.has(path)) return [];
    return [[...far].filter((other) => reached.get(other)?.has(path)).sort().join(" ")];
  });
  return [...new Set(circles)];
}

function targetsOf(source: Source): string[] {
  return importsOf(source).flatMap(({ target }) => target === null ? [] : [target]);
}

/** Everything that a file leads to; itself only by way of others. */
function reachedFrom(path: string, targets: ReadonlyMap<string, readonly string[]>): Set<string> {
  const reached = new Set<string>();
  const left = [...targets.get(path) ?? []];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (reached.has(next)) continue;
    reached.add(next);
    left.push(...targets.get(next) ?? []);
  }
  return reached;
}

Deno.test("imports run in no circles", () => {
  assertNone(
    circlesOf(sources(["src", "workers", "bench", "test"])),
    "What files have in common goes into a file of its own:",
  );
});

Deno.test("the rule catches circles of two files and of three, by types, too", () => {
  const files = (imports: Readonly<Record<string, string>>) =>
    Object.entries(imports).map(([name, text]) => ({ path: `src/${name}.ts`, text }) as Source);
  assertEquals(circlesOf(files({ a: 'import "./b.ts";', b: 'import type { A } from "./a.ts";' })), [
    "src/a.ts src/b.ts",
  ]);
  const three = { a: 'import "./b.ts";', b: 'export * from "./c.ts";', c: 'import "./a.ts";', d: 'import "./a.ts";' };
  assertEquals(circlesOf(files(three)), ["src/a.ts src/b.ts src/c.ts"]);
  assertEquals(circlesOf(files({ a: 'import "./b.ts";', b: 'import "./c.ts";', c: "" })), []);
});
