/** A new certificate is taken while sessions go on. */
import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { runOk, testWith } from "../support/programs.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { SmtpClient } from "../support/smtp_client.ts";
import { Wire } from "../support/wire.ts";

async function shownCertificate(port: number): Promise<string> {
  await using wire = await Wire.connect({ port, tls: true });
  return wire.certificate().fingerprint256;
}

/** Makes a key and a certificate of its own in the files that the configuration names. */
async function makeCertificate(server: TestServer, name: string): Promise<Record<string, unknown>> {
  const files = { certFile: `${server.dir}/cert.pem`, keyFile: `${server.dir}/key.pem` };
  await runOk("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"],
    ...["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`],
    ...["-keyout", files.keyFile, "-out", files.certFile],
  ]);
  return { tls: files };
}

testWith(
  { programs: ["openssl"] },
  "SIGHUP brings a new certificate to new sessions; those that are open go on",
  async () => {
    await using server = await startServer({
      domains: ["smith.test"],
      accounts: [{ address: "john@smith.test", password: "certificate" }],
    });
    const selfSigned = await shownCertificate(server.ports.smtps);
    assertEquals(await shownCertificate(server.ports.pop3s), selfSigned, "one certificate on all ports");
    await server.stop();
    await server.writeConfig(await makeCertificate(server, "first.test"));
    await server.start();
    const first = await shownCertificate(server.ports.smtps);
    assertNotEquals(first, selfSigned);

    await using plain = await SmtpClient.greeted({ port: server.ports.smtp });
    await using secure = await SmtpClient.greeted({ port: server.ports.smtps, tls: true });
    await secure.expect("MAIL FROM:<a@elsewhere.test>", 250);
    await makeCertificate(server, "second.test");
    server.signal("SIGHUP");
    // Each of the two listeners is met by one of these, sooner or later.
    await eventually("ten new sessions in a row with the new certificate", async () => {
      for (let i = 0; i < 10; i++) if (await shownCertificate(server.ports.smtps) === first) return false;
      return true;
    });
    await secure.expect("RCPT TO:<john@smith.test>", 250);
    await secure.expect("DATA", 354);
    assertMatch((await secure.data(new TextEncoder().encode("Subject: still here\r\n\r\nyes\r\n"))).text, /^250 /);
    await secure.quit();
    await plain.startTls();
    assertEquals(plain.wire.certificate().subject.CN, "second.test");
    await plain.quit();
    await server.stop();
  },
);

testWith(
  { programs: ["openssl"] },
  "a bad certificate or configuration is refused at SIGHUP and the running one stays",
  async () => {
    await using server = await startServer({});
    const before = await shownCertificate(server.ports.smtps);
    const from = server.log.length;
    await server.writeConfig({ nonsense: true });
    server.signal("SIGHUP");
    await server.logged((line) => line.level === "error" || line.level === "warn", { from });
    assertEquals(await shownCertificate(server.ports.smtps), before);
    await using client = await SmtpClient.greeted({ port: server.ports.smtp });
    await client.quit();
    await server.stop();
  },
);
