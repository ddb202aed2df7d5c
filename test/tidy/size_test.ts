import { assert } from "@std/assert";
import { functionBodies } from "./functions.ts";
import { assertNone, place, sources } from "./sources.ts";

const FILE_LINES_MAX = 500;
const FUNCTION_LINES_MAX = 70;

/** Functions that are better long, as `path name`, with the reason. */
const LONG_FUNCTIONS: ReadonlyMap<string, string> = new Map([]);

Deno.test("files stay within 500 lines", () => {
  const findings = sources(["src", "workers", "bench", "test"])
    .map((source) => [source, source.text.split("\n").length - 1] as const)
    .filter(([, lines]) => lines > FILE_LINES_MAX)
    .map(([{ path }, lines]) => `${path}:${FILE_LINES_MAX + 1}: ${lines} lines`);
  assertNone(findings, `A file has at most ${FILE_LINES_MAX} lines:`);
});

Deno.test("functions stay within 70 lines", () => {
  const findings: string[] = [];
  const long = new Set<string>();
  for (const source of sources(["src", "workers", "bench"])) {
    for (const { name, open, close } of functionBodies(source.text)) {
      const lines = source.text.slice(open, close).split("\n").length;
      if (lines <= FUNCTION_LINES_MAX) continue;
      long.add(`${source.path} ${name}`);
      if (!LONG_FUNCTIONS.has(`${source.path} ${name}`)) {
        findings.push(`${place(source, open)}: ${name} has ${lines} lines`);
      }
    }
  }
  assertNone(
    findings,
    `A function has at most ${FUNCTION_LINES_MAX} lines, or stands in LONG_FUNCTIONS with a reason:`,
  );
  for (const [name, reason] of LONG_FUNCTIONS) {
    assert(long.has(name), `LONG_FUNCTIONS names ${name}, which is not long any more`);
    assert(reason.length > 20, `LONG_FUNCTIONS gives no reason for ${name}`);
  }
});
