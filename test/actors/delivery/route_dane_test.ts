/** RFC 7672 §2.2: a next hop that an operator names may have TLSA records as well as one that MX records name. */
import { assertEquals, assertMatch } from "@std/assert";
import type { DeliveryRoute } from "../../../src/actors/delivery/settings.ts";
import { TestCertificate } from "../../support/certificates.ts";
import type { SmtpSink } from "../../support/smtp_sink.ts";
import { PolicyWorld, ROOT, tlsa, type Zone } from "./policy_world.ts";
import { Delivery } from "./support.ts";

const HOST = "smart.here.test";
const SHOWN = TestCertificate.selfSigned({ commonName: "whoever" });
const OTHER = TestCertificate.selfSigned({ commonName: "whoever" });
const shown = { cert: SHOWN.pem, key: SHOWN.keyPem };
const SIGNED: Partial<Zone> = { secure: true, tlsa: [tlsa("3 1 1", SHOWN)] };

/** What an attempt by a route comes to: the outcome, and how the host was checked. */
async function delivered(world: PolicyWorld, sink: SmtpSink, over: Partial<DeliveryRoute> = {}): Promise<string> {
  const route = { domain: "there.test", host: HOST, port: sink.port, tls: "opportunistic", ...over } as const;
  const { names, policies } = world;
  await using delivery = await Delivery.start({ port: 1, names, policies, ca: ROOT.pem, routes: [route] });
  const report = await delivery.attempt();
  const { action, status, text } = report.outcomes[0]!;
  if (action !== "delivered") return `${action} ${status} ${text}`;
  return `delivered ${report.tls === null ? "in the clear" : report.tls.split(" ").slice(2).join(" ") || "unverified"}`;
}

Deno.test("a route's host with TLSA records gets mail only under one of their certificates", async () => {
  await using world = await PolicyWorld.start(SIGNED);
  await using sink = await world.sink(shown);
  assertEquals(await delivered(world, sink), "delivered dane-ee");
  assertEquals(world.asked.includes(`TLSA _${sink.port}._tcp.${HOST}`), true, "at the route's port");
  await using stripped = await world.sink(null);
  assertMatch(await delivered(world, stripped), /^deferred 4\.7\.10 TLS is required/);
  world.zone.tlsa = [tlsa("3 1 1", OTHER)];
  assertMatch(await delivered(world, sink), /^deferred 4\.7\.5 .*not that of the TLSA records/);
  world.zone.tlsa = "trouble";
  assertMatch(await delivered(world, sink), /^deferred 4\.4\.3 the TLSA records of smart\.here\.test/);
  assertEquals([sink.taken, stripped.taken], [1, 0]);
});

Deno.test("records that are not signed, or stand below a name that is not, change nothing about a route", async () => {
  for (const zone of [{ tlsaSecure: false }, { secure: false }, { addressesSecure: false }, { tlsa: [] }]) {
    await using world = await PolicyWorld.start({ ...SIGNED, tlsa: [tlsa("3 1 1", OTHER)], ...zone });
    await using sink = await world.sink(shown);
    assertEquals(await delivered(world, sink), "delivered unverified", JSON.stringify(zone));
    await using clear = await world.sink(null);
    assertEquals(await delivered(world, clear), "delivered in the clear");
  }
});

Deno.test("records that say no more than that there is TLS keep mail out of the clear", async () => {
  await using world = await PolicyWorld.start({ ...SIGNED, tlsa: [tlsa("1 1 1", SHOWN)] });
  await using sink = await world.sink(shown);
  assertEquals(await delivered(world, sink), "delivered unverified");
  await using stripped = await world.sink(null);
  assertMatch(await delivered(world, stripped), /^deferred 4\.7\.10/);
});

Deno.test("what an operator has said of a route's TLS stands, and so does an address: no records are asked for", async () => {
  await using world = await PolicyWorld.start({ ...SIGNED, tlsa: [tlsa("3 1 1", OTHER)] });
  await using sink = await world.sink(shown);
  const ca = SHOWN.pem;
  assertEquals(await delivered(world, sink, { tls: "none" }), "delivered in the clear");
  assertEquals(await delivered(world, sink, { tls: "required", verify: false }), "delivered unverified");
  assertMatch(await delivered(world, sink, { tls: "required", ca }), /^deferred 4\.7\.5 .*not for smart\.here\.test/);
  assertEquals(await delivered(world, sink, { host: "127.0.0.1" }), "delivered unverified");
  assertEquals(world.asked.filter((question) => question.startsWith("TLSA")), []);
});

Deno.test("a route by MX records asks for those of each host, where the way there is signed", async () => {
  await using world = await PolicyWorld.start({ ...SIGNED, hosts: ["mx1.here.test"] });
  await using sink = await world.sink(shown);
  assertEquals(await delivered(world, sink, { lookupMx: true }), "delivered dane-ee");
  assertEquals(world.asked.filter((question) => question.startsWith("TLSA")), [
    `TLSA _${sink.port}._tcp.mx1.here.test`,
  ]);
});
