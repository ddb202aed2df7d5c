import { isAscii } from "./charset.ts";

/**
 * The text as it is compared and searched: two texts are alike when these are equal, and one is in the other when this is in that. As
 * i;unicode-casemap (RFC 5051 §2) has it: compatibility forms and composed letters are taken apart, case does not count; no letter is
 * dropped. Linear; one character becomes up to 18.
 */
export function casemap(text: string): string {
  if (isAscii(text)) return text.toLowerCase();
  // Sigmas would depend on where a word ends, and each would be searched for that end.
  return withoutLongMarks(text).normalize("NFKD").replace(/[Σς]/g, "σ").toLowerCase();
}

/**
 * Marks on one letter are sorted one by one, so that 80,000 of them take seconds: behind each 30 a joiner that has no shape is put, as
 * the stream-safe form of Unicode (UAX 15 §13) does it. No language has as many.
 */
function withoutLongMarks(text: string): string {
  return text.replace(/\p{M}{30}/gu, "$&\u034f");
}
