import { concat, utf8 } from "../../base/bytes.ts";
import { latin1 } from "../../base/latin1.ts";
import { formatDate } from "../../mime/date.ts";

const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
const COLON = 0x3a;

/** Octets of the longest field name that is looked for, and of the blanks that old software puts before its colon. */
const NAME_BYTES_MAX = 32;

/** What a message gets that lacks it. */
export interface SubmissionFields {
  /** Milliseconds since 1970-01-01 UTC. */
  readonly wallMs: number;
  /** With its angle brackets; unique in the world. */
  readonly messageId: string;
}

/**
 * A submitted message as it goes on (RFC 6409 §8): Date and Message-ID are added when missing (§8.2, §8.3), Bcc and Resent-Bcc
 * are taken out, as their readers must not meet (RFC 5322 §3.6.3). All else stays byte for byte: only the header is looked at,
 * and of it only the ends of fields; the pieces behind it are passed on.
 */
export function submitted(body: readonly Uint8Array[], { wallMs, messageId }: SubmissionFields): Uint8Array[] {
  const { header, rest } = splitHeader(body);
  const kept: Uint8Array[] = [];
  let hasDate = false;
  let hasId = false;
  let keptFrom = 0;
  for (let at = 0; at < header.length;) {
    const end = fieldEnd(header, at);
    const name = fieldName(header, at, end);
    if (name === "date") hasDate = true;
    else if (name === "message-id") hasId = true;
    else if (name === "bcc" || name === "resent-bcc") {
      if (at > keptFrom) kept.push(header.subarray(keptFrom, at));
      keptFrom = end;
    }
    at = end;
  }
  if (header.length > keptFrom) kept.push(header.subarray(keptFrom));
  const added = (hasId ? "" : `Message-ID: ${messageId}\r\n`) + (hasDate ? "" : `Date: ${formatDate(wallMs)}\r\n`);
  return [...(added === "" ? [] : [utf8(added)]), ...kept, ...rest];
}

/** The header section without the empty line that ends it, in one array, and what follows in pieces. */
function splitHeader(body: readonly Uint8Array[]): { header: Uint8Array; rest: readonly Uint8Array[] } {
  // An empty line is CR LF where a line begins; the message may begin with one.
  let lineBytes = 0;
  let lastWasCr = false;
  for (const [i, piece] of body.entries()) {
    for (let from = 0; from < piece.length;) {
      const lf = piece.indexOf(LF, from);
      const end = lf < 0 ? piece.length : lf + 1;
      lineBytes += end - from;
      const cr = lf > 0 ? piece[lf - 1] === CR : lastWasCr;
      if (lf >= 0 && cr && lineBytes === 2) return cutAt(body, { piece: i, at: end });
      if (lf >= 0) lineBytes = 0;
      from = end;
    }
    if (piece.length > 0) lastWasCr = piece[piece.length - 1] === CR;
  }
  return { header: concat(body), rest: [] };
}

/** Cuts two bytes before that place, which may lie in an earlier piece. */
function cutAt(body: readonly Uint8Array[], place: { readonly piece: number; readonly at: number }) {
  const head = concat([...body.slice(0, place.piece), body[place.piece]!.subarray(0, place.at)]);
  const behind = [body[place.piece]!.subarray(place.at), ...body.slice(place.piece + 1)];
  const length = head.length - 2;
  return {
    header: head.subarray(0, length),
    rest: [head.subarray(length), ...behind.filter(({ length }) => length > 0)],
  };
}

/** Behind the last line of the field that begins at `at`: lines that begin with a blank continue it (RFC 5322 §2.2.3). */
function fieldEnd(header: Uint8Array, at: number): number {
  for (let from = at;;) {
    const lf = header.indexOf(LF, from);
    if (lf < 0) return header.length;
    const next = header[lf + 1];
    if (next !== SPACE && next !== TAB) return lf + 1;
    from = lf + 1;
  }
}

/** The field's name in lower case; blanks before the colon are of old software (RFC 5322 §4.5.3). Empty when it has none. */
function fieldName(header: Uint8Array, at: number, end: number): string {
  const colon = header.subarray(at, Math.min(end, at + NAME_BYTES_MAX)).indexOf(COLON);
  return colon < 0 ? "" : latin1(header.subarray(at, at + colon)).trimEnd().toLowerCase();
}
