/** What SPF does about records that want too much (RFC 7208 §4.6.4, ATTACKS S29). */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { FakeClock } from "../../../src/base/mod.ts";
import { BoundedResolver } from "../../../src/policy/sender/mod.ts";
import { checkSpf, parseSpfRecord, SPF_RECORD_CHARS_MAX, type SpfVerdict } from "../../../src/policy/spf/mod.ts";
import { FakeDns, type FakeName } from "../support/fake_dns.ts";

const QUERY = { ip: "192.0.2.1", helo: "h.test", sender: "a@b.test", receiver: "mx.test", nowSeconds: 1_700_000_000 };

async function check(record: string, more: Readonly<Record<string, FakeName>> = {}): Promise<[SpfVerdict, FakeDns]> {
  const dns = new FakeDns({ "b.test": { txt: [record] }, ...more });
  const bounded = new BoundedResolver(dns, { clock: new FakeClock(), deadlineMs: 1_000, questionsMax: 1_000 });
  return [await checkSpf(QUERY, bounded), dns];
}

function said({ result, problem }: SpfVerdict): string {
  return problem === null ? result : `${result}: ${problem}`;
}

Deno.test("ten terms may ask the DNS, the eleventh is a permanent error and is not asked", async () => {
  const names = (count: number) => Array.from({ length: count }, (_, i) => `a:a${i}.test`).join(" ");
  const zone = Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`a${i}.test`, { a: ["203.0.113.9"] }]));
  const [ten] = await check(`v=spf1 ${names(10)} -all`, zone);
  assertEquals(said(ten), "fail");
  const [eleven, dns] = await check(`v=spf1 ${names(11)} -all`, zone);
  assertEquals(said(eleven), "permerror: too many DNS lookups");
  assertEquals(dns.asked.length, 11);
});

Deno.test("a record that includes itself, or two that do each other, end at the same limit", async () => {
  assertEquals(said((await check("v=spf1 include:b.test -all"))[0]), "permerror: too many DNS lookups");
  const [verdict, dns] = await check("v=spf1 include:c.test include:c.test ?all", {
    "c.test": { txt: ["v=spf1 include:b.test redirect=b.test"] },
  });
  assertEquals(said(verdict), "permerror: too many DNS lookups");
  assert(dns.asked.length <= 12);
  assertEquals(said((await check("v=spf1 redirect=b.test"))[0]), "permerror: too many DNS lookups");
});

Deno.test("two lookups may bring nothing, the third is a permanent error", async () => {
  assertEquals(said((await check("v=spf1 a:x.test exists:y.test -all"))[0]), "fail");
  assertEquals(
    said((await check("v=spf1 a:x.test mx:y.test exists:z.test -all"))[0]),
    "permerror: too many void lookups",
  );
});

Deno.test("ten hosts of an mx are looked up, eleven are a permanent error; of a ptr's names ten are looked at", async () => {
  const hosts = (count: number) => Array.from({ length: count }, (_, i) => `m${i}.test`);
  const zone = Object.fromEntries(hosts(11).map((name) => [name, { a: ["203.0.113.9"] }]));
  assertEquals(said((await check("v=spf1 mx:m.test -all", { ...zone, "m.test": { mx: hosts(10) } }))[0]), "fail");
  const [verdict] = await check("v=spf1 mx:m.test -all", { ...zone, "m.test": { mx: hosts(11) } });
  assertEquals(said(verdict), "permerror: too many MX hosts");
  const last = { ...zone, "m10.test": { a: [QUERY.ip] }, [QUERY.ip]: { ptr: hosts(11) } };
  const [named, dns] = await check("v=spf1 ptr:m10.test -all", last);
  assertEquals(said(named), "fail");
  assertEquals(dns.asked.filter((question) => question.startsWith("a ")).length, 10);
});

Deno.test("a name server that does not answer is a temporary error, never a verdict on the sender", async () => {
  for (const term of ["a:x.test", "mx:x.test", "include:x.test", "exists:x.test", "redirect=x.test"]) {
    assertEquals(said((await check(`v=spf1 ${term}`, { "x.test": { broken: true } }))[0]), "temperror: DNS failure");
  }
  const dns = new FakeDns({ "b.test": { broken: true } });
  assertEquals((await checkSpf(QUERY, dns)).result, "temperror");
});

Deno.test("a record of the limit's length is read, a longer one is a permanent error", async () => {
  const padded = (length: number) => "v=spf1 -all".padEnd(length, " ");
  assertEquals(said((await check(padded(SPF_RECORD_CHARS_MAX)))[0]), "fail");
  assertEquals(said((await check(padded(SPF_RECORD_CHARS_MAX + 1)))[0]), "permerror: record too long");
  const startMs = performance.now();
  for (const piece of [" ", "%{d}", "a", "/", "a:%{d1r.-}.b ", "x=%{i} "]) {
    await check(`v=spf1 a:${piece.repeat(64_000)}`);
    parseSpfRecord(`v=spf1 ${piece}`.padEnd(SPF_RECORD_CHARS_MAX, piece));
  }
  if (performance.now() - startMs > 2_000) throw new Error(`${performance.now() - startMs} ms`);
});

Deno.test("macros that grow without end are a permanent error, and a long name loses labels on the left", async () => {
  const sender = `${"x".repeat(64)}@b.test`;
  const dns = new FakeDns({ "b.test": { txt: [`v=spf1 exists:${"%{l}.".repeat(200)}b.test -all`] } });
  assertEquals(said(await checkSpf({ ...QUERY, sender }, dns)), "permerror: macros expand without end");
  const long = new FakeDns({ "b.test": { txt: [`v=spf1 exists:${"%{o}.".repeat(60)}c.test -all`] } });
  await checkSpf(QUERY, long);
  const asked = long.asked.at(-1)!.slice("a ".length);
  assert(asked.length <= 253 && asked.endsWith(".b.test.c.test"), asked);
});

Deno.test("an explanation is one printable line of bounded length, or none", async () => {
  const explained = async (text: string) => {
    const [verdict] = await check("v=spf1 -all exp=e.test", { "e.test": { txt: [text] } });
    return verdict.explanation;
  };
  assertEquals(await explained("Sent by %{i}, which is not %{d}."), "Sent by 192.0.2.1, which is not b.test.");
  assertEquals(await explained("550 line\r\n250 OK"), null);
  assertEquals(await explained("caf\xe9"), null);
  assertEquals((await explained("x".repeat(5_000)))?.length, 400);
});

const word = fc.constantFrom(
  ..."a mx ptr all include exists ip4 ip6 redirect exp : / // = %{ } %% %_ %- d r 1 0 24 192.0.2.0 ::1 b.test . + - ~ ? %{d} %{p}"
    .split(" "),
  " ",
);
const anyRecord = fc.array(word, { maxLength: 30 }).map((words) => `v=spf1 ${words.join("")}`);

Deno.test("whatever the record, there is a verdict, no crash, and few questions", async () => {
  await fc.assert(
    fc.asyncProperty(anyRecord, async (record) => {
      const [{ result }, dns] = await check(record);
      assert(["none", "neutral", "pass", "fail", "softfail", "permerror"].includes(result), result);
      assert(dns.asked.length <= 130, `${dns.asked.length} questions`);
    }),
    { seed: 21, numRuns: 3_000 },
  );
});
