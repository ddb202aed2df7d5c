import { concat } from "../../base/mod.ts";

/** Bytes of one block. */
export const BLOCK_BYTES = 65_536;

/** The same bytes in blocks of `BLOCK_BYTES`, but for the last: a mail may come in thousands of small pieces or in one large one. */
export function* blocksOf(parts: readonly Uint8Array[]): Generator<Uint8Array> {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  for (const part of parts) {
    for (let at = 0; at < part.length;) {
      const piece = part.subarray(at, at + BLOCK_BYTES - bytes);
      waiting.push(piece);
      bytes += piece.length;
      at += piece.length;
      if (bytes < BLOCK_BYTES) continue;
      yield waiting.length === 1 ? piece : concat(waiting);
      waiting = [];
      bytes = 0;
    }
  }
  if (bytes > 0) yield waiting.length === 1 ? waiting[0]! : concat(waiting);
}
