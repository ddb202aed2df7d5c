import type { ClientReply } from "./reply_reader.ts";

/** What a server's answer to EHLO says it can do (RFC 5321 §4.1.1.1). */
export interface PeerExtensions {
  /** It knows EHLO. */
  readonly extended: boolean;
  /** PIPELINING (RFC 2920). */
  readonly pipelining: boolean;
  /** SIZE (RFC 1870): it takes the declaration. */
  readonly size: boolean;
  /** Largest mail it takes, in bytes; null when it does not say. */
  readonly sizeBytesMax: number | null;
  /** 8BITMIME (RFC 6152). */
  readonly eightBitMime: boolean;
  /** SMTPUTF8 (RFC 6531). */
  readonly smtpUtf8: boolean;
  /** STARTTLS (RFC 3207). */
  readonly startTls: boolean;
  /** DSN (RFC 3461). */
  readonly dsn: boolean;
  /** CHUNKING (RFC 3030 §2). */
  readonly chunking: boolean;
  /** BINARYMIME (RFC 3030 §3). */
  readonly binaryMime: boolean;
  /** REQUIRETLS (RFC 8689 §2). */
  readonly requireTls: boolean;
  /** MT-PRIORITY (RFC 6710). */
  readonly priority: boolean;
  /** ENHANCEDSTATUSCODES (RFC 2034). */
  readonly enhancedStatusCodes: boolean;
  /** SASL mechanisms in upper case (RFC 4954 §3). */
  readonly auth: readonly string[];
  /** Recipients of a transaction it takes (RFC 9422, RCPTMAX); null when it does not say. */
  readonly recipientsMax: number | null;
  /** Transactions of a session it takes (RFC 9422, MAILMAX); null when it does not say. */
  readonly mailsMax: number | null;
}

/** A server that knows HELO only. */
export const NO_EXTENSIONS: PeerExtensions = {
  extended: false,
  pipelining: false,
  size: false,
  sizeBytesMax: null,
  eightBitMime: false,
  smtpUtf8: false,
  startTls: false,
  dsn: false,
  chunking: false,
  binaryMime: false,
  requireTls: false,
  priority: false,
  enhancedStatusCodes: false,
  auth: [],
  recipientsMax: null,
  mailsMax: null,
};

/** The extensions of an EHLO answer; what is unknown or malformed is passed over. */
export function parseExtensions(reply: ClientReply): PeerExtensions {
  let peer: PeerExtensions = { ...NO_EXTENSIONS, extended: true };
  // The first line is the server's name.
  for (const line of reply.lines.slice(1)) {
    const [keyword = "", ...words] = line.trim().split(" ");
    peer = { ...peer, ...extension(keyword.toUpperCase(), words.filter((word) => word !== "")) };
  }
  return peer;
}

function extension(keyword: string, words: readonly string[]): Partial<PeerExtensions> {
  switch (keyword) {
    case "PIPELINING":
      return { pipelining: true };
    case "SIZE":
      return { size: true, sizeBytesMax: sizeLimit(words[0] ?? "") };
    case "8BITMIME":
      return { eightBitMime: true };
    case "SMTPUTF8":
      return { smtpUtf8: true };
    case "STARTTLS":
      return { startTls: true };
    case "DSN":
      return { dsn: true };
    case "CHUNKING":
      return { chunking: true };
    case "BINARYMIME":
      return { binaryMime: true };
    case "REQUIRETLS":
      return { requireTls: true };
    case "MT-PRIORITY":
      return { priority: true };
    case "ENHANCEDSTATUSCODES":
      return { enhancedStatusCodes: true };
    case "AUTH":
      return { auth: words.map((word) => word.toUpperCase()) };
    case "LIMITS":
      return limits(words);
    default:
      return {};
  }
}

/** RFC 1870 §4: no number says nothing, 0 says that there is no fixed limit. */
function sizeLimit(word: string): number | null {
  const bytes = /^[0-9]{1,20}$/.test(word) ? Number(word) : 0;
  return bytes === 0 ? null : bytes;
}

/** limit-name-value: `RCPTMAX=100` (RFC 9422); others than the two are of no use here. */
function limits(words: readonly string[]): Partial<PeerExtensions> {
  let found: Partial<PeerExtensions> = {};
  for (const word of words) {
    const match = /^(RCPTMAX|MAILMAX)=([1-9][0-9]{0,5})$/i.exec(word);
    if (match === null) continue;
    const count = Number(match[2]);
    found = match[1]?.toUpperCase() === "RCPTMAX" ? { ...found, recipientsMax: count } : { ...found, mailsMax: count };
  }
  return found;
}
