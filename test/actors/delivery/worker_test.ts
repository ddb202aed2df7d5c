import { assertEquals } from "@std/assert";
import {
  DELIVERY_ACTOR,
  DELIVERY_LIMITS,
  DELIVERY_TIMEOUTS,
  type DeliveryWorkerConfig,
} from "../../../src/actors/delivery/mod.ts";
import { SILENT, systemClock, systemRandom } from "../../../src/base/mod.ts";
import type { DeliveryProtocol } from "../../../src/messages/mod.ts";
import { createSupervisor } from "../../../src/runtime/mod.ts";
import { DnsServer } from "../../support/dns_server.ts";
import { SmtpSink } from "../../support/smtp_sink.ts";
import { attempt, CONTENT, outcomes } from "./support.ts";

/** A delivery worker that asks these name servers and delivers to this port. */
function config(port: number, servers: readonly string[]): DeliveryWorkerConfig {
  return {
    settings: {
      heloName: "here.test",
      port,
      source: { ipv4: null, ipv6: null },
      routes: [],
      timeouts: DELIVERY_TIMEOUTS,
      limits: DELIVERY_LIMITS,
      ca: null,
    },
    names: { servers, trustAd: false, ownNames: ["here.test"], ownAddresses: [], privateHosts: true },
    policies: { mtaSts: false, dane: false, kept: false },
    tlsReports: null,
    drainMsMax: 1_000,
    faultInjection: false,
  };
}

Deno.test("a delivery worker needs the network and nothing else: from the MX record over TLS to the report", async () => {
  await using sink = await SmtpSink.start({ tls: "starttls" });
  await using dns = await DnsServer.start({
    "there.test": {
      mx: [{ preference: 10, exchange: "mx1.there.test" }, { preference: 20, exchange: "mx2.there.test" }],
    },
    "mx1.there.test": { a: ["127.0.0.9"] },
    "mx2.there.test": { a: ["127.0.0.1"] },
    "here-too.test": { mx: [{ preference: 10, exchange: "here.test" }] },
    "null.test": { mx: [{ preference: 0, exchange: "." }] },
    "local.test": { mx: [{ preference: 10, exchange: "inside.test" }] },
    "inside.test": { a: ["169.254.0.1"] },
  });
  const supervisor = createSupervisor({
    specs: [{
      name: "delivery",
      url: new URL("../../../workers/delivery.ts", import.meta.url),
      permissions: { net: true, env: ["MSGPACKR_NATIVE_ACCELERATION_DISABLED"] },
      config: config(sink.port, [dns.server]),
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
    const ref = supervisor.system.ref<DeliveryProtocol>({ node: "local", worker: "delivery", actor: DELIVERY_ACTOR });
    const report = await ref.ask("delivery.attempt", attempt());
    assertEquals([outcomes(report)[0], report.host?.name], ["delivered 250 2.0.0 taken", "mx2.there.test"]);
    const [mail] = await sink.until(1);
    assertEquals([mail?.content, mail?.tls], [CONTENT, "TLSv1.3"]);
    const status = async (destination: string) =>
      (await ref.ask("delivery.attempt", attempt({ destination }))).outcomes[0]?.status;
    assertEquals(await status("here-too.test"), "5.4.6");
    assertEquals(await status("null.test"), "5.1.10");
    assertEquals(await status("local.test"), "5.4.4");
    assertEquals(await status("nobody.test"), "5.1.2");
  } finally {
    await supervisor.stop(2_000);
  }
});
