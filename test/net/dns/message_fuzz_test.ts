import { assert, assertEquals, assertThrows } from "@std/assert";
import dnsPacket, { type Answer } from "dns-packet";
import { Buffer } from "node:buffer";
import { Failure, type Random, seededRandom } from "../../../src/base/mod.ts";
import { readFinding } from "../../../src/net/dns/finding.ts";
import { RESOLVER_LIMITS } from "../../../src/net/dns/limits.ts";
import { encodeQuery, type Query, type QuestionType, readMessage } from "../../../src/net/dns/message.ts";
import { parseName } from "../../../src/net/dns/name.ts";
import { DnsServer } from "../../support/dns_server.ts";
import { failureKind } from "../support.ts";
import { resolverFor } from "./support.ts";

const NAME = parseName("example.test")!;
const ROUNDS = 20_000;

/** Answers of every type, as a foreign encoder writes them. */
function answersOf(name: string): Record<QuestionType, Answer[]> {
  const base = { name, ttl: 300 };
  const soa: Answer = {
    ...base,
    type: "SOA",
    data: { mname: "ns.test", rname: "h.test", serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 5 },
  };
  return {
    A: [{ ...base, type: "CNAME", data: "alias.test" }, { name: "alias.test", type: "A", ttl: 60, data: "192.0.2.1" }],
    AAAA: [{ ...base, type: "AAAA", data: "2001:db8::1" }, soa],
    CNAME: [{ ...base, type: "CNAME", data: "alias.test" }],
    MX: [1, 2, 3].map((preference) => ({
      ...base,
      type: "MX",
      data: { preference, exchange: `mx${preference}.test` },
    })),
    PTR: [{ ...base, type: "PTR", data: "host.test" }],
    TLSA: [{
      ...base,
      type: "TLSA",
      data: { usage: 3, selector: 1, matchingType: 1, certificate: Buffer.alloc(32, 7) },
    }],
    TXT: [{ ...base, type: "TXT", data: [Buffer.from("v=spf1"), Buffer.from(" -all")] }],
  };
}

const TYPES = Object.keys(answersOf(NAME)) as QuestionType[];

function answerTo(query: Query, type: QuestionType): Uint8Array {
  const asked = dnsPacket.decode(Buffer.from(query.bytes));
  return new Uint8Array(dnsPacket.encode({
    type: "response",
    id: asked.id!,
    flags: 0x180,
    questions: asked.questions!,
    answers: answersOf(asked.questions![0]!.name)[type],
    additionals: [{
      name: ".",
      type: "OPT",
      udpPayloadSize: 1_232,
      extendedRcode: 0,
      ednsVersion: 0,
      flags: 0,
      flag_do: false,
      options: [],
    }],
  }));
}

/** Changes a packet behind `from` in a way that decoders do not like. */
function mutate(packet: Uint8Array, from: number, random: Random): Uint8Array {
  const below = (max: number) => Math.floor(random.next() * max);
  const bytes = [...packet];
  for (let changes = 1 + below(2); changes > 0; changes--) {
    const at = from + below(Math.max(1, bytes.length - from));
    switch (below(6)) {
      case 0:
        bytes[at] = below(256);
        break;
      case 1:
        bytes.splice(at, 1 + below(8));
        break;
      case 2:
        bytes.splice(at, 0, ...random.bytes(1 + below(8)));
        break;
      case 3:
        bytes.splice(at, 2, 0xc0 | below(2), below(256));
        break;
      case 4:
        bytes.splice(at, 0, ...bytes.slice(from, from + below(60)));
        break;
      default: // Counts of records.
        bytes[6 + below(6)] = random.next() < 0.8 ? below(6) : below(256);
    }
  }
  return Uint8Array.from(bytes);
}

type Reader = (packet: Uint8Array, query: Query, type: QuestionType) => void;

/** Reads a packet, and looks at what came out. */
const read: Reader = (packet, query, type) => {
  const finding = readFinding(readMessage(packet, query), { names: [NAME], type }, RESOLVER_LIMITS);
  const { ttlSeconds } = finding;
  assert(ttlSeconds === null || (ttlSeconds >= 0 && ttlSeconds <= 0x7fff_ffff));
  if (finding.type === "found") {
    assert(finding.records.length > 0 && finding.records.length <= RESOLVER_LIMITS.recordsMax);
  }
};

/** Feeds a reader; throws what is no Failure of the kind `dns`. Tells how often it took the packet. */
function fuzz(reader: Reader, seed: number): { taken: number; refused: number } {
  const random = seededRandom(seed);
  const counts = { taken: 0, refused: 0 };
  for (let i = 0; i < ROUNDS; i++) {
    const type = TYPES[i % TYPES.length]!;
    const query = encodeQuery({ name: NAME, type }, { random, edns: true, dnssec: true });
    const packet = i % 4 === 0
      ? Uint8Array.of(...query.bytes.subarray(0, 2), 0x80, 0, ...random.bytes(Math.floor(random.next() * 200)))
      : mutate(answerTo(query, type), query.questionEnd, random);
    try {
      reader(packet, query, type);
      counts.taken++;
    } catch (error) {
      if (!(error instanceof Failure) || error.kind !== "dns") throw new Error(`round ${i}`, { cause: error });
      counts.refused++;
    }
  }
  return counts;
}

Deno.test("random and changed packets are read, or are a dns Failure", () => {
  const { taken, refused } = fuzz(read, 20_261_126);
  assert(taken > ROUNDS / 10 && refused > ROUNDS / 10, `${taken} taken, ${refused} refused`);
});

Deno.test("canary: the fuzzer finds a reader that throws errors of another kind, and one that trusts lengths", () => {
  assertThrows(() => fuzz((packet) => void dnsPacket.decode(Buffer.from(packet)), 1), Error, "round");
  const trusting: Reader = (packet, query) => {
    const length = packet[query.questionEnd + 11];
    assert(length === undefined || query.questionEnd + 12 + length <= packet.length);
  };
  assertThrows(() => fuzz(trusting, 1), Error, "round");
});

Deno.test("what a foreign encoder writes is read as it was meant", () => {
  const random = seededRandom(3);
  const records = (type: QuestionType) => {
    const query = encodeQuery({ name: NAME, type }, { random, edns: true, dnssec: false });
    const packet = answerTo(query, type);
    const finding = readFinding(readMessage(packet, query), { names: [NAME], type }, RESOLVER_LIMITS);
    return finding.type === "found" ? [finding.records, finding.ttlSeconds] : finding.type;
  };
  assertEquals(records("A"), [["192.0.2.1"], 60]);
  assertEquals(records("AAAA"), [["2001:db8::1"], 300]);
  assertEquals(records("MX"), [[1, 2, 3].map((preference) => ({ preference, exchange: `mx${preference}.test` })), 300]);
  assertEquals(records("PTR"), [["host.test"], 300]);
  assertEquals(records("TXT"), [["v=spf1 -all"], 300]);
  const data = new Uint8Array(32).fill(7);
  assertEquals(records("TLSA"), [[{ usage: 3, selector: 1, matching: 1, data }], 300]);
});

Deno.test("a foreign decoder reads our queries as they are meant", () => {
  const random = seededRandom(4);
  for (const type of TYPES) {
    for (const edns of [true, false]) {
      const { bytes } = encodeQuery({ name: NAME, type }, { random, edns, dnssec: edns });
      const query = dnsPacket.decode(Buffer.from(bytes));
      assertEquals([query.type, query.flag_rd, query.questions?.length], ["query", true, 1]);
      const [asked] = query.questions!;
      assertEquals([asked?.name.toLowerCase(), asked?.type, asked?.class], [NAME, type, "IN"]);
      assertEquals(query.additionals?.length, edns ? 1 : 0);
      const [options] = query.additionals!;
      if (options?.type === "OPT") assertEquals([options.udpPayloadSize, options.flag_do], [1_232, true]);
    }
  }
});

Deno.test("a server that sends changed packets is never more than a dns Failure, and leaves nothing behind", async () => {
  await using dns = await DnsServer.start({
    "example.test": { a: ["192.0.2.1"], mx: [{ preference: 1, exchange: "mx.test" }], txt: ["text"], ttl: 0 },
  });
  const random = seededRandom(5);
  dns.rewrite = (answer) => [mutate(answer, 30, random)];
  const kinds = new Map<string, number>();
  using resolver = resolverFor([dns], { limits: { roundsMax: 1, tryMsMax: 100 } });
  for (let i = 0; i < 300; i++) {
    const kind = await failureKind(() => resolver[(["a", "mx", "txt"] as const)[i % 3]!]("example.test"));
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  assertEquals([...kinds.keys()].sort(), ["dns", "none"]);
  assertEquals(resolver.status.active, 0);
});
