import { Buffer } from "node:buffer";
import { decodeUtf8 } from "../../base/mod.ts";
import { type DomainName, parseDomain } from "../../mail/mod.ts";
import { type HeaderField, parseTagList, type Tags, valueOf, withoutBlanks } from "../header/mod.ts";
import type { Canonicalization } from "./canonical_header.ts";

/** Names in one h= list: more than any header that is taken in has reason for. */
export const SIGNED_NAMES_MAX = 1_000;

/** Algorithms that are verified and made: rsa-sha1 must not be (RFC 8301 §3.1). */
export type DkimAlgorithm = "rsa-sha256" | "ed25519-sha256";

/** A signature that can be verified: its tags, read and checked (RFC 6376 §3.5). */
export interface Signature {
  readonly field: HeaderField;
  readonly algorithm: DkimAlgorithm;
  readonly domain: string;
  readonly selector: string;
  readonly signature: Uint8Array;
  /** Of the body; empty in an ARC seal, which covers no body. */
  readonly bodyHash: Uint8Array;
  /** Names of signed fields, in lower case, in the order of h=. */
  readonly names: readonly string[];
  readonly headerWay: Canonicalization;
  readonly bodyWay: Canonicalization;
  /** l=: bytes of the canonical body that are signed, or null for all. */
  readonly bodyLimit: number | null;
  /** Domain of i=. */
  readonly identityDomain: string;
  /** t= and x=, seconds since 1970. */
  readonly signedAt: number | null;
  readonly expiresAt: number | null;
}

/** What a signature field says, as far as it could be read. */
export interface SignatureLabel {
  readonly domain: string | null;
  readonly selector: string | null;
  readonly algorithm: string | null;
  /** The first characters of b=, by which it is told from others (RFC 6008). */
  readonly start: string | null;
}

/** Kinds of signature: DKIM's own, and the two of ARC, which have no version (RFC 8617 §4.1.2, §4.1.3). */
export type SignatureKind = "dkim" | "arcMessage" | "arcSeal";

/** The tags by which a result names its signature; every one may be missing. */
export function labelOf(field: HeaderField): SignatureLabel {
  const tags = parseTagList(valueOf(field));
  const text = (name: string) => tags?.get(name) ?? null;
  const domain = text("d");
  return {
    domain: domain === null ? null : domainOf(domain),
    selector: isSelector(text("s") ?? "") ? text("s") : null,
    algorithm: text("a"),
    start: withoutBlanks(text("b") ?? "").slice(0, 8) || null,
  };
}

/** The signature in a field, or in words why it is none. */
export function parseSignature(field: HeaderField, kind: SignatureKind): Signature | string {
  const tags = parseTagList(valueOf(field));
  if (tags === null) return "not a tag list";
  const missing = REQUIRED[kind].find((name) => !tags.has(name));
  if (missing !== undefined) return `no ${missing}=`;
  if (kind === "dkim" && tags.get("v") !== "1") return "unknown version";
  const algorithm = algorithmOf(tags.get("a")!);
  if (algorithm === null) return "unknown algorithm";
  const domain = domainOf(tags.get("d")!);
  if (domain === null) return "bad d=";
  const selector = tags.get("s")!;
  if (!isSelector(selector)) return "bad s=";
  const signature = decodeBase64(tags.get("b")!);
  const bodyHash = kind === "arcSeal" ? new Uint8Array(0) : decodeBase64(tags.get("bh")!);
  if (signature === null || bodyHash === null) return "bad base64";
  const names = kind === "arcSeal" ? [] : namesOf(tags.get("h")!);
  if (typeof names === "string") return names;
  const ways = waysOf(tags.get("c") ?? (kind === "arcSeal" ? "relaxed" : "simple"));
  if (ways === null) return "unknown canonicalization";
  const numbers = numbersOf(tags);
  if (typeof numbers === "string") return numbers;
  const identityDomain = kind === "dkim" ? identityOf(tags.get("i"), domain) : domain;
  if (identityDomain === null) return "i= is not of the domain";
  const methods = tags.get("q");
  if (methods !== undefined && !methods.split(":").map(withoutBlanks).includes("dns/txt")) {
    return "unknown query method";
  }
  return { field, algorithm, domain, selector, signature, bodyHash, names, ...ways, identityDomain, ...numbers };
}

const REQUIRED: Readonly<Record<SignatureKind, readonly string[]>> = {
  dkim: ["v", "a", "b", "bh", "d", "h", "s"],
  arcMessage: ["a", "b", "bh", "d", "h", "s"],
  arcSeal: ["a", "b", "d", "s"],
};

function algorithmOf(text: string): DkimAlgorithm | null {
  return text === "rsa-sha256" || text === "ed25519-sha256" ? text : null;
}

/** A domain in a tag, which may be in UTF-8 (RFC 8616 §5). */
export function domainOf(text: string): DomainName | null {
  const decoded = decodeUtf8(Buffer.from(text, "latin1"));
  return decoded === null ? null : parseDomain(decoded);
}

/** selector = sub-domain *( "." sub-domain ) (RFC 6376 §3.1); real ones have underscores as well. */
export function isSelector(text: string): boolean {
  return text.length > 0 && text.length <= 200 &&
    text.split(".").every((label) => /^[A-Za-z0-9_-]{1,63}$/.test(label));
}

/** The bytes, or null when it is no base64. Blanks and folds may stand anywhere (RFC 6376 §3.2). */
export function decodeBase64(text: string): Uint8Array | null {
  const plain = withoutBlanks(text);
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(plain) || plain.length % 4 === 1) return null;
  return Buffer.from(plain, "base64");
}

/** hdr-name *( ":" hdr-name ); From must be among them (RFC 6376 §5.4). */
function namesOf(text: string): readonly string[] | string {
  const names = text.split(":", SIGNED_NAMES_MAX + 1).map((name) => withoutBlanks(name).toLowerCase());
  if (names.length > SIGNED_NAMES_MAX) return "too many names in h=";
  if (names.some((name) => !/^[!-9<-~]+$/.test(name))) return "bad h=";
  return names.includes("from") ? names : "From is not signed";
}

function waysOf(text: string): Pick<Signature, "headerWay" | "bodyWay"> | null {
  const [headerWay, bodyWay = "simple", more] = text.split("/");
  return isWay(headerWay!) && isWay(bodyWay) && more === undefined ? { headerWay, bodyWay } : null;
}

function isWay(text: string): text is Canonicalization {
  return text === "simple" || text === "relaxed";
}

function numbersOf(tags: Tags): Pick<Signature, "bodyLimit" | "signedAt" | "expiresAt"> | string {
  const bodyLimit = numberOf(tags.get("l"));
  const signedAt = numberOf(tags.get("t"));
  const expiresAt = numberOf(tags.get("x"));
  if (bodyLimit === undefined || signedAt === undefined || expiresAt === undefined) return "bad number";
  // RFC 6376 §3.5: x= must be greater than t=.
  if (signedAt !== null && expiresAt !== null && expiresAt <= signedAt) return "x= is not after t=";
  return { bodyLimit, signedAt, expiresAt };
}

/** At most 76 digits (RFC 6376 §3.5); null when absent, undefined when wrong. What a double cannot hold is as good as endless. */
function numberOf(text: string | undefined): number | null | undefined {
  if (text === undefined) return null;
  return /^[0-9]{1,76}$/.test(text) ? Number(text) : undefined;
}

/** The domain of i=, which is d= or below it, or null. */
function identityOf(text: string | undefined, domain: string): string | null {
  if (text === undefined) return domain;
  const identity = domainOf(text.slice(text.lastIndexOf("@") + 1));
  return identity !== null && (identity === domain || identity.endsWith(`.${domain}`)) ? identity : null;
}
