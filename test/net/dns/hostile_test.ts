import { assert, assertEquals } from "@std/assert";
import { DnsServer } from "../../support/dns_server.ts";
import { RESOLVER_LIMITS, type StubResolver } from "../../../src/net/mod.ts";
import { failureKind } from "../support.ts";
import {
  A,
  CNAME,
  MX,
  NS,
  octets,
  OF_QUESTION,
  OPT,
  type RawSections,
  repacked,
  SOA,
  TXT,
  wireName,
} from "./packets.ts";
import { resolverFor } from "./support.ts";

const ADDRESS = { type: A, data: [192, 0, 2, 1] };

/** Asks one question that is answered by these sections; large ones go over TCP. */
async function answeredBy<T>(sections: RawSections, ask: (resolver: StubResolver) => Promise<T>): Promise<T> {
  await using dns = await DnsServer.start({ "example.test": { behaviour: "truncated" } });
  dns.rewrite = (answer, { transport }) => [transport === "udp" ? answer : repacked(answer, sections)];
  using resolver = resolverFor([dns], { limits: { roundsMax: 1 } });
  return await ask(resolver);
}

/** A name of so many octets, 194 to 256. */
function longName(length: number): number[] {
  const label = [63, ...octets("a".repeat(63))];
  const rest = length - 3 * label.length - 2;
  return [...label, ...label, ...label, rest, ...octets("a".repeat(rest)), 0];
}

/** The data of the first record of an answer: pointers, each to the one before, the first to the name of the question. */
function ladder(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i === 0 ? OF_QUESTION : rung(i - 1)).flat();
}

/** A pointer to one of these pointers: header 12, question 18, owner 2 and fixed part 10 stand before them. */
function rung(index: number): number[] {
  const at = 12 + 18 + 12 + 2 * index;
  return [0xc0 | (at >> 8), at & 255];
}

const A_CASES: Readonly<Record<string, RawSections>> = {
  "an address of three octets": { answers: [{ type: A, data: [1, 2, 3] }] },
  "an address of five octets": { answers: [{ type: A, data: [1, 2, 3, 4, 5] }] },
  "a record whose length goes beyond the end": { answers: [{ ...ADDRESS, length: 5 }] },
  "a record whose length says 65,535": { answers: [{ ...ADDRESS, length: 65_535 }] },
  "a length that is too short, so that the next record begins in it": { answers: [{ ...ADDRESS, length: 3 }, ADDRESS] },
  "a count that promises 65,535 records": { answers: [ADDRESS], answerCount: 65_535 },
  "a name that points at itself": { answers: [{ ...ADDRESS, owner: [0xc0, 30] }] },
  "a name that points ahead": { answers: [{ ...ADDRESS, owner: [0xc0, 200] }] },
  "a name that points beyond the end": { answers: [{ ...ADDRESS, owner: [0xff, 0xff] }] },
  "a name that points at the label before its own pointer": { answers: [{ ...ADDRESS, owner: [1, 0x61, 0xc0, 30] }] },
  "a label of a kind that is not used": { answers: [{ ...ADDRESS, owner: [0x41, 1, 0] }] },
  "a name of 256 octets": { answers: [{ ...ADDRESS, owner: longName(256) }] },
  "an alias for a name of 256 octets": { answers: [{ type: CNAME, data: longName(256) }] },
  "a name of 128 pointers": { answers: [{ type: 65_280, data: ladder(128) }, { ...ADDRESS, owner: rung(127) }] },
  "an alias whose name does not fill its record": { answers: [{ type: CNAME, data: [...wireName("a.test"), 0] }] },
  "an alias whose name goes beyond its record": {
    answers: [{ type: CNAME, data: wireName("a.test"), length: 4 }, ADDRESS],
  },
  "an alias for a name that cannot be asked for": { answers: [{ type: CNAME, data: wireName("a b.test") }] },
  "an alias for the root": { answers: [{ type: CNAME, data: [0] }] },
  "records of a name that does not exist": { rcode: 3, answers: [ADDRESS] },
  "two OPT records": {
    answers: [ADDRESS],
    additionals: [{ owner: [0], type: OPT, data: [] }, { owner: [0], type: OPT, data: [] }],
  },
  "an extended response code": { additionals: [{ owner: [0], type: OPT, ttl: 0x0100_0000, data: [] }] },
  "a SOA record that is too short": {
    authorities: [{ owner: [0], type: SOA, data: [0, 0, 1, 2, 3] }],
  },
};

for (const [what, sections] of Object.entries(A_CASES)) {
  Deno.test(`${what}: a failure of the server, nothing else`, async () => {
    assertEquals(await failureKind(() => answeredBy(sections, (resolver) => resolver.a("example.test"))), "dns");
  });
}

const OTHER_CASES: readonly (readonly [what: string, type: "mx" | "txt" | "tlsa", data: number[]])[] = [
  ["an MX record of two octets", "mx", [0, 10]],
  ["an MX record of none", "mx", []],
  ["an MX record with something behind its name", "mx", [0, 10, ...wireName("mx.test"), 1]],
  ["a TXT record without a string", "txt", []],
  ["a TXT record whose string goes beyond it", "txt", [5, 0x61]],
  ["a TXT record over the limit", "txt", Array(RESOLVER_LIMITS.textBytesMax + 1).fill(0)],
  ["a TLSA record of two octets", "tlsa", [3, 1]],
];

for (const [what, type, data] of OTHER_CASES) {
  Deno.test(`${what}: a failure of the server, nothing else`, async () => {
    const sections = { answers: [{ type: { mx: MX, txt: TXT, tlsa: 52 }[type], data }] };
    assertEquals(
      await failureKind(() => answeredBy<unknown>(sections, (resolver) => resolver[type]("example.test"))),
      "dns",
    );
  });
}

const IGNORED: Readonly<Record<string, RawSections>> = {
  "the authority section": { authorities: [ADDRESS] },
  "the additional section": { additionals: [ADDRESS] },
  "another name": { answers: [{ ...ADDRESS, owner: wireName("victim.test") }] },
  "another class": { answers: [{ ...ADDRESS, class: 3 }] },
  "the alias of another name": {
    answers: [{ owner: wireName("victim.test"), type: CNAME, data: wireName("example.test") }],
    additionals: [ADDRESS],
  },
  "one label that looks like two": { answers: [{ ...ADDRESS, owner: [12, ...octets("example.test"), 0] }] },
};

for (const [where, sections] of Object.entries(IGNORED)) {
  Deno.test(`a record of ${where} is not taken for an answer`, async () => {
    const answer = await answeredBy(sections, async (resolver) => {
      const answer = await resolver.a("example.test");
      assertEquals(resolver.status.cached, 0);
      return answer;
    });
    assertEquals(answer, { type: "nodata", secure: false });
  });
}

Deno.test("records that nobody asked for harm nobody, whatever is in them", async () => {
  const answer = await answeredBy({
    answers: [{ type: TXT, data: [200, 1] }, ADDRESS, { type: 46, data: [1, 2, 3] }],
    additionals: [{ owner: [0], type: OPT, data: [0, 8, 0, 200, 1] }, { owner: [0], type: 250, class: 255, data: [1] }],
  }, (resolver) => resolver.a("example.test"));
  assertEquals(answer, { type: "found", records: ["192.0.2.1"], secure: false });
});

Deno.test("the SOA record of a zone that the name is not in says nothing of it", async () => {
  const data = [0, 0, ...Array(16).fill(0), 0, 0, 1, 0];
  const foreign = { authorities: [{ owner: wireName("xample.test"), type: SOA, data }] };
  const cached = (sections: RawSections) =>
    answeredBy(sections, async (resolver) => [(await resolver.a("example.test")).type, resolver.status.cached]);
  assertEquals(await cached(foreign), ["nodata", 0]);
  assertEquals(await cached({ authorities: [{ owner: wireName("TEST"), type: SOA, data }] }), ["nodata", 1]);
  const referral = { authorities: [...foreign.authorities, { owner: [0], type: NS, data: [0] }] };
  assertEquals(await failureKind(() => cached(referral)), "dns");
});

Deno.test("as many records as the limit are taken, one more is refused", async () => {
  const most = RESOLVER_LIMITS.recordsMax;
  const mx = (count: number) => ({
    answers: Array.from(
      { length: count },
      (_, i) => ({ type: MX, data: [i >> 8, i & 255, 2, 0x6d, 0x78, ...OF_QUESTION] }),
    ),
  });
  const answer = await answeredBy(mx(most), (resolver) => resolver.mx("example.test"));
  assert(answer.type === "found");
  assertEquals([answer.records.length, answer.records[most - 1]], [most, {
    preference: most - 1,
    exchange: "mx.example.test",
  }]);
  for (const count of [most + 1, 3_400]) {
    assertEquals(await failureKind(() => answeredBy(mx(count), (resolver) => resolver.mx("example.test"))), "dns");
  }
});

Deno.test("the largest TXT record is taken whole", async () => {
  const strings = Math.floor(RESOLVER_LIMITS.textBytesMax / 256);
  const data = Array.from({ length: strings }, () => [255, ...octets("\xff".repeat(255))]).flat();
  const answer = await answeredBy({ answers: [{ type: TXT, data }] }, (resolver) => resolver.txt("example.test"));
  assertEquals(answer, { type: "found", records: ["\xff".repeat(strings * 255)], secure: false });
});

Deno.test("a name of 255 octets is read", async () => {
  const data = [0, 1, ...longName(255)];
  const answer = await answeredBy({ answers: [{ type: MX, data }] }, (resolver) => resolver.mx("example.test"));
  assertEquals(answer.type === "found" && answer.records[0]?.exchange.length, 253);
});

Deno.test("names are read in lower case, and octets that no host has cannot pass for others", async () => {
  const data = [0, 1, 4, ...octets("A.b\\"), 3, 0, 0x20, 0xff, ...OF_QUESTION];
  const answer = await answeredBy({ answers: [{ type: MX, data }] }, (resolver) => resolver.mx("example.test"));
  assertEquals(answer, {
    type: "found",
    records: [{ preference: 1, exchange: "a\\046b\\092.\\000\\032\\255.example.test" }],
    secure: false,
  });
});

Deno.test("a packet made of pointers to pointers costs little", async () => {
  const sections = {
    answers: [
      { type: 65_280, data: ladder(126) },
      ...Array.from({ length: 5_000 }, () => ({ type: 65_281, owner: rung(125), data: [] })),
      { ...ADDRESS, owner: rung(125) },
    ],
  };
  const beganMs = performance.now();
  const answer = await answeredBy(sections, (resolver) => resolver.a("example.test"));
  assertEquals(answer.type, "found");
  assert(performance.now() - beganMs < 2_000);
});
