import { assertEquals } from "@std/assert";
import { FakeClock } from "../../../src/base/mod.ts";
import { DnsServer } from "../../support/dns_server.ts";
import { failureKind } from "../support.ts";
import { resolverFor } from "./support.ts";

const SECOND = 1_000;

Deno.test("an answer is remembered for its TTL, and asked for anew after it", async () => {
  const clock = new FakeClock();
  await using dns = await DnsServer.start({ "example.test": { a: ["192.0.2.1"], ttl: 100 } });
  using resolver = resolverFor([dns], { clock });
  const first = await resolver.a("Example.test");
  dns.set("example.test", { a: ["192.0.2.2"], ttl: 100 });
  clock.advance(100 * SECOND - 1);
  assertEquals(await resolver.a("example.TEST."), first);
  assertEquals(dns.questions.length, 1);
  clock.advance(1);
  assertEquals(await resolver.a("example.test"), { type: "found", records: ["192.0.2.2"], secure: false });
  assertEquals([dns.questions.length, resolver.status.hits, resolver.status.misses], [2, 1, 2]);
});

Deno.test("the shortest TTL of aliases and records counts", async () => {
  const clock = new FakeClock();
  await using dns = await DnsServer.start({
    "one.test": { cname: "two.test", ttl: 500 },
    "two.test": { cname: "three.test", ttl: 50, aliasOnly: true },
    "three.test": { a: ["192.0.2.1"], ttl: 500 },
  });
  using resolver = resolverFor([dns], { clock });
  await resolver.a("one.test");
  assertEquals(dns.questions.length, 2);
  clock.advance(50 * SECOND - 1);
  await resolver.a("one.test");
  assertEquals(dns.questions.length, 2);
  clock.advance(1);
  await resolver.a("one.test");
  assertEquals(dns.questions.length, 4);
});

Deno.test("a TTL of 0, or one with its highest bit set, is not remembered", async () => {
  await using dns = await DnsServer.start({
    "zero.test": { a: ["192.0.2.1"], ttl: 0 },
    "high.test": { a: ["192.0.2.1"], ttl: 0x8000_0000 },
  });
  using resolver = resolverFor([dns]);
  for (const name of ["zero.test", "high.test"]) {
    await resolver.a(name);
    await resolver.a(name);
    assertEquals(dns.count(name), 2, name);
  }
  assertEquals(resolver.status.cached, 0);
});

Deno.test("TTLs are kept within their bounds", async () => {
  const clock = new FakeClock();
  await using dns = await DnsServer.start({
    "short.test": { a: ["192.0.2.1"], ttl: 1 },
    "long.test": { a: ["192.0.2.1"], ttl: 1_000_000 },
  });
  using resolver = resolverFor([dns], {
    clock,
    limits: { ttlSecondsMin: 10, ttlSecondsMax: 100, negativeSecondsMax: 20 },
  });
  const names = ["short.test", "long.test", "none.test"];
  const counts = async () => {
    for (const name of names) await resolver.a(name);
    return names.map((name) => dns.count(name));
  };
  assertEquals(await counts(), [1, 1, 1]);
  clock.advance(10 * SECOND - 1);
  assertEquals(await counts(), [1, 1, 1]);
  clock.advance(1);
  assertEquals(await counts(), [2, 1, 1]);
  clock.advance(10 * SECOND);
  assertEquals(await counts(), [3, 1, 2]);
  clock.advance(80 * SECOND);
  assertEquals(await counts(), [4, 2, 3]);
});

Deno.test("no is remembered for the minimum of the SOA record, and without one not at all", async () => {
  const clock = new FakeClock();
  await using dns = await DnsServer.start({
    "example.test": { a: ["192.0.2.1"] },
    "bare.test": { a: ["192.0.2.1"], withoutSoa: true },
  });
  using resolver = resolverFor([dns], { clock });
  for (const name of ["example.test", "none.test"]) {
    const answer = await resolver.mx(name);
    clock.advance(60 * SECOND - 1);
    assertEquals(await resolver.mx(name), answer);
    assertEquals(dns.count(name), 1);
    clock.advance(1);
    assertEquals(await resolver.mx(name), answer);
    assertEquals(dns.count(name), 2);
  }
  await resolver.mx("bare.test");
  await resolver.mx("bare.test");
  assertEquals(dns.count("bare.test"), 2);
});

Deno.test("types of one name are remembered apart", async () => {
  await using dns = await DnsServer.start({ "example.test": { a: ["192.0.2.1"], txt: ["text"] } });
  using resolver = resolverFor([dns]);
  for (let i = 0; i < 2; i++) {
    assertEquals((await resolver.a("example.test")).type, "found");
    assertEquals((await resolver.mx("example.test")).type, "nodata");
    assertEquals((await resolver.txt("example.test")).type, "found");
  }
  assertEquals(dns.questions.map(({ type }) => type), ["A", "MX", "TXT"]);
});

Deno.test("failures are not remembered", async () => {
  await using dns = await DnsServer.start({ "example.test": { behaviour: "servfail" } });
  using resolver = resolverFor([dns]);
  assertEquals(await failureKind(() => resolver.a("example.test")), "dns");
  dns.set("example.test", { a: ["192.0.2.1"] });
  assertEquals((await resolver.a("example.test")).type, "found");
});

Deno.test("the cache keeps no more entries than its limit: what lies unused goes first", async () => {
  const names = ["a.test", "b.test", "c.test", "d.test"] as const;
  await using dns = await DnsServer.start(Object.fromEntries(names.map((name) => [name, { a: ["192.0.2.1"] }])));
  using resolver = resolverFor([dns], { limits: { cacheEntriesMax: 4 } });
  const ask = async (...asked: string[]) => {
    for (const name of asked) await resolver.a(name);
  };
  await ask("a.test", "b.test", "c.test", "a.test", "d.test");
  assertEquals(resolver.status.cached, 3);
  await ask("a.test", "c.test", "d.test");
  assertEquals(dns.questions.length, 4);
  await ask("b.test");
  assertEquals(dns.questions.length, 5);
});

Deno.test("however many names are asked for, the limit on entries holds", async () => {
  const names = Array.from({ length: 40 }, (_, i) => `n${i}.test`);
  await using dns = await DnsServer.start(Object.fromEntries(names.map((name) => [name, { a: ["192.0.2.1"] }])));
  for (const cacheEntriesMax of [0, 1, 2, 9, 20]) {
    using resolver = resolverFor([dns], { limits: { cacheEntriesMax } });
    let most = 0;
    for (const name of names) {
      await resolver.a(name);
      most = Math.max(most, resolver.status.cached);
    }
    assertEquals(most <= cacheEntriesMax && most >= cacheEntriesMax - 1, true, `${most} of ${cacheEntriesMax}`);
  }
});

Deno.test("the cache keeps no more octets than its limit, and counts them right", async () => {
  const clock = new FakeClock();
  const texts = Object.fromEntries(
    Array.from({ length: 50 }, (_, i) => [`n${i}.test`, { txt: ["x".repeat(200)], ttl: 10 }]),
  );
  await using dns = await DnsServer.start(texts);
  using resolver = resolverFor([dns], { clock, limits: { cacheBytesMax: 5_000 } });
  for (let i = 0; i < 50; i++) {
    await resolver.txt(`n${i}.test`);
    assertEquals(resolver.status.cachedBytes <= 5_000, true);
  }
  assertEquals(resolver.status.cached > 5, true);
  // One that is larger than half of the cache is answered, and not kept.
  dns.set("huge.test", { txt: [Array.from({ length: 50 }, () => "y".repeat(200))], ttl: 10 });
  const before = resolver.status.cachedBytes;
  assertEquals((await resolver.txt("huge.test")).type, "found");
  assertEquals(resolver.status.cachedBytes, before);
  // What is asked for anew takes the place of what it was.
  const { cached } = resolver.status;
  clock.advance(10 * SECOND);
  await resolver.txt("n49.test");
  assertEquals([resolver.status.cached, resolver.status.cachedBytes], [cached, before]);
  assertEquals(dns.count("n49.test"), 2);
});

Deno.test("equal questions under way are asked once, and all get the answer or the failure", async () => {
  await using dns = await DnsServer.start({ "example.test": { a: ["192.0.2.1"] } });
  using resolver = resolverFor([dns]);
  for (const behaviour of [undefined, "servfail" as const]) {
    dns.set("example.test", { a: ["192.0.2.1"], ttl: 0, ...(behaviour === undefined ? {} : { behaviour }) });
    const before = dns.questions.length;
    const release = dns.hold("example.test");
    const asked = Array.from({ length: 100 }, () => failureKind(() => resolver.a("example.test")));
    await dns.asked(before + 1);
    release();
    assertEquals(new Set(await Promise.all(asked)), new Set([behaviour === undefined ? "none" : "dns"]));
    assertEquals(dns.questions.length, before + 1);
  }
});

Deno.test("so many questions are under way at a time, so many wait, one more is told busy", async () => {
  const names = Array.from({ length: 6 }, (_, i) => `n${i}.test`);
  await using dns = await DnsServer.start(Object.fromEntries(names.map((name) => [name, { a: ["192.0.2.1"] }])));
  using resolver = resolverFor([dns], { limits: { questionsMax: 2, waitingMax: 3 } });
  const releases = names.map((name) => dns.hold(name));
  const asked = names.map((name) => failureKind(() => resolver.a(name)));
  assertEquals(await asked[5], "busy");
  await dns.asked(2);
  assertEquals([resolver.status.active, resolver.status.waiting], [2, 3]);
  for (const release of releases) release();
  assertEquals(await Promise.all(asked), ["none", "none", "none", "none", "none", "busy"]);
  assertEquals([resolver.status.active, resolver.status.waiting], [0, 0]);
  assertEquals(dns.questions.map(({ name }) => name), names.slice(0, 5));
});

Deno.test("a question that does not get its turn in time fails, and a closed resolver lets none wait", async () => {
  const clock = new FakeClock();
  await using dns = await DnsServer.start({ "slow.test": { behaviour: "silent" } });
  using resolver = resolverFor([dns], {
    clock,
    limits: { questionsMax: 1, waitingMax: 10, totalMsMax: 5_000, tryMsMax: 5_000 },
  });
  const first = failureKind(() => resolver.a("slow.test"));
  const second = failureKind(() => resolver.a("second.test"));
  await dns.asked(1);
  clock.advance(5_000);
  assertEquals(await Promise.all([first, second]), ["dns", "dns"]);
  const more = ["slow.test", "a.test", "b.test"].map((name) => failureKind(() => resolver.a(name)));
  await dns.asked(2);
  resolver.close();
  assertEquals(await Promise.all(more), ["closed", "closed", "closed"]);
  assertEquals([resolver.status.active, resolver.status.waiting, clock.nextAt()], [0, 0, null]);
});
