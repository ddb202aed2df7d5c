import { assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";
import { FakeClock } from "../../src/base/mod.ts";
import { BoundedResolver } from "../../src/policy/sender/mod.ts";
import { checkSpf } from "../../src/policy/spf/mod.ts";
import { FakeDns, type FakeName } from "../policy/support/fake_dns.ts";

const FILE = new URL("../../../shared/suites/spf/rfc7208-tests.yml", import.meta.url);

/** One case of the suite. */
interface SuiteCase {
  readonly helo: string;
  readonly host: string;
  readonly mailfrom: string;
  readonly result: string | readonly string[];
  readonly explanation?: string;
}

type SuiteRecord = string | Readonly<Record<string, unknown>>;

interface Scenario {
  readonly description: string;
  readonly tests: Readonly<Record<string, SuiteCase>>;
  readonly zonedata: Readonly<Record<string, readonly SuiteRecord[]>>;
}

const scenarios = readSuite();

Deno.test({
  name: scenarios === null
    ? "the SPF suite (skipped: ../shared/suites/spf cannot be read here)"
    : "all 203 cases of the SPF suite are judged as it says, explanations included",
  ignore: scenarios === null,
  async fn() {
    const wrong: string[] = [];
    let count = 0;
    for (const { description, tests, zonedata } of scenarios!) {
      const zone = new FakeDns(zoneOf(zonedata));
      // As in a check: names that cannot exist do not.
      const dns = new BoundedResolver(zone, { clock: new FakeClock(), deadlineMs: 1_000, questionsMax: 10_000 });
      for (const [name, { helo, host, mailfrom, result, explanation }] of Object.entries(tests)) {
        count++;
        const query = { ip: host, helo, sender: mailfrom, receiver: "mx.receiver.test", nowSeconds: 1_400_000_000 };
        const verdict = await checkSpf(query, dns);
        const said = verdict.explanation ?? "DEFAULT";
        const expected = typeof result === "string" ? [result] : result;
        if (!expected.includes(verdict.result)) {
          wrong.push(`${description}: ${name}: ${verdict.result} (${verdict.problem}) for ${expected}`);
        } else if (verdict.result === "fail" && explanation !== undefined && !sameText(said, explanation)) {
          wrong.push(`${description}: ${name}: says "${said}" for "${explanation}"`);
        }
      }
    }
    assertEquals(wrong, []);
    assertEquals(count, 203);
  },
});

/** The suite writes the digits of %{i} in capitals, RFC 7208 §7.4 does not. */
function sameText(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function readSuite(): readonly Scenario[] | null {
  let text: string;
  try {
    text = readFileSync(FILE, "utf8");
  } catch {
    return null;
  }
  return parseAllDocuments(text).map((document) => document.toJS() as Scenario);
}

/** The suite's zone as our fake has it: SPF records stand for TXT, TIMEOUT for a server that does not answer. */
function zoneOf(zonedata: Scenario["zonedata"]): Record<string, FakeName> {
  const zone: Record<string, FakeName> = {};
  for (const [name, records] of Object.entries(zonedata)) {
    const entry = nameOf(records, zonedata);
    zone[reverseName(name.toLowerCase())] = entry;
  }
  return zone;
}

function nameOf(records: readonly SuiteRecord[], zonedata: Scenario["zonedata"]): FakeName {
  const lists: Record<string, string[]> = {};
  let broken = false;
  for (const record of records) {
    if (record === "TIMEOUT") broken = true;
    else if (typeof record === "object") {
      const [type, value] = Object.entries(record)[0]!;
      if (type === "CNAME") return follow(String(value), zonedata);
      if (value === "TIMEOUT") broken = true;
      else if (value === "NONE") lists[type.toLowerCase()] ??= [];
      else (lists[type.toLowerCase()] ??= []).push(textOf(type, value));
    }
  }
  const { a, aaaa, mx, ptr, spf } = lists;
  const txt = (lists["txt"] ?? spf)?.filter((text) => text !== "");
  const given = Object.entries({ a, aaaa, mx, ptr, txt }).filter(([, list]) => list !== undefined && list.length > 0);
  return { ...Object.fromEntries(given), broken };
}

function follow(target: string, zonedata: Scenario["zonedata"]): FakeName {
  const records = Object.entries(zonedata).find(([name]) => name.toLowerCase() === target.toLowerCase())?.[1];
  return records === undefined ? {} : nameOf(records, zonedata);
}

function textOf(type: string, value: unknown): string {
  if (type === "MX") return (value as readonly unknown[])[1] as string;
  // Bytes above 127 were read as UTF-8: the resolver would give them as Latin-1.
  return Array.isArray(value) ? value.join("") : String(value);
}

/** Names of addresses in the reverse tree, as the address that our resolver is asked about. */
function reverseName(name: string): string {
  const four = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa$/.exec(name);
  if (four !== null) return four.slice(1).reverse().join(".");
  const six = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name);
  return six === null ? name : six[1]!.split(".").reverse().join("").replace(/(.{4})(?=.)/g, "$1:");
}
