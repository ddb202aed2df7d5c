import { concat, decodeUtf8, utf8 } from "../base/bytes.ts";
import { latin1 } from "../base/latin1.ts";
import { formatDate } from "./date.ts";
import { headerSectionBytes } from "./header_section.ts";

/** What is reported of one recipient (RFC 3464 §2.3). */
export interface ReportedRecipient {
  readonly address: string;
  /** ORCPT of its RCPT, `addr-type;address`, or null (RFC 3464 §2.3.1). */
  readonly orcpt: string | null;
  readonly action: "failed" | "delayed" | "delivered" | "relayed" | "expanded";
  /** RFC 3463. */
  readonly status: string;
  /** Name of the host that had the last word, or null when none was reached. */
  readonly remoteMta: string | null;
  /** Reply of that host; a null code is a verdict of ours. */
  readonly code: number | null;
  readonly text: string;
  /** ms since 1970 UTC. */
  readonly lastAttemptMs: number;
  /** When a delayed one is given up, ms since 1970 UTC; null for the others. */
  readonly retryUntilMs: number | null;
}

/** A delivery status notification to be written (RFC 3464, RFC 6522; RFC 6533 where an address is not ASCII). */
export interface StatusReport {
  /** Name of this server. */
  readonly hostname: string;
  /** The sender of the mail that is reported on, who gets the report. */
  readonly to: string;
  /** Identity of the report: its Message-ID, and what parts its parts. Letters and digits. */
  readonly id: string;
  /** Identity of the mail in our log. */
  readonly mailId: string;
  /** ENVID of its MAIL, or null. */
  readonly envid: string | null;
  readonly arrivalMs: number;
  readonly nowMs: number;
  readonly recipients: readonly ReportedRecipient[];
  /** The mail as it went out: returned whole, or its header section only. */
  readonly original: Uint8Array;
  readonly returnWhole: boolean;
  /** The mail's SMTPUTF8. */
  readonly smtpUtf8: boolean;
  /** It asks to go out whatever comes of TLS, as the mail did (RFC 8689 §6). */
  readonly tlsOptional: boolean;
}

/** A report and what MAIL must say of it. */
export interface ComposedReport {
  readonly content: Uint8Array;
  readonly body: "7bit" | "8bitmime";
  readonly smtpUtf8: boolean;
}

/** Largest mail that comes back whole, in bytes; of a larger one only the header section (RFC 3461 §6.2 leaves it to us). */
export const RETURN_BYTES_MAX = 65_536;

/** Recipients named one by one in the text for people; the others are counted there and named in the second part. */
const SHOWN_RECIPIENTS_MAX = 50;

/** UTF-16 units of a reply that are quoted. */
const QUOTED_CHARS_MAX = 400;

/** Writes the report. Nothing that a sender or a remote host chose can end a field or a part. */
export function composeReport(report: StatusReport): ComposedReport {
  const original = report.original.subarray(
    0,
    returnsWhole(report) ? report.original.length : headerSectionBytes(report.original),
  );
  const text = people(report);
  const status = machines(report);
  // What a host replied is quoted in ASCII, so only an address can make this a report that needs SMTPUTF8 itself.
  const international = !isAscii(text) || !isAscii(status) || !isAscii(report.to);
  const eightBit = international || !isAscii(latin1(original));
  const boundary = `=_report_${word(report.id)}`;
  const head = [
    `From: Mail Delivery System <mailer-daemon@${word(report.hostname)}>`,
    `To: <${line(report.to)}>`,
    `Subject: ${subject(report)}`,
    `Date: ${formatDate(report.nowMs)}`,
    `Message-ID: <${word(report.id)}.report@${word(report.hostname)}>`,
    "Auto-Submitted: auto-replied", // RFC 3834 §5.1
    ...(report.tlsOptional ? ["TLS-Required: No"] : []),
    "MIME-Version: 1.0",
    `Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary="${boundary}"`,
    ...(eightBit ? ["Content-Transfer-Encoding: 8bit"] : []),
    "",
    "This is a report in several parts (RFC 3464).",
    "",
  ];
  const parts = [
    part(boundary, "text/plain; charset=utf-8", international, text),
    // RFC 6533 §4: the types for reports with addresses that are not ASCII.
    part(boundary, `message/${international ? "global-" : ""}delivery-status`, international, status),
    part(boundary, originalType(report, original), eightBit, ""),
  ];
  const content = concat([
    utf8(head.join("\r\n") + parts.join("")),
    original,
    utf8(`${endsLine(original) ? "" : "\r\n"}\r\n--${boundary}--\r\n`),
  ]);
  return { content, body: eightBit ? "8bitmime" : "7bit", smtpUtf8: international };
}

function returnsWhole({ returnWhole, original }: StatusReport): boolean {
  return returnWhole && original.length <= RETURN_BYTES_MAX;
}

/** RFC 6522 §3, RFC 6533 §4.2: the header section alone is a type of its own. */
function originalType(report: StatusReport, original: Uint8Array): string {
  const global = report.smtpUtf8 && !isAscii(latin1(original)) && decodeUtf8(original) !== null;
  if (returnsWhole(report)) return global ? "message/global" : "message/rfc822";
  return global ? "message/global-headers" : "text/rfc822-headers";
}

function part(boundary: string, type: string, eightBit: boolean, body: string): string {
  const encoding = eightBit ? "\r\nContent-Transfer-Encoding: 8bit" : "";
  return `\r\n--${boundary}\r\nContent-Type: ${type}${encoding}\r\n\r\n${body}`;
}

function subject({ recipients }: StatusReport): string {
  if (recipients.some(({ action }) => action === "failed")) return "Your mail could not be delivered";
  if (recipients.some(({ action }) => action === "delayed")) return "Your mail is delayed";
  return "Your mail was delivered";
}

const HEADINGS: readonly (readonly [ReportedRecipient["action"], string])[] = [
  ["failed", "It could not be delivered to"],
  ["delayed", "It could not be delivered yet to these; it will be tried again"],
  ["delivered", "It was delivered to"],
  ["relayed", "It was handed to the next server, which does not report on delivery, for"],
  ["expanded", "It was sent on to the members of"],
];

/** The part for people. */
function people(report: StatusReport): string {
  const lines = [
    `This is the mail server ${word(report.hostname)}.`,
    "",
    `It reports on a mail of yours that it took at ${formatDate(report.arrivalMs)}.`,
  ];
  for (const [action, heading] of HEADINGS) {
    const found = report.recipients.filter((recipient) => recipient.action === action);
    if (found.length === 0) continue;
    lines.push("", `${heading}:`);
    for (const recipient of found.slice(0, SHOWN_RECIPIENTS_MAX)) lines.push("", ...shown(recipient));
    if (found.length > SHOWN_RECIPIENTS_MAX) {
      lines.push("", `  and ${found.length - SHOWN_RECIPIENTS_MAX} more, named in the next part`);
    }
  }
  lines.push(
    "",
    `What follows is for programs, and ${returnsWhole(report) ? "the mail" : "the header of the mail"}.`,
    "",
  );
  return lines.join("\r\n");
}

function shown({ address, action, remoteMta, code, status, text, retryUntilMs }: ReportedRecipient): string[] {
  const lines = [`  ${line(address)}`];
  if (action === "failed" || action === "delayed") {
    const who = remoteMta === null || code === null ? "" : `${word(remoteMta)} said: `;
    lines.push(`    ${who}${code === null ? "" : `${code} `}${word(status)} ${quoted(text)}`);
  }
  if (retryUntilMs !== null) lines.push(`    It is tried until ${formatDate(retryUntilMs)}.`);
  return lines;
}

/** The part for programs: fields of the mail, then of each recipient (RFC 3464 §2.1). */
function machines(report: StatusReport): string {
  const mail = [
    ...(report.envid === null ? [] : [`Original-Envelope-Id: ${quoted(report.envid)}`]),
    `Reporting-MTA: dns; ${word(report.hostname)}`,
    `X-Stagepost-Mail-Id: ${word(report.mailId)}`,
    `Arrival-Date: ${formatDate(report.arrivalMs)}`,
  ];
  return [mail, ...report.recipients.map(recipientFields)].map((group) => `${group.join("\r\n")}\r\n`).join("\r\n");
}

function recipientFields(recipient: ReportedRecipient): string[] {
  const { address, orcpt, action, status, remoteMta, code, text, lastAttemptMs, retryUntilMs } = recipient;
  return [
    ...(orcpt === null ? [] : [`Original-Recipient: ${line(orcpt)}`]),
    `Final-Recipient: ${isAscii(address) ? "rfc822" : "utf-8"}; ${line(address)}`, // RFC 6533 §3
    `Action: ${action}`,
    `Status: ${word(status)}`,
    ...(remoteMta === null ? [] : [`Remote-MTA: dns; ${word(remoteMta)}`]),
    code === null
      ? `Diagnostic-Code: x-stagepost; ${quoted(text)}`
      : `Diagnostic-Code: smtp; ${code} ${word(status)} ${quoted(text)}`,
    `Last-Attempt-Date: ${formatDate(lastAttemptMs)}`,
    ...(retryUntilMs === null ? [] : [`Will-Retry-Until: ${formatDate(retryUntilMs)}`]),
  ];
}

/** One line of a text somebody else chose: no controls, no line ends, not endless. */
function line(text: string): string {
  return text.slice(0, QUOTED_CHARS_MAX).replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/gu, " ");
}

/** One line in ASCII. */
function quoted(text: string): string {
  return line(text).replace(/[^\x20-\x7e]/g, "?");
}

/** One word of plain ASCII. */
function word(text: string): string {
  const plain = text.slice(0, QUOTED_CHARS_MAX).replace(/[^A-Za-z0-9._:[\]/+=@-]/g, "?");
  return plain === "" ? "unknown" : plain;
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

function endsLine(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[bytes.length - 2] === 0x0d && bytes[bytes.length - 1] === 0x0a;
}
