import { latin1 } from "../base/mod.ts";
import { BoundarySet } from "./boundary_set.ts";
import { type HeaderFields, scanHeader, withoutLineEnd } from "./header_fields.ts";
import { type MediaType, type Parameter, parameterOf, readMediaType } from "./parameters.ts";

/** How deep parts may lie in each other; what lies deeper is text. */
export const PART_DEPTH_MAX = 100;

/** Parts of one message; behind them boundaries are text. */
export const PARTS_MAX = 10_000;

/** Longest boundary, in characters: a line of a message has no more (RFC 5322 §2.1.1); 70 are allowed (RFC 2046 §5.1.1). */
export const BOUNDARY_CHARS_MAX = 998;

/** Whether a part holds others, or a whole message with a header of its own, or neither. */
export type PartKind = "leaf" | "multipart" | "message";

/** A part of a message. All places are offsets in bytes from the start of the whole message. */
export interface Part {
  readonly kind: PartKind;
  /** Where its header begins: of the message itself 0, of a message within another the body of the part that holds it. */
  readonly headerStart: number;
  /** Behind the empty line that ends the header. */
  readonly bodyStart: number;
  readonly bodyEnd: number;
  /** Line ends in the body of a text or message; 0 for others. */
  readonly lines: number;
  /** Lower case. A multipart that could not be taken apart is text/plain. */
  readonly type: string;
  readonly subtype: string;
  readonly parameters: readonly Parameter[];
  readonly fields: HeaderFields;
  /** Parts of a multipart; of a message the one that is in it. */
  readonly children: readonly Part[];
}

/** A message taken apart, and its bytes as text of one character each, which the places count. */
export interface Structure {
  readonly root: Part;
  readonly text: string;
}

type OpenPart = { -readonly [K in keyof Part]: K extends "children" ? Part[] : Part[K] };

/** A line that ends parts: which open multipart it belongs to. */
interface Delimiter {
  readonly frame: number;
  readonly lineStart: number;
  readonly nextLine: number;
  /** `--boundary--` (RFC 2046 §5.1.1). */
  readonly last: boolean;
}

/** RFC 2045 §5.2. */
const PLAIN: MediaType = { type: "text", subtype: "plain", parameters: [["charset", "us-ascii"]] };
/** RFC 2046 §5.1.5: what parts of a digest are when they do not say. */
const DIGEST_DEFAULT: MediaType = { type: "message", subtype: "rfc822", parameters: [] };

/**
 * Takes a message apart (RFC 2045, RFC 2046) in one pass, without recursion. Lines end in CRLF or LF. A part that is not ended
 * by its boundary ends where the part around it does; a boundary line is one that begins with `--` and a boundary (RFC 2046
 * §5.1.1), the longest of those that fit. Each byte is looked at a bounded number of times. The message may come in pieces;
 * whoever calls bounds it.
 */
export function parseStructure(message: Uint8Array | readonly Uint8Array[]): Structure {
  const text = message instanceof Uint8Array ? latin1(message) : message.map(latin1).join("");
  return { root: new StructureParser(text).parse(), text };
}

/** Takes one message apart. */
class StructureParser {
  readonly #text: string;
  /** Parts that are open, the message first. */
  readonly #open: OpenPart[] = [];
  /** Those of the open multiparts that are not used up, by the place of the multipart in `#open`. */
  readonly #boundaries = new BoundarySet();
  #parts = 0;
  readonly #lines: LineCounter;

  constructor(text: string) {
    this.#text = text;
    this.#lines = new LineCounter(text);
  }

  parse(): Part {
    this.#openPart(0, PLAIN);
    const root = this.#open[0]!;
    let at = this.#descend();
    while (at < this.#text.length) {
      const delimiter = this.#nextDelimiter(at);
      if (delimiter === null) break;
      this.#closeAbove(delimiter.frame, delimiter.lineStart);
      at = delimiter.nextLine;
      if (delimiter.last) this.#boundaries.remove(delimiter.frame); // What follows is the epilogue.
      else {
        const { subtype } = this.#open[delimiter.frame]!;
        this.#openPart(at, subtype === "digest" ? DIGEST_DEFAULT : PLAIN);
        at = this.#descend();
      }
    }
    this.#closeAbove(-1, null);
    return root;
  }

  /** Opens the messages that begin where the last part's body begins; returns where the first body begins that is none. */
  #descend(): number {
    while (true) {
      const part = this.#open.at(-1)!;
      if (part.kind !== "message") return part.bodyStart;
      this.#openPart(part.bodyStart, PLAIN);
    }
  }

  #openPart(start: number, byDefault: MediaType): void {
    const { fields, bodyStart } = scanHeader(
      this.#text,
      start,
      (at) => this.#boundaries.find(this.#text, at + 2) !== null,
    );
    let media = fields.contentType === null ? byDefault : readMediaType(fields.contentType) ?? PLAIN;
    const boundary = boundaryOf(media);
    const full = this.#open.length >= PART_DEPTH_MAX - 1 || this.#parts >= PARTS_MAX - 1;
    const kind = full ? "leaf" : boundary !== null ? "multipart" : isMessage(media) ? "message" : "leaf";
    if (kind === "leaf" && (media.type === "multipart" || isMessage(media))) media = PLAIN;
    this.#parts++;
    const { type, subtype } = media;
    const parameters = type === "text" ? withCharset(media.parameters) : media.parameters;
    const part: OpenPart = {
      kind,
      headerStart: start,
      bodyStart,
      bodyEnd: bodyStart,
      lines: 0,
      type,
      subtype,
      parameters,
      fields,
      children: [],
    };
    this.#open.at(-1)?.children.push(part);
    this.#open.push(part);
    if (kind === "multipart") this.#boundaries.add(this.#open.length - 1, boundary!);
    if (hasLines(part)) part.lines = this.#lines.open(bodyStart, kind === "message");
  }

  /** Ends all parts that lie in that one, where the line at `lineStart` begins, or all parts at the end of the message. */
  #closeAbove(frame: number, lineStart: number | null): void {
    let end = lineStart === null ? this.#text.length : withoutLineEnd(this.#text, lineStart);
    while (this.#open.length - 1 > frame) {
      const part = this.#open.pop()!;
      if (part.kind === "multipart") this.#boundaries.remove(this.#open.length);
      // An empty part begins at the line that ends it.
      end = Math.max(end, part.bodyStart);
      part.bodyEnd = end;
      if (hasLines(part)) part.lines = this.#lines.close(end, part.kind === "message") - part.lines;
    }
  }

  /** The next line from `from`, where a line begins, that is a boundary of an open part. */
  #nextDelimiter(from: number): Delimiter | null {
    if (this.#boundaries.size === 0 || this.#parts >= PARTS_MAX) return null;
    let at = from;
    while (true) {
      if (this.#text.startsWith("--", at)) {
        const found = this.#boundaries.find(this.#text, at + 2);
        if (found !== null) return this.#delimiter(found.frame, { lineStart: at, boundaryEnd: at + 2 + found.length });
      }
      const newline = this.#text.indexOf("\n--", at);
      if (newline < 0) return null;
      at = newline + 1;
    }
  }

  #delimiter(frame: number, { lineStart, boundaryEnd }: { lineStart: number; boundaryEnd: number }): Delimiter {
    const newline = this.#text.indexOf("\n", boundaryEnd);
    const nextLine = newline < 0 ? this.#text.length : newline + 1;
    return { frame, lineStart, nextLine, last: this.#text.startsWith("--", boundaryEnd) };
  }
}

/** Counts line ends at places that never go back, each byte once, and only where somebody wants to know. */
class LineCounter {
  #at = 0;
  #lines = 0;
  #messages = 0;
  constructor(private readonly text: string) {}

  /** The count where a body begins. What lies between bodies counts only for a message around them. */
  open(at: number, message: boolean): number {
    if (this.#messages > 0) this.#countTo(at);
    else if (at > this.#at) this.#at = at;
    if (message) this.#messages++;
    return this.#lines;
  }
  /** The count where a body ends. */
  close(at: number, message: boolean): number {
    this.#countTo(at);
    if (message) this.#messages--;
    return this.#lines;
  }
  #countTo(end: number): void {
    let at = this.#at;
    while (at < end) {
      const newline = this.text.indexOf("\n", at);
      if (newline < 0 || newline >= end) break;
      this.#lines++;
      at = newline + 1;
    }
    this.#at = Math.max(this.#at, end);
  }
}

function hasLines({ type, kind }: OpenPart): boolean {
  return type === "text" || kind === "message";
}

/** RFC 2045 §5.2, RFC 9051 §7.5.2: a text that names no charset is in US-ASCII. */
function withCharset(parameters: readonly Parameter[]): readonly Parameter[] {
  return parameterOf(parameters, "charset") === null ? [...parameters, ["charset", "us-ascii"]] : parameters;
}

/** RFC 9051 §7.5.2 treats message/global (RFC 6532 §3.7) as it does message/rfc822. */
function isMessage({ type, subtype }: MediaType): boolean {
  return type === "message" && (subtype === "rfc822" || subtype === "global");
}

/** The boundary of a multipart, or null when there is none that can be used. */
function boundaryOf({ type, parameters }: MediaType): string | null {
  if (type !== "multipart") return null;
  const boundary = parameterOf(parameters, "boundary");
  return boundary === null || boundary === "" || boundary.length > BOUNDARY_CHARS_MAX ? null : boundary;
}
