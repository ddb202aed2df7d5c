import { announcedMax, type ImapLimits } from "../limits.ts";
import { formatInOrder, formatSequenceSet } from "../sequence_set.ts";
import type { Progress } from "../state.ts";

/*
 * resp-text-code (RFC 9051 §7.1, §9) with arguments, without the brackets. Codes that are one word stand where they are used.
 */

/** APPENDUID (RFC 4315 §3): the UIDs in the order of the messages. */
export function appendUidCode(uidValidity: number, uids: readonly number[]): string {
  return `APPENDUID ${uidValidity} ${formatInOrder(uids)}`;
}

/** COPYUID (RFC 4315 §3): pairs of first and last, one for one. */
export function copyUidCode(uidValidity: number, from: readonly number[], to: readonly number[]): string {
  return `COPYUID ${uidValidity} ${formatSequenceSet(from)} ${formatSequenceSet(to)}`;
}

/** MODIFIED (RFC 7162 §3.1.3) */
export function modifiedCode(pairs: readonly number[]): string {
  return `MODIFIED ${formatSequenceSet(pairs)}`;
}

/** MESSAGELIMIT (RFC 9738 §3.1): the lowest UID that was looked at; absent: nothing was done. */
export function messageLimitCode(messagesMax: number, uid?: number): string {
  return uid === undefined ? `MESSAGELIMIT ${messagesMax}` : `MESSAGELIMIT ${messagesMax} ${uid}`;
}

/** The same of a command that is done as a whole or not at all, where a limit is announced; else LIMIT. */
export function saveLimitCode(messagesMax: number, limits: ImapLimits): string {
  return announcedMax(limits) === 0 ? "LIMIT" : messageLimitCode(messagesMax);
}

/** BADEVENT (RFC 5465 §8), with the events we can tell. */
export function badEventCode(events: readonly string[]): string {
  return `BADEVENT (${events.join(" ")})`;
}

/** INPROGRESS (RFC 9585 §4): of a tag that cannot stand in brackets nothing is said, and numbers only while some work is left. */
export function inProgressCode({ tag, done, goal }: Progress): string {
  const name = tag === null || tag.includes("]") ? "NIL" : `"${tag}"`;
  return `INPROGRESS (${name} ${done < goal ? `${done} ${goal}` : "NIL NIL"})`;
}

/** BADCHARSET (RFC 9051 §7.1), with the charsets we know. */
export function badCharsetCode(charsets: readonly string[]): string {
  return `BADCHARSET (${charsets.join(" ")})`;
}

/** Characters of a URL that are told again: of a longer one the beginning, as it names nothing anyway. */
const TOLD_URL_CHARACTERS_MAX = 8_192;

/** BADURL (RFC 4469 §4.1): the URL as it was sent; what a code cannot hold is percent-encoded (RFC 4469 §5 url-resp-text). */
export function badUrlCode(url: string): string {
  const told = url.slice(0, TOLD_URL_CHARACTERS_MAX).toWellFormed();
  return `BADURL ${told.replace(/[^\x20-\x5a\x5c\x5e-\x7e]/gu, encodeURIComponent)}`;
}

/** URLMECH (RFC 4467 §8): told where nobody listens in (RFC 4467 §10), which for INTERNAL is more than it needs. */
export function urlMechCode(tlsActive: boolean): string | undefined {
  return tlsActive ? "URLMECH INTERNAL" : undefined;
}

/** ANNOTATIONS (RFC 5257 §4.1): bytes of the longest value; null when none can be changed. */
export function annotationsCode(bytes: number | null, keepsPrivate: boolean): string {
  return `ANNOTATIONS ${bytes ?? "READ-ONLY"}${keepsPrivate ? "" : " NOPRIVATE"}`;
}

/** METADATA LONGENTRIES, MAXSIZE (RFC 5464 §4.2.1, §4.3), in bytes. */
export function metadataCode(what: "LONGENTRIES" | "MAXSIZE", bytes: number): string {
  return `METADATA ${what} ${bytes}`;
}
