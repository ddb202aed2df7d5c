import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { isSpfRecord, parseSpfRecord } from "../../../src/policy/spf/mod.ts";

type Parse = typeof parseSpfRecord;

const SIGNS = { pass: "+", fail: "-", softfail: "~", neutral: "?" } as const;

const qualifier = fc.constantFrom("pass" as const, "fail" as const, "softfail" as const, "neutral" as const);
const domain = fc.constantFrom(null, "b.test", "x-1.b.test", "under_score.test");
const v4 = fc.integer({ min: 0, max: 32 });
const v6 = fc.integer({ min: 0, max: 128 });

/** A term as it is written, and what it must be read as. */
const term = fc.oneof(
  qualifier.map((sign) => ({ text: `${SIGNS[sign]}all`, read: `${sign} all` })),
  fc.tuple(qualifier, fc.constantFrom("a", "mx"), domain, fc.option(v4), fc.option(v6)).map((
    [sign, type, at, four, six],
  ) => ({
    text: `${SIGNS[sign]}${type}${at === null ? "" : `:${at}`}${four === null ? "" : `/${four}`}${
      six === null ? "" : `//${six}`
    }`,
    read: `${sign} ${type} ${at} ${four ?? 32} ${six ?? 128}`,
  })),
  fc.tuple(qualifier, v4).map(([sign, bits]) => ({
    text: `${SIGNS[sign]}ip4:192.0.2.7/${bits}`,
    read: `${sign} ip 192.0.2.7 ${bits}`,
  })),
  fc.tuple(fc.constantFrom("include", "exists"), domain.filter((at) => at !== null)).map(([type, at]) => ({
    text: `${type}:${at}`,
    read: `pass ${type} ${at}`,
  })),
);

function shown(record: ReturnType<Parse>): readonly string[] | string {
  if (typeof record === "string") return record;
  return record.directives.map(({ qualifier: sign, mechanism: m }) => {
    if (m.type === "ip") return `${sign} ip ${[...m.network].join(".")} ${m.bits}`;
    const at = m.type === "all" || m.domain === null ? null : m.domain.join("");
    if (m.type === "a" || m.type === "mx") return `${sign} ${m.type} ${at} ${m.prefixes.v4} ${m.prefixes.v6}`;
    return m.type === "all" ? `${sign} all` : `${sign} ${m.type} ${at}`;
  });
}

/** Whatever is written as a record is read as it was meant. */
function readsBack(parse: Parse): void {
  fc.assert(
    fc.property(fc.array(fc.tuple(term, fc.constantFrom(" ", "   ")), { maxLength: 12 }), (terms) => {
      const text = `v=spf1 ${terms.map(([{ text }, gap]) => text + gap).join("")}`;
      assertEquals(shown(parse(text)), terms.map(([{ read }]) => read));
    }),
    { seed: 31, numRuns: 2_000 },
  );
}

Deno.test("whatever is written as an SPF record is read as it was meant", () => readsBack(parseSpfRecord));

Deno.test("canary: the fuzzer finds a reader that takes // for /", () => {
  assertThrows(() => readsBack((text) => parseSpfRecord(text.replace("//", "/"))));
});

Deno.test("one wrong term anywhere spoils the record", () => {
  for (
    const term of [
      "al",
      "all:x.test",
      "a/33",
      "a//129",
      "a/024",
      "a:b",
      "a:b.test/",
      "ip4:1.2.3",
      "ip4:1.2.3.4/33",
      "ip6:1.2.3.4",
      "ip6:::1%eth0",
      "include",
      "include:",
      "exists",
      "ptr:",
      "redirect=",
      "redirect=b.test redirect=b.test",
      "exp=%{z}.b.test",
      "a:%{d",
      "a:%{d0}",
      "a:%x.test",
      "mx:b.test:c",
      "=x",
      "-",
      "a:b.1",
    ]
  ) {
    assertEquals(typeof parseSpfRecord(`v=spf1 +all ${term}`), "string", term);
  }
});

Deno.test("only a version followed by a space or nothing makes a record SPF's", () => {
  assertEquals(["v=spf1", "V=SPF1 all", "v=spf10", "v=spf1;all", " v=spf1 all", "v=spf1\tall"].map(isSpfRecord), [
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});
