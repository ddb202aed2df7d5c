import { assertEquals } from "@std/assert";
import { type Import, importsOf } from "./imports.ts";
import { CAPABILITIES, LAYERS, OWNERS, SHARED_PROTOCOLS, TYPES_ONLY } from "./layers.ts";
import { mask } from "./mask.ts";
import { assertNone, place, type Source, sources } from "./sources.ts";

const PROGRAM = sources(["src", "workers"]);
const BENCH = sources(["bench"]);
const PATHS = new Set([...PROGRAM, ...BENCH].map(({ path }) => path));

/** The layer a path belongs to; files right below src are the layer `main`. */
function layerOf(path: string): string {
  const [top, folder, ...rest] = path.split("/");
  if (top !== "src") return top!;
  return rest.length === 0 ? "main" : folder!;
}

/** Why `from` may not import `to`, or null. */
function objection(from: string, to: string, typeOnly: boolean): string | null {
  const [importer, imported] = [layerOf(from), layerOf(to)];
  if (importer === imported) return importer === "protocol" ? protocolObjection(from, to) : null;
  if (importer === "bench") return null;
  const allowed = LAYERS[importer];
  if (allowed === undefined) return `the layer table does not know ${importer}`;
  if (!allowed.includes(imported)) return `${importer} may not import ${imported}`;
  if (!typeOnly && TYPES_ONLY.has(`${importer} -> ${imported}`)) {
    return `${importer} may import only types of ${imported}`;
  }
  const owners = importer === "actors" ? OWNERS[imported] : undefined;
  const actor = from.split("/")[2]?.replace(/\.tsx?$/, "") ?? "";
  if (owners !== undefined && !owners.includes(actor)) {
    return `of the actors only ${owners.join(", ")} may import ${imported}`;
  }
  return null;
}

function protocolObjection(from: string, to: string): string | null {
  const [importer, imported] = [from.split("/"), to.split("/")];
  // Files right below src/protocol belong to all of them.
  if (importer.length === 3 || imported.length === 3 || importer[2] === imported[2]) return null;
  return SHARED_PROTOCOLS.has(imported[2]!) ? null : `protocol ${importer[2]} may not import protocol ${imported[2]}`;
}

function eachImport(list: readonly Source[], report: (source: Source, found: Import) => string | null): string[] {
  const findings: string[] = [];
  for (const source of list) {
    for (const found of importsOf(source)) {
      const problem = report(source, found);
      if (problem !== null) findings.push(`${place(source, found.at)}: ${problem} ("${found.specifier}")`);
    }
  }
  return findings;
}

Deno.test("imports point down the layers", () => {
  assertNone(
    eachImport([...PROGRAM, ...BENCH], ({ path }, { target, typeOnly }) => {
      if (target === null) return null;
      // The benchmarks start servers as the tests do.
      if (target.startsWith("test/") && layerOf(path) === "bench") return null;
      if (!PATHS.has(target)) return target.startsWith("test/") ? "the program may not import tests" : "no such file";
      return objection(path, target, typeOnly);
    }),
    "Lower layers never import higher ones:",
  );
});

Deno.test("imports say what they import: relative with an ending, node: or a package", () => {
  assertNone(
    eachImport([...PROGRAM, ...BENCH], (_, { specifier, target }) => {
      if (target !== null || specifier.startsWith("node:")) return null;
      return /^(@[\w-]+\/)?[\w-]+(\.js)?(\/[\w./-]+)?$/.test(specifier) ? null : "not a package name";
    }),
    "No URLs and no aliases:",
  );
});

Deno.test("no files import each other in a circle", () => {
  const edges = new Map(PROGRAM.map((source) => [
    source.path,
    importsOf(source).filter(({ typeOnly }) => !typeOnly).flatMap(({ target }) => target === null ? [] : [target]),
  ]));
  assertNone(findCycles(edges).map((cycle) => cycle.join(" -> ")), "Circles of imports (types apart):");
});

Deno.test("each capability has one home", () => {
  const findings: string[] = [];
  for (const source of PROGRAM) {
    const code = mask(source.text, "codeAndStrings");
    for (const { what, pattern, homes } of CAPABILITIES) {
      const at = code.search(pattern);
      if (at < 0 || homes.some((home) => source.path.startsWith(home))) continue;
      findings.push(`${place(source, at)}: ${what} belong to ${homes.join(", ")}`);
    }
  }
  assertNone(findings, "Capabilities used away from their home:");
});

Deno.test("the rules themselves catch what they are for", () => {
  const refused: readonly (readonly [from: string, to: string])[] = [
    ["src/base/a.ts", "src/mail/a.ts"],
    ["src/protocol/smtp/a.ts", "src/protocol/pop3/a.ts"],
    ["src/protocol/sasl/a.ts", "src/protocol/pop3/a.ts"],
    ["src/protocol/pop3/a.ts", "src/storage/a.ts"],
    ["src/actors/router.ts", "src/storage/mod.ts"],
    ["src/actors/router.ts", "src/net/mod.ts"],
    ["src/actors/router.ts", "src/admin/mod.ts"],
    ["src/web/a.ts", "src/storage/mod.ts"],
    ["src/unheard_of/a.ts", "src/base/mod.ts"],
    ["src/messages/a.ts", "src/runtime/mod.ts"],
  ];
  for (const [from, to] of refused) assertEquals(objection(from, to, false) === null, false, `${from} -> ${to}`);
  const allowed: readonly (readonly [from: string, to: string])[] = [
    ["src/protocol/pop3/commands/a.ts", "src/protocol/sasl/mod.ts"],
    ["src/actors/mailbox/deliver.ts", "src/storage/deep/inside.ts"],
    ["src/actors/listener.ts", "src/net/mod.ts"],
    ["workers/a.ts", "src/actors/mod.ts"],
    ["bench/a.ts", "src/storage/mod.ts"],
  ];
  for (const [from, to] of allowed) assertEquals(objection(from, to, false), null, `${from} -> ${to}`);
  assertEquals(objection("src/messages/a.ts", "src/runtime/types.ts", true), null);
  assertEquals(findCycles(new Map([["a", ["b"]], ["b", ["c"]], ["c", ["b"]]])), [["b", "c", "b"]]);
});

/** One cycle for each file that a depth-first walk meets again on its own path. */
function findCycles(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string) => {
    if (path.includes(file)) {
      cycles.push([...path.slice(path.indexOf(file)), file]);
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const next of edges.get(file) ?? []) visit(next);
    path.pop();
    done.add(file);
  };
  for (const file of edges.keys()) visit(file);
  return cycles;
}
