import { Buffer } from "node:buffer";
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { concat, utf8 } from "../../src/base/mod.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** What a certificate of a test says, besides who signed it. */
export interface CertificateRequest {
  readonly commonName: string;
  /** DNS names; none: no subjectAltName. */
  readonly names?: readonly string[];
  readonly authority?: boolean;
  readonly pathLength?: number;
  readonly notBeforeMs?: number;
  readonly notAfterMs?: number;
  /** Bits of keyUsage, first octet; by default keyCertSign of an authority, digitalSignature of others. */
  readonly keyUsage?: number;
  /** OID of the only extended key usage, in hex without its tag. */
  readonly extendedKeyUsage?: string;
  /** One more extension, critical, by its OID in hex: nobody understands it. */
  readonly unknownExtension?: string;
  /** An RSA key of 2,048 bits; by default it is P-256. */
  readonly rsa?: boolean;
}

/** A certificate made by a test, and the key it is for. */
export class TestCertificate {
  constructor(
    readonly der: Uint8Array,
    readonly spki: Uint8Array,
    readonly privateKey: KeyObject,
    private readonly commonName: string,
  ) {}

  /** A certificate that signs itself. */
  static selfSigned(request: CertificateRequest): TestCertificate {
    return make(request, null);
  }
  /** A certificate signed by this one. */
  issue(request: CertificateRequest): TestCertificate {
    return make(request, { name: this.commonName, key: this.privateKey });
  }
  get pem(): string {
    return pemOf("CERTIFICATE", this.der);
  }
  get keyPem(): string {
    return this.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  }
}

function make(
  request: CertificateRequest,
  issuer: { readonly name: string; readonly key: KeyObject } | null,
): TestCertificate {
  const keys = request.rsa === true
    ? generateKeyPairSync("rsa", { modulusLength: 2_048 })
    : generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = new Uint8Array(keys.publicKey.export({ type: "spki", format: "der" }));
  const signer = issuer?.key ?? keys.privateKey;
  const algorithm = signer.asymmetricKeyType === "rsa"
    ? der(0x30, oid("2a864886f70d01010b"), der(0x05)) // sha256WithRSAEncryption
    : der(0x30, oid("2a8648ce3d040302")); // ecdsa-with-SHA256
  const signed = der(
    0x30,
    der(0xa0, der(0x02, Uint8Array.of(2))),
    der(0x02, concat([Uint8Array.of(1), crypto.getRandomValues(new Uint8Array(8))])),
    algorithm,
    distinguishedName(issuer?.name ?? request.commonName),
    der(
      0x30,
      utcTime(request.notBeforeMs ?? Date.now() - DAY_MS),
      utcTime(request.notAfterMs ?? Date.now() + 30 * DAY_MS),
    ),
    distinguishedName(request.commonName),
    spki,
    der(0xa3, der(0x30, ...extensions(request))),
  );
  const signature = der(0x03, Uint8Array.of(0), new Uint8Array(sign("sha256", signed, signer)));
  return new TestCertificate(der(0x30, signed, algorithm, signature), spki, keys.privateKey, request.commonName);
}

function extensions(request: CertificateRequest): Uint8Array[] {
  const authority = request.authority === true;
  const critical = der(0x01, Uint8Array.of(0xff));
  const value = (content: Uint8Array) => der(0x04, content);
  const constraints = authority
    ? der(
      0x30,
      critical,
      ...(request.pathLength === undefined ? [] : [der(0x02, Uint8Array.of(request.pathLength))]),
    )
    : der(0x30);
  const usage = request.keyUsage ?? (authority ? 0x04 : 0x80);
  const all = [
    der(0x30, oid("551d13"), critical, value(constraints)),
    der(0x30, oid("551d0f"), critical, value(der(0x03, Uint8Array.of(0, usage)))),
  ];
  if (request.names !== undefined) {
    all.push(
      der(0x30, oid("551d11"), value(der(0x30, ...request.names.map((name) => der(0x82, utf8(name)))))),
    );
  }
  if (request.extendedKeyUsage !== undefined) {
    all.push(der(0x30, oid("551d25"), value(der(0x30, oid(request.extendedKeyUsage)))));
  }
  if (request.unknownExtension !== undefined) {
    all.push(der(0x30, oid(request.unknownExtension), critical, value(der(0x05))));
  }
  return all;
}

/** One DER element (X.690 §10.1). */
export function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = concat(parts);
  const size: number[] = [];
  for (let rest = content.length; rest > 0; rest >>= 8) size.unshift(rest & 255);
  const head = content.length < 128 ? [tag, content.length] : [tag, 0x80 | size.length, ...size];
  return concat([Uint8Array.from(head), content]);
}

function distinguishedName(commonName: string): Uint8Array {
  return der(0x30, der(0x31, der(0x30, oid("550403"), der(0x0c, utf8(commonName)))));
}

function oid(hex: string): Uint8Array {
  return der(0x06, Buffer.from(hex, "hex"));
}

function utcTime(ms: number): Uint8Array {
  return der(0x17, utf8(`${new Date(ms).toISOString().replace(/[-:T]/g, "").slice(2, 14)}Z`));
}

function pemOf(label: string, bytes: Uint8Array): string {
  const lines = Buffer.from(bytes).toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
