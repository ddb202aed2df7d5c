import { assert, assertEquals, assertRejects } from "@std/assert";
import { Failure, FakeClock } from "../../../src/base/mod.ts";
import { RESOLVER_LIMITS } from "../../../src/net/mod.ts";
import { type DnsBehaviour, DnsServer } from "../../support/dns_server.ts";
import { failureKind } from "../support.ts";
import { resolverFor, runTime } from "./support.ts";
import { createSocket } from "node:dgram";
import { createServer, type Socket } from "node:net";
import { networkInterfaces } from "node:os";

const FOUND = { type: "found" as const, records: ["192.0.2.1"], secure: false };

/** A zone whose one name behaves like this. */
function zone(behaviour?: DnsBehaviour) {
  return { "example.test": { a: ["192.0.2.1"], ...(behaviour === undefined ? {} : { behaviour }) } };
}

for (
  const behaviour of [
    "servfail",
    "refused",
    "notimp",
    "formerr",
    "garbage",
    "referral",
    "extendedCode",
    "alwaysTruncated",
  ] as const
) {
  Deno.test(`a server that answers ${behaviour} is no reason to say "not found", and the next one is asked`, async () => {
    await using bad = await DnsServer.start(zone(behaviour));
    await using good = await DnsServer.start(zone());
    using both = resolverFor([bad, good]);
    assertEquals(await both.a("example.test"), FOUND);
    assert(bad.questions.length > 0);
    using alone = resolverFor([bad]);
    const failure = await assertRejects(() => alone.a("example.test"), Failure);
    assertEquals([failure.kind, failure.temporary], ["dns", true]);
  });
}

for (const behaviour of ["silent", "wrongId", "wrongQuestion", "query"] as const) {
  Deno.test(`a server that answers by ${behaviour} has not answered: after its time the next one is asked`, async () => {
    const clock = new FakeClock();
    await using bad = await DnsServer.start({ "example.test": { a: ["192.0.2.66"], behaviour } });
    await using good = await DnsServer.start(zone());
    using both = resolverFor([bad, good], { clock });
    const asked = both.a("example.test");
    await bad.asked(1);
    clock.advance(RESOLVER_LIMITS.tryMsMax - 1);
    assertEquals(good.questions, []);
    clock.advance(1);
    assertEquals(await asked, FOUND);
  });
}

Deno.test("servers that do not answer are asked again in each round, and no longer than the total time", async () => {
  const clock = new FakeClock();
  await using one = await DnsServer.start(zone("silent"));
  await using two = await DnsServer.start(zone("silent"));
  using resolver = resolverFor([one, two], { clock, limits: { tryMsMax: 4_000, totalMsMax: 10_000, roundsMax: 2 } });
  const asked = failureKind(() => resolver.a("example.test"));
  for (const [server, count] of [[one, 1], [two, 1], [one, 2]] as const) {
    await server.asked(count);
    clock.advance(count === 2 ? 2_000 : 4_000);
  }
  assertEquals(await asked, "dns");
  assertEquals([one.questions.length, two.questions.length, clock.monotonicMs()], [2, 1, 10_000]);
});

Deno.test("a server that answered no in words is not asked a second time", async () => {
  await using dns = await DnsServer.start(zone("servfail"));
  using resolver = resolverFor([dns], { limits: { roundsMax: 5 } });
  assertEquals(await failureKind(() => resolver.a("example.test")), "dns");
  assertEquals(dns.questions.length, 1);
});

Deno.test("the server that answered last is asked first", async () => {
  await using bad = await DnsServer.start({ "a.test": { behaviour: "servfail" }, "b.test": { a: ["192.0.2.9"] } });
  await using good = await DnsServer.start({ "a.test": { a: ["192.0.2.1"] }, "b.test": { a: ["192.0.2.1"] } });
  using resolver = resolverFor([bad, good]);
  assertEquals(await resolver.a("a.test"), FOUND);
  assertEquals(await resolver.a("b.test"), FOUND);
  assertEquals(bad.questions.length, 1);
});

Deno.test("an answer that does not fit is asked for over TCP", async () => {
  const many = Array.from({ length: 500 }, (_, i) => `192.0.2.${i % 256}`);
  await using dns = await DnsServer.start({
    ...zone("truncated"),
    "big.test": { a: many },
    "nowhere.test": { behaviour: "truncated" },
  });
  using resolver = resolverFor([dns]);
  assertEquals(await resolver.a("example.test"), FOUND);
  assertEquals(await resolver.a("big.test"), { type: "found", records: many, secure: false });
  assertEquals(dns.questions.map(({ transport }) => transport), ["udp", "tcp", "udp", "tcp"]);
});

Deno.test("a server without EDNS is asked without it", async () => {
  await using dns = await DnsServer.start(zone("formerrEdns"));
  using resolver = resolverFor([dns]);
  assertEquals(await resolver.a("example.test"), FOUND);
  assertEquals(dns.questions.map(({ ednsBytes }) => ednsBytes), [1_232, null]);
});

Deno.test("a server that changes the case of letters is asked over TCP, where nobody can answer for it", async () => {
  await using dns = await DnsServer.start(zone("lowerCase"));
  using resolver = resolverFor([dns]);
  assertEquals(await resolver.a("example.test"), FOUND);
  assertEquals(dns.questions.map(({ transport }) => transport), ["udp", "tcp"]);
});

Deno.test("who guesses ids does not win: after a few wrong answers the question goes over TCP", async () => {
  await using dns = await DnsServer.start(zone());
  dns.rewrite = (answer, { transport }) => {
    if (transport === "tcp") return [answer];
    return Array.from({ length: RESOLVER_LIMITS.strangersMax + 1 }, (_, i) => {
      const forged = answer.slice();
      forged[1]! ^= i + 1;
      return forged;
    });
  };
  using resolver = resolverFor([dns]);
  assertEquals(await resolver.a("example.test"), FOUND);
  assertEquals(dns.questions.map(({ transport }) => transport), ["udp", "tcp"]);
});

Deno.test("over TCP, too, an answer to another question is none", async () => {
  await using dns = await DnsServer.start(zone("truncated"));
  dns.rewrite = (answer, { transport }) => {
    const other = answer.slice();
    if (transport === "tcp") other[1]! ^= 1;
    return [other];
  };
  using resolver = resolverFor([dns], { limits: { roundsMax: 1 } });
  assertEquals(await failureKind(() => resolver.a("example.test")), "dns");
  assertEquals(dns.questions.map(({ transport }) => transport), ["udp", "tcp"]);
});

const FORGERIES: Readonly<Record<string, (answer: Uint8Array) => void>> = {
  "another id": (answer) => answer[1]! ^= 1,
  "another id in its upper half": (answer) => answer[0]! ^= 0x80,
  "the form of a query": (answer) => answer[2]! &= 0x7f,
  "another kind of operation": (answer) => answer[2]! |= 0x08,
  "two questions": (answer) => answer[5] = 2,
  "no question": (answer) => answer[5] = 0,
  "another name": (answer) => answer[14]! ^= 0x02,
  "another type": (answer) => answer[27]! ^= 0x10,
  "another class": (answer) => answer[29]! ^= 0x02,
};

for (const [what, forge] of Object.entries(FORGERIES)) {
  Deno.test(`an answer with ${what} is not taken, the right one behind it is`, async () => {
    await using dns = await DnsServer.start(zone());
    dns.rewrite = (answer) => {
      const forged = answer.slice();
      forged[forged.length - 12]! ^= 0xff; // The address, before the eleven octets of the OPT record.
      forge(forged);
      return [new Uint8Array(0), forged.subarray(0, 11), forged.subarray(0, 29), forged, answer];
    };
    using resolver = resolverFor([dns]);
    assertEquals(await resolver.a("example.test"), FOUND);
    assertEquals(dns.questions.map(({ transport }) => transport), ["udp"]);
  });
}

Deno.test("an answer from another port, right in all else, is not taken", async () => {
  await using dns = await DnsServer.start(zone());
  const held: { answer: Uint8Array; port: number }[] = [];
  dns.rewrite = (answer, { port }) => {
    held.push({ answer, port });
    return [];
  };
  using resolver = resolverFor([dns]);
  const asked = resolver.a("example.test");
  await dns.asked(1);
  const { answer, port } = held[0]!;
  const forged = answer.slice();
  forged[forged.length - 12]! ^= 0xff; // The address, before the eleven octets of the OPT record.
  const stranger = createSocket("udp4");
  await new Promise<void>((resolve) => stranger.bind(0, "127.0.0.1", resolve));
  await new Promise<void>((resolve) => stranger.send(forged, port, "127.0.0.1", () => resolve()));
  await dns.send(answer, port); // Behind the forged one in the asker's queue.
  assertEquals(await asked, FOUND);
  await new Promise<void>((resolve) => stranger.close(resolve));
});

const ipv6 = Object.values(networkInterfaces()).flat().some((each) => each?.address === "::1");

Deno.test({
  name: `a server on IPv6 is asked, however its address is written${ipv6 ? "" : " (skipped: no IPv6 here)"}`,
  ignore: !ipv6,
  fn: async () => {
    await using dns = await DnsServer.start(zone(), { address: "::1" });
    for (const server of [dns.server, `[0:0::0001]:${dns.port}`]) {
      using resolver = resolverFor([server]);
      assertEquals(await resolver.a("example.test"), FOUND);
    }
  },
});

Deno.test("a TCP connection that closes, says too little or answers another question is a failure", async () => {
  const says: ((query: Uint8Array) => Uint8Array)[] = [
    () => new Uint8Array(0),
    () => Uint8Array.of(0),
    () => Uint8Array.of(0xff, 0xff, 1, 2, 3),
    () => Uint8Array.of(0, 0),
    (query) => Uint8Array.of(0, 12, query[2]! ^ 1, ...query.subarray(3, 14)),
  ];
  for (const [i, say] of says.entries()) {
    // UDP and TCP on one port: the server of the tests gives its own up.
    await using udp = await DnsServer.start(zone("alwaysTruncated"));
    udp.rewrite = (answer, { transport }) => transport === "udp" ? [answer] : [];
    udp.onConnection = (socket: Socket) => socket.on("data", (query: Uint8Array) => socket.end(say(query)));
    using resolver = resolverFor([udp]);
    assertEquals(await failureKind(() => resolver.a("example.test")), "dns", `case ${i}`);
  }
});

Deno.test("a TCP connection that trickles is cut off in time", async () => {
  const clock = new FakeClock();
  await using dns = await DnsServer.start(zone("truncated"));
  const { promise: trickled, resolve } = Promise.withResolvers<void>();
  dns.onConnection = (socket) => {
    socket.on("data", () => socket.write(Uint8Array.of(0), () => resolve()));
  };
  using resolver = resolverFor([dns], { clock, limits: { roundsMax: 1 } });
  const asked = failureKind(() => resolver.a("example.test"));
  await trickled;
  clock.advance(RESOLVER_LIMITS.tryMsMax);
  assertEquals(await asked, "dns");
});

Deno.test("a port where nobody listens fails in time", async () => {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
  });
  await new Promise<void>((resolve) => server.close(() => resolve()));
  const clock = new FakeClock();
  using resolver = resolverFor([`127.0.0.1:${port}`], { clock });
  assertEquals(await failureKind(() => runTime(clock, resolver.a("example.test"))), "dns");
  assertEquals(clock.monotonicMs() <= RESOLVER_LIMITS.totalMsMax, true);
});
