import { Buffer } from "node:buffer";

/** The bytes as text, one character of U+0000 to U+00FF each: byte-transparent, where `TextDecoder("latin1")` is not. Native. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}
