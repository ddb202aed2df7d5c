import { dottedIp, parseIp } from "./ip.ts";

/** A list in the DNS that names addresses (RFC 5782). */
export interface DnsList {
  /** The domain that is asked. */
  readonly zone: string;
  /** Whether those it names are refused, or spoken for. */
  readonly kind: "block" | "allow";
  /** Answers that count; empty: every one that is no error. */
  readonly codes: readonly string[];
  /** What clients and the log are told; the zone may hold a customer's key. */
  readonly name: string;
}

/** What an answer of a list means. `error`: its operator does not serve us, or the zone is not a list any more. */
export type ListAnswer = "named" | "notNamed" | "error";

/** Characters of a list's own words: with the rest they fit one reply line of 512 octets (RFC 5321 §4.5.3.1.5). */
const TEXT_CHARS_MAX = 300;

/**
 * The name by which a list is asked about an address: its bytes in reverse order (RFC 5782 §2.1), for IPv6 its 32 hexadecimal
 * digits (§2.4); a mapped IPv4 address counts as IPv4. Null when the text is no address.
 */
export function listQueryName(ip: string, zone: string): string | null {
  const bytes = parseIp(ip);
  return bytes === null ? null : `${dottedIp(bytes).split(".").reverse().join(".")}.${zone}`;
}

/**
 * What the A records mean. Answers outside 127.0.0.0/8 are no list's (RFC 5782 §2.1): whoever took over a list's domain, or a
 * name server that makes up answers, would else list the whole world. Those in 127.255.255.0/24 are how operators of lists say
 * that a question was wrong or one too many.
 */
export function readListAnswer(records: readonly string[], { codes }: Pick<DnsList, "codes">): ListAnswer {
  const genuine = records.filter((address) => address.startsWith("127.") && !address.startsWith("127.255.255."));
  if (genuine.some((address) => codes.length === 0 || codes.includes(address))) return "named";
  return genuine.length < records.length ? "error" : "notNamed";
}

/** A list's own words (RFC 5782 §2.1), fit for a reply: one line of printable ASCII; null when there are none. */
export function listText(records: readonly string[]): string | null {
  const text = (records[0] ?? "").slice(0, TEXT_CHARS_MAX).replace(/[^ -~]/g, "?").trim();
  return text === "" ? null : text;
}
