import { assert, assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { gunzipSync } from "node:zlib";
import { FakeClock } from "../../../src/base/mod.ts";
import { type DomainName, parseDomain } from "../../../src/mail/mod.ts";
import {
  type AppliedPolicy,
  composeTlsReport,
  type DayReport,
  fileName,
  parseReportRecord,
  renderTlsReport,
  REPORT_DAY_MS,
  REPORT_TARGETS_MAX,
  reportRecordName,
  type ReportSubmitter,
  type TlsFailure,
  TlsReports,
} from "../../../src/policy/mod.ts";

const domain = (text: string) => parseDomain(text) as DomainName;
const Y = domain("company-y.example");
const NO_POLICY: AppliedPolicy = { type: "no-policy-found", lines: [], hosts: [] };
const STS: AppliedPolicy = {
  type: "sts",
  lines: ["version: STSv1", "mode: testing", "mx: *.mail.company-y.example", "max_age: 86400"],
  hosts: ["*.mail.company-y.example"],
};
const failure = (over: Partial<TlsFailure> = {}): TlsFailure => ({
  result: "certificate-expired",
  host: "mx1.mail.company-y.example",
  sourceAddress: "2001:db8:abcd:12::1",
  address: null,
  reason: null,
  ...over,
});
const SUBMITTER: ReportSubmitter = {
  domain: "company-x.example",
  organization: "Company-X",
  contact: "sts-reporting@company-x.example",
  id: "5065427c",
};

Deno.test("the records of the RFC's examples say where reports go", () => {
  // RFC 8460 §3.1.
  assertEquals(reportRecordName(domain("example.com")), "_smtp._tls.example.com");
  assertEquals(parseReportRecord(["v=TLSRPTv1;rua=mailto:reports@example.com"]), [
    { type: "mailto", address: "reports@example.com" },
  ]);
  assertEquals(parseReportRecord(["v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt"]), [
    { type: "https", url: "https://reporting.example.com/v1/tlsrpt" },
  ]);
  assertEquals(
    parseReportRecord(["v=TLSRPTv1; rua=mailto:a%2Bb@example.com , https://r.example/x?a=b;"]).map((each) =>
      each.type === "mailto" ? each.address : each.url
    ),
    ["a+b@example.com", "https://r.example/x?a=b"],
  );
});

Deno.test("targets that are malformed, of other schemes or dangerous are passed over", () => {
  const none = [
    [],
    ["v=TLSRPTv1;"],
    ["v=TLSRPTv1; rua="],
    ["v=TLSRPTv2; rua=mailto:a@b.example"],
    ["v=TLSRPTv1; rua=mailto:a@b.example", "v=TLSRPTv1; rua=mailto:a@b.example"],
    ["v=TLSRPTv1; rua=http://r.example/"],
    ["v=TLSRPTv1; rua=file:///etc/passwd"],
    ["v=TLSRPTv1; rua=https://user:secret@r.example/"],
    ["v=TLSRPTv1; rua=mailto:a@b.example?bcc=all@c.example"],
    ["v=TLSRPTv1; rua=mailto:a%0d%0aRCPT%20TO@b.example"],
    ["v=TLSRPTv1; rua=mailto:%zz@b.example"],
    ["v=TLSRPTv1; rua=mailto:nobody"],
  ];
  for (const records of none) assertEquals(parseReportRecord(records), [], records.join());
  const many = Array.from({ length: REPORT_TARGETS_MAX + 1 }, (_, i) => `mailto:a${i}@b.example`).join(",");
  assertEquals(parseReportRecord([`v=TLSRPTv1; rua=${many}`]).length, REPORT_TARGETS_MAX);
});

Deno.test("sessions are counted by day, domain and policy, failures by their kind", () => {
  const clock = new FakeClock(Date.UTC(2016, 3, 1, 22));
  const reports = new TlsReports({ clock });
  const record = (over: { policy?: AppliedPolicy; failure?: TlsFailure | null; domain?: DomainName } = {}) =>
    reports.record({ domain: Y, policy: STS, failure: null, ...over });
  for (let i = 0; i < 5; i++) record();
  for (let i = 0; i < 3; i++) record({ failure: failure() });
  record({ failure: failure({ result: "starttls-not-supported" }) });
  record({ policy: NO_POLICY });
  record({ domain: domain("other.example"), policy: NO_POLICY });
  assertEquals(reports.takeDue(), [], "the day is not over");
  clock.advance(2 * 60 * 60 * 1000);
  record();
  const due = reports.takeDue();
  assertEquals(due.map(({ domain, dayMs }) => [domain, dayMs]), [
    ["company-y.example", Date.UTC(2016, 3, 1)],
    ["other.example", Date.UTC(2016, 3, 1)],
  ]);
  assertEquals(due[0]?.policies, [
    {
      policy: STS,
      successes: 5,
      failures: 4,
      details: [{ ...failure(), count: 3 }, { ...failure({ result: "starttls-not-supported" }), count: 1 }],
    },
    { policy: NO_POLICY, successes: 1, failures: 0, details: [] },
  ]);
  assertEquals(structuredClone(due), due);
  assertEquals(reports.takeDue(), []);
  clock.advance(REPORT_DAY_MS);
  assertEquals(reports.takeDue()[0]?.policies[0]?.successes, 1);
});

Deno.test("domains, policies and kinds of failure are bounded, and what is not kept is counted", () => {
  const clock = new FakeClock();
  const reports = new TlsReports({ clock, limits: { domainsMax: 2, policiesMax: 2, detailsMax: 2 } });
  for (let i = 0; i < 3; i++) reports.record({ domain: domain(`d${i}.example`), policy: STS, failure: null });
  assertEquals(reports.dropped, 1);
  for (let i = 0; i < 3; i++) {
    const policy = { ...STS, lines: [`${i}`] };
    reports.record({ domain: domain("d0.example"), policy, failure: null });
  }
  assertEquals(reports.dropped, 3);
  for (let i = 0; i < 5; i++) {
    reports.record({ domain: domain("d1.example"), policy: STS, failure: failure({ host: `mx${i}.example` }) });
  }
  clock.advance(REPORT_DAY_MS);
  const due = reports.takeDue();
  assertEquals(due.map(({ policies }) => policies.length), [2, 1]);
  assertEquals([due[1]?.policies[0]?.failures, due[1]?.policies[0]?.details.length], [5, 2]);
});

Deno.test("the memory of all reports together is bounded, and free again when they are taken", () => {
  const clock = new FakeClock();
  const reports = new TlsReports({ clock, limits: { bytesMax: 100_000 } });
  const large = { ...STS, lines: ["x".repeat(10_000)] };
  for (let i = 0; i < 50; i++) reports.record({ domain: domain(`d${i}.example`), policy: large, failure: null });
  assertEquals(reports.dropped, 46);
  for (let i = 0; i < 1_000; i++) {
    reports.record({ domain: domain("d0.example"), policy: large, failure: failure({ host: `h${i}.example` }) });
  }
  clock.advance(REPORT_DAY_MS);
  const due = reports.takeDue();
  assertEquals(due.length, 4);
  assertEquals(due.flatMap(({ policies }) => policies).map(({ successes }) => successes), [1, 1, 1, 1]);
  assertEquals(due[0]?.policies[0]?.failures, 1_000, "counted, though not each by its kind");
  for (let i = 0; i < 50; i++) reports.record({ domain: domain(`d${i}.example`), policy: large, failure: null });
  clock.advance(REPORT_DAY_MS);
  assertEquals(reports.takeDue().flatMap(({ policies }) => policies).length, 4);
});

const REPORT: DayReport = {
  domain: Y,
  dayMs: Date.UTC(2016, 3, 1),
  policies: [{
    policy: STS,
    successes: 5_326,
    failures: 303,
    details: [
      { ...failure(), count: 100 },
      {
        ...failure({ result: "starttls-not-supported", host: "mx2.mail.company-y.example", address: "203.0.113.56" }),
        count: 200,
      },
      { ...failure({ result: "validation-failure", sourceAddress: null, reason: "no path" }), count: 3 },
    ],
  }],
};

Deno.test("a report has the form of the RFC's example", () => {
  // RFC 8460 Appendix B.
  assertEquals(JSON.parse(renderTlsReport(REPORT, SUBMITTER)), {
    "organization-name": "Company-X",
    "date-range": { "start-datetime": "2016-04-01T00:00:00Z", "end-datetime": "2016-04-01T23:59:59Z" },
    "contact-info": "sts-reporting@company-x.example",
    "report-id": "5065427c@company-x.example",
    policies: [{
      policy: {
        "policy-type": "sts",
        "policy-string": ["version: STSv1", "mode: testing", "mx: *.mail.company-y.example", "max_age: 86400"],
        "policy-domain": "company-y.example",
        "mx-host": ["*.mail.company-y.example"],
      },
      summary: { "total-successful-session-count": 5_326, "total-failure-session-count": 303 },
      "failure-details": [
        {
          "result-type": "certificate-expired",
          "sending-mta-ip": "2001:db8:abcd:12::1",
          "receiving-mx-hostname": "mx1.mail.company-y.example",
          "failed-session-count": 100,
        },
        {
          "result-type": "starttls-not-supported",
          "sending-mta-ip": "2001:db8:abcd:12::1",
          "receiving-mx-hostname": "mx2.mail.company-y.example",
          "receiving-ip": "203.0.113.56",
          "failed-session-count": 200,
        },
        {
          "result-type": "validation-failure",
          "receiving-mx-hostname": "mx1.mail.company-y.example",
          "failed-session-count": 3,
          "failure-reason-code": "no path",
        },
      ],
    }],
  });
});

Deno.test("the mail of a report is told by its subject and carries the JSON, packed", () => {
  const { content, subject } = composeTlsReport(REPORT, SUBMITTER, {
    from: "postmaster@company-x.example",
    to: "reports@company-y.example",
    nowMs: Date.UTC(2016, 3, 2, 3, 4, 5),
  });
  const text = new TextDecoder().decode(content);
  assertEquals(
    subject,
    "Report Domain: company-y.example Submitter: company-x.example Report-ID: <5065427c@company-x.example>",
  );
  assertEquals(/[^\r]\n|\r[^\n]|[^\t\r\n\x20-\x7e]/.test(text), false);
  assert(text.split("\r\n").every((line) => line.length <= 998));
  assertEquals(/\r\nSubject: ((?:.*\r\n\t)*.*)\r\n/.exec(text)?.[1]?.replaceAll("\r\n\t", " "), subject);
  assertMatch(text, /\r\nTLS-Report-Domain: company-y\.example\r\nTLS-Report-Submitter: company-x\.example\r\n/);
  assertMatch(text, /\r\nContent-Type: multipart\/report; report-type="tlsrpt";\r\n\tboundary="/);
  assertMatch(text, /\r\nTLS-Required: No\r\n/);
  assertMatch(text, /5326 were as they should be, 303 were not/);
  const part = /Content-Type: application\/tlsrpt\+gzip\r\n[\s\S]*?\r\n\r\n([\s\S]*?)\r\n\r\n--/.exec(text)?.[1] ?? "";
  assertEquals(new TextDecoder().decode(gunzipSync(Buffer.from(part, "base64"))), renderTlsReport(REPORT, SUBMITTER));
  // RFC 8460 §5.1.
  assertEquals(
    fileName(REPORT, SUBMITTER),
    "company-x.example!company-y.example!1459468800!1459555199!5065427c.json.gz",
  );
  assert(text.includes(`filename="${fileName(REPORT, SUBMITTER)}"`));
});
