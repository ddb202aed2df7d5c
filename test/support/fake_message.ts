import type { MessageAnnotation } from "../../src/mail/message_annotation.ts";

/** A message as the fake keeps it. */
export interface FakeMessage {
  readonly uid: number;
  readonly bytes: Uint8Array;
  flags: number;
  keywords: string[];
  modSeq: number;
  recent: boolean;
  readonly internalDateMs: number;
  annotations: readonly MessageAnnotation[];
  /** Entries that were changed, and by which MODSEQ. */
  annotated?: { readonly modSeq: number; readonly entries: readonly string[] };
}
