import { latin1 } from "../base/mod.ts";
import type { Part } from "./part.ts";
import { StructureReader } from "./structure_reader.ts";

/** A message taken apart, and its bytes as text of one character each, which the places count. */
export interface Structure {
  readonly root: Part;
  readonly text: string;
}

/**
 * Takes a message apart (RFC 2045, RFC 2046) in one pass, without recursion. Lines end in CRLF or LF. A part that is not ended
 * by its boundary ends where the part around it does; a boundary line is one that begins with `--` and a boundary (RFC 2046
 * §5.1.1), the longest of those that fit. Each byte is looked at a bounded number of times. The message may come in pieces;
 * whoever calls bounds it.
 */
export function parseStructure(message: Uint8Array | readonly Uint8Array[]): Structure {
  const text = message instanceof Uint8Array ? latin1(message) : message.map(latin1).join("");
  return { root: new StructureReader().end(text), text };
}
