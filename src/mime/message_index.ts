import { ByteReader, ByteWriter } from "./byte_writer.ts";
import { factRow, readFactRow } from "./fact_rows.ts";
import type { MessageFacts } from "./facts.ts";
import { type IndexedPart, partRows, readParts } from "./part_rows.ts";
import type { Part } from "./part.ts";

/** Version of the bytes of an index. Another one is not read: the index is made anew from the message. */
export const INDEX_VERSION = 1;

/** What an index is made of. The three texts are for a protocol to fill, one character for each byte; nothing here reads them. */
export interface IndexContent {
  /** Bytes of the message. */
  readonly size: number;
  readonly root: Part;
  readonly facts: MessageFacts;
  readonly envelope: string;
  readonly body: string;
  readonly bodyStructure: string;
}

/**
 * The bytes of an index: version, size of the message, length and bytes of each section: parts, facts, ENVELOPE, BODY, BODYSTRUCTURE.
 * What is read most often stands so that nothing before it needs to be decoded.
 */
export function encodeIndex({ size, root, facts, envelope, body, bodyStructure }: IndexContent): Uint8Array {
  const sections = [partRows(root), factRow(facts), envelope, body, bodyStructure];
  const writer = new ByteWriter();
  writer.byte(INDEX_VERSION);
  writer.varint(size);
  for (const section of sections) writer.varint(section.length);
  for (const section of sections) writer.latin1(section);
  return writer.done();
}

/** An index as it was stored. Sections are decoded when they are asked for; damage in one makes that one null. */
export interface MessageIndex {
  /** Bytes of the message. */
  readonly size: number;
  /** What follows the word on the wire; not copied. */
  readonly envelope: Uint8Array;
  readonly body: Uint8Array;
  readonly bodyStructure: Uint8Array;
  /** The message itself, with its parts. */
  parts(): IndexedPart | null;
  facts(): MessageFacts | null;
}

/** Opens an index; null when it is of another version, or its lengths do not add up. Never throws. */
export function readIndex(bytes: Uint8Array): MessageIndex | null {
  const reader = new ByteReader(bytes);
  if (reader.byte() !== INDEX_VERSION) return null;
  const size = reader.varint();
  const lengths = Array.from({ length: 5 }, () => reader.varint());
  const [parts, facts, envelope, body, bodyStructure] = lengths.map((length) =>
    length === null ? null : reader.bytes(length)
  );
  if (size === null || !parts || !facts || !envelope || !body || !bodyStructure || reader.left > 0) return null;
  return { size, envelope, body, bodyStructure, parts: () => readParts(parts, size), facts: () => readFactRow(facts) };
}
