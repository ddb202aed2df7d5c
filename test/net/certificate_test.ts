import { assertEquals, assertMatch } from "@std/assert";
import { X509Certificate } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadOrMakeCertificate, selfSignedCertificate } from "../../src/net/mod.ts";
import { failureKind } from "./support.ts";

async function inTemporary(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "stagepost-"));
  try {
    await work(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

Deno.test("a self-signed certificate carries every name, IP addresses in their own form", async () => {
  const nowMs = Date.UTC(2026, 0, 10);
  const names = ["Mail.Smith.test", "*.smith.test", "127.0.0.1", "::1", "2001:db8::1:0:ff"];
  const certificate = new X509Certificate((await selfSignedCertificate({ names, days: 30, nowMs })).cert);
  assertEquals(certificate.subject, "CN=Mail.Smith.test");
  assertEquals(certificate.subject, certificate.issuer);
  const alternative = certificate.subjectAltName ?? "";
  for (const name of [/DNS:mail\.smith\.test(,|$)/, /DNS:\*\.smith\.test(,|$)/, /:127\.0\.0\.1(,|$)/]) {
    assertMatch(alternative, name);
  }
  assertMatch(alternative, /0:0:0:0:0:0:0:1|::1/);
  assertMatch(alternative, /2001:DB8:0:0:0:1:0:FF|2001:db8::1:0:ff/i);
  assertEquals(Date.parse(certificate.validFrom), Date.UTC(2026, 0, 9));
  assertEquals(Date.parse(certificate.validTo), Date.UTC(2026, 1, 9));
});

Deno.test("a certificate may end after 2049, where the form of its dates changes", async () => {
  for (const [year, days] of [[2049, 23 * 365], [2051, 25 * 365 + 10]] as const) {
    const { cert } = await selfSignedCertificate({ names: ["a.test"], days, nowMs: Date.UTC(2026, 0, 10) });
    assertEquals(new Date(new X509Certificate(cert).validTo).getUTCFullYear(), year);
  }
});

Deno.test("100 names fit into a certificate, 101, none and text that is no name are refused", async () => {
  const names = (count: number) => Array.from({ length: count }, (_, i) => `host${i}.test`);
  const make = (names: string[]) => failureKind(() => selfSignedCertificate({ names, days: 1 }));
  assertEquals(await make(names(100)), "none");
  assertEquals(await make(names(101)), "invalid");
  assertEquals(await make([]), "invalid");
  assertEquals(await make(["a b"]), "invalid");
  assertEquals(await make(["a.test\0.evil.test"]), "invalid");
});

Deno.test("the certificate is made once, kept private and loaded from then on", async () => {
  await inTemporary(async (root) => {
    const dir = join(root, "tls");
    const made = await loadOrMakeCertificate({ dir, hostname: "mail.smith.test" });
    const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
    assertEquals([mode(dir), mode(join(dir, "key.pem")), mode(join(dir, "cert.pem"))], ["700", "600", "644"]);
    const loaded = await loadOrMakeCertificate({ dir, hostname: "mail.smith.test" });
    assertEquals([made.made, loaded.made, loaded.cert === made.cert, loaded.key === made.key], [
      true,
      false,
      true,
      true,
    ]);
  });
});

Deno.test("files of the operator's own are used, and refused when they do not fit together", async () => {
  await inTemporary(async (root) => {
    const [one, two] = await Promise.all(
      ["one.test", "two.test"].map((name) => selfSignedCertificate({ names: [name], days: 1 })),
    );
    const [certPath, keyPath] = [join(root, "c.pem"), join(root, "k.pem")];
    writeFileSync(certPath, one?.cert ?? "");
    writeFileSync(keyPath, one?.key ?? "");
    const load = (options: { certPath?: string; keyPath?: string }) =>
      loadOrMakeCertificate({ dir: root, hostname: "x.test", ...options });
    assertEquals((await load({ certPath, keyPath })).cert, one?.cert);
    assertEquals(await failureKind(() => load({ certPath })), "invalid");
    assertEquals(await failureKind(() => load({ certPath, keyPath: join(root, "none.pem") })), "not_found");
    writeFileSync(keyPath, two?.key ?? "");
    assertEquals(await failureKind(() => load({ certPath, keyPath })), "invalid");
  });
});

Deno.test("no key is written into a directory that others may enter or that is a link", async () => {
  await inTemporary(async (root) => {
    chmodSync(root, 0o755);
    assertEquals(await failureKind(() => loadOrMakeCertificate({ dir: root, hostname: "x.test" })), "refused");
    chmodSync(root, 0o700);
    const link = join(root, "link");
    symlinkSync(root, link);
    assertEquals(await failureKind(() => loadOrMakeCertificate({ dir: link, hostname: "x.test" })), "refused");
  });
});
