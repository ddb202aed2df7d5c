import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { selfSignedCertificate } from "../../src/net/mod.ts";
import { mailAddressesOf } from "../../src/net/certificate_names.ts";
import { runOk, testWith } from "../support/programs.ts";

function derOf(pem: string): Uint8Array {
  return Buffer.from(pem.split("-----")[2]!, "base64");
}

Deno.test("a certificate without mail addresses, and no certificate at all, have none", async () => {
  const { cert } = await selfSignedCertificate({ names: ["mail.smith.test", "127.0.0.1"], days: 30 });
  assertEquals(mailAddressesOf(derOf(cert)), []);
  assertEquals(mailAddressesOf(new Uint8Array(0)), []);
});

testWith({ programs: ["openssl"] }, "only addresses count, and no other name can pretend to be one", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const config =
      `[req]\ndistinguished_name=dn\n[dn]\n[ext]\nbasicConstraints=critical,CA:false\nsubjectAltName=@san\n` +
      `[san]\nDNS.1=x, email:evil@smith.test\nemail.1=John@smith.test\nURI.1=mailto:u@smith.test\nemail.2=j@smith.test\n`;
    await Deno.writeTextFile(`${dir}/config`, config);
    await runOk("openssl", [
      ...["req", "-x509", "-nodes", "-newkey", "ed25519", "-subj", "/CN=c@smith.test", "-days", "2"],
      ...["-config", `${dir}/config`, "-extensions", "ext", "-keyout", `${dir}/key.pem`, "-out", `${dir}/cert.pem`],
    ]);
    const der = derOf(await Deno.readTextFile(`${dir}/cert.pem`));
    assertEquals(mailAddressesOf(der), ["John@smith.test", "j@smith.test"]);
    for (let length = 0; length < der.length; length += 7) mailAddressesOf(der.subarray(0, length));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
