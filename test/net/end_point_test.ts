import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { selfSignedCertificate, serverEndPoint } from "../../src/net/mod.ts";
import { runOk, testWith } from "../support/programs.ts";

function hashOf(pem: string, algorithm: string): Uint8Array {
  const [, base64 = ""] = /-----BEGIN CERTIFICATE-----([^-]+)-----END/.exec(pem) ?? [];
  return new Uint8Array(createHash(algorithm).update(Buffer.from(base64, "base64")).digest());
}

Deno.test("a channel is bound to the hash of the certificate that we make ourselves", async () => {
  const { cert } = await selfSignedCertificate({ names: ["mail.smith.test"], days: 30 });
  assertEquals(serverEndPoint(cert), hashOf(cert, "sha256"));
  const other = await selfSignedCertificate({ names: ["mail.bob.test"], days: 30 });
  assertEquals(serverEndPoint(cert + other.cert), hashOf(cert, "sha256"), "the chain behind it does not matter");
});

const KINDS = [
  ["rsa with SHA-1", ["-newkey", "rsa:2048", "-sha1"], "sha256"],
  ["rsa with SHA-256", ["-newkey", "rsa:2048", "-sha256"], "sha256"],
  ["rsa with SHA-384", ["-newkey", "rsa:2048", "-sha384"], "sha384"],
  ["rsa with SHA-512", ["-newkey", "rsa:2048", "-sha512"], "sha512"],
  ["ecdsa with SHA-384", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp384r1", "-sha384"], "sha384"],
  ["rsa-pss", ["-newkey", "rsa:2048", "-sha256", "-sigopt", "rsa_padding_mode:pss"], null],
  ["ed25519", ["-newkey", "ed25519"], null],
] as const;

for (const [kind, options, algorithm] of KINDS) {
  testWith(
    { programs: ["openssl"] },
    `the hash that stands for a certificate signed by ${kind} is ${algorithm ?? "none"} (RFC 5929 §4.1)`,
    async () => {
      const dir = await Deno.makeTempDir();
      try {
        const files = ["-keyout", `${dir}/key.pem`, "-out", `${dir}/cert.pem`];
        await runOk("openssl", ["req", "-x509", "-nodes", "-subj", "/CN=a.test", "-days", "2", ...options, ...files]);
        const cert = readFileSync(`${dir}/cert.pem`, "utf8");
        assertEquals(serverEndPoint(cert), algorithm === null ? null : hashOf(cert, algorithm));
      } finally {
        await Deno.remove(dir, { recursive: true });
      }
    },
  );
}
