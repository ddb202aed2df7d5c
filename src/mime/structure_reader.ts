import { BoundarySet } from "./boundary_set.ts";
import { HeaderScanner, withoutLineEnd } from "./header_fields.ts";
import { LineCounter } from "./line_counter.ts";
import { type MediaType, type Parameter, parameterOf, readMediaType } from "./parameters.ts";
import { BOUNDARY_CHARS_MAX, type Part, PART_DEPTH_MAX, PARTS_MAX } from "./part.ts";
import { TextWindow } from "./text_window.ts";

type OpenPart = { -readonly [K in keyof Part]: K extends "children" ? Part[] : Part[K] };

/** A line that ends parts has begun: which open multipart it belongs to. */
interface Delimiter {
  readonly frame: number;
  /** `--boundary--` (RFC 2046 §5.1.1). */
  readonly last: boolean;
}

/** RFC 2045 §5.2. */
const PLAIN: MediaType = { type: "text", subtype: "plain", parameters: [["charset", "us-ascii"]] };
/** RFC 2046 §5.1.5: what parts of a digest are when they do not say. */
const DIGEST_DEFAULT: MediaType = { type: "message", subtype: "rfc822", parameters: [] };

/** Characters that tell of a line whether it is a boundary, and the last of its multipart. */
const LINE_CHARS_MAX = 2 + BOUNDARY_CHARS_MAX + 2;

/** What may be the beginning of a line's end and a boundary, at the end of a piece. */
const NEWLINE_DASH = "\n-";

/**
 * Takes one message apart as it comes, one character for each byte: what was read is forgotten, but for the fields of headers. It
 * says the same whatever the pieces are.
 */
export class StructureReader {
  readonly #window = new TextWindow();
  /** Parts that are open, the message first. */
  readonly #open: OpenPart[] = [];
  /** Those of the open multiparts that are not used up, by the place of the multipart in `#open`. */
  readonly #boundaries = new BoundarySet();
  #parts = 0;
  readonly #lines = new LineCounter(this.#window);
  /** The header that is being read, and what its part is when it does not say. */
  #header: HeaderScanner | null = null;
  #byDefault = PLAIN;
  #headerStart = 0;
  #delimiter: Delimiter | null = null;
  /** Whether a line begins where the window is, in a body. */
  #atLine = true;

  constructor() {
    this.#beginPart(PLAIN);
  }

  add(text: string): void {
    this.#window.add(text, (place) => this.#lines.advance(place));
    this.#run();
  }
  /** The message, when all of it has come: `text` is the rest of it. */
  end(text = ""): Part {
    const window = this.#window;
    // Of a message that comes whole nothing is forgotten, and nothing copied.
    if (window.text === "") window.text = text;
    else if (text !== "") window.add(text, (place) => this.#lines.advance(place));
    window.ended = true;
    this.#run();
    const root = this.#open[0]!;
    this.#closeAbove(-1, null);
    return root;
  }

  #run(): void {
    while (this.#step());
  }
  /** Whether it can go on with what has come. */
  #step(): boolean {
    if (this.#header !== null) return this.#readHeader(this.#header);
    return this.#delimiter !== null ? this.#readLine(this.#delimiter) : this.#readBody();
  }

  /** A part begins where the window is. */
  #beginPart(byDefault: MediaType): void {
    this.#byDefault = byDefault;
    this.#headerStart = this.#window.base + this.#window.at;
    this.#header = new HeaderScanner(this.#window, {
      chars: LINE_CHARS_MAX,
      isAt: (at) => this.#boundaries.find(this.#window.text, at + 2) !== null,
    });
  }

  #readHeader(header: HeaderScanner): boolean {
    const bodyStart = header.read();
    if (bodyStart === null) return false;
    this.#header = null;
    this.#window.at = bodyStart - this.#window.base;
    const { kind } = this.#openPart(header, bodyStart);
    // A message begins where the body of its part does.
    if (kind === "message") this.#beginPart(PLAIN);
    this.#atLine = true;
    return true;
  }

  #openPart({ fields }: HeaderScanner, bodyStart: number): Part {
    let media = fields.contentType === null ? this.#byDefault : readMediaType(fields.contentType) ?? PLAIN;
    const boundary = boundaryOf(media);
    const full = this.#open.length >= PART_DEPTH_MAX - 1 || this.#parts >= PARTS_MAX - 1;
    const kind = full ? "leaf" : boundary !== null ? "multipart" : isMessage(media) ? "message" : "leaf";
    if (kind === "leaf" && (media.type === "multipart" || isMessage(media))) media = PLAIN;
    this.#parts++;
    const { type, subtype } = media;
    const part: OpenPart = {
      kind,
      headerStart: this.#headerStart,
      bodyStart,
      bodyEnd: bodyStart,
      lines: 0,
      type,
      subtype,
      parameters: type === "text" ? withCharset(media.parameters) : media.parameters,
      fields,
      children: [],
    };
    this.#open.at(-1)?.children.push(part);
    this.#open.push(part);
    if (kind === "multipart") this.#boundaries.add(this.#open.length - 1, boundary!);
    if (hasLines(part)) part.lines = this.#lines.open(bodyStart, kind === "message");
    return part;
  }

  /** Ends all parts that lie in that one, where the line at `lineStart` of the window begins, or all parts at the end of the message. */
  #closeAbove(frame: number, lineStart: number | null): void {
    const { text, base } = this.#window;
    let end = base + (lineStart === null ? text.length : withoutLineEnd(text, lineStart));
    while (this.#open.length - 1 > frame) {
      const part = this.#open.pop()!;
      if (part.kind === "multipart") this.#boundaries.remove(this.#open.length);
      // An empty part begins at the line that ends it.
      end = Math.max(end, part.bodyStart);
      part.bodyEnd = end;
      if (hasLines(part)) part.lines = this.#lines.close(end, part.kind === "message") - part.lines;
    }
  }

  /** Goes on to the next line that is a boundary of an open part. */
  #readBody(): boolean {
    const window = this.#window;
    const { text } = window;
    const seen = text.length - NEWLINE_DASH.length;
    if (this.#boundaries.size === 0 || this.#parts >= PARTS_MAX) {
      window.at = Math.max(window.at, seen);
      return false;
    }
    while (true) {
      if (this.#atLine) {
        if (!window.shows(window.at, LINE_CHARS_MAX)) return false;
        if (text.startsWith("--", window.at)) {
          const found = this.#boundaries.find(text, window.at + 2);
          if (found !== null) return this.#ended(found.frame, window.at + 2 + found.length);
        }
      }
      const newline = text.indexOf("\n--", window.at);
      this.#atLine = newline >= 0;
      if (newline < 0) {
        window.at = Math.max(window.at, seen);
        return false;
      }
      window.at = newline + 1;
    }
  }

  /** The line where the window is ends parts. */
  #ended(frame: number, boundaryEnd: number): true {
    const window = this.#window;
    this.#closeAbove(frame, window.at);
    this.#delimiter = { frame, last: window.text.startsWith("--", boundaryEnd) };
    window.at = boundaryEnd;
    return true;
  }

  /** What stands behind a boundary in its line is passed over. */
  #readLine({ frame, last }: Delimiter): boolean {
    const window = this.#window;
    const newline = window.text.indexOf("\n", window.at);
    window.at = newline < 0 ? window.text.length : newline + 1;
    if (newline < 0 && !window.ended) return false;
    this.#delimiter = null;
    this.#atLine = true;
    if (last) this.#boundaries.remove(frame); // What follows is the epilogue.
    else this.#beginPart(this.#open[frame]!.subtype === "digest" ? DIGEST_DEFAULT : PLAIN);
    return true;
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
