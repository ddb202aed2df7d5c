import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { gunzipSync } from "node:zlib";
import { queueAccepts } from "../../../src/actors/queue/accepts.ts";
import type { QueueServices } from "../../../src/actors/queue/services.ts";
import { tlsReportMail } from "../../../src/actors/queue/tls_report.ts";
import { Failure, FakeClock, SILENT } from "../../../src/base/mod.ts";
import { readSigner, type Signable, signable, signDkim, verifyDkim } from "../../../src/policy/dkim/mod.ts";
import { readMessage } from "../../../src/policy/header/mod.ts";
import { FakeDns } from "../../policy/support/fake_dns.ts";
import { keyRecord, RSA, RSA_PEM } from "../../policy/support/signing.ts";
import type { TlsDayReport } from "../../../src/messages/mod.ts";

const REPORT: TlsDayReport = {
  domain: "there.test",
  dayMs: Date.UTC(2026, 0, 1),
  policies: [{
    policy: { type: "sts", lines: ["version: STSv1", "mode: enforce"], hosts: ["mx.there.test"] },
    successes: 3,
    failures: 1,
    details: [{
      result: "starttls-not-supported",
      host: "mx.there.test",
      sourceAddress: null,
      address: "192.0.2.1",
      reason: null,
      count: 1,
    }],
  }],
};
const REQUEST = { id: "abc123", to: "tls@there.test", report: REPORT };
const SECONDS = Date.UTC(2026, 0, 2, 3) / 1_000;
const SETTINGS = { from: "reports@here.test", organization: null, contact: "postmaster@here.test" };

/** What the queue works with, whose policy actor has keys of these domains. */
function services(
  domains: readonly string[],
  over: Partial<QueueServices> = {},
): QueueServices & { signed: Signable[] } {
  const signed: Signable[] = [];
  const signing = {
    signer: (domain: string) => domains.includes(domain) ? { domain, selectors: ["s"] } : null,
    policy: {
      ask(_type: string, { domain, head, bodyHash }: { domain: string } & Signable) {
        signed.push({ head, bodyHash });
        const signer = readSigner({ domain, selector: "s", pem: RSA_PEM });
        return Promise.resolve({ fields: signDkim({ head, bodyHash }, [signer], SECONDS) });
      },
    },
  };
  const clock = new FakeClock(Date.UTC(2026, 0, 2, 3));
  return { signed, signing, tlsReports: SETTINGS, clock, log: SILENT, ...over } as unknown as ReturnType<
    typeof services
  >;
}

Deno.test("a report on TLS goes out signed, in the name that the config gives it, and nobody hears of its failure", async () => {
  const context = services(["here.test"]);
  const { opId, envelope, recipients, parts } = await tlsReportMail(REQUEST, context);
  assertEquals([opId, envelope.id, envelope.sender, envelope.requireTls], [
    "abc123",
    "tlsrpt-abc123",
    "reports@here.test",
    false,
  ]);
  assertEquals(recipients, [{ address: "tls@there.test", notify: [], orcpt: null }]);
  const [fields, content] = parts.map((part) => new TextDecoder().decode(part));
  assertMatch(fields!, /^DKIM-Signature: /);
  assertEquals(context.signed, [signable(readMessage([parts[1]!]))]);
  const resolver = new FakeDns({ "s._domainkey.here.test": { txt: [keyRecord(RSA)] } });
  const { verdicts } = await verifyDkim(readMessage(parts), { resolver, nowSeconds: SECONDS });
  assertEquals(verdicts.map(({ domain, result }) => [domain, result]), [["here.test", "pass"]]);
  assertMatch(content!, /^From: <reports@here\.test>\r\nTo: <tls@there\.test>\r\n/);
  assertMatch(content!, /\r\nTLS-Required: No\r\n/);
  assertMatch(content!, /filename="here\.test!there\.test!1767225600!1767311999!tlsrpt-abc123\.json\.gz"/);
  const packed = /Content-Type: application\/tlsrpt\+gzip\r\n[^]*?\r\n\r\n([^]*?)\r\n\r\n--/.exec(content!)![1]!;
  const json = JSON.parse(new TextDecoder().decode(gunzipSync(Buffer.from(packed, "base64"))));
  assertEquals([json["organization-name"], json["contact-info"]], ["here.test", "postmaster@here.test"]);
  assertEquals(json.policies[0].summary, { "total-successful-session-count": 3, "total-failure-session-count": 1 });
});

Deno.test("without a key, or where none are wanted, no report is sent", async () => {
  const { tlsReports: _unset, ...off } = services(["here.test"]);
  const { signing: _none, ...unsigned } = services(["here.test"]);
  for (const context of [services(["there.test"]), off, unsigned]) {
    const failure = await assertRejects(() => tlsReportMail(REQUEST, context as QueueServices), Failure);
    assertEquals([failure.kind, failure.temporary], ["refused", false]);
  }
});

Deno.test("the queue takes a report of the form that its type promises, and of no other", () => {
  const isGood = queueAccepts["queue.tlsReport"];
  assert(isGood(REQUEST));
  const [policy] = REPORT.policies;
  const withReport = (over: object) => ({ ...REQUEST, report: { ...REPORT, ...over } });
  const bad = [
    null,
    { ...REQUEST, id: "a b" },
    { ...REQUEST, to: "tls@there.test>\r\nRCPT TO:<x@y.test" },
    { ...REQUEST, to: "nobody" },
    withReport({ domain: 'there.test"\r\nBcc: x@y.test' }),
    withReport({ domain: "There.test" }),
    withReport({ dayMs: NaN }),
    withReport({ dayMs: 1e300 }),
    withReport({ policies: [{ ...policy, successes: -1 }] }),
    withReport({ policies: [{ ...policy, policy: null }] }),
    withReport({ policies: [{ ...policy, details: [{ ...policy!.details[0], reason: 5 }] }] }),
    withReport({ policies: Array(101).fill(policy) }),
  ];
  for (const request of bad) assert(!isGood(request), JSON.stringify(request)?.slice(0, 200));
});
