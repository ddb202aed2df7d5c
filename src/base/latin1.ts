import { Buffer } from "node:buffer";
import { utf8 } from "./bytes.ts";

/** The bytes as text, one character of U+0000 to U+00FF each: byte-transparent, where `TextDecoder("latin1")` is not. Native. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

/** The bytes of such a text; a character beyond U+00FF loses its high bits. */
export function latin1Bytes(text: string): Uint8Array {
  // In ASCII both are the same, and this is several times as quick.
  const bytes = utf8(text);
  return bytes.length === text.length ? bytes : Buffer.from(text, "latin1");
}
