import { byteLength } from "../../base/mod.ts";
import { INDEX_BYTES_MAX } from "../../mail/index_limit.ts";
import { encodeIndex, parseStructure, readEnvelope, readFacts } from "../../mime/mod.ts";
import { renderBody, renderBodyStructure } from "./render_body_structure.ts";
import { renderEnvelope } from "./render_envelope.ts";

/**
 * Makes the index of a message: its parts, what SORT, THREAD and SEARCH ask, and ENVELOPE, BODY and BODYSTRUCTURE as they go
 * over the wire. Never throws, whatever the message is; it may come in pieces. `readIndex` of `mime` reads it.
 */
export function indexMessage(message: Uint8Array | readonly Uint8Array[]): Uint8Array {
  const { root, text } = parseStructure(message);
  const envelope = readEnvelope(root.fields);
  return encodeIndex({
    size: text.length,
    root,
    facts: readFacts(root, envelope),
    envelope: renderEnvelope(envelope),
    body: renderBody(root),
    bodyStructure: renderBodyStructure(root),
  });
}

/** Messages longer than this are indexed when somebody looks at them, in bytes: no session waits long for another's. */
const INDEXED_BYTES_MAX = 4 * 1024 * 1024;

/** The index to be kept beside a message; null when it is made anew each time, as message or index are too large. */
export function indexToKeep(parts: readonly Uint8Array[]): Uint8Array | null {
  if (byteLength(parts) > INDEXED_BYTES_MAX) return null;
  const index = indexMessage(parts);
  return index.length > INDEX_BYTES_MAX ? null : index;
}
