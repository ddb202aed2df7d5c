/** Longest message id that is kept, in characters; a longer one is as none. */
export const MESSAGE_ID_CHARS_MAX = 500;

/** Ids of one References field that are kept: the first, and the last ones, which lie next to the message. */
export const REFERENCES_MAX = 100;

/** Most ids of one field that are looked at. */
const IDS_READ_MAX = 10_000;

/**
 * The message ids in a field (RFC 5322 §3.6.4), in the form in which they are compared (RFC 5256 §3, REFERENCES, step 1):
 * without the brackets, quotes and blanks. One that is too long is left out. Linear.
 */
export function readMessageIds(field: string): string[] {
  const ids: string[] = [];
  let at = field.indexOf("<");
  for (let read = 0; at >= 0 && read < IDS_READ_MAX; read++) {
    const end = field.indexOf(">", at);
    if (end < 0) break;
    if (end - at - 1 <= MESSAGE_ID_CHARS_MAX) {
      const id = bare(field.slice(at + 1, end));
      if (id !== "") ids.push(id);
    }
    at = field.indexOf("<", end);
  }
  return ids.length <= REFERENCES_MAX ? ids : [ids[0]!, ...ids.slice(1 - REFERENCES_MAX)];
}

/** `"a\"b"@c` and `a"b@c` are one. */
function bare(id: string): string {
  if (/^[!#-[\]-~]*$/.test(id)) return id;
  return id.replace(/\\(.)|["\0- ]/g, (_whole, quoted: string | undefined) => quoted ?? "");
}
