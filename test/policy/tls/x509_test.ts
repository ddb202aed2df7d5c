import { assert, assertEquals } from "@std/assert";
import { X509Certificate } from "node:crypto";
import { selfSignedCertificate } from "../../../src/net/mod.ts";
import { CERTIFICATE_BYTES_MAX, parseCertificate } from "../../../src/policy/mod.ts";
import { readElement, readElements } from "../../../src/policy/tls/der.ts";
import { isForHost, isIssuedBy } from "../../../src/policy/tls/x509.ts";
import { type CertificateRequest, TestCertificate } from "../../support/certificates.ts";

const ROOT = TestCertificate.selfSigned({ commonName: "Root", authority: true, pathLength: 1 });

const read = (certificate: TestCertificate) => {
  const found = parseCertificate(certificate.der);
  assert(found !== null);
  return found;
};
const leafOf = (request: Partial<CertificateRequest>) => read(ROOT.issue({ commonName: "mx.a.example", ...request }));

Deno.test("names, dates, key and rights are read from a certificate", () => {
  const made = ROOT.issue({
    commonName: "MX.a.example",
    names: ["Mx.A.example", "*.b.example"],
    notBeforeMs: Date.UTC(2026, 0, 2, 3, 4, 5),
    notAfterMs: Date.UTC(2049, 11, 31, 23, 59, 59),
    extendedKeyUsage: "2b06010505070301",
    rsa: true,
  });
  const { der, spki, ...facts } = read(made);
  assertEquals(der, made.der);
  assertEquals(spki, made.spki);
  assertEquals(facts, {
    dnsNames: ["mx.a.example", "*.b.example"],
    commonName: "mx.a.example",
    notBeforeMs: Date.UTC(2026, 0, 2, 3, 4, 5),
    notAfterMs: Date.UTC(2049, 11, 31, 23, 59, 59),
    authority: false,
    pathLengthMax: null,
    maySign: false,
    mayServe: true,
    notUnderstood: false,
  });
  const root = read(ROOT);
  assertEquals([root.authority, root.pathLengthMax, root.maySign, root.dnsNames], [true, 1, true, null]);
});

Deno.test("what the library finds in a certificate is what is read here", () => {
  for (const rsa of [false, true]) {
    const made = ROOT.issue({ commonName: "mx.a.example", names: ["mx.a.example"], rsa });
    const [ours, theirs] = [read(made), new X509Certificate(made.pem)];
    assertEquals(ours.spki, new Uint8Array(theirs.publicKey.export({ type: "spki", format: "der" })));
    assertEquals([ours.notBeforeMs, ours.notAfterMs], [Date.parse(theirs.validFrom), Date.parse(theirs.validTo)]);
  }
});

Deno.test("a certificate for other uses than servers, or with a duty that nobody knows, says so", () => {
  assertEquals(leafOf({ extendedKeyUsage: "2b06010505070302" }).mayServe, false); // clientAuth
  assertEquals(leafOf({ extendedKeyUsage: "551d2500" }).mayServe, true); // any
  assertEquals(leafOf({ unknownExtension: "551d1e" }).notUnderstood, true); // nameConstraints
  assertEquals(leafOf({}).notUnderstood, false);
});

Deno.test("what stands outside of what is signed must be as it is written there", () => {
  const { der } = ROOT.issue({ commonName: "x" });
  const whole = readElement(der, 0, der.length);
  const [, algorithm, signature] = readElements(der, whole!, 3)!;
  for (const place of [algorithm!.start, algorithm!.start + 5, signature!.start]) {
    const changed = der.slice();
    changed[place] = changed[place]! ^ 1;
    assertEquals(parseCertificate(changed), null, `${place}`);
  }
});

Deno.test("a host is found by its DNS names, by the common name only where there are none", () => {
  const of = (names: string[] | undefined, host: string, commonName = true) =>
    isForHost(leafOf(names === undefined ? {} : { names }), [host], { commonName });
  assertEquals(of(["mx.a.example"], "MX.A.example"), true);
  assertEquals(of(["*.a.example"], "mx.a.example"), true);
  assertEquals(of(["*.a.example"], "a.example"), false);
  assertEquals(of(["*.a.example"], "x.mx.a.example"), false);
  assertEquals(of(["m*.a.example"], "mx.a.example"), false);
  assertEquals(of(["*"], "localhost"), false);
  assertEquals(of(["other.example"], "mx.a.example"), false);
  assertEquals(of(undefined, "mx.a.example"), true);
  assertEquals(of(undefined, "mx.a.example", false), false);
  // A name that no host can have hides neither itself nor the absence of others.
  assertEquals(of(["mx.a.example\0.evil.example"], "mx.a.example"), false);
});

Deno.test("only an authority with the right key has issued a certificate", () => {
  const leaf = read(ROOT.issue({ commonName: "mx.a.example" }));
  assertEquals(isIssuedBy(leaf, read(ROOT)), true);
  const namesake = TestCertificate.selfSigned({ commonName: "Root", authority: true });
  assertEquals(isIssuedBy(leaf, read(namesake)), false);
  const notAuthority = TestCertificate.selfSigned({ commonName: "Root" });
  assertEquals(isIssuedBy(read(notAuthority.issue({ commonName: "x" })), read(notAuthority)), false);
  const justSigns = TestCertificate.selfSigned({ commonName: "Root", keyUsage: 0x04 });
  assertEquals(isIssuedBy(read(justSigns.issue({ commonName: "x" })), read(justSigns)), false);
  const mayNotSign = TestCertificate.selfSigned({ commonName: "Root", authority: true, keyUsage: 0x80 });
  assertEquals(isIssuedBy(read(mayNotSign.issue({ commonName: "x" })), read(mayNotSign)), false);
});

Deno.test("an address is found among the addresses of a certificate only", async () => {
  const { cert } = await selfSignedCertificate({ names: ["a.example", "192.0.2.1", "2001:db8::1"], days: 2 });
  const found = parseCertificate(new Uint8Array(new X509Certificate(cert).raw));
  assert(found !== null);
  const of = (host: string) => isForHost(found, [host], { commonName: false });
  assertEquals(["192.0.2.1", "2001:db8:0::1", "192.0.2.2", "a.example"].map(of), [true, true, false, true]);
  assertEquals(isForHost(leafOf({ names: ["192.0.2.1"] }), ["192.0.2.1"], { commonName: true }), false);
});

Deno.test("an element ends within what holds it, and its length is written in the one shortest way (X.690 §10.1)", () => {
  const bytes = Uint8Array.of(0x04, 0x03, 1, 2, 3, 0x04, 0x81, 0x03, 1, 2, 3, 0x04, 0x82, 0x00, 0x80);
  assertEquals(readElement(bytes, 0, 5)?.end, 5);
  assertEquals(readElement(bytes, 0, 4), null, "beyond its holder, though there are bytes");
  assertEquals(readElement(bytes, 5, bytes.length), null, "three octets need no long form");
  const long = new Uint8Array(200).fill(1);
  long.set([0x04, 0x82, 0x00, 0x80]);
  assertEquals(readElement(long, 0, 200), null, "a zero in front");
  long.set([0x04, 0x81, 0x80]);
  assertEquals(readElement(long, 0, 200)?.end, 131);
});

Deno.test("a certificate of more than 65,536 octets is not looked into", () => {
  const whole = (octets: number) => {
    const der = new Uint8Array(octets);
    der.set([0x30, 0x83, (octets - 5) >> 16, ((octets - 5) >> 8) & 255, (octets - 5) & 255]);
    return der;
  };
  const looks = (der: Uint8Array) => {
    let looked = false;
    parseCertificate(
      new Proxy(der, {
        get(target, key) {
          if (key !== "length") looked = true;
          const value = Reflect.get(target, key, target);
          return typeof value === "function" ? value.bind(target) : value;
        },
      }),
    );
    return looked;
  };
  assert(looks(whole(CERTIFICATE_BYTES_MAX)));
  assert(!looks(whole(CERTIFICATE_BYTES_MAX + 1)));
});
