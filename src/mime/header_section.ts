import { latin1 } from "../base/latin1.ts";

/**
 * Length of the header section of a message, in bytes, the empty line behind it not counted: all of the message when there is
 * none (RFC 5322 §2.1). Lines end in CRLF.
 */
export function headerSectionBytes(message: Uint8Array): number {
  if (message.length >= 2 && message[0] === 0x0d && message[1] === 0x0a) return 0;
  const at = latin1(message).indexOf("\r\n\r\n");
  return at < 0 ? message.length : at + 2;
}
