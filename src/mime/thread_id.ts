import type { MessageFacts } from "./facts.ts";

/**
 * THREADID (RFC 8474 §5.2): made of the id of the message with which the conversation began, so that it is the same wherever a message
 * lies, whichever comes first, and for good. One that names no id is a conversation of its own, called by its EMAILID.
 */
export function threadId(
  { references, inReplyTo, messageId }: Pick<MessageFacts, "references" | "inReplyTo" | "messageId">,
  emailId: string,
): string {
  const first = references[0] ?? inReplyTo ?? messageId;
  return first === null ? `T${emailId}` : `T${hash(first, FIRST_SEED)}${hash(first, SECOND_SEED)}`;
}

const [FIRST_SEED, SECOND_SEED] = [0x811c9dc5, 0x01000193];

/** 64 bits of a text: who wants two conversations to be one need only name one id in both. */
function hash(text: string, seed: number): string {
  let [a, b] = [0xdeadbeef ^ seed, 0x41c6ce57 ^ seed];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return (a >>> 0).toString(36).padStart(7, "0") + (b >>> 0).toString(36).padStart(7, "0");
}
