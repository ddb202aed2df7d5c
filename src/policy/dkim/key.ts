import { createPublicKey, type KeyObject } from "node:crypto";
import { asFailure, type Resolver } from "../../base/mod.ts";
import { parseTagList, withoutBlanks } from "../header/mod.ts";
import { decodeBase64, type Signature } from "./signature.ts";

/** Sizes of RSA keys that are believed, in bits (RFC 8301 §3.2). */
export const RSA_BITS_MIN = 1_024;
export const RSA_BITS_MAX = 4_096;
/** Bytes of a key in DER: room for the largest RSA key, far from what costs a second to verify. */
const KEY_BYTES_MAX = 1_024;
/** Largest public exponent: verifying with a long one costs as much as signing. */
const EXPONENT_MAX = 0xffff_ffffn;
/** Characters of a key record; a key of 4,096 bits takes 800. */
export const KEY_RECORD_CHARS_MAX = 8_192;

/** Records of one name among which a key is looked for. */
const RECORDS_MAX = 5;

/** A key to verify with. */
export interface DkimKey {
  readonly key: KeyObject;
  /** Null for Ed25519. */
  readonly bits: number | null;
  /** t=y: the domain is trying DKIM out. */
  readonly testing: boolean;
}

/** Why there is no key. */
export interface NoKey {
  readonly result: "temperror" | "permerror" | "policy";
  readonly reason: string;
}

/** Fetches the key of a signature (RFC 6376 §3.6.2.1). */
export async function fetchKey(signature: Signature, resolver: Resolver): Promise<DkimKey | NoKey> {
  const name = `${signature.selector}._domainkey.${signature.domain}`;
  if (name.length > 253) return permanent("no key");
  try {
    const answer = await resolver.txt(name);
    const records = answer.type === "found" ? answer.records.slice(0, RECORDS_MAX) : [];
    // RFC 6376 §3.6.2.2: one record; which of several is chosen is left open.
    const record = records.find((text) => parseTagList(text)?.has("p")) ?? records[0];
    return record === undefined ? permanent("no key") : parseKey(record, signature);
  } catch (error) {
    if (asFailure(error) === null) throw error;
    return { result: "temperror", reason: "key not reachable" };
  }
}

/** The key in a record, if it is meant for this signature (RFC 6376 §3.6.1). */
export function parseKey(record: string, signature: Signature): DkimKey | NoKey {
  const tags = record.length > KEY_RECORD_CHARS_MAX ? null : parseTagList(record);
  if (tags === null) return permanent("bad key record");
  const version = tags.get("v");
  if (version !== undefined && (version !== "DKIM1" || [...tags.keys()][0] !== "v")) return permanent("bad key record");
  const hashes = tags.get("h");
  if (hashes !== undefined && !listOf(hashes).includes("sha256")) return permanent("key is for another hash");
  const services = listOf(tags.get("s") ?? "*");
  if (!services.includes("*") && !services.includes("email")) return permanent("key is for another service");
  const type = tags.get("k") ?? "rsa";
  if (signature.algorithm !== `${type}-sha256`) return permanent("key is of another type");
  const flags = listOf(tags.get("t") ?? "");
  if (flags.includes("s") && signature.identityDomain !== signature.domain) {
    return permanent("key is not for subdomains");
  }
  const text = tags.get("p");
  if (text === undefined) return permanent("bad key record");
  if (text === "") return permanent("key revoked");
  const bytes = decodeBase64(text);
  if (bytes === null || bytes.length > KEY_BYTES_MAX) return permanent("bad key");
  const testing = flags.includes("y");
  return type === "ed25519" ? ed25519Key(bytes, testing) : rsaKey(bytes, testing);
}

function permanent(reason: string): NoKey {
  return { result: "permerror", reason };
}

function listOf(text: string): string[] {
  return withoutBlanks(text).split(":");
}

/** SubjectPublicKeyInfo of Ed25519 up to the key (RFC 8410 §4): RFC 8463 §4 has the 32 bytes alone. */
const ED25519_PREFIX = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

function ed25519Key(bytes: Uint8Array, testing: boolean): DkimKey | NoKey {
  if (bytes.length !== 32) return permanent("bad key");
  const key = readKey(Uint8Array.from([...ED25519_PREFIX, ...bytes]), "spki");
  return key === null ? permanent("bad key") : { key, bits: null, testing };
}

/** SubjectPublicKeyInfo as everybody publishes it, or the bare RSAPublicKey that RFC 6376 §3.6.1 names. */
function rsaKey(bytes: Uint8Array, testing: boolean): DkimKey | NoKey {
  const key = readKey(bytes, "spki") ?? readKey(bytes, "pkcs1");
  if (key === null || key.asymmetricKeyType !== "rsa") return permanent("bad key");
  const { modulusLength: bits = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (bits > RSA_BITS_MAX || publicExponent > EXPONENT_MAX) return { result: "policy", reason: "key too large" };
  return bits < RSA_BITS_MIN ? { result: "policy", reason: `key of ${bits} bits` } : { key, bits, testing };
}

function readKey(bytes: Uint8Array, type: "spki" | "pkcs1"): KeyObject | null {
  try {
    return createPublicKey({ key: bytes as never, format: "der", type });
  } catch {
    return null; // What a stranger publishes need not be a key.
  }
}
