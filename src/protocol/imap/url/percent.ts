import { decodeUtf8 } from "../../../base/bytes.ts";

const PERCENT = 0x25;
const WELL_FORMED = /^(?:[^%]|%[0-9A-Fa-f]{2})*$/;

/** pct-encoded (RFC 3986 §2.1) as UTF-8; null when it is not that, or stands for NUL. `text` is ASCII. */
export function percentDecode(text: string): string | null {
  if (!text.includes("%")) return text;
  if (!WELL_FORMED.test(text)) return null;
  const bytes = new Uint8Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    bytes[length++] = code === PERCENT ? parseInt(text.slice(at + 1, at + 3), 16) : code;
    if (code === PERCENT) at += 2;
  }
  const decoded = decodeUtf8(bytes.subarray(0, length));
  return decoded?.includes("\0") === true ? null : decoded;
}
