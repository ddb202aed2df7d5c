import { isAscii } from "./charset.ts";

/**
 * The text as it is compared, sorted and searched: two texts are alike when these are equal, one is in the other when this is
 * in that, and these stand in the order of the texts. As i;unicode-casemap (RFC 5051 §2) has it: compatibility forms and
 * composed letters are taken apart, and letters are large; none is dropped. Linear; one character becomes up to 18.
 */
export function casemap(text: string): string {
  if (isAscii(text)) return text.toUpperCase();
  const apart = (text.length > MARKS_MAX ? withoutLongMarks(text) : text).normalize("NFKD");
  // Sharp s would become two letters, and so be in texts that have none: it is the only one left that does.
  if (!/[ßẞ]/.test(apart)) return apart.toUpperCase();
  return apart.replace(/[^ßẞ]+/g, (letters) => letters.toUpperCase()).replaceAll("ẞ", "ß");
}

/** Marks in a row that are left as they are. */
const MARKS_MAX = 30;

/**
 * Marks on one letter are sorted one by one, so that 80,000 of them take seconds: behind each 30 a joiner that has no shape is put, as
 * the stream-safe form of Unicode (UAX 15 §13) does it. No language has as many.
 */
function withoutLongMarks(text: string): string {
  return text.replace(/\p{M}{30}/gu, "$&\u034f");
}
