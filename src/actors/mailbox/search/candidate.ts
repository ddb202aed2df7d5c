import type { MessageFacts } from "../../../mime/mod.ts";
import type { FullRow } from "../../../storage/mod.ts";
import type { MessageTexts } from "./text_source.ts";

/** Whether a message fits; null when more of it must be known. */
export type Verdict = boolean | null;

/** What is known of a message that is looked at; it grows as keys ask for more. */
export interface Candidate {
  readonly row: FullRow;
  /** Of the MIME index; null when it was not read, or there is none. */
  facts: MessageFacts | null;
  /** ENVELOPE, of the index, too. */
  envelope: Uint8Array | null;
  texts: MessageTexts | null;
}
