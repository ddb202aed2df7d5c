import { external } from "./external.ts";
import { login } from "./login.ts";
import type { SaslChannel, SaslMechanism, SaslOffer } from "./mechanism.ts";
import { oauthBearer, xoauth2 } from "./oauth.ts";
import { plain } from "./plain.ts";
import { scramSha1, scramSha256, scramSha256Plus } from "./scram.ts";

/** All mechanisms, best first: what is listed here is announced, and nothing else. */
export const MECHANISMS: readonly SaslMechanism[] = [
  external,
  scramSha256Plus,
  scramSha256,
  scramSha1,
  oauthBearer,
  xoauth2,
  plain,
  login,
];

/** A channel that is good for nothing else. */
export const BARE_CHANNEL: SaslChannel = { binding: null, certified: false };

/** What every connection can offer. */
export const PLAIN_OFFER: SaslOffer = { ...BARE_CHANNEL, bearer: false };

/**
 * The mechanisms that may be used now. Where passwords may not cross the wire there are none at all: who listens to SCRAM
 * can try passwords on what was said, and the mail that follows is as readable as a password.
 */
export function usableMechanisms(plaintextAllowed: boolean, offer: SaslOffer = PLAIN_OFFER): readonly SaslMechanism[] {
  if (!plaintextAllowed) return [];
  return MECHANISMS.filter(({ needs }) => needs === null || Boolean(offer[needs]));
}

/** The mechanism of that name (compared without case), or null. */
export function findMechanism(name: string): SaslMechanism | null {
  const wanted = name.toUpperCase();
  return MECHANISMS.find((mechanism) => mechanism.name === wanted) ?? null;
}
