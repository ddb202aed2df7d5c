import { createPublicKey } from "node:crypto";
import { parseTagList, type Tags, withoutBlanks } from "../header/mod.ts";
import { KEY_RECORD_CHARS_MAX } from "./key.ts";
import type { DkimAlgorithm } from "./signature.ts";

/** A key as others see it. */
export interface PublishedKey {
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: DkimAlgorithm;
  /** p=: base64. */
  readonly publicKey: string;
}

/** p= of a private key in PEM: the whole SubjectPublicKeyInfo of RSA (RFC 6376 §3.6.1), the bare 32 bytes of Ed25519 (RFC 8463 §4). */
export function publicTextOf(pem: string): string {
  const key = createPublicKey(pem);
  const der = key.export({ type: "spki", format: "der" });
  return (key.asymmetricKeyType === "ed25519" ? der.subarray(-32) : der).toString("base64");
}

/** Where a key is published (RFC 6376 §3.6.2.1). */
export function keyRecordName({ domain, selector }: Pick<PublishedKey, "domain" | "selector">): string {
  return `${selector}._domainkey.${domain}`;
}

/** What is published there (RFC 6376 §3.6.1). */
export function keyRecordText({ algorithm, publicKey }: Pick<PublishedKey, "algorithm" | "publicKey">): string {
  return `v=DKIM1; k=${typeOf(algorithm)}; p=${publicKey}`;
}

/** What is wrong with the TXT records at a key's name, in plain words; null when everybody can verify by them. */
export function keyRecordProblem(wanted: PublishedKey, records: readonly string[]): string | null {
  if (records.length === 0) return "not published";
  // RFC 6376 §3.6.2.2: with several records it is anybody's guess which one counts.
  if (records.length > 1) return `${records.length} TXT records where one is expected`;
  const [text] = records;
  const tags = text!.length > KEY_RECORD_CHARS_MAX ? null : parseTagList(text!);
  if (tags === null || !tags.has("p")) return "not a key record";
  if (withoutBlanks(tags.get("p")!) !== wanted.publicKey) {
    return tags.get("p") === "" ? "the key is revoked there (p= is empty)" : "another key is published there";
  }
  return wrongTag(tags, wanted);
}

function wrongTag(tags: Tags, { algorithm }: PublishedKey): string | null {
  if ((tags.get("v") ?? "DKIM1") !== "DKIM1") return `v=${tags.get("v")} where DKIM1 is expected`;
  if (tags.has("v") && [...tags.keys()][0] !== "v") return "v= is not the first tag";
  if ((tags.get("k") ?? "rsa") !== typeOf(algorithm)) return `k= is not ${typeOf(algorithm)}`;
  if (!has(tags.get("h") ?? "sha256", "sha256")) return "h= leaves out sha256";
  if (!has(tags.get("s") ?? "*", "*") && !has(tags.get("s")!, "email")) return "s= leaves out email";
  if (has(tags.get("t") ?? "", "y")) return "t=y: signatures are said to be a test";
  return null;
}

function has(list: string, word: string): boolean {
  return withoutBlanks(list).split(":").includes(word);
}

function typeOf(algorithm: DkimAlgorithm): "rsa" | "ed25519" {
  return algorithm === "rsa-sha256" ? "rsa" : "ed25519";
}
