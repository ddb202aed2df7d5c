import { assertEquals } from "@std/assert";
import { FakeClock, utf8 } from "../../../src/base/mod.ts";
import { type DomainName, parseDomain } from "../../../src/mail/mod.ts";
import { MtaStsCache, type MtaStsLimits, type MtaStsStep, POLICY_BYTES_MAX } from "../../../src/policy/mod.ts";

const A = parseDomain("a.example") as DomainName;
const DAY_MS = 24 * 60 * 60 * 1000;
const MINUTE_MS = 60_000;

const text = (mode: string, maxAge: number) =>
  utf8(`version: STSv1\nmode: ${mode}\nmx: mx.a.example\nmax_age: ${maxAge}\n`);

function world(limits: Partial<MtaStsLimits> = {}) {
  const clock = new FakeClock();
  return { clock, cache: new MtaStsCache({ clock, limits }) };
}

/** What a step says, in a word. */
function said(step: MtaStsStep): string {
  if (step.type === "fetch") return `fetch ${step.id}`;
  if (step.type === "askRecord") return "askRecord";
  return `use ${step.policy?.mode ?? "nothing"}${step.trouble === null ? "" : ` (${step.trouble})`}`;
}

/** A cache that has the policy of `a.example` in id 1, for ten days. */
function withPolicy() {
  const { clock, cache } = world();
  cache.recordFound(A, "1");
  cache.fetched(A, "1", text("enforce", 10 * 86_400));
  return { clock, cache };
}

Deno.test("a policy is asked for, fetched, and then used without asking for five minutes", () => {
  const { clock, cache } = world();
  assertEquals(said(cache.begin(A)), "askRecord");
  assertEquals(said(cache.recordFound(A, "1")), "fetch 1");
  assertEquals(said(cache.fetched(A, "1", text("enforce", 86_400))), "use enforce");
  clock.advance(5 * MINUTE_MS - 1);
  assertEquals(said(cache.begin(A)), "use enforce");
  clock.advance(1);
  assertEquals(said(cache.begin(A)), "askRecord");
  assertEquals(said(cache.recordFound(A, "1")), "use enforce");
});

Deno.test("a domain without a record is not asked again for five minutes", () => {
  const { clock, cache } = world();
  assertEquals(said(cache.recordFound(A, null)), "use nothing");
  clock.advance(5 * MINUTE_MS - 1);
  assertEquals(said(cache.begin(A)), "use nothing");
  clock.advance(1);
  assertEquals(said(cache.begin(A)), "askRecord");
});

Deno.test("a name server that did not answer is left alone for a minute", () => {
  const { clock, cache } = world();
  assertEquals(said(cache.recordFailed(A)), "use nothing");
  clock.advance(MINUTE_MS - 1);
  assertEquals(said(cache.begin(A)), "use nothing");
  clock.advance(1);
  assertEquals(said(cache.begin(A)), "askRecord");
});

Deno.test("a new id, or a day, has the policy fetched anew", () => {
  const { clock, cache } = withPolicy();
  assertEquals(said(cache.recordFound(A, "2")), "fetch 2");
  assertEquals(said(cache.fetched(A, "2", text("testing", 10 * 86_400))), "use testing");
  clock.advance(DAY_MS - 1);
  assertEquals(said(cache.recordFound(A, "2")), "use testing");
  clock.advance(1);
  assertEquals(said(cache.recordFound(A, "2")), "fetch 2");
});

Deno.test("what cannot be renewed goes on to count until its time is over", () => {
  const { clock, cache } = withPolicy();
  clock.advance(DAY_MS);
  // RFC 8461 §3.3: neither a record that is gone, nor a silent name server, nor a broken web server ends it.
  assertEquals(said(cache.recordFound(A, null)), "use enforce");
  assertEquals(said(cache.recordFailed(A)), "use enforce");
  assertEquals(said(cache.recordFound(A, "2")), "fetch 2");
  assertEquals(said(cache.fetchFailed(A, "2", "sts-webpki-invalid")), "use enforce (sts-webpki-invalid)");
  assertEquals(said(cache.begin(A)), "use enforce (sts-webpki-invalid)");
  assertEquals(said(cache.fetched(A, "2", utf8("<html>"))), "use enforce (sts-policy-invalid)");
  clock.advance(9 * DAY_MS - 1);
  assertEquals(said(cache.recordFailed(A)), "use enforce (sts-policy-invalid)");
  clock.advance(1);
  assertEquals(said(cache.recordFailed(A)), "use nothing (sts-policy-invalid)");
  assertEquals(cache.size.policies, 0);
});

Deno.test("without a policy from before, a record whose policy cannot be had binds nobody", () => {
  const { cache } = world();
  cache.recordFound(A, "1");
  assertEquals(said(cache.fetchFailed(A, "1", "sts-policy-fetch-error")), "use nothing (sts-policy-fetch-error)");
});

Deno.test("a fetch that failed is tried again after five minutes, or for another id", () => {
  const { clock, cache } = world();
  cache.recordFound(A, "1");
  cache.fetchFailed(A, "1", "sts-policy-fetch-error");
  assertEquals(said(cache.recordFound(A, "1")), "use nothing (sts-policy-fetch-error)");
  assertEquals(said(cache.recordFound(A, "2")), "fetch 2");
  cache.fetchFailed(A, "2", "sts-policy-fetch-error");
  clock.advance(5 * MINUTE_MS);
  assertEquals(said(cache.recordFound(A, "2")), "fetch 2");
});

Deno.test("after a delivery that a policy prevented the record is asked for again, the failed fetch is not repeated", () => {
  const { cache } = withPolicy();
  assertEquals(said(cache.begin(A)), "use enforce");
  cache.recheck(A);
  assertEquals(said(cache.begin(A)), "askRecord");
  cache.recordFound(A, "2");
  cache.fetchFailed(A, "2", "sts-policy-fetch-error");
  cache.recheck(A);
  assertEquals(said(cache.begin(A)), "askRecord");
  assertEquals(said(cache.recordFound(A, "2")), "use enforce (sts-policy-fetch-error)");
});

Deno.test("a policy of mode none ends the one before", () => {
  const { cache } = withPolicy();
  cache.recordFound(A, "2");
  assertEquals(said(cache.fetched(A, "2", text("none", 86_400))), "use none");
  assertEquals(said(cache.begin(A)), "use none");
});

Deno.test("a policy of 0 seconds holds for the mail that fetched it", () => {
  const { cache } = world();
  cache.recordFound(A, "1");
  assertEquals(said(cache.fetched(A, "1", text("enforce", 0))), "use enforce");
  assertEquals(said(cache.begin(A)), "askRecord");
  assertEquals(said(cache.recordFound(A, "1")), "fetch 1");
});

Deno.test("policies survive a restart as plain data, those that are over and malformed ones do not", () => {
  const { clock, cache } = withPolicy();
  const kept = structuredClone(cache.takeFetched());
  assertEquals(kept.map(({ domain, id }) => [domain, id]), [["a.example", "1"]]);
  const later = new MtaStsCache({ clock });
  later.import([...kept, { ...kept[0]!, domain: "not a domain" }, { ...kept[0]!, domain: "b.example", text: "x" }]);
  assertEquals([later.takeFetched(), later.size.policies], [[], 1], "what came from the disk need not go there again");
  assertEquals(said(later.recordFailed(A)), "use enforce");
  clock.advance(10 * DAY_MS);
  const tooLate = new MtaStsCache({ clock });
  tooLate.import(kept);
  assertEquals(tooLate.size, { policies: 0, asked: 0, bytes: 0 });
});

Deno.test("a policy from a clock that was ahead lives no longer than from this moment", () => {
  const { clock, cache } = world();
  const aheadMs = clock.wallMs() + 1_000 * DAY_MS;
  const kept = new TextDecoder().decode(text("enforce", 86_400));
  cache.import([{ domain: A, id: "1", fetchedAtMs: aheadMs, endsAtMs: aheadMs, text: kept }]);
  clock.advance(DAY_MS - 1);
  assertEquals(said(cache.recordFailed(A)), "use enforce");
  clock.advance(1);
  assertEquals(said(cache.recordFailed(A)), "use nothing");
});

Deno.test("as many domains as allowed are remembered, least recently used ones go, policies apart from the rest", () => {
  const { cache } = world({ domainsMax: 3 });
  const name = (i: number) => parseDomain(`d${i}.example`) as DomainName;
  for (let i = 0; i < 3; i++) cache.fetched(name(i), "1", text("enforce", 86_400));
  assertEquals(said(cache.begin(name(0))), "use enforce");
  cache.fetched(name(3), "1", text("enforce", 86_400));
  assertEquals(cache.takeFetched().map(({ domain }) => domain), ["d0.example", "d2.example", "d3.example"]);
  for (let i = 10; i < 100; i++) cache.recordFound(name(i), null);
  assertEquals([cache.size.policies, cache.size.asked], [3, 3]);
  assertEquals(said(cache.recordFailed(name(0))), "use enforce");
});

Deno.test("the memory of all policies together is bounded", () => {
  const { cache } = world({ bytesMax: 5_000 });
  for (let i = 0; i < 50; i++) cache.fetched(parseDomain(`d${i}.example`) as DomainName, "1", text("enforce", 86_400));
  assertEquals(cache.size.policies > 3 && cache.size.bytes <= 5_000, true);
});

Deno.test("what was fetched is given out once to be kept, with the time when it is over", () => {
  const { clock, cache } = withPolicy();
  const [kept, ...more] = cache.takeFetched();
  assertEquals([kept?.domain, kept?.id, more], [A, "1", []]);
  assertEquals(kept!.endsAtMs - kept!.fetchedAtMs, 10 * DAY_MS);
  assertEquals(kept!.text, "version:STSv1\nmode:enforce\nmx:mx.a.example\nmax_age:864000\n");
  cache.begin(A);
  cache.recordFound(A, "2");
  cache.fetchFailed(A, "2", "sts-policy-fetch-error");
  assertEquals(cache.takeFetched(), []);
  cache.fetched(A, "2", text("enforce", 86_400));
  clock.advance(DAY_MS);
  assertEquals(cache.takeFetched(), [], "it is over");
});

Deno.test("a policy of the largest size is as long when it is kept, and can be read again", () => {
  const { clock, cache } = world();
  const hosts = Array.from({ length: 1_000 }, (_, i) => `mx:h${i}.${"x".repeat(45)}.example\n`).join("");
  const body = `version:STSv1\nmode:enforce\nmax_age:86400\n${hosts}`;
  const padded = body + `pad:${"x".repeat(POLICY_BYTES_MAX - body.length - 5)}\n`;
  assertEquals(said(cache.fetched(A, "1", new TextEncoder().encode(padded))), "use enforce");
  const kept = cache.takeFetched();
  const later = new MtaStsCache({ clock });
  later.import(kept);
  assertEquals([later.size.policies, kept[0]!.text.length <= POLICY_BYTES_MAX], [1, true]);
});

Deno.test("a policy is due again after a day or half its life, without a mail, and once an hour while it cannot be had", () => {
  const { clock, cache } = withPolicy();
  const short = parseDomain("b.example") as DomainName;
  cache.fetched(short, "1", text("enforce", 7_200));
  cache.fetched(parseDomain("c.example") as DomainName, "1", text("none", 7_200));
  assertEquals(cache.due(), []);
  clock.advance(60 * MINUTE_MS);
  assertEquals(cache.due(), [short]);
  assertEquals(said(cache.beginRefresh(short)), "askRecord");
  assertEquals(said(cache.recordFound(short, "1")), "fetch 1", "though the id is the same");
  cache.fetchFailed(short, "1", "sts-policy-fetch-error");
  assertEquals(cache.due(), []);
  clock.advance(60 * MINUTE_MS - 1);
  assertEquals(cache.due(), []);
  clock.advance(1);
  assertEquals(cache.due(), [], "it is over");
  clock.advance(22 * 60 * MINUTE_MS);
  assertEquals(cache.due(), [A]);
  cache.beginRefresh(A);
  cache.recordFailed(A);
  clock.advance(60 * MINUTE_MS);
  assertEquals(cache.due(), [A], "it counts still, and is asked for again");
  cache.beginRefresh(A);
  cache.recordFound(A, "1");
  cache.fetched(A, "1", text("enforce", 864_000));
  assertEquals(cache.due(), []);
});
