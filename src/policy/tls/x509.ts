import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { decodeUtf8 } from "../../base/mod.ts";
import { DER, type DerElement, readElement, readElements } from "./der.ts";

/** What is looked at in a certificate (RFC 5280 §4.1). It is a stranger's: every field but the bytes is only what it says. */
export interface Certificate {
  readonly der: Uint8Array;
  /** SubjectPublicKeyInfo, byte for byte. */
  readonly spki: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** DNS names of the subjectAltName, in lower case; null when it has none. */
  readonly dnsNames: readonly string[] | null;
  /** The last common name of the subject, in lower case, or null. */
  readonly commonName: string | null;
  /** basicConstraints: may sign others. */
  readonly authority: boolean;
  /** Most authorities between this one and the end, or null. */
  readonly pathLengthMax: number | null;
  /** Whether keyUsage allows to sign certificates. */
  readonly maySign: boolean;
  /** Whether extendedKeyUsage allows TLS servers. */
  readonly mayServe: boolean;
  /** An extension that must be understood, and is not (RFC 5280 §4.2). */
  readonly notUnderstood: boolean;
}

/** Largest certificate that is read, in bytes. */
export const CERTIFICATE_BYTES_MAX = 65_536;

const ELEMENTS_MAX = 1_000;

/** Content octets of object identifiers, in hex. */
const OID = {
  commonName: "550403",
  basicConstraints: "551d13",
  keyUsage: "551d0f",
  extendedKeyUsage: "551d25",
  subjectAltName: "551d11",
  certificatePolicies: "551d20", // Without a policy that we ask for there is nothing to refuse.
  serverAuth: "2b06010505070301",
  anyUsage: "551d2500",
} as const;

/** Reads a certificate in DER, or gives null when it is none. Signatures are not looked at. */
export function parseCertificate(der: Uint8Array): Certificate | null {
  if (der.length > CERTIFICATE_BYTES_MAX) return null;
  const whole = element(der, 0, der.length, DER.sequence);
  const parts = whole === null || whole.end !== der.length ? null : readElements(der, whole, 3);
  const [signed, algorithm, signature] = parts ?? [];
  const fields = signed?.tag === DER.sequence ? readElements(der, signed, 10) : null;
  if (fields === null || algorithm === undefined || signature?.tag !== DER.bitString) return null;
  // The version stands in front when it is not the first one (RFC 5280 §4.1.2.1).
  const [serial, inner, , validity, subject, key, ...rest] = fields[0]?.tag === 0xa0 ? fields.slice(1) : fields;
  if (serial?.tag !== DER.integer || key?.tag !== DER.sequence || subject?.tag !== DER.sequence) return null;
  // RFC 5280 §4.1.1.2: the algorithm stands twice, the same. Libraries differ in what they make of it outside of what is signed.
  if (inner === undefined || !sameBytes(der, inner, algorithm) || der[signature.start] !== 0) return null;
  const times = validity?.tag === DER.sequence ? readElements(der, validity, 2) : null;
  const [notBeforeMs, notAfterMs] = (times ?? []).map((time) => timeOf(der, time));
  if (notBeforeMs === undefined || notAfterMs === undefined) return null;
  if (Number.isNaN(notBeforeMs) || Number.isNaN(notAfterMs)) return null;
  const facts = extensionFacts(der, rest.find(({ tag }) => tag === 0xa3));
  if (facts === null) return null;
  const spki = der.subarray(key.at, key.end);
  return { der, spki, notBeforeMs, notAfterMs, commonName: commonNameOf(der, subject), ...facts };
}

/** Whether `issuer` signed `certificate`, and may. Names and signature are judged by the cryptographic library. */
export function isIssuedBy(certificate: Certificate, issuer: Certificate): boolean {
  if (!issuer.authority || !issuer.maySign) return false;
  try {
    const [child, parent] = [new X509Certificate(certificate.der), new X509Certificate(issuer.der)];
    return child.checkIssued(parent) && child.verify(parent.publicKey);
  } catch {
    return false; // A key or algorithm that the library does not know.
  }
}

/** Whether the certificate holds at this time, in ms since 1970. */
export function isInDate({ notBeforeMs, notAfterMs }: Certificate, nowMs: number): boolean {
  return notBeforeMs <= nowMs && nowMs <= notAfterMs;
}

/**
 * Whether the certificate is for one of these hosts: by its DNS names, by its common name only when it has none and `commonName` is
 * set; an IP address by those that the certificate names. `*` stands for one whole label on the left (RFC 6125 §6.4.3).
 */
export function isForHost(
  certificate: Certificate,
  hosts: readonly string[],
  options: { readonly commonName: boolean },
): boolean {
  const { dnsNames, commonName } = certificate;
  const fallback = options.commonName && commonName !== null ? [commonName] : [];
  return hosts.some((host) =>
    isIP(host) !== 0
      ? isForAddress(certificate, host)
      : (dnsNames ?? fallback).some((presented) => matches(presented, host.toLowerCase()))
  );
}

function isForAddress({ der }: Certificate, address: string): boolean {
  try {
    return new X509Certificate(der).checkIP(address) !== undefined;
  } catch {
    return false;
  }
}

function matches(presented: string, host: string): boolean {
  if (!presented.startsWith("*.")) return presented === host;
  const dot = host.indexOf(".");
  return dot > 0 && host.slice(dot) === presented.slice(1);
}

type ExtensionFacts = Omit<
  Certificate,
  "der" | "spki" | "notBeforeMs" | "notAfterMs" | "commonName"
>;

function extensionFacts(der: Uint8Array, holder: DerElement | undefined): ExtensionFacts | null {
  let facts: ExtensionFacts = {
    dnsNames: null,
    authority: false,
    pathLengthMax: null,
    maySign: true,
    mayServe: true,
    notUnderstood: false,
  };
  if (holder === undefined) return facts;
  const list = element(der, holder.start, holder.end, DER.sequence);
  const extensions = list && readElements(der, list, 100);
  if (extensions === null) return null;
  for (const extension of extensions) {
    const parts = extension.tag === DER.sequence ? readElements(der, extension, 3) : null;
    const [id, second] = parts ?? [];
    const value = parts?.at(-1);
    if (id?.tag !== DER.oid || value?.tag !== DER.octetString) return null;
    const critical = second?.tag === DER.boolean && der[second.start] !== 0;
    const found = factsOf(der, hex(der, id), value);
    if (found === null) return null;
    if (found === "unknown") facts = { ...facts, notUnderstood: facts.notUnderstood || critical };
    else facts = { ...facts, ...found };
  }
  return facts;
}

/** What one extension says; null when it is malformed. */
function factsOf(der: Uint8Array, id: string, value: DerElement): Partial<ExtensionFacts> | "unknown" | null {
  switch (id) {
    case OID.basicConstraints: {
      const parts = listOf(der, value);
      if (parts === null) return null;
      const [flag] = parts;
      const authority = flag?.tag === DER.boolean && der[flag.start] !== 0;
      const last = parts.at(-1);
      if (last?.tag !== DER.integer) return { authority };
      // A number beyond one octet is as good as none.
      return { authority, pathLengthMax: last.end - last.start === 1 ? der[last.start]! : null };
    }
    case OID.keyUsage: {
      const bits = element(der, value.start, value.end, DER.bitString);
      return bits === null || bits.end - bits.start < 2 ? null : { maySign: (der[bits.start + 1]! & 0x04) !== 0 };
    }
    case OID.extendedKeyUsage: {
      const uses = listOf(der, value)?.map((use) => hex(der, use));
      return uses === undefined ? null : { mayServe: uses.includes(OID.serverAuth) || uses.includes(OID.anyUsage) };
    }
    case OID.subjectAltName: {
      const names = listOf(der, value)?.filter(({ tag }) => tag === 0x82).map((name) => hostName(der, name));
      if (names === undefined) return null;
      return names.length === 0 ? {} : { dnsNames: names.filter((name) => name !== null) };
    }
    case OID.certificatePolicies:
      return {};
    default:
      return "unknown";
  }
}

function listOf(der: Uint8Array, value: DerElement): DerElement[] | null {
  const list = element(der, value.start, value.end, DER.sequence);
  return list && readElements(der, list, ELEMENTS_MAX);
}

/** Name: RDNSequence of sets of attribute and value (RFC 5280 §4.1.2.4). */
function commonNameOf(der: Uint8Array, subject: DerElement): string | null {
  let found: string | null = null;
  for (const set of readElements(der, subject, 100) ?? []) {
    for (const pair of readElements(der, set, 100) ?? []) {
      const [type, value] = readElements(der, pair, 2) ?? [];
      if (type?.tag !== DER.oid || hex(der, type) !== OID.commonName || value === undefined) continue;
      const text = value.tag === DER.utf8String || value.tag === DER.printableString || value.tag === DER.ia5String;
      found = text ? hostName(der, value) : null;
    }
  }
  return found;
}

/** The text of a name in lower case, or null when no host can be called so: NUL and the like never reach a comparison. */
function hostName(der: Uint8Array, { start, end }: DerElement): string | null {
  const text = end - start > 255 ? null : decodeUtf8(der.subarray(start, end))?.toLowerCase();
  return text != null && /^[a-z0-9_*.-]+$/.test(text) ? text : null;
}

/** UTCTime until 2049, GeneralizedTime from 2050 on, both to the second and in UTC (RFC 5280 §4.1.2.5); NaN for others. */
function timeOf(der: Uint8Array, { tag, start, end }: DerElement): number {
  const text = decodeUtf8(der.subarray(start, Math.min(end, start + 20))) ?? "";
  const short = tag === DER.utcTime && /^\d{12}Z$/.test(text);
  if (!short && !(tag === DER.generalizedTime && /^\d{14}Z$/.test(text))) return NaN;
  const digits = short ? `${Number(text.slice(0, 2)) < 50 ? 20 : 19}${text}` : text;
  const part = (from: number) => digits.slice(from, from + 2);
  return Date.parse(`${digits.slice(0, 4)}-${part(4)}-${part(6)}T${part(8)}:${part(10)}:${part(12)}Z`);
}

function element(der: Uint8Array, at: number, limit: number, tag: number): DerElement | null {
  const found = readElement(der, at, limit);
  return found?.tag === tag ? found : null;
}

function sameBytes(der: Uint8Array, a: DerElement, b: DerElement): boolean {
  const length = a.end - a.at;
  if (length !== b.end - b.at) return false;
  for (let i = 0; i < length; i++) if (der[a.at + i] !== der[b.at + i]) return false;
  return true;
}

function hex(der: Uint8Array, { start, end }: DerElement): string {
  let text = "";
  for (let i = start; i < Math.min(end, start + 20); i++) text += der[i]!.toString(16).padStart(2, "0");
  return text;
}
