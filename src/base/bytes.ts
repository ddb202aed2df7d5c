const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array {
  return utf8Encoder.encode(text);
}

/** Writes a text as UTF-8 to the beginning of `target`; how many bytes that took, or null when it does not fit. */
export function utf8Into(text: string, target: Uint8Array): number | null {
  const { read, written } = utf8Encoder.encodeInto(text, target);
  return read === text.length ? written : null;
}

/** The text in UTF-8 bytes, or null when they are not well-formed (RFC 3629). */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return utf8Decoder.decode(bytes);
  } catch {
    return null;
  }
}

/** All parts in one new array. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(byteLength(parts));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** How many bytes the parts hold together. */
export function byteLength(parts: readonly Uint8Array[]): number {
  let total = 0;
  for (const part of parts) total += part.length;
  return total;
}
