import { Buffer } from "node:buffer";
import { isIP } from "node:net";
import { concat, Failure, utf8 } from "../base/mod.ts";
import type { CertificatePair } from "./tls_context.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** Most names in one certificate. */
const NAMES_MAX = 100;

const OID = {
  ecdsaWithSha256: "2a8648ce3d040302",
  commonName: "550403",
  basicConstraints: "551d13",
  keyUsage: "551d0f",
  extendedKeyUsage: "551d25",
  serverAuth: "2b06010505070301",
  subjectAltName: "551d11",
} as const;

/**
 * Makes a self-signed server certificate (X.509 v3, RFC 5280; ECDSA P-256) for DNS names (A-labels) and IP addresses, valid for
 * `days` from a day ago on. Throws an `invalid` Failure for names that no certificate can hold.
 */
export async function selfSignedCertificate(
  options: { readonly names: readonly string[]; readonly days: number; readonly nowMs?: number },
): Promise<CertificatePair> {
  const [first] = options.names;
  if (first === undefined || options.names.length > NAMES_MAX) {
    throw new Failure("invalid", `a certificate needs 1 to ${NAMES_MAX} names`);
  }
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const nowMs = options.nowMs ?? Date.now();
  const name = sequence(tagged(0x31, sequence(oid(OID.commonName), tagged(0x0c, utf8(first.slice(0, 64))))));
  const serial = crypto.getRandomValues(new Uint8Array(16));
  const signed = sequence(
    tagged(0xa0, integer(Uint8Array.of(2))), // v3
    integer(serial),
    sequence(oid(OID.ecdsaWithSha256)),
    name,
    // A day back, for peers whose clock is late.
    sequence(time(nowMs - DAY_MS), time(nowMs + options.days * DAY_MS)),
    name,
    new Uint8Array(await crypto.subtle.exportKey("spki", keys.publicKey)),
    tagged(0xa3, extensions(options.names)),
  );
  const signature = new Uint8Array(await crypto.subtle.sign(algorithm, keys.privateKey, signed.slice()));
  const points = sequence(integer(signature.subarray(0, 32)), integer(signature.subarray(32)));
  const certificate = sequence(signed, sequence(oid(OID.ecdsaWithSha256)), tagged(0x03, Uint8Array.of(0), points));
  const key = new Uint8Array(await crypto.subtle.exportKey("pkcs8", keys.privateKey));
  return { cert: pem("CERTIFICATE", certificate), key: pem("PRIVATE KEY", key) };
}

function extensions(names: readonly string[]): Uint8Array {
  const critical = tagged(0x01, Uint8Array.of(0xff));
  const value = (...parts: Uint8Array[]) => tagged(0x04, ...parts);
  return sequence(
    sequence(oid(OID.basicConstraints), critical, value(sequence())), // Not an authority.
    sequence(oid(OID.keyUsage), critical, value(Uint8Array.of(0x03, 0x02, 0x07, 0x80))), // digitalSignature
    sequence(oid(OID.extendedKeyUsage), value(sequence(oid(OID.serverAuth)))),
    sequence(oid(OID.subjectAltName), value(sequence(...names.map(generalName)))),
  );
}

/** RFC 5280 §4.2.1.6: a DNS name, or the 4 or 16 bytes of an IP address. */
function generalName(name: string): Uint8Array {
  const family = isIP(name);
  if (family === 4) return tagged(0x87, Uint8Array.from(name.split("."), Number));
  if (family === 6) return tagged(0x87, ipv6Bytes(name));
  if (!/^(\*\.)?[a-z0-9_]([a-z0-9_.-]{0,250}[a-z0-9])?$/i.test(name)) {
    throw new Failure("invalid", "a certificate name is neither a host name nor an IP address");
  }
  return tagged(0x82, utf8(name.toLowerCase()));
}

function ipv6Bytes(address: string): Uint8Array {
  // The URL parser writes every IPv6 address, dotted quads too, in hexadecimal groups.
  const [head = "", tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split("::", 2);
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const gap = new Array<string>(8 - before.length - after.length).fill("0");
  return Uint8Array.from([...before, ...gap, ...after].flatMap((group) => {
    const value = parseInt(group, 16);
    return [value >> 8, value & 255];
  }));
}

/** One DER element (X.690 §8.1, §10.1): tag, shortest length, content. */
function tagged(tag: number, ...parts: Uint8Array[]): Uint8Array {
  const content = concat(parts);
  const size: number[] = [];
  for (let rest = content.length; rest > 0; rest = Math.floor(rest / 256)) size.unshift(rest & 255);
  const head = content.length < 128 ? [tag, content.length] : [tag, 0x80 | size.length, ...size];
  return concat([Uint8Array.from(head), content]);
}

function sequence(...parts: Uint8Array[]): Uint8Array {
  return tagged(0x30, ...parts);
}

/** A non-negative INTEGER in its shortest form (X.690 §8.3.2). */
function integer(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const magnitude = bytes.subarray(start);
  return tagged(0x02, (magnitude[0] ?? 0) >= 0x80 ? concat([Uint8Array.of(0), magnitude]) : magnitude);
}

function oid(hex: string): Uint8Array {
  return tagged(0x06, Buffer.from(hex, "hex"));
}

/** UTCTime until 2049, GeneralizedTime from 2050 on (RFC 5280 §4.1.2.5). */
function time(ms: number): Uint8Array {
  const digits = `${new Date(ms).toISOString().replace(/[-:T]/g, "").slice(0, 14)}Z`;
  return digits < "2050" ? tagged(0x17, utf8(digits.slice(2))) : tagged(0x18, utf8(digits));
}

function pem(label: string, bytes: Uint8Array): string {
  const lines = Buffer.from(bytes).toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
