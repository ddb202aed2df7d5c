import { formatInOrder, formatSequenceSet } from "./sequence_set.ts";

/*
 * resp-text-code (RFC 9051 §7.1, §9) with arguments, without the brackets. Codes that are one word stand where they are used.
 */

/** APPENDUID (RFC 4315 §3): the UIDs in the order of the messages. */
export function appendUidCode(uidValidity: number, uids: readonly number[]): string {
  return `APPENDUID ${uidValidity} ${formatInOrder(uids)}`;
}

/** COPYUID (RFC 4315 §3): one for one. */
export function copyUidCode(uidValidity: number, from: readonly number[], to: readonly number[]): string {
  return `COPYUID ${uidValidity} ${formatInOrder(from)} ${formatInOrder(to)}`;
}

/** MODIFIED (RFC 7162 §3.1.3) */
export function modifiedCode(pairs: readonly number[]): string {
  return `MODIFIED ${formatSequenceSet(pairs)}`;
}

/** BADCHARSET (RFC 9051 §7.1), with the charsets we know. */
export function badCharsetCode(charsets: readonly string[]): string {
  return `BADCHARSET (${charsets.join(" ")})`;
}

/** ANNOTATIONS (RFC 5257 §4.1): bytes of the longest value; null when none can be changed. */
export function annotationsCode(bytes: number | null, keepsPrivate: boolean): string {
  return `ANNOTATIONS ${bytes ?? "READ-ONLY"}${keepsPrivate ? "" : " NOPRIVATE"}`;
}

/** METADATA LONGENTRIES, MAXSIZE (RFC 5464 §4.2.1, §4.3), in bytes. */
export function metadataCode(what: "LONGENTRIES" | "MAXSIZE", bytes: number): string {
  return `METADATA ${what} ${bytes}`;
}
