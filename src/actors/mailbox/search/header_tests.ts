import { latin1 } from "../../../base/mod.ts";
import { casemap, type MessageFacts, parseDay } from "../../../mime/mod.ts";
import type { Candidate, Verdict } from "./candidate.ts";

/** Fields whose texts are in the MIME index. */
const INDEXED: ReadonlyMap<string, (facts: MessageFacts) => string> = new Map([
  ["subject", (facts: MessageFacts) => facts.subjectText],
  ["from", (facts: MessageFacts) => facts.fromText],
  ["to", (facts: MessageFacts) => facts.toText],
  ["cc", (facts: MessageFacts) => facts.ccText],
  ["bcc", (facts: MessageFacts) => facts.bccText],
]);

/**
 * HEADER (RFC 9051 §6.4.4): a field holds a text, which is in the form in which texts are compared; an empty one asks for the field.
 * By the index where it can tell, else by the text of the header.
 */
export function headerTest(field: string, needle: string): (candidate: Candidate) => Verdict {
  const name = casemap(field);
  const indexed = INDEXED.get(field.toLowerCase());
  return ({ facts, texts }) => {
    if (facts !== null && indexed !== undefined) {
      const text = indexed(facts);
      if (needle !== "" ? text.includes(needle) : text !== "") return true;
      // A field may be there and be empty, and a long one is not kept whole.
      if (needle !== "" && facts.complete) return false;
    }
    return texts === null ? null : fieldsOf(texts.header, name).some((text) => text.includes(needle));
  };
}

/** What stands in each field of a name, both as texts are compared: one line for each field. */
function fieldsOf(header: string, name: string): string[] {
  const found: string[] = [];
  const start = `${name}:`;
  for (let at = 0; at < header.length;) {
    const end = header.indexOf("\n", at);
    const next = end < 0 ? header.length : end;
    if (header.startsWith(start, at)) found.push(header.slice(at + start.length, next).trim());
    at = next + 1;
  }
  return found;
}

const DATE = casemap("date");

/** Characters of ENVELOPE in which its date lies. */
const DATE_CHARS_MAX = 300;

/** SENTBEFORE, SENTON, SENTSINCE: by the day as it is written, its time zone disregarded; without a valid one nothing fits. */
export function sentTest(fits: (dayMs: number) => boolean): (candidate: Candidate) => Verdict {
  return ({ envelope, texts }) => {
    if (envelope === null && texts === null) return null;
    const date = envelope !== null ? dateIn(envelope) : fieldsOf(texts!.header, DATE)[0] ?? "";
    const day = date === null ? null : parseDay(date);
    return day !== null && fits(day);
  };
}

/** The first text of an ENVELOPE, quoted or as a literal: what the Date field says. */
function dateIn(envelope: Uint8Array): string | null {
  const text = latin1(envelope.subarray(0, DATE_CHARS_MAX));
  const quoted = /^\("((?:[^"\\]|\\.)*)"/.exec(text);
  if (quoted !== null) return quoted[1]!;
  return /^\(\{[0-9]+\}\r\n([^\r\n]*)/.exec(text)?.[1] ?? null;
}
