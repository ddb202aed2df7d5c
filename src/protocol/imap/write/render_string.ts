/** Longest text that is sent in quotes, in characters: some clients read lines of bounded length. */
const QUOTED_CHARS_MAX = 1_000;

/** nstring (RFC 9051 §9) of a text of one character for each byte, or null. */
export function renderNstring(text: string | null): string {
  return text === null ? "NIL" : renderString(text);
}

/**
 * string = quoted / literal (RFC 9051 §4.3). What is not ASCII goes into a literal: only clients that asked for UTF-8 take it in
 * quotes (RFC 3501 §4.3, RFC 6855 §3). No string may hold a NUL (RFC 9051 §9, CHAR8): U+FFFD stands for it.
 */
export function renderString(text: string): string {
  if (text.length <= QUOTED_CHARS_MAX) {
    if (/^[ !#-[\]-~]*$/.test(text)) return `"${text}"`;
    if (!/[\0\r\n\x80-\xff]/.test(text)) return `"${text.replace(/["\\]/g, "\\$&")}"`;
  }
  const bytes = text.includes("\0") ? text.replaceAll("\0", "\xef\xbf\xbd") : text;
  return `{${bytes.length}}\r\n${bytes}`;
}
