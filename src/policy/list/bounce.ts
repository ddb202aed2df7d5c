import { concat, decodeUtf8, latin1 } from "../../base/mod.ts";
import { formatAddress, parseMailbox } from "../../mail/mod.ts";
import { Buffer } from "node:buffer";
import { type ContentType, parseContentType } from "../../mime/mod.ts";
import { fieldsNamed, type Message, readMessage, valueOf } from "../header/mod.ts";

/** What a report says of one recipient (RFC 3464 §2.3). */
export interface ReportedFailure {
  /** Final-Recipient, and where it was given Original-Recipient, without their types. */
  readonly addresses: readonly string[];
  /** RFC 3463; empty when the report has none. */
  readonly status: string;
}

/** Bytes of a report that are read, and of the text that a mail with many parts may have. */
const REPORT_BYTES_MAX = 262_144;
/** Parts of a report that are looked at: RFC 6522 §3 has three. */
const PARTS_MAX = 8;
/** Recipients of a report that are looked at. */
const RECIPIENTS_MAX = 200;
/** Longest boundary (RFC 2046 §5.1.1). */
const BOUNDARY_CHARS_MAX = 70;

/**
 * The recipients whom a delivery status notification calls failed for good; null when it is none (RFC 3464, RFC 6522; RFC 6533 for
 * addresses that are not ASCII). Linear in the bytes that are read.
 */
export function failuresIn(message: Message): ReportedFailure[] | null {
  const type = typeOf(message);
  const boundary = type?.parameters.get("boundary") ?? "";
  const isReport = type?.type === "multipart/report" &&
    type.parameters.get("report-type")?.toLowerCase() === "delivery-status";
  if (!isReport || boundary === "" || boundary.length > BOUNDARY_CHARS_MAX) return null;
  for (const part of partsOf(bodyText(message), boundary)) {
    const inner = readMessage([Buffer.from(part, "latin1")]);
    const status = typeOf(inner)?.type;
    if (status === "message/delivery-status" || status === "message/global-delivery-status") {
      return failedGroups(bodyText(inner));
    }
  }
  return null;
}

function typeOf(message: Message): ContentType | null {
  const [field] = fieldsNamed(message, "content-type");
  return field === undefined ? null : parseContentType(valueOf(field));
}

function bodyText(message: Message): string {
  return latin1(concat(message.body).subarray(0, REPORT_BYTES_MAX));
}

/** What stands between the lines of the boundary (RFC 2046 §5.1.1); the preamble is passed over. */
function partsOf(body: string, boundary: string): string[] {
  const delimiter = `\r\n--${boundary}`;
  const pieces = `\r\n${body}`.split(delimiter, PARTS_MAX + 1).slice(1);
  const parts: string[] = [];
  for (const piece of pieces) {
    if (piece.startsWith("--")) break;
    const end = piece.indexOf("\r\n");
    if (end >= 0) parts.push(piece.slice(end + 2));
  }
  return parts;
}

/** delivery-status-content = per-message-fields 1*( CRLF per-recipient-fields ) (RFC 3464 §2.1). */
function failedGroups(text: string): ReportedFailure[] {
  const failed: ReportedFailure[] = [];
  let rest = readMessage([Buffer.from(text, "latin1")]);
  for (let i = 0; i < RECIPIENTS_MAX && rest.body.length > 0; i++) {
    rest = readMessage(rest.body);
    const action = wordOf(rest, "action");
    if (action !== "failed") continue;
    const addresses = ["final-recipient", "original-recipient"].map((name) => addressOf(rest, name));
    failed.push({ addresses: addresses.filter((address) => address !== null), status: wordOf(rest, "status") });
  }
  return failed;
}

function wordOf(message: Message, name: string): string {
  const [field] = fieldsNamed(message, name);
  return field === undefined ? "" : valueOf(field).trim().split(/[\s(;]/, 1)[0]!.toLowerCase();
}

/** `address-type; generic-address` (RFC 3464 §2.3.2); angle brackets, as some programs write them, are taken off. */
function addressOf(message: Message, name: string): string | null {
  const [field] = fieldsNamed(message, name);
  if (field === undefined) return null;
  const value = valueOf(field).replace(/\r\n/g, "");
  const semicolon = value.indexOf(";");
  const address = value.slice(semicolon + 1).trim().replace(/^<([^<>]*)>$/, "$1");
  const mailbox = semicolon < 0 ? null : parseMailbox(decodeUtf8(Buffer.from(address, "latin1")) ?? "", { utf8: true });
  return mailbox === null ? null : formatAddress(mailbox);
}
