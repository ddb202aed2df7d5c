import { assertEquals } from "@std/assert";
import { TransportPolicies } from "../../../src/actors/delivery/mod.ts";
import { type DnsAnswer, FakeClock, SILENT } from "../../../src/base/mod.ts";
import { type DomainName, parseDomain } from "../../../src/mail/mod.ts";
import { settle } from "../../runtime/support/system.ts";
import { eventually } from "../../support/eventually.ts";
import { HttpsServer } from "../../support/https_server.ts";
import { pairFor, ROOT } from "./policy_world.ts";

const HOUR_MS = 60 * 60 * 1000;
const there = parseDomain("there.test") as DomainName;

function found(...records: string[]): Promise<DnsAnswer<string>> {
  return Promise.resolve(
    records.length === 0 ? { type: "nodata", secure: false } : { type: "found", records, secure: false },
  );
}

Deno.test("a policy is fetched again each day though no mail asks for it, and so lives on", async () => {
  let days = 2;
  await using server = await HttpsServer.start(pairFor("mta-sts.there.test"), (_request, response) => {
    const policy = `version: STSv1\nmode: enforce\nmx: mx.there.test\nmax_age: ${days * 86_400}\n`;
    response.writeHead(200, { "content-type": "text/plain" }).end(policy);
  });
  const clock = new FakeClock();
  const none = (): Promise<DnsAnswer<never>> => Promise.resolve({ type: "nodata", secure: false });
  const policies = new TransportPolicies({
    resolver: { a: () => found("127.0.0.1"), aaaa: none, txt: () => found("v=STSv1; id=1"), tlsa: none, cname: none },
    isForbidden: () => false,
    clock,
    log: SILENT,
    mtaSts: true,
    dane: false,
    httpsPort: server.port,
    ca: ROOT.pem,
    refreshes: true,
  });
  policies.start();
  assertEquals((await policies.mtaSts(there)).policy?.maxAgeSeconds, 2 * 86_400);
  // Twenty minutes short of a day nothing is due.
  for (let ms = 0; ms < 24 * HOUR_MS - 20 * 60_000; ms += 10 * 60_000) {
    clock.advance(10 * 60_000);
    await settle();
  }
  assertEquals(server.requests.length, 1);
  days = 10;
  for (let i = 0; i < 2; i++) {
    clock.advance(10 * 60_000);
    await settle();
  }
  await eventually("the policy is fetched again", () => server.requests.length === 2);
  await eventually("it is known", () => policies.cache.due().length === 0);
  // Past the end of the first one.
  clock.advance(30 * HOUR_MS);
  const step = policies.cache.recordFailed(there);
  assertEquals(step.type === "use" && step.policy?.maxAgeSeconds, 10 * 86_400);
  policies.stop();
  assertEquals(clock.nextAt(), null, "no timer is left");
});
