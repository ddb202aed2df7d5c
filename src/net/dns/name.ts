import { parseIp } from "../../base/mod.ts";

/** A name that may be asked for: lower case, labels of letters, digits, hyphens and underscores, no final dot. Made only by `parseName`. */
export type QuestionName = string & { readonly __questionName: unique symbol };

/** Longest name in text, without the final dot (RFC 1035 §2.3.4: 255 octets on the wire). */
const NAME_CHARS_MAX = 253;

/** One label: at most 63 octets (RFC 1035 §2.3.4); underscores as in `_dmarc` (RFC 8552). */
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** The name to ask for, or null when no host, and nothing that mail looks up, can have it. One final dot is dropped. */
export function parseName(text: string): QuestionName | null {
  if (text.length === 0 || text.length > NAME_CHARS_MAX + 1) return null;
  const name = (text.endsWith(".") ? text.slice(0, -1) : text).toLowerCase();
  if (name.length > NAME_CHARS_MAX || !name.split(".").every((label) => LABEL.test(label))) return null;
  return name as QuestionName;
}

/** The name under which the names of an IP address stand (RFC 1035 §3.5, RFC 3596 §2.5), or null when it is no address. */
export function reverseName(ip: string): QuestionName | null {
  const octets = parseIp(ip);
  if (octets === null) return null;
  const labels = octets.length === 4
    ? Array.from(octets, String)
    : Array.from(octets, (octet) => [octet >> 4, octet & 15].map((nibble) => nibble.toString(16))).flat();
  return `${labels.reverse().join(".")}.${octets.length === 4 ? "in-addr" : "ip6"}.arpa` as QuestionName;
}
