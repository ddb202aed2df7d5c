import type { SpecialUse } from "./mailbox_name.ts";

/** Octets of the value of an annotation; RFC 5464 §4.1 asks for 1,024. */
export const ANNOTATION_BYTES_MAX = 32_768;

/** Whose annotations they are (RFC 5464 §3.2). */
export type AnnotationScope = "private" | "shared";

/** The special use of a mailbox as an annotation (RFC 6154 §4): in lower case, as all names of entries are kept. */
export const SPECIAL_USE_ENTRY = "/private/specialuse";

/** What that annotation says: the attribute as LIST shows it. */
export function specialUseValue(use: SpecialUse): string {
  return `\\${use[0]!.toUpperCase()}${use.slice(1)}`;
}

/** RFC 5464 §3.2: names begin with whose they are, and compare without case. Null for others. */
export function scopeOf(entry: string): AnnotationScope | null {
  const [, scope] = entry.toLowerCase().split("/", 2);
  return scope === "private" || scope === "shared" ? scope : null;
}

/** Whether `entry` is `asked`, or as near below it as `depth` says (RFC 5464 §4.2.2). Both in lower case. */
export function isWithin(entry: string, asked: string, depth: "0" | "1" | "infinity"): boolean {
  if (entry === asked) return true;
  if (depth === "0" || !entry.startsWith(`${asked}/`)) return false;
  return depth === "infinity" || !entry.slice(asked.length + 1).includes("/");
}
