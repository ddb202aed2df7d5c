import type { MessageAnnotation } from "../../../mail/message_annotation.ts";
import type { FullRow } from "../../../storage/mod.ts";

/** Whether a message fits; null when more of it must be known. */
export type Verdict = boolean | null;

/** What is known of a message that is looked at; it grows as keys ask for more. */
export interface Candidate {
  readonly row: FullRow;
  /** ENVELOPE, of the MIME index; null when there is none, undefined when it was not read. */
  envelope: Uint8Array | null | undefined;
  /** THREADID (RFC 8474 §5.2); undefined when it was not made. */
  threadId: string | undefined;
  /** Its annotations that the account may read; undefined when they were not read. */
  annotations: readonly MessageAnnotation[] | undefined;
  /** Whether its texts hold what the key of that number asks for; null when they were not searched. */
  readonly holds: ((content: number, key: number) => boolean) | null;
  /** How well its texts have the word of that number, 0 for not at all; null when they were not searched. */
  readonly grade: ((content: number, word: number) => number) | null;
}
