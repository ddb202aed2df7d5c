import { isAscii } from "./charset.ts";

/**
 * The text as it is compared, sorted and searched: two texts are alike when these are equal, one is in the other when this is
 * in that, and these stand in the order of the texts. As i;unicode-casemap (RFC 5051 §2) has it: first letters become large, each for
 * itself, then compatibility forms and composed letters are taken apart; none is dropped. Linear; one character becomes up to 18.
 */
export function casemap(text: string): string {
  if (isAscii(text)) return text.toUpperCase();
  return titled(text.length > MARKS_MAX ? withoutLongMarks(text) : text).normalize("NFKD");
}

/**
 * Letters whose titlecase of one letter (UnicodeData.txt, field 14) is another than what a platform makes large: that makes several
 * letters of them, or another one. Digraphs, Greek with iota subscript, Georgian, ligatures, and letters that lack a large form.
 */
const OTHERS =
  "ßŉ\u01c4-\u01ccǰ\u01f1-\u01f3\u0390\u03b0և\u10d0-\u10fa\u10fd-\u10ff\u1e96-\u1e9a\u1f50\u1f52\u1f54\u1f56\u1f80-\u1faf" +
  "\u1fb2-\u1fb4\u1fb6\u1fb7\u1fbc\u1fc2-\u1fc4\u1fc6\u1fc7\u1fcc\u1fd2\u1fd3\u1fd6\u1fd7\u1fe2-\u1fe4\u1fe6\u1fe7" +
  "\u1ff2-\u1ff4\u1ff6\u1ff7\u1ffc\ufb00-\ufb06\ufb13-\ufb17";
const OTHER = new RegExp(`[${OTHERS}]`);
const BETWEEN = new RegExp(`[^${OTHERS}]+`, "g");

function titled(text: string): string {
  if (!OTHER.test(text)) return text.toUpperCase();
  return text.replace(BETWEEN, (letters) => letters.toUpperCase()).replace(TITLED, titleOf);
}

/** Those of the others that have a titlecase of one letter; of the rest each stays as it is. */
const TITLED = /[\u01c4-\u01cc\u01f1-\u01f3\u1f80-\u1faf\u1fb3\u1fc3\u1ff3]/g;

function titleOf(letter: string): string {
  const code = letter.charCodeAt(0);
  if (code >= 0x01c4 && code <= 0x01cc) return String.fromCharCode(code - (code - 0x01c4) % 3 + 1);
  if (code >= 0x01f1 && code <= 0x01f3) return "\u01f2";
  if (code >= 0x1f80 && code <= 0x1faf) return String.fromCharCode(code | 8);
  return String.fromCharCode(code + 9);
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
