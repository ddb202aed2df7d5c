import { type ByteRange, partialRange } from "../../../mime/mod.ts";
import type { PartialBytes, Section } from "../grammar/ast_fetch.ts";

/** A header that is longer is filtered up to here: it lies in memory at once. */
export const HEADER_BYTES_MAX = 1_048_576;

/** What a partial leaves of a range (RFC 9051 §6.4.5): nothing, if it begins behind the end. */
export function cut(range: ByteRange, partial: PartialBytes | null): ByteRange {
  return partial === null ? range : partialRange(range, partial);
}

/** The section as `mime` calls it. */
export function sectionOf(part: readonly number[], text: Section["text"]) {
  const want = WANTS[text ?? "all"];
  return { part, want } as const;
}

const WANTS = {
  "all": "all",
  "HEADER": "header",
  "TEXT": "text",
  "MIME": "mime",
  "HEADER.FIELDS": "header",
  "HEADER.FIELDS.NOT": "header",
} as const;
