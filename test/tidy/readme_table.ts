/** Writes the table of RFCs into the README: `deno task readme`. A test fails when it is out of date. */
import { renderRfcTable } from "../../src/protocol/rfc.ts";

const BEGIN = "<!-- rfc:begin -->";
const END = "<!-- rfc:end -->";

/** The README with the table as the code has it. */
export function withTable(readme: string): string {
  const [from, to] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`the README lacks ${BEGIN} or ${END}`);
  return `${readme.slice(0, from + BEGIN.length)}\n\n${renderRfcTable().trim()}\n\n${readme.slice(to)}`;
}

if (import.meta.main) {
  const path = new URL("../../README.md", import.meta.url);
  Deno.writeTextFileSync(path, withTable(Deno.readTextFileSync(path)));
}
