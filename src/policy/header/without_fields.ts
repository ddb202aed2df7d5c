import { Buffer } from "node:buffer";
import { type HeaderField, readMessage } from "./message.ts";

/** The message without the fields that `isGone` names, every other byte as it was; the same parts when it names none. */
export function withoutFields(
  parts: readonly Uint8Array[],
  isGone: (field: HeaderField) => boolean,
): readonly Uint8Array[] {
  const { head, fields } = readMessage(parts);
  if (!fields.some(isGone)) return parts;
  const kept: string[] = [];
  let read = 0;
  for (const field of fields) {
    if (!isGone(field)) kept.push(field.raw);
    read += field.raw.length;
  }
  return [Buffer.from(kept.join(""), "latin1"), ...behind(parts, read, head.length)];
}

/** What stands behind the first `read` bytes of the header. */
function behind(parts: readonly Uint8Array[], read: number, headLength: number): Uint8Array[] {
  let left = Math.min(read, headLength);
  const rest: Uint8Array[] = [];
  for (const part of parts) {
    if (left < part.length) rest.push(left === 0 ? part : part.subarray(left));
    left -= Math.min(left, part.length);
  }
  return rest;
}
