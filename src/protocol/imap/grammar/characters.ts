/** Classes of characters as bits of a table (RFC 9051 §9). */
const ATOM = 1;
const ASTRING = 2;
const LIST = 4;

/** `(`, `)`, `{`, SP, CTL, `%`, `*`, `"`, `\`, `]` are no ATOM-CHAR. */
const CLASSES: Uint8Array = Uint8Array.from({ length: 128 }, (_, code) => {
  if (code <= 0x20 || code === 0x7f) return 0;
  const character = String.fromCharCode(code);
  if ('(){"\\'.includes(character)) return 0;
  if ("%*".includes(character)) return LIST;
  return character === "]" ? ASTRING | LIST : ATOM | ASTRING | LIST;
});

/** Where the atom that begins at `from` ends. */
export function endOfAtom(text: string, from: number): number {
  return endOf(text, from, ATOM);
}

/** Where the run of ASTRING-CHAR ends. */
export function endOfAstring(text: string, from: number): number {
  return endOf(text, from, ASTRING);
}

/** Where the run of list-char ends. */
export function endOfPattern(text: string, from: number): number {
  return endOf(text, from, LIST);
}

/** Whether the text can stand as an astring without quotes. */
export function isAstringAtom(text: string): boolean {
  return text !== "" && endOf(text, 0, ASTRING) === text.length;
}

function endOf(text: string, from: number, members: number): number {
  let at = from;
  // Beyond ASCII the table has nothing.
  while (at < text.length && ((CLASSES[text.charCodeAt(at)] ?? 0) & members) !== 0) at++;
  return at;
}
