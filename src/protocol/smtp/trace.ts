import { isIPv6 } from "node:net";
import { type Address, formatAddress } from "../../mail/address.ts";
import { formatDate } from "../../mime/date.ts";

/** What the Received field says of one hop (RFC 5321 §4.4). */
export interface TraceInfo {
  /** What the client called itself; null leaves all that is known of the client out. */
  readonly helo: string | null;
  /** The client's address as the socket has it, or null when there is no socket. */
  readonly clientIp: string | null;
  /** The client's name as a trusted proxy has looked it up; by default not told. */
  readonly clientName?: string | null;
  /** Our host name. */
  readonly hostname: string;
  /** Transmission type: ESMTP, ESMTPS … (RFC 3848). */
  readonly protocol: string;
  /** By which the log finds the message again. */
  readonly id: string;
  /** Named in `for` when it is the only one: blind copies must not meet each other (RFC 5321 §7.2). */
  readonly recipients: readonly Address[];
  /** Milliseconds since 1970-01-01 UTC. */
  readonly wallMs: number;
  /** E.g. `TLSv1.3`, or null without TLS. */
  readonly tlsVersion?: string | null;
}

/** The Received field with its CRLFs, folded; nothing the client chose can end or add a field. */
export function receivedField(info: TraceInfo): string {
  const { helo, clientIp, clientName } = info;
  const name = clientName ? `${traceWord(clientName)} ` : "";
  const client = clientIp === null ? "" : ` (${name}${addressLiteral(clientIp)})`;
  const from = helo === null ? "" : `from ${traceWord(helo)}${client}\r\n\t`;
  const tls = info.tlsVersion ? ` (${traceWord(info.tlsVersion)})` : "";
  const only = info.recipients.length === 1 ? info.recipients[0] : undefined;
  const target = only === undefined ? "" : `\r\n\tfor <${formatAddress(only)}>`;
  return `Received: ${from}by ${traceWord(info.hostname)} with ${traceWord(info.protocol)}${tls} id ${
    traceWord(info.id)
  }${target};\r\n\t${formatDate(info.wallMs)}\r\n`;
}

/** The Return-Path field with its CRLF, put on by final delivery (RFC 5321 §4.4). */
export function returnPathField(sender: Address | null): string {
  return `Return-Path: <${sender === null ? "" : formatAddress(sender)}>\r\n`;
}

/** Longest word taken over from the client, in UTF-16 units. */
const WORD_CHARS_MAX = 255;

/** One word of a field: what is not plain becomes `?`. */
function traceWord(text: string): string {
  return text === "" ? "unknown" : text.slice(0, WORD_CHARS_MAX).replace(/[^A-Za-z0-9._:[\]/+=-]/g, "?");
}

/** address-literal (RFC 5321 §4.1.3). An IPv4 address mapped into IPv6 is shown as what it is. */
function addressLiteral(ip: string): string {
  const plain = ip.replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*$/, "");
  return `[${isIPv6(plain) ? "IPv6:" : ""}${traceWord(plain)}]`;
}
