import { decodeUtf8, utf8 } from "../../base/bytes.ts";
import { isUsableText } from "./prohibited.ts";

/** Octets of a name and of a password that every server must take (RFC 4616 §2); more is refused. */
export const FIELD_BYTES_MAX = 1_024;

/** A name or password in UTF-8, or null when it is too long or holds what it must not. May be empty. */
export function readField(bytes: Uint8Array): string | null {
  if (bytes.length > FIELD_BYTES_MAX) return null;
  const text = decodeUtf8(bytes);
  return text !== null && isUsableText(text) ? text : null;
}

/** saslname: "," and "=" are written as "=2C" and "=3D", and no other "=" may be there (RFC 5802 §5.1). Null when malformed. */
export function readSaslName(text: string): string | null {
  if (/=(?!2C|3D)/.test(text)) return null;
  const name = readField(utf8(text.replaceAll("=2C", ",").replaceAll("=3D", "=")));
  return name === "" ? null : name;
}
