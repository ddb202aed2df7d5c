/** MTA-STS policies of a delivery worker over a restart of everything, with real workers, permissions and files. */
import { assertEquals, assertMatch } from "@std/assert";
import { rmSync } from "node:fs";
import {
  DELIVERY_ACTOR,
  DELIVERY_LIMITS,
  DELIVERY_TIMEOUTS,
  type DeliveryWorkerConfig,
} from "../../../src/actors/delivery/mod.ts";
import type { DirectoryWorkerConfig } from "../../../src/actors/directory/worker.ts";
import { SILENT, systemClock, systemRandom } from "../../../src/base/mod.ts";
import type { DeliveryProtocol } from "../../../src/messages/mod.ts";
import { createSupervisor, type WorkerSpec } from "../../../src/runtime/mod.ts";
import { temporaryDirectory } from "../../storage/support.ts";
import { DnsServer } from "../../support/dns_server.ts";
import { HttpsServer } from "../../support/https_server.ts";
import { SmtpSink } from "../../support/smtp_sink.ts";
import { pairFor, ROOT } from "./policy_world.ts";
import { attempt, outcomes } from "./support.ts";

const RESTART = { intensityMax: 1, periodMs: 10_000, backoffMs: [20, 200] } as const;
const WORKERS = new URL("../../../workers/", import.meta.url);

function specs(dataDir: string, at: { dns: string; port: number; https: number }): WorkerSpec[] {
  const directory: DirectoryWorkerConfig = {
    dataDir,
    login: { checksMax: 1, waitingMax: 1 },
    issuers: [],
    bans: { strikesMax: 0, windowMs: 1, banMs: 1, exempt: [] },
    greylist: null,
    stsPolicies: true,
    tlsCounts: false,
    faultInjection: false,
  };
  const delivery: DeliveryWorkerConfig = {
    settings: {
      heloName: "here.test",
      port: at.port,
      source: { ipv4: null, ipv6: null },
      routes: [],
      timeouts: DELIVERY_TIMEOUTS,
      limits: { ...DELIVERY_LIMITS, keepMsMax: 0 },
      ca: ROOT.pem,
    },
    names: { servers: [at.dns], trustAd: false, ownNames: ["here.test"], ownAddresses: [], privateHosts: true },
    policies: { mtaSts: true, dane: false, kept: true, httpsPort: at.https, ca: ROOT.pem },
    tlsReports: null,
    drainMsMax: 1_000,
    faultInjection: false,
  };
  return [
    {
      name: "directory",
      url: new URL("directory.ts", WORKERS),
      permissions: { net: false, read: true, write: [dataDir], ffi: true, env: true, sys: true, run: false },
      config: directory,
      restart: RESTART,
      strategy: "one-for-one",
    },
    {
      name: "delivery-0",
      url: new URL("delivery.ts", WORKERS),
      permissions: { net: true, env: ["MSGPACKR_NATIVE_ACCELERATION_DISABLED"] },
      config: delivery,
      restart: RESTART,
      strategy: "one-for-one",
    },
  ];
}

/** Starts everything, sends one mail, stops everything in order; how the mail fared. */
async function life(workers: readonly WorkerSpec[]): Promise<string> {
  const supervisor = createSupervisor({
    specs: [...workers],
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
    const delivery = supervisor.system.ref<DeliveryProtocol>({
      node: "local",
      worker: "delivery-0",
      actor: DELIVERY_ACTOR,
    });
    const report = await delivery.ask("delivery.attempt", attempt({ destination: "sts.test" }), { deadlineMs: 30_000 });
    return outcomes(report)[0] ?? "";
  } finally {
    await supervisor.stop(10_000);
  }
}

Deno.test("a policy goes on to bind after a restart, though its record and its server are gone", async () => {
  const dataDir = temporaryDirectory();
  await using proven = await SmtpSink.start({ tls: "starttls", certificate: pairFor("mx.sts.test") });
  const policy = "version: STSv1\nmode: enforce\nmx: mx.sts.test\nmax_age: 86400\n";
  await using web = await HttpsServer.start(pairFor("mta-sts.sts.test"), (_request, response) => {
    response.writeHead(200, { "content-type": "text/plain" }).end(policy);
  });
  const hosts = {
    "sts.test": { mx: [{ preference: 10, exchange: "mx.sts.test" }] },
    "mx.sts.test": { a: ["127.0.0.1"] },
  };
  await using honest = await DnsServer.start({
    ...hosts,
    "_mta-sts.sts.test": { txt: ["v=STSv1; id=1"] },
    "mta-sts.sts.test": { a: ["127.0.0.1"] },
  });
  const before = { dns: honest.server, port: proven.port, https: web.port };
  assertEquals(await life(specs(dataDir, before)), "delivered 250 2.0.0 taken");
  // Whoever sits on the line now hides the record, and takes STARTTLS away.
  await using hiding = await DnsServer.start(hosts);
  await using stripped = await SmtpSink.start();
  const after = { dns: hiding.server, port: stripped.port, https: web.port };
  assertMatch(await life(specs(dataDir, after)), /^deferred - 4\.7\.10 /);
  assertEquals(stripped.taken, 0);
  // With another disk nobody remembers: so it was the disk that did.
  const fresh = temporaryDirectory();
  assertEquals(await life(specs(fresh, after)), "delivered 250 2.0.0 taken");
  for (const dir of [dataDir, fresh]) rmSync(dir, { recursive: true });
});
