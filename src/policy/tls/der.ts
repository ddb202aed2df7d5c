/** One element of DER: where its content begins and ends in the bytes that were read. */
export interface DerElement {
  readonly tag: number;
  /** Of the tag. */
  readonly at: number;
  readonly start: number;
  readonly end: number;
}

/** Tags of what a certificate is made of (X.690 §8). */
export const DER = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The element at `at`, which ends by `limit`, or null: tags of one byte and lengths of the shortest form only (X.690 §10.1). */
export function readElement(bytes: Uint8Array, at: number, limit: number): DerElement | null {
  if (limit > bytes.length || at + 2 > limit) return null;
  const tag = bytes[at]!;
  if ((tag & 0x1f) === 0x1f) return null;
  const first = bytes[at + 1]!;
  if (first < 0x80) return fitting(tag, at, { start: at + 2, length: first, limit });
  const octets = first & 0x7f;
  if (octets === 0 || octets > 3 || at + 2 + octets > limit) return null;
  let length = 0;
  for (let i = 0; i < octets; i++) length = length * 256 + bytes[at + 2 + i]!;
  if (length < 0x80 || length < 256 ** (octets - 1)) return null;
  return fitting(tag, at, { start: at + 2 + octets, length, limit });
}

/** All elements between two places, or null when they do not fill it, or are more than `elementsMax`. */
export function readElements(
  bytes: Uint8Array,
  range: { readonly start: number; readonly end: number },
  elementsMax: number,
): DerElement[] | null {
  const found: DerElement[] = [];
  for (let at = range.start; at < range.end;) {
    const element = readElement(bytes, at, range.end);
    if (element === null || found.length === elementsMax) return null;
    found.push(element);
    at = element.end;
  }
  return found;
}

function fitting(
  tag: number,
  at: number,
  { start, length, limit }: { start: number; length: number; limit: number },
): DerElement | null {
  return start + length > limit ? null : { tag, at, start, end: start + length };
}
