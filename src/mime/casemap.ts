import { isAscii } from "./charset.ts";

/**
 * The text as it is compared and searched: two texts are alike when these are equal, and one is in the other when this is in that. As
 * i;unicode-casemap (RFC 5051 §2) has it: compatibility forms and composed letters are taken apart, case does not count; no letter is dropped.
 */
export function casemap(text: string): string {
  if (isAscii(text)) return text.toLowerCase();
  return text.normalize("NFKD").toLowerCase().replace(/ς/g, "σ"); // Lower case would depend on where a word ends.
}
