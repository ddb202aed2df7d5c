import { REPLY, type Reply } from "./replies.ts";

/** One esmtp-param; `keyword` in upper case (RFC 5321 §4.1.1.11). */
export interface Parameter {
  readonly keyword: string;
  readonly value: string | null;
}

/** esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-") */
const KEYWORD = /^[A-Za-z0-9][A-Za-z0-9-]*$/;
/** esmtp-value = 1*(%d33-60 / %d62-126), with UTF8-non-ascii (RFC 6531 §3.3) */
// deno-lint-ignore no-control-regex
const VALUE = /^[^\u0000-\u0020=\u007f-\u009f]+$/;

/** Mail-parameters or Rcpt-parameters, or the reply that refuses them. */
export function parseParameters(text: string, countMax: number): readonly Parameter[] | Reply {
  if (text === "") return [];
  const words = text.split(" ");
  if (words.length > countMax) return REPLY.parameterSyntax;
  const parameters: Parameter[] = [];
  for (const word of words) {
    const equals = word.indexOf("=");
    const name = equals < 0 ? word : word.slice(0, equals);
    const keyword = name.toUpperCase();
    const value = equals < 0 ? null : word.slice(equals + 1);
    if (!KEYWORD.test(name) || (value !== null && !VALUE.test(value))) return REPLY.parameterSyntax;
    if (parameters.some((earlier) => earlier.keyword === keyword)) return REPLY.parameterTwice;
    parameters.push({ keyword, value });
  }
  return parameters;
}
