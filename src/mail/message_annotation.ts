/** Whose an annotation of a message is: of the mailbox's owner alone, or of all who may read it (RFC 5257 §3.3). */
export type AnnotationScope = "priv" | "shared";

/** Which annotation. Entries: `/comment`, `/1.2/flags/seen` (RFC 5257 §3.2.1). */
export interface AnnotationRef {
  readonly entry: string;
  readonly scope: AnnotationScope;
}

/** What is to become of one value of an annotation; null takes it away. */
export interface MessageAnnotationChange extends AnnotationRef {
  readonly value: Uint8Array | null;
}

/** One value of an annotation of a message. */
export interface MessageAnnotation extends MessageAnnotationChange {
  readonly value: Uint8Array;
}

/** Bytes of one value; told by ANNOTATIONS (RFC 5257 §4.1: at least 1,024). */
export const ANNOTATION_VALUE_BYTES_MAX = 4_096;
/** Values of one message, private and shared together (RFC 5257 §4.1: at least 10 annotations). */
export const ANNOTATIONS_PER_MESSAGE_MAX = 32;
/** Characters of an entry's name: it becomes part of a key. */
export const ANNOTATION_ENTRY_CHARS_MAX = 200;

/** Matches names of entries: "*" stands for one or more characters, "%" for some that are no slash (RFC 5257 §4.3). */
export function entryMatcher(pattern: string): (entry: string) => boolean {
  return (entry) => {
    // The places in the pattern that can be reached with what was read of the name.
    let reached = new Set([0]);
    for (const char of entry) {
      const next = new Set<number>();
      for (const at of reached) {
        const wanted = pattern[at];
        const wild = wanted === "*" || (wanted === "%" && char !== "/");
        if (wild) next.add(at);
        if (wild || wanted === char) next.add(at + 1);
      }
      if (next.size === 0) return false;
      reached = next;
    }
    return reached.has(pattern.length);
  };
}

/** Whether the name is a pattern. */
export function isEntryPattern(name: string): boolean {
  return name.includes("*") || name.includes("%");
}
