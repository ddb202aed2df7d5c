import { Buffer } from "node:buffer";
import { latin1 } from "../base/latin1.ts";

/**
 * A body with its transfer encoding (RFC 2045 §6) taken off, one character for each byte; null for an encoding that is unknown. What
 * is malformed is read as far as it goes. Linear; whoever calls bounds the body.
 */
export function decodeTransfer(body: Uint8Array, encoding: string): string | null {
  switch (encoding.trim().toLowerCase()) {
    case "":
    case "7bit":
    case "8bit":
    case "binary":
      return latin1(body);
    case "base64":
      return latin1(Buffer.from(latin1(body), "base64")); // RFC 2045 §6.8: other characters are passed over.
    case "quoted-printable":
      return quotedPrintable(latin1(body));
    default:
      return null;
  }
}

/** RFC 2045 §6.7: `=` and a line end is none; blanks at the end of a line were added on the way. */
function quotedPrintable(text: string): string {
  return text.replace(/[ \t]{1,998}\r\n/g, "\r\n").replace(
    /=(?:\r\n|([0-9A-Fa-f]{2}))/g,
    (_whole, hex: string | undefined) => hex === undefined ? "" : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
