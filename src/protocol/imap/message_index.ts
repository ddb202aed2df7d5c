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
