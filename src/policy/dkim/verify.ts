import { createHash, timingSafeEqual, verify } from "node:crypto";
import { latin1Bytes, type Resolver } from "../../base/mod.ts";
import { fieldsNamed, type Message } from "../header/mod.ts";
import { canonicalHeader, canonicalSignature } from "./canonical_header.ts";
import { hashBody } from "./canonical_body.ts";
import { type DkimKey, fetchKey } from "./key.ts";
import { labelOf, parseSignature, type Signature, type SignatureLabel } from "./signature.ts";

/** Signatures that are looked at; the rest is counted (ATTACKS S29, RFC 6376 §6.1 lets a verifier limit them). */
export const SIGNATURES_MAX = 10;
/** Seconds by which clocks may differ: a signature from further ahead is ignored (RFC 6376 §3.5). */
const CLOCK_SKEW_SECONDS = 300;

/** Results of DKIM (RFC 8601 §2.7.1). */
export type DkimResult = "none" | "pass" | "fail" | "policy" | "neutral" | "temperror" | "permerror";

/** What became of one signature. */
export interface DkimVerdict extends SignatureLabel {
  readonly result: DkimResult;
  /** In a few plain words; null for a pass without a but. */
  readonly reason: string | null;
  /** Size of an RSA key. */
  readonly keyBits: number | null;
  /** Bytes of the canonical body that an l= left unsigned: anybody may have added them (RFC 6376 §8.2). */
  readonly unsignedBytes: number;
  /** t=y in the key record. */
  readonly testing: boolean;
}

/** What verifying needs of the world. */
export interface VerifyWorld {
  readonly resolver: Resolver;
  /** Seconds since 1970. */
  readonly nowSeconds: number;
}

/** Verifies the signatures of a message, the topmost ten of them (RFC 6376 §6). `ignored` counts the others. */
export async function verifyDkim(
  message: Message,
  world: VerifyWorld,
): Promise<{ readonly verdicts: readonly DkimVerdict[]; readonly ignored: number }> {
  const found = fieldsNamed(message, "dkim-signature");
  const fields = found.slice(0, SIGNATURES_MAX);
  const verdicts = await verifyFields(message, fields.map((field) => parseSignature(field, "dkim")), world);
  return {
    verdicts: verdicts.map((verdict, i) => ({ ...labelOf(fields[i]!), ...verdict })),
    ignored: found.length - fields.length,
  };
}

/** A verdict without the name of what it is on. */
export type BareVerdict = Omit<DkimVerdict, keyof SignatureLabel>;

/** Verifies signatures over header and body; the body is passed over once for each canonicalization. */
export async function verifyFields(
  message: Message,
  signatures: readonly (Signature | string)[],
  world: VerifyWorld,
): Promise<BareVerdict[]> {
  const good = signatures.filter((signature) => typeof signature !== "string");
  const bodies = new Map(
    hashBody(message.body, good.map(({ bodyWay, bodyLimit }) => ({ way: bodyWay, limit: bodyLimit })))
      .map((body, i) => [good[i]!, body]),
  );
  return await Promise.all(signatures.map((signature) => {
    if (typeof signature === "string") return bad("permerror", signature);
    if (!message.complete) return bad("permerror", "header too long");
    const timing = timingOf(signature, world.nowSeconds);
    return timing ?? verifyOne(message, signature, { ...world, body: bodies.get(signature)! });
  }));
}

/** Why a signature's time is not now, or null. */
export function timingOf({ signedAt, expiresAt }: Signature, nowSeconds: number): BareVerdict | null {
  if (expiresAt !== null && expiresAt < nowSeconds) return bad("fail", "expired");
  if (signedAt !== null && signedAt > nowSeconds + CLOCK_SKEW_SECONDS) return bad("neutral", "signed in the future");
  return null;
}

async function verifyOne(
  message: Message,
  signature: Signature,
  { resolver, body }: VerifyWorld & { readonly body: { readonly digest: Uint8Array; readonly length: number } },
): Promise<BareVerdict> {
  // RFC 6376 §3.5: l= must not say more than there is.
  if ((signature.bodyLimit ?? 0) > body.length) return bad("permerror", "l= is longer than the body");
  if (!sameBytes(signature.bodyHash, body.digest)) return bad("fail", "body has changed");
  const found = await fetchKey(signature, resolver);
  if ("result" in found) return bad(found.result, found.reason);
  const text = canonicalHeader(withoutField(message, signature), signature.names, signature.headerWay) +
    canonicalSignature(signature.field, signature.headerWay);
  const { bits: keyBits, testing } = found;
  if (!isSignedBy(text, signature, found)) return { ...bad("fail", "signature is wrong"), keyBits, testing };
  const unsignedBytes = signature.bodyLimit === null ? 0 : body.length - signature.bodyLimit;
  const reason = unsignedBytes > 0 ? `${unsignedBytes} bytes of the body are not signed` : null;
  return { result: "pass", reason, keyBits, unsignedBytes, testing };
}

/** A signature never covers itself by h=; others of the same name it may (RFC 6376 §3.5). */
function withoutField({ fields }: Message, { field }: Signature) {
  return fields.filter((other) => other !== field);
}

/** Whether the key made the signature over this text, which is in Latin-1. */
export function isSignedBy(text: string, { algorithm, signature }: Signature, { key }: DkimKey): boolean {
  const bytes = latin1Bytes(text);
  try {
    if (algorithm === "rsa-sha256") return verify("sha256", bytes, key, signature);
    // RFC 8463 §3: Ed25519 signs the hash, not the text.
    return verify(null, createHash("sha256").update(bytes).digest(), key, signature);
  } catch {
    return false; // A signature of a length the key cannot have made.
  }
}

/** A verdict that is no pass. */
export function bad(result: DkimResult, reason: string): BareVerdict {
  return { result, reason, keyBits: null, unsignedBytes: 0, testing: false };
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
