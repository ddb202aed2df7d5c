import type { SaslMechanism } from "./mechanism.ts";
import { plain } from "./plain.ts";

/** All mechanisms, best first: what is listed here is announced, and nothing else. */
export const MECHANISMS: readonly SaslMechanism[] = [plain];

/** The mechanisms that may be used now: without TLS, none that shows the secret, unless the operator allowed it. */
export function usableMechanisms(plaintextAllowed: boolean): readonly SaslMechanism[] {
  return plaintextAllowed ? MECHANISMS : MECHANISMS.filter((mechanism) => !mechanism.revealsSecret);
}

/** The mechanism of that name (compared without case), or null. */
export function findMechanism(name: string): SaslMechanism | null {
  const wanted = name.toUpperCase();
  return MECHANISMS.find((mechanism) => mechanism.name === wanted) ?? null;
}
