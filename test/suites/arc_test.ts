import { assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";
import { utf8 } from "../../src/base/mod.ts";
import { verifyArc } from "../../src/policy/arc/mod.ts";
import { readMessage } from "../../src/policy/header/mod.ts";
import { FakeDns } from "../policy/support/fake_dns.ts";

const FILE = new URL("../../../shared/suites/arc/arc-draft-validation-tests.yml", import.meta.url);

/** Cases where the final RFC 8617, or this server, judges otherwise than the draft's suite. */
const DIFFERENT: Readonly<Record<string, string>> = {};

interface Scenario {
  readonly description: string;
  readonly tests: Readonly<Record<string, { readonly message: string; readonly cv: string }>>;
  readonly "txt-records": Readonly<Record<string, string>>;
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
    for (const { tests, "txt-records": records } of scenarios!) {
      const dns = new FakeDns(
        Object.fromEntries(Object.entries(records ?? {}).map(([name, text]) => [name, { txt: [text] }])),
      );
      for (const [name, { message, cv }] of Object.entries(tests)) {
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
    return parseAllDocuments(readFileSync(FILE, "utf8")).map((document) => document.toJS() as Scenario);
  } catch {
    return null;
  }
}
