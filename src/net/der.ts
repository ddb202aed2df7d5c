/** One element of DER (X.690 §8.1): its tag and where its content starts and ends. */
export interface DerElement {
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

/** The element at `at`. Only for what OpenSSL or its like has parsed: it is taken to be well-formed. */
export function derElement(der: Uint8Array, at: number): DerElement {
  const tag = der[at] ?? 0;
  const first = der[at + 1] ?? 0;
  if (first < 0x80) return { tag, start: at + 2, end: at + 2 + first };
  const start = at + 2 + (first & 0x7f);
  let length = 0;
  for (let i = at + 2; i < start; i++) length = length * 256 + (der[i] ?? 0);
  return { tag, start, end: start + length };
}

/** The elements inside a constructed one. */
export function derChildren(der: Uint8Array, { start, end }: DerElement): DerElement[] {
  const children: DerElement[] = [];
  for (let at = start; at < Math.min(end, der.length);) {
    const child = derElement(der, at);
    children.push(child);
    at = child.end;
  }
  return children;
}
