import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import { utf8 } from "../../base/mod.ts";
import { formatDate } from "../../mime/mod.ts";
import { type DayReport, REPORT_DAY_MS } from "./tls_reports.ts";

/** Begins the identity of a mail that carries a report: sessions for its sake are not reported, or two servers would never end. */
export const REPORT_ID_PREFIX = "tlsrpt-";

type Loose<T> = T extends string ? string : T extends readonly (infer E)[] ? readonly Loose<E>[]
: T extends object ? { readonly [K in keyof T]: Loose<T[K]> }
: T;

/** A report as another worker hands it over: its form is known, its words are data. */
export type TlsDayReport = Loose<DayReport>;

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

/** In whose name reports are sent, as an operator says it. */
export interface TlsReportSettings {
  /** Their sender: an address in ASCII. */
  readonly from: string;
  /** Null: the domain of `from`. */
  readonly organization: string | null;
  /** Null: `from`. */
  readonly contact: string | null;
}

/** Who reports, by the settings; `id` is that of the mail, or of what takes its place. */
export function reportSubmitter({ from, organization, contact }: TlsReportSettings, id: string): ReportSubmitter {
  const domain = from.slice(from.lastIndexOf("@") + 1);
  return { domain, organization: organization ?? domain, contact: contact ?? from, id: `${REPORT_ID_PREFIX}${id}` };
}

/** A report that can be sent by mail. */
export interface TlsReportMail {
  /** Lines ended by CRLF, ASCII. */
  readonly content: Uint8Array;
  readonly subject: string;
}

const LINE_CHARS = 76;

/** The report as it is posted (RFC 8460 §5.4), or attached. */
export function packTlsReport(report: TlsDayReport, submitter: ReportSubmitter): Uint8Array {
  return new Uint8Array(gzipSync(utf8(renderTlsReport(report, submitter))));
}

/** The report as JSON (RFC 8460 §4.4). */
export function renderTlsReport({ dayMs, domain, policies }: TlsDayReport, submitter: ReportSubmitter): string {
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

function policyOf(domain: string, { policy, successes, failures, details }: TlsDayReport["policies"][number]) {
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
  report: TlsDayReport,
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
  const packed = Buffer.from(packTlsReport(report, submitter)).toString("base64");
  const lines = [
    `From: <${from}>`,
    `To: <${to}>`,
    `Subject: ${subject.join("\r\n\t")}`,
    `Date: ${formatDate(nowMs)}`,
    `Message-ID: <${reportId(submitter)}>`,
    `TLS-Report-Domain: ${report.domain}`,
    `TLS-Report-Submitter: ${submitter.domain}`,
    "Auto-Submitted: auto-generated", // RFC 3834 §5
    "TLS-Required: No", // RFC 8689 §3: what it tells of may be why it could not be delivered.
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
export function fileName({ domain, dayMs }: TlsDayReport, submitter: ReportSubmitter): string {
  const [begin, end] = [dayMs / 1_000, (dayMs + REPORT_DAY_MS) / 1_000 - 1];
  return `${submitter.domain}!${domain}!${begin}!${end}!${submitter.id}.json.gz`;
}

function reportId({ id, domain }: ReportSubmitter): string {
  return `${id}@${domain}`;
}

function words({ domain, dayMs, policies }: TlsDayReport, submitter: ReportSubmitter): string[] {
  const sum = (of: (summary: TlsDayReport["policies"][number]) => number) =>
    policies.reduce((total, each) => total + of(each), 0);
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
