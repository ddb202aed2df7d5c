import { latin1 } from "../base/mod.ts";
import { ByteReader, ByteWriter } from "./byte_writer.ts";
import { parameterOf, readEncoding } from "./parameters.ts";
import { type Part, PART_DEPTH_MAX, type PartKind, PARTS_MAX } from "./part.ts";

/** What the index keeps of a part. Places are offsets in bytes from the start of the message. */
export interface IndexedPart {
  readonly kind: PartKind;
  readonly headerStart: number;
  readonly bodyStart: number;
  readonly bodyEnd: number;
  /** Content-Transfer-Encoding in lower case. */
  readonly encoding: string;
  /** `type/subtype` in lower case. */
  readonly mediaType: string;
  /** Of a text, as it is written; "" for others. */
  readonly charset: string;
  readonly children: readonly IndexedPart[];
}

const KINDS: readonly PartKind[] = ["leaf", "multipart", "message"];
/** An encoding by its number; others are spelt out. */
const ENCODINGS: readonly string[] = ["7bit", "8bit", "binary", "quoted-printable", "base64"];
const OTHER_ENCODING = ENCODINGS.length;

/** Longest word of a part that is kept, in characters. */
const WORD_CHARS_MAX = 200;

/**
 * The parts as bytes, one character each: each before those in it: kind and encoding in one byte, how far its header begins
 * behind the last one's, lengths of header and body, how many parts are in it, then the words.
 */
export function partRows(root: Part): string {
  const writer = new ByteWriter();
  const waiting: Part[] = [root];
  let before = 0;
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    const { headerStart, bodyStart, bodyEnd, children } = part;
    const encoding = readEncoding(part.fields.contentTransferEncoding);
    const number = ENCODINGS.indexOf(encoding);
    writer.byte(KINDS.indexOf(part.kind) | ((number < 0 ? OTHER_ENCODING : number) << 2));
    writer.varint(headerStart - before);
    writer.varint(bodyStart - headerStart);
    writer.varint(bodyEnd - bodyStart);
    writer.varint(children.length);
    if (number < 0) writeWord(writer, encoding);
    writeWord(writer, `${part.type}/${part.subtype}`);
    writeWord(writer, part.type === "text" ? parameterOf(part.parameters, "charset") ?? "" : "");
    before = headerStart;
    for (let i = children.length - 1; i >= 0; i--) waiting.push(children[i]!);
  }
  return writer.text;
}

function writeWord(writer: ByteWriter, word: string): void {
  const kept = word.length > WORD_CHARS_MAX ? word.slice(0, WORD_CHARS_MAX) : word;
  writer.varint(kept.length);
  writer.latin1(kept);
}

type OpenPart = IndexedPart & { readonly children: IndexedPart[] };

/** A part that still lacks some of those in it. */
interface Frame {
  readonly part: OpenPart;
  missing: number;
}

/** Reads what {@link partRows} wrote of a message of `size` bytes; null when it is damaged: no part reaches out of the message. */
export function readParts(bytes: Uint8Array, size: number): IndexedPart | null {
  const reader = new ByteReader(bytes);
  const open: Frame[] = [];
  let root: IndexedPart | null = null;
  let before = 0;
  for (let count = 0; count < PARTS_MAX; count++) {
    const row = readRow(reader, before);
    if (row === null || row.part.bodyEnd > size || row.children > PARTS_MAX) return null;
    before = row.part.headerStart;
    const parent = open.at(-1);
    if (parent !== undefined) {
      parent.part.children.push(row.part);
      parent.missing--;
    } else root = row.part;
    open.push({ part: row.part, missing: row.children });
    if (open.length > PART_DEPTH_MAX) return null;
    while (open.length > 0 && open.at(-1)!.missing === 0) open.pop();
    if (open.length === 0) return reader.left === 0 ? root : null;
  }
  return null;
}

function readRow(reader: ByteReader, before: number): { readonly part: OpenPart; readonly children: number } | null {
  const head = reader.byte();
  const numbers = [reader.varint(), reader.varint(), reader.varint(), reader.varint()];
  const [skip, header, body, children] = numbers;
  const kind = KINDS[(head ?? 3) & 3];
  const number = (head ?? 0) >> 2;
  const encoding = number === OTHER_ENCODING ? readWord(reader) : ENCODINGS[number] ?? null;
  const [mediaType, charset] = [readWord(reader), readWord(reader)];
  if (kind === undefined || encoding === null || mediaType === null || charset === null) return null;
  if (skip == null || header == null || body == null || children == null) return null;
  const headerStart = before + skip;
  const bodyStart = headerStart + header;
  const part = { kind, headerStart, bodyStart, bodyEnd: bodyStart + body, encoding, mediaType, charset, children: [] };
  return { part, children };
}

function readWord(reader: ByteReader): string | null {
  const length = reader.varint();
  const bytes = length === null || length > WORD_CHARS_MAX ? null : reader.bytes(length);
  return bytes === null ? null : latin1(bytes);
}
