import { Buffer } from "node:buffer";
import { casemap } from "./casemap.ts";
import { decodeCharset } from "./charset.ts";
import { decodeWords } from "./encoded_word.ts";
import { fieldEnd, withoutLineEnd } from "./header_fields.ts";
import { htmlText } from "./html_text.ts";
import { decodedParameter, parameterOf, readDisposition, readEncoding } from "./parameters.ts";
import type { Part } from "./part.ts";
import type { Structure } from "./structure.ts";
import { decodeBody } from "./transfer_encoding.ts";

/** Characters of the header that can be searched. */
export const SEARCH_HEADER_CHARS_MAX = 262_144;

/** Characters of the body that can be searched. */
export const SEARCH_BODY_CHARS_MAX = 2_097_152;

/** The text of a message as SEARCH compares it (RFC 9051 §6.4.4): decoded, case taken out by {@link casemap}. */
export interface SearchText {
  /** Fields of the message's header, then those of its parts, as lines `name: value`: TEXT asks for both. */
  readonly header: string;
  /**
   * Texts of all parts, one after the other; of HTML what a reader sees, tags kept out. Names of files, and headers of messages
   * within the message stand where their parts do.
   */
  readonly body: string;
  /** False when the message has more text than is kept. */
  readonly complete: boolean;
}

/** Takes the text out of a message. Linear, bounded, never throws. */
export function searchText({ root, text }: Structure): SearchText {
  const header = new BoundedText(SEARCH_HEADER_CHARS_MAX);
  const body = new BoundedText(SEARCH_BODY_CHARS_MAX);
  const waiting: Part[] = [root];
  /** The message in the last part: its header belongs to the body. */
  let inner: Part | null = null;
  for (let part = waiting.pop(); part !== undefined && !body.full; part = waiting.pop()) {
    addHeader(part === inner ? body : header, text, part);
    addName(body, part);
    if (part.kind === "message") inner = part.children[0]!;
    // Reports of deliveries and of readings are of the type message, and text.
    else if (part.type === "text" || (part.kind === "leaf" && part.type === "message")) addBody(body, text, part);
    for (let i = part.children.length - 1; i >= 0; i--) waiting.push(part.children[i]!);
  }
  const mapped = { header: header.mapped(), body: body.mapped() };
  return { ...mapped, complete: !header.full && !body.full };
}

/** Text that grows up to a limit. */
class BoundedText {
  #text = "";
  #full = false;
  constructor(private readonly charsMax: number) {}

  get text(): string {
    return this.#text;
  }
  /** Whether something had to be left out. */
  get full(): boolean {
    return this.#full;
  }
  get left(): number {
    return this.charsMax - this.#text.length;
  }
  add(piece: string): void {
    if (piece.length > this.left) this.#full = true;
    this.#text += piece.slice(0, Math.max(0, this.left));
  }
  /** All of it as it is compared, which may be longer, and then is cut. */
  mapped(): string {
    const mapped = casemap(this.#text);
    if (mapped.length > this.charsMax) this.#full = true;
    return mapped.slice(0, this.charsMax);
  }
  /** Says that something was left out before it came here. */
  cut(): void {
    this.#full = true;
  }
}

function addHeader(to: BoundedText, message: string, { headerStart, bodyStart }: Part): void {
  for (let at = headerStart; at < bodyStart && !to.full;) {
    const end = Math.min(fieldEnd(message, at), bodyStart);
    const field = message.slice(at, withoutLineEnd(message, end));
    at = end;
    if (field === "") break; // The empty line at its end.
    const colon = field.indexOf(":");
    const name = colon < 0 ? "" : `${field.slice(0, colon).trimEnd()}: `;
    // An encoded word may hold a line end, which begins no other field.
    const text = decodeWords(field.slice(colon + 1)).replace(/[\r\n]/g, " ");
    to.add(`${name}${text.trim()}\n`);
  }
}

/** What a part is called, which readers show. */
function addName(to: BoundedText, { fields, parameters }: Part): void {
  const { contentDisposition } = fields;
  const disposition = contentDisposition === null ? null : readDisposition(contentDisposition);
  const name = (disposition === null ? null : decodedParameter(disposition.parameters, "filename")) ??
    decodedParameter(parameters, "name");
  if (name !== null) to.add(`${name}\n`);
}

/** Encoded bytes that are decoded for each character that there is room for: no charset and encoding take more. */
const BYTES_OF_CHAR_MAX = 12;

function addBody(to: BoundedText, text: string, { bodyStart, bodyEnd, fields, parameters, subtype }: Part): void {
  const end = Math.min(bodyEnd, bodyStart + to.left * BYTES_OF_CHAR_MAX);
  const bytes = decodeBody(
    Buffer.from(text.slice(bodyStart, end), "latin1"),
    readEncoding(fields.contentTransferEncoding),
  );
  if (bytes === null) return;
  const decoded = decodeCharset(bytes, parameterOf(parameters, "charset") ?? "");
  to.add(`${subtype === "html" ? htmlText(decoded) : decoded}\n`);
  if (end < bodyEnd) to.cut();
}
