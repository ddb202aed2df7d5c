import { assertEquals } from "@std/assert";
import { assertNone, readSource, type Source, sources, topFiles } from "./sources.ts";

// Written in halves, so that this file does not find itself.
const RULES: readonly (readonly [why: string, pattern: RegExp])[] = [
  ["unfinished work", new RegExp(`\\b(${"TO"}DO|${"FIX"}ME|${"HA"}CK)\\b`)],
  ["unfinished work", new RegExp(`\\b(for ${"now"}|simpli${"fied"}|place${"holder"} implementation)\\b`, "i")],
  ["unfinished work (a stub resolver is not)", new RegExp(`\\bst${"ub"}(s|bed)?\\b(?! resolver)`, "i")],
  [
    "a path of one machine",
    new RegExp(`(?<![\\w.)\\]}:*-])/(${"ho"}me|${"ro"}ot|${"Us"}ers|${"wo"}rk|${"tm"}p|${"mn"}t)/\\w`),
  ],
  ["a path of one machine", new RegExp(`\\b[A-Z]:\\\\\\\\?${"Us"}ers\\b`)],
  // deno-lint-ignore no-control-regex
  ["a control character", /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/],
  ["an invisible character", /[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/],
];

function findings(source: Source): string[] {
  return source.text.split("\n").flatMap((line, index) =>
    RULES.filter(([, pattern]) => pattern.test(line)).map(([why]) =>
      `${source.path}:${index + 1}: ${why}: ${JSON.stringify(line.trim().slice(0, 100))}`
    )
  );
}

Deno.test("sources and documents hold no unfinished work, machine paths or control characters", () => {
  const top = topFiles().filter((name) => /\.(ts|md|json)$/.test(name)).map(readSource);
  const all = [...top, ...sources(["src", "workers", "bench", "test"], [".ts", ".tsx", ".js", ".json", ".md", ".css"])];
  assertNone(all.flatMap(findings), "Not in this repository:");
});

Deno.test("file names are snake_case", () => {
  const wrong = sources(["src", "workers", "bench", "test"]).map(({ path }) => path)
    .filter((path) => !path.split("/").every((part) => /^[a-z0-9_]+(\.d)?(\.tsx?)?$/.test(part)));
  assertNone(wrong.map((path) => `${path}:1`), "File and folder names are snake_case:");
});

Deno.test("the rules catch what they are for", () => {
  const count = (text: string) => findings({ path: "x.ts", text }).length;
  assertEquals(
    count(`// ${"TO"}DO later\n// good for ${"now"}\n"/${"ho"}me/anna/x"\na\u0007b\na\u202eb\na ${"st"}ub`),
    6,
  );
  assertEquals(count("a stub resolver\n// nowhere, tool\n./mnt/x\n`${base}/mnt/x`\nhttps://x.test/home/y"), 0);
});
