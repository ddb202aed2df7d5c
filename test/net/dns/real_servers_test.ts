import { assert, assertEquals } from "@std/assert";
import { testWith } from "../../support/programs.ts";
import { failureKind } from "../support.ts";
import { REAL_SERVERS, RealServers } from "./real_servers.ts";
import { resolverFor } from "./support.ts";

const RECORDS = `
  @ MX 10 mx1
  @ MX 20 mx2.plain.test.
  @ TXT "v=spf1 " "-all"
  mx1 A 192.0.2.1
  mx1 AAAA 2001:db8::1
  alias CNAME mx1
  away CNAME mx2.plain.test.
  long TXT ${Array.from({ length: 12 }, (_, i) => `"${String(i).repeat(255).slice(0, 255)}"`).join(" ")}
  many MX 10 mx
  ${Array.from({ length: 120 }, (_, i) => `many MX ${i + 11} host${i}.many`).join("\n")}
  _25._tcp.mx1 TLSA 3 1 1 ${"ab".repeat(32)}
  none MX 0 .
  ring CNAME ring2
  ring2 CNAME ring`;

const ZONES = {
  "signed.test": { records: RECORDS, signed: "yes" },
  "plain.test": { records: "@ MX 10 mx2\nmx2 A 192.0.2.2", signed: "no" },
  "forged.test": { records: "@ A 192.0.2.3", signed: "wrong key" },
} as const;

testWith(
  { programs: REAL_SERVERS },
  "answers of a validating Unbound are read, and are secure where the zone is signed",
  async () => {
    await using servers = await RealServers.start(ZONES);
    using resolver = resolverFor([servers.unbound], { trustAd: true });
    const secure = true;
    assertEquals(await resolver.a("mx1.signed.test"), { type: "found", records: ["192.0.2.1"], secure });
    assertEquals(await resolver.aaaa("mx1.signed.test"), { type: "found", records: ["2001:db8::1"], secure });
    const alias = "mx1.signed.test";
    assertEquals(await resolver.a("alias.signed.test"), { type: "found", records: ["192.0.2.1"], secure, alias });
    assertEquals(await resolver.txt("signed.test"), { type: "found", records: ["v=spf1 -all"], secure });
    assertEquals(await resolver.tlsa("_25._tcp.mx1.signed.test"), {
      type: "found",
      records: [{ usage: 3, selector: 1, matching: 1, data: new Uint8Array(32).fill(0xab) }],
      secure,
    });
    const mx = await resolver.mx("signed.test");
    assert(mx.type === "found" && mx.secure);
    assertEquals(mx.records.toSorted((a, b) => a.preference - b.preference), [
      { preference: 10, exchange: "mx1.signed.test" },
      { preference: 20, exchange: "mx2.plain.test" },
    ]);
    assertEquals(await resolver.mx("none.signed.test"), {
      type: "found",
      records: [{ preference: 0, exchange: "" }],
      secure,
    });
    assertEquals(await resolver.mx("mx1.signed.test"), { type: "nodata", secure });
    assertEquals(await resolver.mx("nowhere.signed.test"), { type: "nxdomain", secure });
    // Not signed, or signed and then led into a zone that is not.
    assertEquals(await resolver.a("mx2.plain.test"), { type: "found", records: ["192.0.2.2"], secure: false });
    const away = { records: ["192.0.2.2"], secure: false, alias: "mx2.plain.test" };
    assertEquals(await resolver.a("away.signed.test"), { type: "found", ...away });
    // The alias itself is in the signed zone.
    assertEquals(await resolver.cname("away.signed.test"), { type: "found", records: [away.alias], secure });
    assertEquals(await resolver.cname("mx1.signed.test"), { type: "nodata", secure });
    assertEquals(await resolver.a("nowhere.plain.test"), { type: "nxdomain", secure: false });
    // A signature by the wrong key must not look like "no such name".
    assertEquals(await failureKind(() => resolver.a("forged.test")), "dns");
    assertEquals(await failureKind(() => resolver.a("ring.signed.test")), "dns");
  },
);

testWith({ programs: REAL_SERVERS }, "answers that need TCP come whole, from Unbound and from NSD", async () => {
  await using servers = await RealServers.start(ZONES);
  for (const server of [servers.unbound, servers.nsd]) {
    using resolver = resolverFor([server]);
    const long = await resolver.txt("long.signed.test");
    assertEquals(long.type === "found" && long.records.map((text) => text.length), [12 * 255]);
    const many = await resolver.mx("many.signed.test");
    assertEquals(many.type === "found" && many.records.length, 121);
  }
});

testWith(
  { programs: REAL_SERVERS },
  "an authoritative server that refuses, or does not validate, is taken as such",
  async () => {
    await using servers = await RealServers.start(ZONES);
    using resolver = resolverFor([servers.nsd], { trustAd: true });
    assertEquals(await resolver.a("mx1.signed.test"), { type: "found", records: ["192.0.2.1"], secure: false });
    const away = { records: ["192.0.2.2"], secure: false, alias: "mx2.plain.test" };
    assertEquals(await resolver.a("away.signed.test"), { type: "found", ...away });
    assertEquals(await resolver.a("nowhere.signed.test"), { type: "nxdomain", secure: false });
    assertEquals(await failureKind(() => resolver.a("elsewhere.example")), "dns");
  },
);
