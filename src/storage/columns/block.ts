import { crc32c } from "@node-rs/crc32";
import { getU24, getU32, getU48, putU24, putU32, putU48 } from "../layout/pack.ts";
import { BLOCK_UIDS } from "../row_block.ts";

/*
 * A block of a column: what the MIME indexes of up to 64 messages with consecutive UIDs say in one respect, one text behind the
 * other. Form u8, version of the indexes u8, rows u8; for each row slot u8, content u48, length of its text u24; the texts; CRC-32C
 * of all that u32. A text belongs to a content, which never changes, and whose number is never used again: a block cannot be
 * out of date, it can only name messages that are gone, or lack some.
 */
const FORM = 1;
const HEAD_BYTES = 3;
const ENTRY_BYTES = 10;
const CRC_BYTES = 4;

/** Longer texts are not kept, in bytes: few messages have them, and a block stays below 256 KB. */
export const COLUMN_TEXT_BYTES_MAX = 4_000;

/** A text of a message, for a block. */
export interface ColumnText {
  readonly uid: number;
  readonly content: number;
  readonly text: Uint8Array;
}

/** The bytes of a block; the texts rise by UID, all within the 64 UIDs of one block. */
export function encodeColumnBlock(texts: readonly ColumnText[], version: number): Uint8Array {
  const from = HEAD_BYTES + ENTRY_BYTES * texts.length;
  const bytes = new Uint8Array(from + CRC_BYTES + texts.reduce((sum, { text }) => sum + text.length, 0));
  bytes.set([FORM, version, texts.length]);
  let [entry, at] = [HEAD_BYTES, from];
  for (const { uid, content, text } of texts) {
    bytes[entry] = uid % BLOCK_UIDS;
    putU48(bytes, entry + 1, content);
    putU24(bytes, entry + 7, text.length);
    entry += ENTRY_BYTES;
    bytes.set(text, at);
    at += text.length;
  }
  putU32(bytes, at, crc32c(bytes.subarray(0, at)));
  return bytes;
}

/** A block as it is read; one object reads many, one after the other. */
export class ColumnBlock {
  /** Rows in it. */
  count = 0;
  bytes: Uint8Array = new Uint8Array();
  readonly slots = new Uint8Array(BLOCK_UIDS);
  readonly contents = new Float64Array(BLOCK_UIDS);
  /** Where each text begins in the bytes; behind the last one, where it ends. */
  readonly starts = new Uint32Array(BLOCK_UIDS + 1);

  /** Takes a block in. "other": of another version of indexes; "damaged": it is none that was ever written. Then it has no rows. */
  read(stored: Uint8Array, version: number): "ok" | "other" | "damaged" {
    this.count = 0;
    this.bytes = stored;
    const end = stored.length - CRC_BYTES;
    if (end < HEAD_BYTES || crc32c(stored.subarray(0, end)) !== getU32(stored, end)) return "damaged";
    if (stored[0] !== FORM || stored[1] !== version) return "other";
    const count = stored[2]!;
    let at = HEAD_BYTES + ENTRY_BYTES * count;
    if (count > BLOCK_UIDS || at > end) return "damaged";
    for (let i = 0, entry = HEAD_BYTES; i < count; i++, entry += ENTRY_BYTES) {
      this.slots[i] = stored[entry]!;
      this.contents[i] = getU48(stored, entry + 1);
      this.starts[i] = at;
      at += getU24(stored, entry + 7);
    }
    if (at !== end) return "damaged";
    this.starts[count] = at;
    this.count = count;
    return "ok";
  }
}
