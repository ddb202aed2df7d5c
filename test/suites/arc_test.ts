import { assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { type Document, isMap, parseAllDocuments } from "yaml";
import { utf8 } from "../../src/base/mod.ts";
import { verifyArc } from "../../src/policy/arc/mod.ts";
import { readMessage } from "../../src/policy/header/mod.ts";
import { FakeDns } from "../policy/support/fake_dns.ts";

const FILE = new URL("../../../shared/suites/arc/arc-draft-validation-tests.yml", import.meta.url);

/** Cases where the final RFC 8617, or this server, judges otherwise than the draft's suite. */
const DIFFERENT: Readonly<Record<string, string>> = {
  cv_fail_i1_as_cv_fail: "the draft left the result of a chain that says fail open: it is fail (RFC 8617 §5.2 step 2)",
  cv_fail_i2_as2_fail: "the same at the second set",
  cv_fail_i2_as1_fail: "the same at the first of two sets",
  ams_fields_c_na: "without c= it is simple/simple, as in DKIM (RFC 8617 §4.1.2), and the case was signed relaxed",
  ams_fields_h_empty: "h= must name From (RFC 6376 §5.4): an empty one signs nothing that a reader sees",
  ams_fields_h_mis_hdr: "a name in h= has a character at least (RFC 6376 §3.5)",
};

interface Scenario {
  /** Name and case; four names come twice. */
  readonly tests: readonly (readonly [name: string, test: { readonly message: string; readonly cv: string }])[];
  readonly records: Readonly<Record<string, string>>;
}

const scenarios = readSuite();

Deno.test({
  name: scenarios === null
    ? "the ARC suite (skipped: ../shared/suites/arc cannot be read here)"
    : "the ARC suite is judged as it says, but for the cases that differ for a reason",
  ignore: scenarios === null,
  async fn() {
    const differing: string[] = [];
    let count = 0;
    for (const { tests, records } of scenarios!) {
      const dns = new FakeDns(
        Object.fromEntries(Object.entries(records).map(([name, text]) => [name, { txt: [text] }])),
      );
      for (const [name, { message, cv }] of tests) {
        count++;
        const parsed = readMessage([utf8(message.replace(/\n/g, "\r\n"))]);
        const { result, reason } = await verifyArc(parsed, { resolver: dns, nowSeconds: 1_500_000_000 });
        if (result !== (String(cv).toLowerCase() || "none")) differing.push(`${name}: ${result} (${reason}) for ${cv}`);
      }
    }
    assertEquals(differing.filter((text) => !(text.split(":")[0]! in DIFFERENT)), []);
    assertEquals(differing.length, Object.keys(DIFFERENT).length);
    assertEquals(count, 175);
  },
});

function readSuite(): readonly Scenario[] | null {
  try {
    return parseAllDocuments(readFileSync(FILE, "utf8"), { uniqueKeys: false }).map(scenarioOf);
  } catch {
    return null;
  }
}

function scenarioOf(document: Document): Scenario {
  const tests = document.get("tests");
  if (!isMap(tests)) throw new Error("the suite has no tests");
  const named = tests.items.map(({ key, value }) => {
    const node = value as { toJS(document: Document): { message: string; cv: string } };
    return [String(key), node.toJS(document)] as const;
  });
  return { tests: named, records: (document.toJS() as Record<string, Record<string, string>>)["txt-records"] ?? {} };
}
