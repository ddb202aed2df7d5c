import { latin1 } from "../../../base/mod.ts";
import { parseDay } from "../../../mime/mod.ts";
import type { Candidate, Verdict } from "./candidate.ts";

/** Characters of ENVELOPE in which its date lies. */
const DATE_CHARS_MAX = 300;

/** SENTBEFORE, SENTON, SENTSINCE: by the day as it is written, its time zone disregarded; without a valid one nothing fits. */
export function sentTest(fits: (dayMs: number) => boolean): (candidate: Candidate) => Verdict {
  return ({ row, envelope }) => {
    if (envelope === undefined) return null;
    // Without an index nobody knows what the field says: when it came is the best that is known (as RFC 5256 §2.2 has it).
    if (envelope === null) return fits(row.internalDateMs);
    const date = dateIn(envelope);
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
