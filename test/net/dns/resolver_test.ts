import { assertEquals, assertRejects } from "@std/assert";
import { Failure } from "../../../src/base/mod.ts";
import { createResolver, RESOLVER_LIMITS } from "../../../src/net/mod.ts";
import { DnsServer } from "../../support/dns_server.ts";
import { failureKind } from "../support.ts";
import { resolverFor } from "./support.ts";

Deno.test("records of every type come as the interface has them", async () => {
  await using dns = await DnsServer.start({
    "example.test": {
      a: ["192.0.2.1", "192.0.2.2"],
      aaaa: ["2001:db8::1", "2001:DB8:0:0:1:0:0:1"],
      mx: [{ preference: 20, exchange: "MX2.Example.test" }, { preference: 10, exchange: "mx1.example.test" }],
      txt: ["v=spf1 -all", ["v=DKIM1; p=", "MIIB", ""], "\xe9t\xe9"],
    },
    "_25._tcp.mx1.example.test": {
      tlsa: [{ usage: 3, selector: 1, matching: 1, data: Uint8Array.of(1, 2, 0, 255) }],
    },
    "1.2.0.192.in-addr.arpa": { ptr: ["Mail.example.test", "other.example.test"] },
    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa": { ptr: ["six.example.test"] },
  });
  using resolver = resolverFor([dns]);
  const found = async (work: Promise<{ type: string; records?: readonly unknown[] }>) => {
    const answer = await work;
    assertEquals(answer.type, "found");
    return answer.records;
  };
  assertEquals(await found(resolver.a("example.test")), ["192.0.2.1", "192.0.2.2"]);
  assertEquals(await found(resolver.aaaa("example.test")), ["2001:db8::1", "2001:db8::1:0:0:1"]);
  assertEquals(await found(resolver.mx("example.test")), [
    { preference: 20, exchange: "mx2.example.test" },
    { preference: 10, exchange: "mx1.example.test" },
  ]);
  assertEquals(await found(resolver.txt("example.test")), ["v=spf1 -all", "v=DKIM1; p=MIIB", "\xe9t\xe9"]);
  assertEquals(await found(resolver.tlsa("_25._tcp.mx1.example.test")), [
    { usage: 3, selector: 1, matching: 1, data: Uint8Array.of(1, 2, 0, 255) },
  ]);
  assertEquals(await found(resolver.ptr("192.0.2.1")), ["mail.example.test", "other.example.test"]);
  assertEquals(await found(resolver.ptr("2001:db8::1")), ["six.example.test"]);
});

Deno.test("a null MX has the root as its exchange", async () => {
  await using dns = await DnsServer.start({ "example.test": { mx: [{ preference: 0, exchange: "" }] } });
  using resolver = resolverFor([dns]);
  assertEquals(await resolver.mx("example.test"), {
    type: "found",
    records: [{ preference: 0, exchange: "" }],
    secure: false,
  });
});

Deno.test("no such name, no such record and no SOA record are told apart from each other and from trouble", async () => {
  await using dns = await DnsServer.start({
    "example.test": { a: ["192.0.2.1"] },
    "deep.below.example.test": { a: ["192.0.2.1"] },
    "bare.test": { a: ["192.0.2.1"], withoutSoa: true },
    "lame.test": { behaviour: "referral" },
  });
  using resolver = resolverFor([dns], { limits: { roundsMax: 1 } });
  assertEquals(await resolver.mx("example.test"), { type: "nodata", secure: false });
  assertEquals(await resolver.a("below.example.test"), { type: "nodata", secure: false });
  assertEquals(await resolver.mx("bare.test"), { type: "nodata", secure: false });
  assertEquals(await resolver.mx("nowhere.test"), { type: "nxdomain", secure: false });
  const failure = await assertRejects(() => resolver.mx("lame.test"), Failure);
  assertEquals([failure.kind, failure.temporary], ["dns", true]);
});

Deno.test("aliases are followed, in the answer and by asking again", async () => {
  await using dns = await DnsServer.start({
    "one.test": { cname: "two.test" },
    "two.test": { cname: "Three.test" },
    "three.test": { a: ["192.0.2.3"] },
    "far.test": { cname: "farther.test", aliasOnly: true },
    "farther.test": { cname: "three.test", aliasOnly: true },
    "dangling.test": { cname: "nowhere.test" },
    "farDangling.test": { cname: "nowhere.test", aliasOnly: true },
    "empty.test": { cname: "example.test" },
    "example.test": { a: ["192.0.2.1"] },
  });
  using resolver = resolverFor([dns]);
  const three = { type: "found" as const, records: ["192.0.2.3"], secure: false };
  assertEquals(await resolver.a("three.test"), three);
  assertEquals(await resolver.a("one.test"), { ...three, alias: "three.test" });
  assertEquals(dns.questions.splice(0).length, 2);
  assertEquals(await resolver.a("far.test"), { ...three, alias: "three.test" });
  assertEquals(dns.questions.map(({ name }) => name), ["far.test", "farther.test", "three.test"]);
  assertEquals(await resolver.a("dangling.test"), { type: "nxdomain", secure: false });
  assertEquals(await resolver.a("fardangling.test"), { type: "nxdomain", secure: false });
  assertEquals(await resolver.mx("empty.test"), { type: "nodata", secure: false });
});

Deno.test("aliases that lead round in a circle, or on and on, fail in few questions", async () => {
  const chain = Object.fromEntries(
    Array.from({ length: 30 }, (_, i) => [`n${i}.test`, { cname: `n${i + 1}.test`, aliasOnly: true }]),
  );
  const most = RESOLVER_LIMITS.aliasesMax;
  await using dns = await DnsServer.start({
    ...chain,
    [`m${most}.test`]: { a: ["192.0.2.1"] },
    ...Object.fromEntries(Array.from({ length: most }, (_, i) => [`m${i}.test`, { cname: `m${i + 1}.test` }])),
    "ring.test": { cname: "ring2.test" },
    "ring2.test": { cname: "ring.test" },
    "self.test": { cname: "self.test" },
    "farring.test": { cname: "farring2.test", aliasOnly: true },
    "farring2.test": { cname: "farring.test", aliasOnly: true },
  });
  using resolver = resolverFor([dns], { limits: { roundsMax: 1 } });
  for (const name of ["ring.test", "self.test", "farring.test", "n0.test"]) {
    assertEquals(await failureKind(() => resolver.a(name)), "dns", name);
  }
  assertEquals(dns.questions.length, 1 + 1 + 2 + most + 1);
  assertEquals((await resolver.a("m0.test")).type, "found", "as many aliases as are allowed");
});

Deno.test("secure is what a trusted server says of every link, and never what another says", async () => {
  await using dns = await DnsServer.start({
    "signed.test": { a: ["192.0.2.1"], authentic: true },
    "plain.test": { a: ["192.0.2.1"] },
    "half.test": { cname: "plain.test", aliasOnly: true, authentic: true },
    "whole.test": { cname: "signed.test", aliasOnly: true, authentic: true },
  });
  using trusting = resolverFor([dns], { trustAd: true });
  const secure = async (name: string) => (await trusting.a(name)).secure;
  assertEquals(await secure("signed.test"), true);
  assertEquals(await secure("plain.test"), false);
  assertEquals(await secure("half.test"), false);
  assertEquals(await secure("whole.test"), true);
  assertEquals(await trusting.mx("signed.test"), { type: "nodata", secure: true });
  assertEquals(dns.questions.every(({ dnssec }) => dnssec), true);
  using wary = resolverFor([dns]);
  assertEquals((await wary.a("signed.test")).secure, false);
});

Deno.test("every question has a random id, a random port and random case of letters", async () => {
  const names = Array.from({ length: 40 }, (_, i) => `host${i}.example.test`);
  await using dns = await DnsServer.start(Object.fromEntries(names.map((name) => [name, { a: ["192.0.2.1"] }])));
  using resolver = resolverFor([dns]);
  for (const name of names) await resolver.a(name);
  const distinct = (values: readonly unknown[]) => new Set(values).size;
  assertEquals(distinct(dns.questions.map(({ id }) => id)) > 35, true);
  assertEquals(distinct(dns.questions.map(({ port }) => port)) > 35, true);
  assertEquals(distinct(dns.questions.map(({ written }) => written.replace(/[0-9]/g, ""))) > 35, true);
  assertEquals(dns.questions.every(({ ednsBytes }) => ednsBytes === 1_232), true);
});

Deno.test("names that nothing can have are refused for good, and nobody is asked", async () => {
  await using dns = await DnsServer.start({});
  using resolver = resolverFor([dns]);
  const label = "a".repeat(63);
  const longest = `${label}.${label}.${label}.${"a".repeat(61)}`;
  const bad = [
    "",
    ".",
    "..",
    "a..test",
    ".test",
    "a b.test",
    "a\0.test",
    "ex\u00e4mple.test",
    "*.test",
    "-a.test",
    `${label}a.test`,
    `${longest}a`,
    "a".repeat(100_000),
    "[192.0.2.1]",
    "a@b.test",
  ];
  for (const name of bad) {
    for (const type of ["a", "aaaa", "mx", "txt", "tlsa"] as const) {
      const failure = await assertRejects(() => resolver[type](name), Failure);
      assertEquals([failure.kind, failure.temporary], ["invalid", false], name.slice(0, 50));
    }
  }
  for (const ip of ["", "example.test", "192.0.2", "192.0.2.1.", "fe80::1%eth0", "::g"]) {
    assertEquals(await failureKind(() => resolver.ptr(ip)), "invalid", ip);
  }
  assertEquals(dns.questions, []);
  for (const name of [longest, `${longest}.`, "_dmarc.Example.test", "xn--bcher-kva.test", "1.test", "a_b.test"]) {
    assertEquals((await resolver.a(name)).type, "nxdomain", name);
  }
});

Deno.test("a resolver needs servers that are addresses", () => {
  for (
    const servers of [
      [],
      ["localhost"],
      ["127.0.0.1:0"],
      ["127.0.0.1:65536"],
      ["127.0.0.1:"],
      ["[127.0.0.1]:53"],
      ["::1:53:"],
      ["[::1"],
      ["[::1]53"],
    ]
  ) {
    let kind = "none";
    try {
      createResolver({ servers, trustAd: false, clock: undefined!, random: undefined! });
    } catch (error) {
      kind = error instanceof Failure ? error.kind : "other";
    }
    assertEquals(kind, "invalid", servers.join());
  }
});

Deno.test("a closed resolver ends what is asked and takes no more", async () => {
  await using dns = await DnsServer.start({ "slow.test": { behaviour: "silent" } });
  using resolver = resolverFor([dns]);
  const slow = failureKind(() => resolver.a("slow.test"));
  await dns.asked(1);
  resolver.close();
  assertEquals([await slow, await failureKind(() => resolver.a("slow.test"))], ["closed", "closed"]);
  assertEquals(dns.questions.length, 1);
});
