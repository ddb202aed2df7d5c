/** Mail between servers of ours by the names of signed zones, which NSD serves and Unbound validates: what DANE (RFC 7672) does to it. */
import { assertEquals, assertMatch } from "@std/assert";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { utf8 } from "../../src/base/mod.ts";
import { REAL_SERVERS, RealServers, type RealZone } from "../net/dns/real_servers.ts";
import { TestCertificate } from "../support/certificates.ts";
import { freePorts } from "../support/free_ports.ts";
import { testWith } from "../support/programs.ts";
import { attemptOf, letters, letterWith, PASSWORD, type Site, startSite, submit } from "../support/relay_world.ts";
import type { LogLine, TestServer } from "../support/server.ts";
import { SmtpSink } from "../support/smtp_sink.ts";

const ANN = "ann@a.test";
const SENDER: Site = { domain: "a.test", address: "127.0.0.11", users: ["ann"] };
const NAMED: Site = { domain: "signed.test", address: "127.0.0.12", users: ["bob"] };
const OTHER: Site = { domain: "wrong.test", address: "127.0.0.13", users: ["cid"] };
/** The host of stripped.test, whose STARTTLS somebody has taken away. */
const STRIPPED = "127.0.0.14";

/** A certificate that no authority vouches for, out of date and for another name: with DANE-EE that is nothing (RFC 7672 §3.1.1). */
const CERTIFICATE = TestCertificate.selfSigned({
  commonName: "whoever",
  notBeforeMs: Date.UTC(2020, 0),
  notAfterMs: Date.UTC(2021, 0),
});
const STRANGER = TestCertificate.selfSigned({ commonName: "mail.wrong.test", names: ["mail.wrong.test"] });

function tlsa({ spki }: TestCertificate): string {
  return `TLSA 3 1 1 ${createHash("sha256").update(spki).digest("hex")}`;
}

/** The zones of a test whose mail hosts listen at a port. */
function zones(port: number): Record<string, RealZone> {
  const at = `_${port}._tcp`;
  const host = (address: string, more = "") => `@ MX 10 mail\nmail A ${address}\n${more}`;
  const signed = "yes";
  return {
    "test": { records: "", signed: "no" }, // Asked for DMARC policies.
    "a.test": { records: host(SENDER.address, `@ TXT "v=spf1 ip4:${SENDER.address} -all"`), signed: "no" },
    "signed.test": { records: host(NAMED.address, `${at}.mail ${tlsa(CERTIFICATE)}`), signed },
    // Its host is an alias of the one above, and has no TLSA records of its own.
    "alias.test": { records: "@ MX 10 mail\nmail CNAME mail.signed.test.", signed },
    "wrong.test": { records: host(OTHER.address, `${at}.mail ${tlsa(STRANGER)}`), signed },
    // The same wrong record, where nothing is signed.
    "plain.test": { records: host(OTHER.address, `${at}.mail ${tlsa(STRANGER)}`), signed: "no" },
    "stripped.test": { records: host(STRIPPED, `${at}.mail ${tlsa(CERTIFICATE)}`), signed },
    "forged.test": { records: host(OTHER.address), signed: "wrong key" },
  };
}

/** A server that takes mail for these domains, and shows the certificate of this test. */
async function receiver(
  site: Site,
  domains: readonly string[],
  at: { port: number; dns: string },
): Promise<TestServer> {
  const dir = await Deno.makeTempDir({ prefix: "stagepost-dane-" });
  const [certFile, keyFile] = [join(dir, "cert.pem"), join(dir, "key.pem")];
  await Deno.writeTextFile(certFile, CERTIFICATE.pem);
  await Deno.writeTextFile(keyFile, CERTIFICATE.keyPem);
  const server = await startSite({ ...site, config: { tls: { certFile, keyFile } } }, at);
  await Deno.remove(dir, { recursive: true }); // Read at the start.
  for (const name of domains) {
    await server.rpc("domain.add", { name });
    for (const user of site.users) await server.rpc("account.add", { address: `${user}@${name}`, password: PASSWORD });
  }
  return server;
}

/** The first attempt at a letter of Ann's. */
async function attempt(sender: TestServer, to: string): Promise<LogLine> {
  const content = utf8(`From: <${ANN}>\r\nSubject: to ${to.replace("@", " at ")}\r\n\r\nhello\r\n`);
  const id = await submit(sender, { from: ANN, to: [to], content });
  return await attemptOf(sender, id, to.slice(to.indexOf("@") + 1));
}

testWith(
  { programs: REAL_SERVERS },
  "over signed zones mail goes to the server that the DNS names, or waits",
  async () => {
    const [port = 0] = await freePorts(1);
    await using dns = await RealServers.start(zones(port));
    const at = { port, dns: dns.unbound };
    await using named = await receiver(NAMED, ["alias.test", "routed.test"], at);
    await using other = await receiver(OTHER, ["plain.test"], at);
    await using stripped = await SmtpSink.start({ host: STRIPPED, port });
    const config = {
      dns: { servers: [dns.unbound], trustAd: true },
      queue: { retryMs: [60_000] },
      outbound: {
        port,
        privateHosts: true,
        sourceAddress: SENDER.address,
        tlsReports: { from: "tls-reports@a.test" },
        routes: [
          { domain: "routed.test", host: "mail.signed.test", port },
          { domain: "misrouted.test", host: "mail.wrong.test", port },
        ],
      },
    };
    await using sender = await startSite({ ...SENDER, config }, at);

    for (const to of ["bob@signed.test", "bob@alias.test", "bob@routed.test"]) {
      const { tls, code, reply } = await attempt(sender, to);
      assertEquals(code, 250, `${reply}`);
      assertMatch(String(tls), /^TLSv1\.3 \S+ dane-ee$/, to);
      assertMatch(await letterWith(named, to, `Subject: to ${to.replace("@", " at ")}`), /with ESMTPS/);
    }
    // Not signed: the record means nothing, and TLS is what there is without a policy.
    const { tls, code } = await attempt(sender, "cid@plain.test");
    assertEquals(code, 250);
    assertMatch(String(tls), /^TLSv1\.3 \S+$/, "no certificate was checked");
    await letterWith(other, "cid@plain.test", "Subject: to cid at plain.test");

    const waits = [
      ["cid@wrong.test", /the certificate is not that of the TLSA records/],
      ["cid@misrouted.test", /the certificate is not that of the TLSA records/],
      ["x@stripped.test", /TLS is required, and the server does not offer it/],
      ["x@forged.test", /the name servers did not answer/],
    ] as const;
    for (const [to, reply] of waits) {
      const { deferred, delivered, reply: said } = await attempt(sender, to);
      assertEquals([deferred, delivered], [1, 0], to);
      assertMatch(String(said), reply);
    }
    assertEquals(await letters(other, "cid@wrong.test"), []);
    assertEquals(stripped.taken, 0);
    const commands = stripped.connections.flatMap((connection) => connection.commands);
    assertEquals(
      commands.filter((command) => /^(MAIL|RCPT|DATA|BDAT)/.test(command)),
      [],
      "not even the envelope goes in the clear",
    );
    const { records } = await sender.rpc<{ records: { destination: string }[] }>("queue.list", { limit: 10 });
    assertEquals(records.map(({ destination }) => destination).sort(), waits.map(([to]) => to.split("@")[1]!).sort());
    for (const server of [sender, named, other]) await server.stop();
  },
);
