import { fieldsNamed, readMessage, valueOf } from "../header/mod.ts";

/**
 * Whether a mail asks to go out though its recipients' policies on TLS cannot be met, as the one that tells of an expired certificate:
 * `TLS-Required: No` (RFC 8689 §3). One that stands twice, or says anything else, means nothing.
 */
export function isTlsOptional(parts: readonly Uint8Array[]): boolean {
  const fields = fieldsNamed(readMessage(parts), "tls-required");
  return fields.length === 1 && valueOf(fields[0]!).replace(/[ \t\r\n]/g, "").toLowerCase() === "no";
}
