/**
 * Characters that SASLprep prohibits in names and passwords (RFC 4013 §2.3): controls (C.2.1, C.2.2), private use (C.3),
 * non-characters (C.4), surrogates (C.5), and those unfit for plain text, canonical form, display or tagging (C.6 to C.9).
 * What SASLprep maps to nothing (B.1: joiners, soft hyphens) is let through.
 */
const PROHIBITED =
  /[\p{Cc}\p{Co}\p{Cs}\p{Noncharacter_Code_Point}\u06DD\u070F\u180E\u200E\u200F\u2028-\u202E\u2061-\u2063\u206A-\u206F\u2FF0-\u2FFB\uFFF9-\uFFFD\u0340\u0341\u{1D173}-\u{1D17A}\u{E0001}\u{E0020}-\u{E007F}]/u;

/** Whether a name or password may be used at all. It is passed on as it came: comparing forms is the directory's work. */
export function isUsableText(text: string): boolean {
  return !PROHIBITED.test(text);
}
