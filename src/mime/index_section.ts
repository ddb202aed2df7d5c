/** One of the texts in an index. */
export type IndexText = "envelope" | "body" | "bodyStructure";

/** The place of each text among the sections of an index. */
const NUMBERS: Readonly<Record<IndexText, number>> = { envelope: 2, body: 3, bodyStructure: 4 };
const SECTIONS = 5;
/** As `ByteWriter` writes numbers: six bits a byte, and a bit that says that another follows. */
const MORE = 0x40;
/** Bytes of the longest number. */
const NUMBER_BYTES_MAX = 9;

/** Where a text lies in the bytes of an index. */
export interface TextPlace {
  offset: number;
  length: number;
}

/**
 * Finds a text in the index that is bytes [from, to), and notes its place; false when `readIndex` would not read that index. Makes
 * nothing: it is done for thousands of messages at a time.
 */
export function findIndexText(
  bytes: Uint8Array,
  [from, to]: readonly [from: number, to: number],
  { text, version, place }: { readonly text: IndexText; readonly version: number; readonly place: TextPlace },
): boolean {
  if (from >= to || bytes[from] !== version) return false;
  const wanted = NUMBERS[text];
  let at = from + 1;
  let [before, length, all] = [0, 0, 0];
  // The size of the message stands before the lengths.
  for (let number = -1; number < SECTIONS; number++) {
    let value = 0;
    let factor = 1;
    for (let digits = 0;; digits++) {
      if (at >= to || digits === NUMBER_BYTES_MAX) return false;
      const byte = bytes[at++]!;
      value += (byte & (MORE - 1)) * factor;
      if (byte < MORE) break;
      factor *= MORE;
    }
    if (number < 0) continue;
    if (number < wanted) before += value;
    else if (number === wanted) length = value;
    all += value;
  }
  if (at + all !== to) return false;
  place.offset = at + before;
  place.length = length;
  return true;
}
