import { decodeUtf8 } from "../../base/bytes.ts";

/** A line as a command. `rest` is what follows the keyword and one space, null when there is no space. */
export type ParsedLine =
  | { readonly type: "command"; readonly verb: string; readonly rest: string | null }
  | { readonly type: "bad"; readonly problem: "badLine" | "notUtf8" | "syntax" }
  /** An HTTP request: somebody tricked a browser into talking to us. */
  | { readonly type: "foreign" };

const FOREIGN = /^(GET|POST|HEAD|PUT|DELETE|OPTIONS|CONNECT|TRACE|PATCH) /i;

/** command = keyword *(SP param) CRLF; keyword = 3*4VCHAR (RFC 2449 §3). */
export function parseLine(line: Uint8Array): ParsedLine {
  if (holdsControl(line)) return { type: "bad", problem: "badLine" };
  const text = decodeUtf8(line);
  if (text === null) return { type: "bad", problem: "notUtf8" };
  if (FOREIGN.test(text)) return { type: "foreign" };
  const space = text.indexOf(" ");
  const keyword = space < 0 ? text : text.slice(0, space);
  if (!/^[\x21-\x7e]{3,4}$/.test(keyword)) return { type: "bad", problem: "syntax" };
  return { type: "command", verb: keyword.toUpperCase(), rest: space < 0 ? null : text.slice(space + 1) };
}

/** NUL, bare CR or bare LF: never part of a command (RFC 1939 §3). */
function holdsControl(line: Uint8Array): boolean {
  return line.includes(0x00) || line.includes(0x0d) || line.includes(0x0a);
}

/** The params behind a keyword, `1*VCHAR` each with one space between (RFC 2449 §3), or null when they are not that. */
export function parseParams(rest: string | null): readonly string[] | null {
  if (rest === null) return [];
  return /^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(rest) ? rest.split(" ") : null;
}

/** A message number: 1 to 2^32-1, no sign, no leading zero; null when it is not one. */
export function parseMessageNumber(text: string | undefined): number | null {
  const value = parseCount(text);
  return value === 0 ? null : value;
}

/** A number of lines: 0 to 2^32-1, no sign, no leading zero; null when it is not one. */
export function parseCount(text: string | undefined): number | null {
  if (text === undefined || !/^(0|[1-9][0-9]{0,9})$/.test(text)) return null;
  const value = Number(text);
  return value <= 0xffff_ffff ? value : null;
}

/** Whether the line that begins so carries credentials, and so may be longer than others. */
export function isCredentialLine(pending: Uint8Array): boolean {
  if (pending[4] !== 0x20) return false;
  const verb = String.fromCharCode(...pending.subarray(0, 4)).toUpperCase();
  return verb === "AUTH" || verb === "USER" || verb === "PASS";
}
