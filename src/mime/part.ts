import type { HeaderFields } from "./header_fields.ts";
import type { Parameter } from "./parameters.ts";

/** How deep parts may lie in each other; what lies deeper is text. */
export const PART_DEPTH_MAX = 100;

/** Parts of one message; behind them boundaries are text. */
export const PARTS_MAX = 10_000;

/** Longest boundary, in characters: a line of a message has no more (RFC 5322 §2.1.1); 70 are allowed (RFC 2046 §5.1.1). */
export const BOUNDARY_CHARS_MAX = 998;

/** Whether a part holds others, or a whole message with a header of its own, or neither. */
export type PartKind = "leaf" | "multipart" | "message";

/** A part of a message. All places are offsets in bytes from the start of the whole message. */
export interface Part {
  readonly kind: PartKind;
  /** Where its header begins: of the message itself 0, of a message within another the body of the part that holds it. */
  readonly headerStart: number;
  /** Behind the empty line that ends the header. */
  readonly bodyStart: number;
  readonly bodyEnd: number;
  /** Line ends in the body of a text or message; 0 for others. */
  readonly lines: number;
  /** Lower case. A multipart that could not be taken apart is text/plain. */
  readonly type: string;
  readonly subtype: string;
  readonly parameters: readonly Parameter[];
  readonly fields: HeaderFields;
  /** Parts of a multipart; of a message the one that is in it. */
  readonly children: readonly Part[];
}
