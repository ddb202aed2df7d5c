import { createHash, X509Certificate } from "node:crypto";
import { derElement } from "./der.ts";

/** By the OID of a certificate's signature, as DER in hexadecimal: the hash that stands for the certificate. */
const HASH_OF_SIGNATURE: ReadonlyMap<string, string> = new Map([
  ["2a864886f70d010104", "sha256"], // RSA with MD5: RFC 5929 §4.1 wants SHA-256 for it and for SHA-1.
  ["2a864886f70d010105", "sha256"], // RSA with SHA-1
  ["2a8648ce3d0401", "sha256"], // ECDSA with SHA-1
  ["2a864886f70d01010b", "sha256"], // RSA
  ["2a864886f70d01010c", "sha384"],
  ["2a864886f70d01010d", "sha512"],
  ["2a8648ce3d040302", "sha256"], // ECDSA
  ["2a8648ce3d040303", "sha384"],
  ["2a8648ce3d040304", "sha512"],
]);

/**
 * `tls-server-end-point` of a server with this certificate (PEM, the server's own first; RFC 5929 §4.1), or null when its
 * signature names no single hash, as those of EdDSA and RSA-PSS.
 */
export function serverEndPoint(cert: string): Uint8Array | null {
  const der = new X509Certificate(cert).raw;
  // Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { OID, … }, signature } (RFC 5280 §4.1)
  const signed = derElement(der, derElement(der, 0).start);
  const oid = derElement(der, derElement(der, signed.end).start);
  const hash = HASH_OF_SIGNATURE.get(der.toString("hex", oid.start, oid.end));
  return hash === undefined ? null : new Uint8Array(createHash(hash).update(der).digest());
}
