import { assertNone, sources } from "./sources.ts";
import { mask } from "./mask.ts";

/** Folders whose files are reached only through the table beside them. */
const WITHOUT_MOD = new Set(["commands"]);

const SOURCES = sources(["src"]);
const FOLDERS = new Set(SOURCES.map(({ path }) => path.slice(0, path.lastIndexOf("/"))));

Deno.test("every folder of src has a mod.ts", () => {
  const missing = [...FOLDERS].filter((folder) =>
    folder !== "src" && !WITHOUT_MOD.has(folder.split("/").at(-1)!) &&
    !SOURCES.some(({ path }) => path === `${folder}/mod.ts`)
  );
  assertNone(missing.map((folder) => `${folder}/mod.ts:1: missing`), "Each folder has a mod.ts:");
});

Deno.test("each mod.ts opens with what is here, who may import it and what it must never do", () => {
  const findings: string[] = [];
  for (const { path, text } of SOURCES) {
    if (!path.endsWith("/mod.ts")) continue;
    const opening = /^\/\*\*\n((?: \* .+\n){3,}) \*\/\n/.exec(text)?.[1];
    if (opening === undefined) findings.push(`${path}:1: no opening of three lines`);
    else if (!/import/i.test(opening)) findings.push(`${path}:3: does not say who may import it`);
    else if (!/\bnever\b/i.test(opening)) findings.push(`${path}:4: does not say what it must never do`);
  }
  assertNone(findings, "mod.ts opens with three lines: what is here, who may import it, what it must never do:");
});

Deno.test("each mod.ts only re-exports", () => {
  const findings: string[] = [];
  for (const { path, text } of SOURCES) {
    if (!path.endsWith("/mod.ts")) continue;
    const rest = mask(text, "codeAndStrings").replace(/export (type )?(\*( as \w+)?|\{[^}]*\}) from "[^"]+";/g, "");
    const at = rest.search(/\S/);
    if (at >= 0) findings.push(`${path}:${rest.slice(0, at).split("\n").length}: ${rest.slice(at).split("\n")[0]}`);
  }
  assertNone(findings, "mod.ts holds nothing of its own:");
});
