import { Buffer } from "node:buffer";
import { createHash, createPrivateKey, type KeyObject, sign } from "node:crypto";
import { Failure, latin1Bytes } from "../../base/mod.ts";
import { parseDomain } from "../../mail/mod.ts";
import { type HeaderField, type Message, readHeader } from "../header/mod.ts";
import { canonicalHeader, canonicalSignature } from "./canonical_header.ts";
import { RSA_BITS_MAX } from "./key.ts";
import { type Signable, signable } from "./signable.ts";
import { type DkimAlgorithm, isSelector, SIGNED_NAMES_MAX } from "./signature.ts";

/** Smallest RSA key that is signed with, in bits (RFC 8301 §3.2). */
export const SIGNING_BITS_MIN = 2_048;

/** Who signs, and with what. */
export interface Signer {
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: DkimAlgorithm;
  readonly key: KeyObject;
}

/**
 * Fields that are signed once more than they are there: nobody can add another that a reader may believe (RFC 6376 §8.15). All
 * that a mail program shows or obeys; not what a list adds.
 */
const GUARDED = [
  "from",
  "reply-to",
  "subject",
  "date",
  "to",
  "cc",
  "message-id",
  "in-reply-to",
  "references",
  "mime-version",
  "content-type",
  "content-transfer-encoding",
] as const;

/** Fields that are signed when they are there (RFC 6376 §5.4.1). */
const SIGNED_IF_THERE = [
  "sender",
  "resent-date",
  "resent-from",
  "resent-to",
  "resent-cc",
  "list-id",
  "list-unsubscribe",
  "list-unsubscribe-post",
  "list-post",
  "content-id",
  "content-description",
] as const;

/** Times that one name may come in h=; a message with more of it is signed without the rest. */
const REPEATS_MAX = 20;

/** The key in PKCS #8 PEM text and its algorithm. Throws Failure `invalid`, which says nothing of the key. */
export function readSigner(
  given: { readonly domain: string; readonly selector: string; readonly pem: string },
): Signer {
  const domain = parseDomain(given.domain);
  if (domain === null || !isSelector(given.selector)) throw new Failure("invalid", "bad DKIM domain or selector");
  const key = readKey(given.pem);
  if (key.asymmetricKeyType === "ed25519") {
    return { domain, selector: given.selector, algorithm: "ed25519-sha256", key };
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== "rsa" || bits < SIGNING_BITS_MIN || bits > RSA_BITS_MAX) {
    throw new Failure("invalid", `a DKIM key is Ed25519, or RSA of ${SIGNING_BITS_MIN} to ${RSA_BITS_MAX} bits`);
  }
  return { domain, selector: given.selector, algorithm: "rsa-sha256", key };
}

function readKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // The cause would name parts of the key.
    throw new Failure("invalid", "a DKIM key cannot be read");
  }
}

/**
 * One DKIM-Signature field, CRLF included, for each signer: relaxed/relaxed, oversigned (RFC 6376 §5). Throws Failure `invalid`
 * when the header is longer than is read.
 */
export function signDkim(message: Signable, signers: readonly Signer[], nowSeconds: number): string[] {
  return dkimFields(message, signers, nowSeconds).map((field) => withSignature(field.bare, field.text, field.signer));
}

/** A signature's field, its b= empty at its end, and the text over which its signer signs. */
export interface BareField<S extends Signer = Signer> {
  readonly bare: string;
  readonly text: string;
  readonly signer: S;
}

/** The fields that `signDkim` makes, before they are signed. Throws as it does. */
export function dkimFields<S extends Signer>(
  { head, bodyHash }: Signable,
  signers: readonly S[],
  nowSeconds: number,
): BareField<S>[] {
  const { fields, complete } = readHeader(head);
  if (!complete) throw new Failure("invalid", "so long a header cannot be signed");
  const signed = toSign(fields, namesToSign(fields), bodyHash);
  return signers.map((signer) => bareField("DKIM-Signature: v=1", { ...signed, signer, nowSeconds }));
}

/**
 * The ARC-Message-Signature field, CRLF included (RFC 8617 §4.1.2): as DKIM's, over the DKIM-Signature fields as well. Throws
 * Failure `invalid` as `signable`.
 */
export function signArcMessage(
  message: Message,
  { instance, signer, nowSeconds }: {
    readonly instance: number;
    readonly signer: Signer;
    readonly nowSeconds: number;
  },
): string {
  const { fields } = message;
  const earlier = fields.filter(({ name }) => name === "dkim-signature").map(({ name }) => name);
  const names = [...namesToSign(fields), ...earlier].slice(0, SIGNED_NAMES_MAX);
  const signed = toSign(fields, names, signable(message).bodyHash);
  const { bare, text } = bareField(`ARC-Message-Signature: i=${instance}`, { ...signed, signer, nowSeconds });
  return withSignature(bare, text, signer);
}

/** The field, whose b= is empty at its end, with the signature over a text in it, folded. */
export function withSignature(bare: string, text: string, signer: Signer): string {
  return filled(bare, signatureOf(text, signer));
}

/** The field with this signature in it. */
export function filled(bare: string, signature: Uint8Array): string {
  return `${bare.slice(0, -2)}${fold(Buffer.from(signature).toString("base64"))}\r\n`;
}

/** Names, header and hash of a message as a signature has them. */
interface ToSign {
  readonly names: readonly string[];
  readonly header: string;
  readonly bodyHash: string;
}

function toSign(fields: readonly HeaderField[], names: readonly string[], bodyHash: Uint8Array): ToSign {
  return {
    names,
    header: canonicalHeader(fields, names, "relaxed"),
    bodyHash: Buffer.from(bodyHash).toString("base64"),
  };
}

/** h=: every guarded field and one more, and what else is there. */
function namesToSign(fields: readonly HeaderField[]): string[] {
  const counts = new Map<string, number>();
  for (const { name } of fields) counts.set(name, (counts.get(name) ?? 0) + 1);
  const names: string[] = [];
  const add = (name: string, more: number) => {
    for (let left = Math.min(REPEATS_MAX, counts.get(name) ?? 0) + more; left > 0; left--) names.push(name);
  };
  for (const name of GUARDED) add(name, 1);
  for (const name of SIGNED_IF_THERE) add(name, 0);
  return names;
}

/** A field of DKIM or ARC over header and body, folded so that no line is long (RFC 5322 §2.1.1). */
function bareField<S extends Signer>(
  head: string,
  { names, header, bodyHash, signer, nowSeconds }: ToSign & { readonly signer: S; readonly nowSeconds: number },
): BareField<S> {
  const { domain, selector, algorithm } = signer;
  const bare = `${head}; a=${algorithm}; c=relaxed/relaxed; t=${nowSeconds};\r\n\td=${domain};\r\n\ts=${selector};` +
    `\r\n\th=${foldNames(names)};\r\n\tbh=${bodyHash};\r\n\tb=\r\n`;
  const name = head.slice(0, head.indexOf(":")).toLowerCase();
  return { bare, text: header + canonicalSignature({ name, raw: bare }, "relaxed"), signer };
}

function foldNames(names: readonly string[]): string {
  let text = "";
  let line = 0;
  for (const [i, name] of names.entries()) {
    if (i > 0) text += ":";
    if (line > 0 && line + name.length > LINE_CHARS_MAX) {
      text += "\r\n\t ";
      line = 0;
    }
    text += name;
    line += name.length + 1;
  }
  return text;
}

const LINE_CHARS_MAX = 70;

function fold(base64: string): string {
  const lines: string[] = [];
  for (let at = 0; at < base64.length; at += LINE_CHARS_MAX) lines.push(base64.slice(at, at + LINE_CHARS_MAX));
  return lines.join("\r\n\t ");
}

/** The signature of a signer over a text. */
export function signatureOf(text: string, { algorithm, key }: Signer): Buffer {
  const bytes = latin1Bytes(text);
  if (algorithm === "rsa-sha256") return sign("sha256", bytes, key);
  // RFC 8463 §3: Ed25519 signs the hash.
  return sign(null, createHash("sha256").update(bytes).digest(), key);
}
