import { utf8 } from "../../base/mod.ts";
import type { AccountId } from "../../mail/account.ts";
import { ANNOTATION_ENTRY_CHARS_MAX, type MessageAnnotationChange } from "../../mail/message_annotation.ts";
import type { AnnotationStore } from "./types.ts";
import { checkUids, invalid } from "../checks.ts";
import { checkAccount, checkMailbox } from "../layout/keys.ts";
import type { StoreLimits } from "../limits.ts";

/** Values that are set or taken away at once. */
const CHANGES_MAX = 1_000;

/** Annotations of messages that are to be others (RFC 5257 §4.5). */
export interface AnnotateChange {
  readonly kind: "annotate";
  readonly account: AccountId;
  readonly mailbox: number;
  readonly uids: readonly number[];
  readonly changes: readonly MessageAnnotationChange[];
  readonly unchangedSince: number | null;
}

/** A change of annotations within all limits. Throws Failure `invalid`. */
export function annotateChange(
  at: { readonly account: AccountId; readonly mailbox: number; readonly uids: readonly number[] },
  { changes, unchangedSince }: AnnotationStore,
  limits: StoreLimits,
): AnnotateChange {
  checkAccount(at.account);
  checkMailbox(at.mailbox);
  const uids = checkUids(at.uids, limits);
  const last = checkAnnotations(changes, { ...limits, annotationsMax: CHANGES_MAX });
  return { kind: "annotate", ...at, uids, changes: last, unchangedSince };
}

/** The last word on each annotation. Throws Failure `invalid`. */
export function checkAnnotations<T extends MessageAnnotationChange>(
  changes: readonly T[],
  limits: Pick<StoreLimits, "annotationsMax" | "annotationBytesMax">,
): T[] {
  const last = new Map<string, T>();
  for (const change of changes) {
    const { entry, scope, value } = change;
    if (!ENTRY.test(entry)) {
      invalid(`the entry of an annotation has 1 to ${ANNOTATION_ENTRY_CHARS_MAX} ASCII characters`);
    }
    if (value !== null && value.length > limits.annotationBytesMax) {
      invalid(`an annotation has at most ${limits.annotationBytesMax} bytes`);
    }
    last.set(`${scope}${entry}`, change);
  }
  if (last.size > limits.annotationsMax) invalid(`at most ${limits.annotationsMax} annotations are set at once`);
  return [...last.values()];
}

const ENTRY = new RegExp(`^/[\\x20-\\x7e]{0,${ANNOTATION_ENTRY_CHARS_MAX - 1}}$`);

/** Bytes that the annotations of a change keep in memory. */
export function bytesOfAnnotations(changes: readonly MessageAnnotationChange[]): number {
  return changes.reduce((sum, { entry, value }) => sum + utf8(entry).length + (value?.length ?? 0), 0);
}
