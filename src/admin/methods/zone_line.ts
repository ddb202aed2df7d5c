/** Octets of one string of a TXT record (RFC 1035 §3.3.14). */
const STRING_BYTES_MAX = 255;
/** Seconds that others may remember a record: short enough to mend a mistake the same day. */
const TTL_SECONDS = 3_600;

/** A TXT record as a line of a zone file (RFC 1035 §5.1), its ASCII text cut into strings, which whoever reads it joins again. */
export function zoneLine(name: string, text: string): string {
  const strings: string[] = [];
  for (let at = 0; at < text.length; at += STRING_BYTES_MAX) strings.push(text.slice(at, at + STRING_BYTES_MAX));
  const quoted = strings.map((string) => `"${string.replace(/["\\]/g, "\\$&")}"`).join(" ");
  return `${name}. ${TTL_SECONDS} IN TXT ${strings.length > 1 ? `( ${quoted} )` : quoted}`;
}
