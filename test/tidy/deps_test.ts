import { assert, assertEquals } from "@std/assert";
import { importsOf } from "./imports.ts";
import { assertNone, place, readSource, sources } from "./sources.ts";

interface Package {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly overrides?: Readonly<Record<string, string>>;
  readonly workspaces?: readonly string[];
}

const FILE = readSource("package.json");
const PACKAGE = JSON.parse(FILE.text) as Package;
const EXACT = /^\d+\.\d+\.\d+(-[\w.]+)?$/;

Deno.test("package.json names exact versions", () => {
  const members = (PACKAGE.workspaces ?? []).map((path) => JSON.parse(readSource(`${path}/package.json`).text).name);
  const wrong = Object.entries({ ...PACKAGE.dependencies, ...PACKAGE.devDependencies, ...PACKAGE.overrides })
    .filter(([name, version]) => members.includes(name) ? version !== "*" : !EXACT.test(version));
  const findings = wrong.map(([name, version]) => `${place(FILE, FILE.text.indexOf(`"${name}"`))}: ${name} ${version}`);
  assertNone(findings, "Versions are exact, workspace members are *:");
});

Deno.test("deno.lock knows no machine and no mirror: it holds no URL", () => {
  const lock = readSource("deno.lock");
  const findings = [...lock.text.matchAll(/https?:\/\/[^\s"]+/g)].map((match) =>
    `${place(lock, match.index)}: ${match[0]}`
  );
  assertNone(findings, "No URL in the lock file:");
});

Deno.test("deno.lock knows every package of package.json", () => {
  const lock = readSource("deno.lock").text;
  for (const [name, version] of Object.entries({ ...PACKAGE.dependencies, ...PACKAGE.devDependencies })) {
    if (version !== "*") assert(lock.includes(`"npm:${name}@${version}"`), `deno.lock lacks ${name}@${version}`);
  }
});

Deno.test("the program imports only packages of its dependencies, tests also those for development", () => {
  const run = new Set(Object.keys(PACKAGE.dependencies ?? {}));
  const all = new Set([...run, ...Object.keys(PACKAGE.devDependencies ?? {})]);
  const check = (tops: readonly string[], allowed: ReadonlySet<string>) =>
    sources(tops).flatMap((source) =>
      importsOf(source).filter(({ specifier, target }) => {
        if (target !== null || specifier.startsWith("node:")) return false;
        return !allowed.has(specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/"));
      }).map(({ specifier, at }) => `${place(source, at)}: ${specifier}`)
    );
  assertNone([...check(["src", "workers"], run), ...check(["bench", "test"], all)], "Not in package.json:");
  assertEquals(run.size > 0, true);
});
