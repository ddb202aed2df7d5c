import { RFCS } from "../../src/protocol/rfc.ts";
import { assertEquals } from "@std/assert";
import { withTable } from "./readme_table.ts";
import { assertNone, place, sources } from "./sources.ts";

const NUMBERS = new Set(RFCS.map(({ number }) => number));
/** `RFC822.SIZE` is a name of IMAP, not a citation. */
const CITED = /\bRFCs? ([0-9]{3,5})\b/g;

Deno.test("every RFC that the program names stands in the list of RFCs", () => {
  const findings: string[] = [];
  for (const source of sources(["src", "workers"])) {
    for (const match of source.text.matchAll(CITED)) {
      if (!NUMBERS.has(Number(match[1]))) findings.push(`${place(source, match.index)}: RFC ${match[1]}`);
    }
  }
  assertNone(findings, "Missing in src/protocol/rfc.ts:");
});

Deno.test("the list of RFCs names none that the program does not", () => {
  const cited = new Set<number>();
  for (const { path, text } of sources(["src", "workers"])) {
    if (path === "src/protocol/rfc.ts") continue;
    for (const match of text.matchAll(CITED)) cited.add(Number(match[1]));
  }
  assertNone(RFCS.filter(({ number }) => !cited.has(number)).map(({ number }) => `RFC ${number}`), "Cited nowhere:");
});

Deno.test("the README shows the list of RFCs as the code has it", () => {
  const readme = Deno.readTextFileSync(new URL("../../README.md", import.meta.url));
  assertEquals(withTable(readme), readme, "out of date: deno task readme");
});
