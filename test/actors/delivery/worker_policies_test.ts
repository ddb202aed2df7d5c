import { assertEquals, assertMatch } from "@std/assert";
import {
  DELIVERY_ACTOR,
  DELIVERY_LIMITS,
  DELIVERY_TIMEOUTS,
  type DeliveryWorkerConfig,
} from "../../../src/actors/delivery/mod.ts";
import { SILENT, systemClock, systemRandom } from "../../../src/base/mod.ts";
import type { DeliveryProtocol } from "../../../src/messages/mod.ts";
import { createSupervisor, type Ref } from "../../../src/runtime/mod.ts";
import { TestCertificate } from "../../support/certificates.ts";
import { DnsServer } from "../../support/dns_server.ts";
import { HttpsServer } from "../../support/https_server.ts";
import { SmtpSink } from "../../support/smtp_sink.ts";
import { pairFor, ROOT, tlsa } from "./policy_world.ts";
import { attempt, outcomes } from "./support.ts";

/** Runs a delivery worker with the permissions that the tree gives it. */
async function inWorker(
  config: Pick<DeliveryWorkerConfig, "policies"> & { port: number; server: string },
  work: (delivery: Ref<DeliveryProtocol>) => Promise<void>,
): Promise<void> {
  const { port, server, policies } = config;
  const supervisor = createSupervisor({
    specs: [{
      name: "delivery",
      url: new URL("../../../workers/delivery.ts", import.meta.url),
      permissions: { net: true, env: ["MSGPACKR_NATIVE_ACCELERATION_DISABLED"] },
      config: {
        settings: {
          heloName: "here.test",
          port,
          source: { ipv4: null, ipv6: null },
          routes: [],
          timeouts: DELIVERY_TIMEOUTS,
          limits: { ...DELIVERY_LIMITS, keepMsMax: 0 },
          ca: ROOT.pem,
        },
        names: { servers: [server], trustAd: true, ownNames: ["here.test"], ownAddresses: [], privateHosts: true },
        policies,
        tlsReports: null,
        drainMsMax: 1_000,
        faultInjection: false,
      } satisfies DeliveryWorkerConfig,
      restart: { intensityMax: 1, periodMs: 10_000, backoffMs: [20, 200] },
      strategy: "one-for-one",
    }],
    clock: systemClock(),
    log: SILENT,
    random: systemRandom(),
    onFatal: (error) => {
      throw error;
    },
    logLevel: "error",
  });
  await supervisor.start();
  try {
    await work(supervisor.system.ref<DeliveryProtocol>({ node: "local", worker: "delivery", actor: DELIVERY_ACTOR }));
  } finally {
    await supervisor.stop(2_000);
  }
}

Deno.test("a delivery worker follows policies and TLSA records with the network alone", async () => {
  const itself = TestCertificate.selfSigned({ commonName: "whoever" });
  await using proven = await SmtpSink.start({ tls: "starttls", certificate: pairFor("mx.sts.test") });
  await using named = await SmtpSink.start({
    host: "127.0.0.2",
    port: proven.port,
    tls: "starttls",
    certificate: { cert: itself.pem, key: itself.keyPem },
  });
  const policy = "version: STSv1\nmode: enforce\nmx: mx.sts.test\nmax_age: 86400\n";
  await using web = await HttpsServer.start(pairFor("mta-sts.sts.test", "mta-sts.evil.test"), (_request, response) => {
    response.writeHead(200, { "content-type": "text/plain" }).end(policy);
  });
  const authentic = true;
  const there = { tlsa: [tlsa("3 1 1", itself)], authentic };
  const other = { tlsa: [tlsa("3 1 1", ROOT)], authentic };
  const silent = { behaviour: "servfail" } as const;
  const host = (...exchanges: string[]) => ({
    mx: exchanges.map((exchange) => ({ preference: 10, exchange })),
    authentic,
  });
  await using dns = await DnsServer.start({
    "sts.test": { mx: [{ preference: 10, exchange: "mx.sts.test" }] },
    "mx.sts.test": { a: ["127.0.0.1"] },
    "_mta-sts.sts.test": { txt: ["v=STSv1; id=1"] },
    "mta-sts.sts.test": { a: ["127.0.0.1"] },
    "evil.test": { mx: [{ preference: 10, exchange: "mx.evil.test" }] },
    "mx.evil.test": { a: ["127.0.0.1"] },
    "_mta-sts.evil.test": { txt: ["v=STSv1; id=1"] },
    "mta-sts.evil.test": { a: ["127.0.0.1"] },
    "dane.test": host("mx.dane.test"),
    "mx.dane.test": { a: ["127.0.0.2"], authentic },
    [`_${proven.port}._tcp.mx.dane.test`]: there,
    "other.test": host("mx.other.test"),
    "mx.other.test": { a: ["127.0.0.2"], authentic },
    [`_${proven.port}._tcp.mx.other.test`]: other,
    "silent.test": host("mx.silent.test"),
    "mx.silent.test": { a: ["127.0.0.2"], authentic },
    [`_${proven.port}._tcp.mx.silent.test`]: silent,
    "plain.test": { mx: [{ preference: 10, exchange: "mx.plain.test" }] },
    "mx.plain.test": { a: ["127.0.0.2"] },
    [`_${proven.port}._tcp.mx.plain.test`]: other,
  });
  const policies = { mtaSts: true, dane: true, kept: false, httpsPort: web.port, ca: ROOT.pem };
  await inWorker({ port: proven.port, server: dns.server, policies }, async (delivery) => {
    const sent = async (destination: string) => {
      const report = await delivery.ask("delivery.attempt", attempt({ destination }), { deadlineMs: 30_000 });
      return `${outcomes(report)[0]} | ${report.tls?.split(" ").slice(2).join(" ") ?? "-"}`;
    };
    assertEquals(await sent("sts.test"), "delivered 250 2.0.0 taken | pkix");
    assertEquals(await sent("evil.test"), "deferred - 4.7.5 the MTA-STS policy does not name mx.evil.test | -");
    assertEquals(await sent("dane.test"), "delivered 250 2.0.0 taken | dane-ee");
    assertMatch(await sent("other.test"), /^deferred - 4\.7\.5 .*not that of the TLSA records/);
    assertMatch(await sent("silent.test"), /^deferred - 4\.4\.3 /);
    assertEquals(await sent("plain.test"), "delivered 250 2.0.0 taken | ");
    assertEquals([proven.taken, named.taken], [1, 2]);
  });
});
