/**
 * The fields of a header section that HEADER.FIELDS or HEADER.FIELDS.NOT asks for, as they stand there, and the empty line behind them
 * (RFC 9051 §6.4.5). One character for each byte.
 */
export function filterHeader(header: string, names: readonly string[], which: "only" | "without"): string {
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  let kept = "";
  let at = 0;
  while (at < header.length) {
    const end = endOfField(header, at);
    if (isEmptyLine(header, at, end)) break;
    if (wanted.has(nameOf(header, at, end)) === (which === "only")) kept += header.slice(at, end);
    at = end;
  }
  return kept === "" || kept.endsWith("\n") ? `${kept}\r\n` : `${kept}\r\n\r\n`;
}

/** Behind the first line end that no blank follows. */
function endOfField(header: string, start: number): number {
  for (let at = start;;) {
    const newline = header.indexOf("\n", at);
    if (newline < 0) return header.length;
    at = newline + 1;
    const next = header.charCodeAt(at);
    if (next !== SPACE && next !== TAB) return at;
  }
}

function isEmptyLine(header: string, start: number, end: number): boolean {
  return end - start <= 2 && header.slice(start, end).trim() === "";
}

/** The name of a field in lower case; blanks before the colon are not a part of it (RFC 5322 §4.5). */
function nameOf(header: string, start: number, end: number): string {
  const colon = header.indexOf(":", start);
  if (colon < 0 || colon >= end) return "";
  let last = colon;
  while (last > start && (header.charCodeAt(last - 1) === SPACE || header.charCodeAt(last - 1) === TAB)) last--;
  return header.slice(start, last).toLowerCase();
}

const SPACE = 0x20;
const TAB = 0x09;
