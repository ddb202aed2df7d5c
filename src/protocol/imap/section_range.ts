import type { IndexedPart } from "../../mime/mod.ts";
import type { Section } from "./ast_fetch.ts";

/** Bytes [start, end) of a message. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Where a section lies (RFC 9051 §6.4.5): for HEADER.FIELDS the header of which some fields are wanted. Null when the message has no
 * such part, or none that is a message where one is needed.
 */
export function rangeOfSection({ part, text }: Section, root: IndexedPart): ByteRange | null {
  if (part.length === 0) return rangeInMessage(root, text);
  const found = findPart(part, root);
  if (found === null) return null;
  if (text === null) return { start: found.bodyStart, end: found.bodyEnd };
  if (text === "MIME") return { start: found.headerStart, end: found.bodyStart };
  const [message] = found.children;
  return found.kind === "message" && message !== undefined ? rangeInMessage(message, text) : null;
}

function rangeInMessage(message: IndexedPart, text: Section["text"]): ByteRange | null {
  switch (text) {
    case null:
      return { start: message.headerStart, end: message.bodyEnd };
    case "TEXT":
      return { start: message.bodyStart, end: message.bodyEnd };
    case "MIME": // RFC 9051 §6.4.5: MIME must follow a part's number.
      return null;
    default:
      return { start: message.headerStart, end: message.bodyStart };
  }
}

/** The part of that number. A message that is no multipart has one part, 1, which is its body. */
export function findPart(numbers: readonly number[], root: IndexedPart): IndexedPart | null {
  let found = root;
  for (const [depth, number] of numbers.entries()) {
    const inner = found.kind === "message" && depth > 0 ? found.children[0] : undefined;
    const next = childOf(found, inner, { number, first: depth === 0 });
    if (next === null) return null;
    found = next;
  }
  return found;
}

function childOf(
  part: IndexedPart,
  message: IndexedPart | undefined,
  { number, first }: { readonly number: number; readonly first: boolean },
): IndexedPart | null {
  const holder = message ?? part;
  if (holder.kind === "multipart") return holder.children[number - 1] ?? null;
  return number === 1 && (first || message !== undefined) ? holder : null;
}
