import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import { utf8 } from "../../base/mod.ts";
import { formatDate } from "../../mime/mod.ts";
import { type DayReport, type PolicySummary, REPORT_DAY_MS } from "./tls_reports.ts";

/** Who reports, and how to know the report again. */
export interface ReportSubmitter {
  /** Domain of this server: the submitter. */
  readonly domain: string;
  /** For people, e.g. `Example Ltd`; printable. */
  readonly organization: string;
  /** Address for questions on the report. */
  readonly contact: string;
  /** Unique among our reports; letters and digits. */
  readonly id: string;
}

/** A report that can be sent by mail. */
export interface TlsReportMail {
  /** Lines ended by CRLF, ASCII. */
  readonly content: Uint8Array;
  readonly subject: string;
}

const LINE_CHARS = 76;

/** The report as JSON (RFC 8460 §4.4). */
export function renderTlsReport({ dayMs, domain, policies }: DayReport, submitter: ReportSubmitter): string {
  return JSON.stringify({
    "organization-name": submitter.organization,
    "date-range": {
      "start-datetime": dateTime(dayMs),
      "end-datetime": dateTime(dayMs + REPORT_DAY_MS - 1_000),
    },
    "contact-info": submitter.contact,
    "report-id": reportId(submitter),
    policies: policies.map((summary) => policyOf(domain, summary)),
  });
}

function policyOf(domain: string, { policy, successes, failures, details }: PolicySummary) {
  return {
    policy: {
      "policy-type": policy.type,
      // Where there is no policy there is nothing to quote.
      ...(policy.lines.length === 0 ? {} : { "policy-string": policy.lines }),
      "policy-domain": domain,
      ...(policy.hosts.length === 0 ? {} : { "mx-host": policy.hosts }),
    },
    summary: { "total-successful-session-count": successes, "total-failure-session-count": failures },
    ...(details.length === 0 ? {} : {
      "failure-details": details.map((detail) => ({
        "result-type": detail.result,
        ...(detail.sourceAddress === null ? {} : { "sending-mta-ip": detail.sourceAddress }),
        ...(detail.host === null ? {} : { "receiving-mx-hostname": detail.host }),
        ...(detail.address === null ? {} : { "receiving-ip": detail.address }),
        "failed-session-count": detail.count,
        ...(detail.reason === null ? {} : { "failure-reason-code": detail.reason }),
      })),
    }),
  };
}

/** The report as a mail (RFC 8460 §5.3): words for people, and the JSON, packed. It must be signed by DKIM before it goes. */
export function composeTlsReport(
  report: DayReport,
  submitter: ReportSubmitter,
  { from, to, nowMs }: { readonly from: string; readonly to: string; readonly nowMs: number },
): TlsReportMail {
  const boundary = `=_tlsrpt_${submitter.id}`;
  // tlsrpt-subject
  const subject = [
    `Report Domain: ${report.domain}`,
    `Submitter: ${submitter.domain}`,
    `Report-ID: <${reportId(submitter)}>`,
  ];
  const packed = Buffer.from(gzipSync(utf8(renderTlsReport(report, submitter)))).toString("base64");
  const lines = [
    `From: <${from}>`,
    `To: <${to}>`,
    `Subject: ${subject.join("\r\n\t")}`,
    `Date: ${formatDate(nowMs)}`,
    `Message-ID: <${reportId(submitter)}>`,
    `TLS-Report-Domain: ${report.domain}`,
    `TLS-Report-Submitter: ${submitter.domain}`,
    "Auto-Submitted: auto-generated", // RFC 3834 §5
    "MIME-Version: 1.0",
    `Content-Type: multipart/report; report-type="tlsrpt";\r\n\tboundary="${boundary}"`,
    "",
    "This is an aggregate report on TLS (RFC 8460).",
    "",
    `--${boundary}`,
    "Content-Type: text/plain; charset=us-ascii",
    "",
    ...words(report, submitter),
    "",
    `--${boundary}`,
    "Content-Type: application/tlsrpt+gzip",
    "Content-Transfer-Encoding: base64",
    `Content-Disposition: attachment;\r\n\tfilename="${fileName(report, submitter)}"`,
    "",
    ...inLines(packed),
    "",
    `--${boundary}--`,
    "",
  ];
  return { content: utf8(lines.join("\r\n")), subject: subject.join(" ") };
}

/** filename (RFC 8460 §5.1); times in seconds since 1970. */
export function fileName({ domain, dayMs }: DayReport, submitter: ReportSubmitter): string {
  const [begin, end] = [dayMs / 1_000, (dayMs + REPORT_DAY_MS) / 1_000 - 1];
  return `${submitter.domain}!${domain}!${begin}!${end}!${submitter.id}.json.gz`;
}

function reportId({ id, domain }: ReportSubmitter): string {
  return `${id}@${domain}`;
}

function words({ domain, dayMs, policies }: DayReport, submitter: ReportSubmitter): string[] {
  const sum = (of: (summary: PolicySummary) => number) => policies.reduce((total, each) => total + of(each), 0);
  return [
    `${submitter.domain} reports on its SMTP sessions with ${domain} on ${dateTime(dayMs).slice(0, 10)} (UTC):`,
    `${sum(({ successes }) => successes)} were as they should be, ${sum(({ failures }) => failures)} were not.`,
    `Questions: ${submitter.contact}`,
  ];
}

/** date-time to the second (RFC 3339 §5.6). */
function dateTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

function inLines(text: string): string[] {
  const lines: string[] = [];
  for (let at = 0; at < text.length; at += LINE_CHARS) lines.push(text.slice(at, at + LINE_CHARS));
  return lines;
}
