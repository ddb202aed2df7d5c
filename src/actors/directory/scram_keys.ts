import { createHash, createHmac, pbkdf2, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { Failure, utf8 } from "../../base/mod.ts";
import type { ScramHash } from "../../protocol/sasl/mod.ts";

/** What checks a SCRAM proof without the password (RFC 5802 §3). */
export interface ScramKeys {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** The keys for each hash function. */
export type ScramKeySet = Readonly<Record<ScramHash, ScramKeys>>;

/** Octets of a salt. */
export const SALT_BYTES = 16;

/** PBKDF2 rounds of new keys: four times RFC 7677's least, some 10 ms of a core here and for each login at the client. */
export const SCRAM_ITERATIONS = 16_384;

const DIGEST: Readonly<Record<ScramHash, { readonly name: string; readonly bytes: number }>> = {
  "SHA-1": { name: "sha1", bytes: 20 },
  "SHA-256": { name: "sha256", bytes: 32 },
};

const HASHES = Object.keys(DIGEST) as ScramHash[];

/** The keys of a password, in the runtime's own threads. */
export async function makeScramKeys(
  password: string,
  { salt, iterations }: { readonly salt: Uint8Array; readonly iterations: number },
): Promise<ScramKeySet> {
  // RFC 5802 §2.2: SASLprep, of which NFKC is what passwords meet.
  const text = password.normalize("NFKC");
  const made = await Promise.all(HASHES.map(async (hash) => {
    const { name, bytes } = DIGEST[hash];
    const salted = await promisify(pbkdf2)(text, salt, iterations, bytes, name);
    return [hash, { salt, iterations, ...keysOfSalted(hash, salted) }] as const;
  }));
  return Object.fromEntries(made) as ScramKeySet;
}

/** StoredKey and ServerKey of SaltedPassword (RFC 5802 §3). */
export function keysOfSalted(hash: ScramHash, salted: Uint8Array): Pick<ScramKeys, "storedKey" | "serverKey"> {
  const storedKey = digest(hash, hmac(hash, salted, utf8("Client Key")));
  return { storedKey, serverKey: hmac(hash, salted, utf8("Server Key")) };
}

/**
 * Keys of a user that does not exist, or has none yet: always the same for the same name, and nobody has the password. The
 * same work is done with them as with real ones.
 */
export function fakeScramKeys(
  { secret, user, hash }: { readonly secret: Uint8Array; readonly user: string; readonly hash: ScramHash },
): Omit<ScramKeys, "iterations"> {
  const derive = (what: string) => new Uint8Array(createHmac("sha256", secret).update(`${what}\0${user}`).digest());
  const { bytes } = DIGEST[hash];
  return {
    salt: derive("salt").slice(0, SALT_BYTES),
    storedKey: derive(`${hash} stored`).slice(0, bytes),
    serverKey: derive(`${hash} server`).slice(0, bytes),
  };
}

/** ServerSignature when ClientProof is right, else null (RFC 5802 §3). Takes as long either way. */
export function checkScramProof(
  keys: Pick<ScramKeys, "storedKey" | "serverKey">,
  { hash, authMessage, proof }: { readonly hash: ScramHash; readonly authMessage: string; readonly proof: Uint8Array },
): Uint8Array | null {
  const message = utf8(authMessage);
  const clientKey = hmac(hash, keys.storedKey, message);
  for (let i = 0; i < clientKey.length; i++) clientKey[i] = clientKey[i]! ^ (proof[i] ?? 0);
  const signature = hmac(hash, keys.serverKey, message);
  const same = timingSafeEqual(digest(hash, clientKey), keys.storedKey);
  return same && proof.length === DIGEST[hash].bytes ? signature : null;
}

/** The keys as a row of the store has them. */
export function encodeScramKeys(keys: ScramKeySet): Readonly<Record<string, unknown>> {
  return Object.fromEntries(HASHES.map((hash) => {
    const { salt, iterations, storedKey, serverKey } = keys[hash];
    return [hash, { iterations, salt: base64(salt), storedKey: base64(storedKey), serverKey: base64(serverKey) }];
  }));
}

/** The keys from such a row; null when it has none. Throws Failure `corrupt`. */
export function decodeScramKeys(row: unknown, hash: ScramHash): ScramKeys | null {
  if (row === undefined || row === null) return null;
  const { salt, iterations, storedKey, serverKey } = (row as Record<string, Record<string, unknown>>)[hash] ?? {};
  if (typeof iterations !== "number") throw new Failure("corrupt", "SCRAM keys without their iterations");
  return { iterations, salt: bytesOf(salt), storedKey: bytesOf(storedKey), serverKey: bytesOf(serverKey) };
}

function hmac(hash: ScramHash, key: Uint8Array, text: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac(DIGEST[hash].name, key).update(text).digest());
}

function digest(hash: ScramHash, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash(DIGEST[hash].name).update(bytes).digest());
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function bytesOf(text: unknown): Uint8Array {
  if (typeof text !== "string") throw new Failure("corrupt", "a SCRAM key is not base64");
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
