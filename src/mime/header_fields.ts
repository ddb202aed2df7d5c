import type { TextWindow } from "./text_window.ts";

/** Bytes of one header section whose fields are read; what stands behind is header all the same. */
export const HEADER_BYTES_MAX = 1_048_576;

/** Characters of one field that are read. A list of 5,000 addresses has half as many. */
export const FIELD_CHARS_MAX = 524_288;

/**
 * The fields that tell what a part is, and those of which ENVELOPE and threads are made. Each is what stands behind the colon, folds
 * included, one character for each byte; null when there is none.
 */
export interface HeaderFields {
  readonly contentType: string | null;
  readonly contentTransferEncoding: string | null;
  readonly contentId: string | null;
  readonly contentDescription: string | null;
  readonly contentMd5: string | null;
  readonly contentDisposition: string | null;
  readonly contentLanguage: string | null;
  readonly contentLocation: string | null;
  readonly date: string | null;
  readonly subject: string | null;
  readonly from: string | null;
  readonly sender: string | null;
  readonly replyTo: string | null;
  readonly to: string | null;
  readonly cc: string | null;
  readonly bcc: string | null;
  readonly inReplyTo: string | null;
  readonly messageId: string | null;
  readonly references: string | null;
}

type Key = keyof HeaderFields;
type Fields = { -readonly [K in Key]: HeaderFields[K] };

const KEYS: ReadonlyMap<string, Key> = new Map<string, Key>([
  ["content-type", "contentType"],
  ["content-transfer-encoding", "contentTransferEncoding"],
  ["content-id", "contentId"],
  ["content-description", "contentDescription"],
  ["content-md5", "contentMd5"],
  ["content-disposition", "contentDisposition"],
  ["content-language", "contentLanguage"],
  ["content-location", "contentLocation"],
  ["date", "date"],
  ["subject", "subject"],
  ["from", "from"],
  ["sender", "sender"],
  ["reply-to", "replyTo"],
  ["to", "to"],
  ["cc", "cc"],
  ["bcc", "bcc"],
  ["in-reply-to", "inReplyTo"],
  ["message-id", "messageId"],
  ["references", "references"],
]);

const NAME_CHARS_MAX = "content-transfer-encoding".length;

/** Which first letters and lengths a name that is looked for has: most other fields are passed over without a copy. */
const SHAPES: ReadonlySet<number> = new Set([...KEYS.keys()].map((name) => shape(name.charCodeAt(0), name.length)));

/** Lists of addresses: a second field goes on where the first ends, so that no reader sees other authors than the next. */
const LISTS: ReadonlySet<Key> = new Set<Key>(["from", "sender", "replyTo", "to", "cc", "bcc"]);

/** No fields at all. */
export function noFields(): Fields {
  return {
    contentType: null,
    contentTransferEncoding: null,
    contentId: null,
    contentDescription: null,
    contentMd5: null,
    contentDisposition: null,
    contentLanguage: null,
    contentLocation: null,
    date: null,
    subject: null,
    from: null,
    sender: null,
    replyTo: null,
    to: null,
    cc: null,
    bcc: null,
    inReplyTo: null,
    messageId: null,
    references: null,
  };
}

/**
 * Reads one header section (RFC 5322 §2.1): lines up to the first empty one, each ended by CRLF or LF. `boundary` tells of a line that
 * begins with `--` whether a part ends there (RFC 2046 §5.1.1), and looks at `chars` characters of it. Each line is looked at once; a
 * field that has not come whole again when more of it has.
 */
export class HeaderScanner {
  readonly fields: Fields = noFields();
  readonly #start: number;
  /** Within a field of which nothing more is kept. */
  #within = false;

  /** It begins where its source is read. */
  constructor(
    private readonly source: TextWindow,
    private readonly boundary: { readonly chars: number; readonly isAt: (lineStart: number) => boolean },
  ) {
    this.#start = source.base + source.at;
  }

  /** Where the body begins: behind the empty line, or where the header ends without one. Null: more of it must come. */
  read(): number | null {
    const { source } = this;
    const { text, base } = source;
    while (source.at < text.length) {
      if (!this.#within) {
        const end = this.#endAt(source.at);
        if (end !== undefined) return end;
      }
      const end = fieldEnd(text, source.at);
      const whole = end < text.length || source.ended;
      if (!whole && !this.#within && text.length - source.at <= FIELD_CHARS_MAX + NAME_CHARS_MAX + 4) return null;
      if (!this.#within && source.at + base - this.#start < HEADER_BYTES_MAX) keep(this.fields, source, end);
      this.#within = !whole;
      // What follows a line end says whether the field goes on.
      source.at = whole || text.charCodeAt(end - 1) !== LF ? end : end - 1;
      if (!whole) return null;
    }
    return source.ended ? base + text.length : null;
  }

  /** The end of the header, if it is at the beginning of this line; undefined: it is not; null: more must come. */
  #endAt(at: number): number | null | undefined {
    const { source, boundary } = this;
    const { text, base } = source;
    const first = text.charCodeAt(at);
    if (first === LF) return base + at + 1;
    if (first === CR) {
      if (!source.shows(at, 2)) return null;
      if (text.charCodeAt(at + 1) === LF) return base + at + 2;
    }
    if (first !== DASH) return undefined;
    if (!source.shows(at, boundary.chars)) return null;
    if (text.charCodeAt(at + 1) !== DASH || !boundary.isAt(at)) return undefined;
    // The line end before a boundary belongs to the boundary.
    return Math.max(this.#start, base + withoutLineEnd(text, at));
  }
}

/** Where a field that begins at `start` ends: behind the first line end that no blank follows. */
export function fieldEnd(text: string, start: number): number {
  let at = start;
  while (true) {
    const newline = text.indexOf("\n", at);
    if (newline < 0) return text.length;
    at = newline + 1;
    const next = text.charCodeAt(at);
    if (next !== SPACE && next !== TAB) return at;
  }
}

/** Keeps the field that begins where the source is read. */
function keep(fields: Fields, source: TextWindow, end: number): void {
  const { text, at: start } = source;
  // No further than the longest name, and a blank: a search for the next colon might run to the end for each line.
  const last = Math.min(end, start + NAME_CHARS_MAX + 2);
  let colon = start;
  while (colon < last && text.charCodeAt(colon) !== COLON) colon++;
  if (colon === last) return;
  let nameEnd = colon;
  while (nameEnd > start && isBlank(text.charCodeAt(nameEnd - 1))) nameEnd--; // RFC 5322 §4.5: blanks before the colon.
  const length = nameEnd - start;
  if (length > NAME_CHARS_MAX || !SHAPES.has(shape(text.charCodeAt(start) | 0x20, length))) return;
  const key = KEYS.get(text.slice(start, nameEnd).toLowerCase());
  if (key === undefined) return;
  const value = source.piece(colon + 1, Math.min(withoutLineEnd(text, end), colon + 1 + FIELD_CHARS_MAX));
  const known = fields[key];
  if (known === null) fields[key] = value;
  else if (LISTS.has(key) && known.length + value.length < FIELD_CHARS_MAX) fields[key] = `${known},${value}`;
}

/** Where what stands before `end` ends, when the line end there is not counted. */
export function withoutLineEnd(text: string, end: number): number {
  if (text.charCodeAt(end - 1) !== LF) return end;
  return text.charCodeAt(end - 2) === CR ? end - 2 : end - 1;
}

function shape(first: number, length: number): number {
  return first * 32 + length;
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;
const DASH = 0x2d;
const COLON = 0x3a;
