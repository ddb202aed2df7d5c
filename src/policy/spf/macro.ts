/** A macro-string taken apart (RFC 7208 §7.1). */
export type MacroString = readonly (string | Macro)[];

/** One macro-expand. */
export interface Macro {
  /** s l o d i p h c r t v, in lower case. */
  readonly letter: string;
  /** Written as a capital: the value is URL-escaped. */
  readonly escaped: boolean;
  /** How many of the right-hand parts stay; Infinity for all. */
  readonly keep: number;
  readonly reversed: boolean;
  readonly delimiters: string;
}

/** Longest text that a macro-string may become, in characters. */
export const EXPANDED_CHARS_MAX = 8_192;

const LETTERS = "slodiphv";
/** Only in explanations (RFC 7208 §7.2). */
const EXPLANATION_LETTERS = "crt";

/** The parts of a macro-string, or null when it is none. In an explanation spaces and three more letters may stand. */
export function parseMacroString(text: string, { explanation = false } = {}): MacroString | null {
  const parts: (string | Macro)[] = [];
  let literal = "";
  const letters = explanation ? LETTERS + EXPLANATION_LETTERS : LETTERS;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 0x7e || code < (explanation ? 0x20 : 0x21)) return null;
    if (text[at] !== "%") {
      literal += text[at];
      continue;
    }
    at++;
    const next = text[at];
    if (next === "%") literal += "%";
    else if (next === "_") literal += " ";
    else if (next === "-") literal += "%20";
    else {
      const end = next === "{" ? text.indexOf("}", at) : -1;
      const macro = end < 0 ? null : parseMacro(text.slice(at + 1, end), letters);
      if (macro === null) return null;
      if (literal !== "") parts.push(literal);
      literal = "";
      parts.push(macro);
      at = end;
    }
  }
  if (literal !== "") parts.push(literal);
  return parts;
}

/** macro-letter transformers *delimiter (RFC 7208 §7.1), without the braces. */
function parseMacro(text: string, letters: string): Macro | null {
  const match = /^([A-Za-z])([0-9]{0,9})([rR]?)([-.+,/_=]*)$/.exec(text);
  if (match === null) return null;
  const [, letter, digits, reverse, delimiters] = match as unknown as [string, string, string, string, string];
  const lower = letter.toLowerCase();
  // RFC 7208 §7.3: a number of parts must not be zero.
  if (!letters.includes(lower) || (digits !== "" && Number(digits) === 0)) return null;
  return {
    letter: lower,
    escaped: letter !== lower,
    keep: digits === "" ? Infinity : Number(digits),
    reversed: reverse !== "",
    delimiters: delimiters === "" ? "." : delimiters,
  };
}

/** Puts values in for the macros; null when the text grows beyond its limit. */
export function expandMacros(parts: MacroString, values: ReadonlyMap<string, string>): string | null {
  let text = "";
  for (const part of parts) {
    text += typeof part === "string" ? part : transform(values.get(part.letter) ?? "", part);
    if (text.length > EXPANDED_CHARS_MAX) return null;
  }
  return text;
}

/** Splits, reverses, keeps the right-hand parts, joins by dots, escapes: in this order (RFC 7208 §7.3). */
function transform(value: string, { keep, reversed, delimiters, escaped }: Macro): string {
  const parts: string[] = [""];
  for (const char of value) {
    if (delimiters.includes(char)) parts.push("");
    else parts[parts.length - 1] += char;
  }
  if (reversed) parts.reverse();
  const joined = parts.slice(-Math.min(keep, parts.length)).join(".");
  return escaped ? escapeUri(joined) : joined;
}

/** All but the unreserved characters of RFC 3986 §2.3 as %XX. */
function escapeUri(text: string): string {
  return text.replace(
    /[^A-Za-z0-9._~-]/gu,
    (char) =>
      [...new TextEncoder().encode(char)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(
        "",
      ),
  );
}
