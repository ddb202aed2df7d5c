import type { MessageUrl, UrlAccess } from "./imap_url.ts";
import { addressOf, type Scene } from "../state.ts";
import type { UrlRight } from "./url_reader.ts";

/** The one mechanism by which tokens are made (RFC 4467 §2.4.1). */
export const URL_MECHANISM = "INTERNAL";

/** What a URL allows whoever has logged in to read; null: nothing, as far as it says itself. Whether its token is right is not seen here. */
export function rightByUrl({ server, authorization }: MessageUrl, scene: Scene): Exclude<UrlRight, "own"> | null {
  const user = server?.user ?? null;
  if (user === null || authorization === null || authorization.verifier === null) return null;
  const { access, rump, expiresMs, verifier: { mechanism, token } } = authorization;
  if (mechanism !== URL_MECHANISM || !isFor(access, addressOf(scene))) return null;
  return { user, rump, token, expiresMs };
}

/** Whether a session of this user may use the URL (RFC 5092 §6.1.2). */
function isFor(access: UrlAccess, user: string): boolean {
  switch (access.type) {
    case "user":
      return isSameUser(access.user, user);
    // Nobody is logged in here without being somebody.
    case "authuser":
    case "anonymous":
      return true;
    // For submission servers that log in as such: no account of ours is one.
    case "submit":
      return false;
  }
}

/** Whether a user of a URL is the account of this address: the address is written so that only case can differ. */
export function isSameUser(user: string, address: string): boolean {
  return user.normalize("NFC").toLowerCase() === address;
}
