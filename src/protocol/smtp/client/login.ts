import { utf8 } from "../../../base/bytes.ts";
import { type Credentials, encodeBase64 } from "../../sasl/mod.ts";

/** What the client says in an AUTH exchange (RFC 4954 §4), line by line: each but the last waits for a 334. */
export type LoginLines = readonly string[];

/** The lines of the best mechanism that both sides know, or null. */
export function loginLines(mechanisms: readonly string[], credentials: Credentials): LoginLines | null {
  const { user, secret } = credentials;
  if (mechanisms.includes("PLAIN")) return [`AUTH PLAIN ${encodeBase64(utf8(`\0${user}\0${secret}`))}\r\n`];
  // Never standardised, yet all that some servers offer: name and password, one after the other.
  if (!mechanisms.includes("LOGIN")) return null;
  return ["AUTH LOGIN\r\n", `${encodeBase64(utf8(user))}\r\n`, `${encodeBase64(utf8(secret))}\r\n`];
}
