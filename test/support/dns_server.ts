import dnsPacket, { type Answer, type Packet } from "dns-packet";
import { Buffer } from "node:buffer";
import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { createServer, type Server, type Socket } from "node:net";

/** What a name of the zone has, and how the server behaves when it is asked for. */
export interface DnsRecords {
  readonly a?: readonly string[];
  readonly aaaa?: readonly string[];
  readonly mx?: readonly { readonly preference: number; readonly exchange: string }[];
  /** Each record as one text, cut where it is too long for one string, or as its strings; as Latin-1. */
  readonly txt?: readonly (string | readonly string[])[];
  readonly ptr?: readonly string[];
  readonly tlsa?: readonly { usage: number; selector: number; matching: number; data: Uint8Array }[];
  readonly cname?: string;
  /** Seconds; 300 by default. */
  readonly ttl?: number;
  /** Sets the AD bit: "validated". */
  readonly authentic?: boolean;
  /** Leaves the SOA record out of "no such record". */
  readonly withoutSoa?: boolean;
  /** The answer stops at the alias, though the zone knows what is behind it. */
  readonly aliasOnly?: boolean;
  readonly behaviour?: DnsBehaviour;
}

/**
 * `servfail`, `refused`, `notimp`, `formerr`: that code; `formerrEdns`: FORMERR as long as EDNS is used; `silent`: no answer;
 * `truncated`: TC over UDP, the answer over TCP; `alwaysTruncated`; `wrongId`, `wrongQuestion`, `lowerCase`: what the answer
 * repeats of the question; `garbage`: 100 octets of 0xff after the question; `query`: a packet that is no response;
 * `referral`: NS records of somebody else; `extendedCode`: BADVERS, of which the header shows 0.
 */
export type DnsBehaviour =
  | "servfail"
  | "refused"
  | "notimp"
  | "formerr"
  | "formerrEdns"
  | "silent"
  | "truncated"
  | "alwaysTruncated"
  | "wrongId"
  | "wrongQuestion"
  | "lowerCase"
  | "garbage"
  | "query"
  | "referral"
  | "extendedCode";

/** One question that came. */
export interface DnsQuestion {
  /** Lower case. */
  readonly name: string;
  readonly type: string;
  /** The name as it was written. */
  readonly written: string;
  readonly transport: "udp" | "tcp";
  readonly id: number;
  /** Where it came from. */
  readonly port: number;
  /** What the asker can take, in octets; null without EDNS. */
  readonly ednsBytes: number | null;
  /** The DO bit: signatures are wanted. */
  readonly dnssec: boolean;
}

/** Makes other packets out of an answer: what is sent instead, in order. */
export type Rewrite = (answer: Uint8Array, question: DnsQuestion) => readonly Uint8Array[];

/** How often a port is looked for that is free for both transports. */
const PORT_TRIES = 20;

const SOA = {
  mname: "ns.invalid",
  rname: "hostmaster.invalid",
  serial: 1,
  refresh: 3_600,
  retry: 600,
  expire: 86_400,
  minimum: 60,
};

/** A name server on loopback, UDP and TCP on one port, with a zone of its own that tests change while it runs. */
export class DnsServer implements AsyncDisposable {
  /** What was asked, in order. */
  readonly questions: DnsQuestion[] = [];
  /** When set, every answer goes through it. */
  rewrite: Rewrite | null = null;
  /** When set, connections are its own. */
  onConnection: ((socket: Socket) => void) | null = null;
  #zone: Map<string, DnsRecords>;
  readonly #held = new Map<string, Promise<void>>();
  readonly #connections = new Set<Socket>();
  #waiting: (() => void)[] = [];
  #closed = false;

  private constructor(
    zone: Readonly<Record<string, DnsRecords>>,
    readonly address: string,
    private readonly udp: DatagramSocket,
    private readonly tcp: Server,
  ) {
    this.#zone = new Map(Object.entries(zone).map(([name, records]) => [name.toLowerCase(), records]));
    udp.on("message", (packet, from) => {
      void this.#serve(packet, { transport: "udp", port: from.port }, (answer) => {
        udp.send(answer, from.port, from.address);
      });
    });
    udp.on("error", () => {}); // An asker that is gone.
    tcp.on("connection", (socket) => this.#serveConnection(socket));
  }

  /** Starts a server with this zone; `address` may be `::1`. */
  static async start(
    zone: Readonly<Record<string, DnsRecords>>,
    options: { readonly address?: string } = {},
  ): Promise<DnsServer> {
    const address = options.address ?? "127.0.0.1";
    for (let i = 0; i < PORT_TRIES; i++) {
      const udp = createSocket(address.includes(":") ? "udp6" : "udp4");
      await new Promise<void>((resolve, reject) => {
        udp.once("error", reject);
        udp.bind(0, address, resolve);
      });
      const tcp = createServer();
      const free = await new Promise<boolean>((resolve) => {
        tcp.once("error", () => resolve(false));
        tcp.listen(udp.address().port, address, () => resolve(true));
      });
      if (free) return new DnsServer(zone, address, udp, tcp);
      await new Promise<void>((resolve) => udp.close(resolve));
    }
    throw new Error("no port is free for both UDP and TCP");
  }

  get port(): number {
    return this.udp.address().port;
  }
  /** The server as `createResolver` and the configuration want it. */
  get server(): string {
    return this.address.includes(":") ? `[${this.address}]:${this.port}` : `${this.address}:${this.port}`;
  }

  /** Gives a name these records; null takes the name away. */
  set(name: string, records: DnsRecords | null): void {
    if (records === null) this.#zone.delete(name.toLowerCase());
    else this.#zone.set(name.toLowerCase(), records);
  }

  /** Lets questions for a name wait; the returned function lets them go on. */
  hold(name: string): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held.set(name.toLowerCase(), promise);
    return () => {
      this.#held.delete(name.toLowerCase());
      resolve();
    };
  }

  /** Waits until so many questions have come since the start. */
  async asked(count: number): Promise<void> {
    while (this.questions.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Sends a datagram of one's own. */
  send(packet: Uint8Array, port: number): Promise<void> {
    return new Promise((resolve) => this.udp.send(packet, port, this.address, () => resolve()));
  }

  /** How often `name` was asked for. */
  count(name: string): number {
    return this.questions.filter((question) => question.name === name).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const socket of this.#connections) socket.destroy();
    await Promise.all([
      new Promise<void>((resolve) => this.udp.close(resolve)),
      new Promise<void>((resolve) => this.tcp.close(() => resolve())),
    ]);
  }

  #serveConnection(socket: Socket): void {
    this.#connections.add(socket);
    socket.on("close", () => this.#connections.delete(socket));
    socket.on("error", () => {});
    if (this.onConnection !== null) return this.onConnection(socket);
    let received = Buffer.alloc(0);
    socket.on("data", (chunk: Uint8Array) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0);
        const packet = received.subarray(2, end);
        received = received.subarray(end);
        void this.#serve(packet, { transport: "tcp", port: socket.remotePort ?? 0 }, (answer) => {
          socket.write(Buffer.concat([Uint8Array.of(answer.length >> 8, answer.length & 255), answer]));
        });
      }
    });
  }

  async #serve(
    packet: Uint8Array,
    from: Pick<DnsQuestion, "transport" | "port">,
    send: (answer: Uint8Array) => void,
  ): Promise<void> {
    const query = dnsPacket.decode(Buffer.from(packet));
    const asked = query.questions?.[0];
    if (asked === undefined) return;
    const edns = query.additionals?.find((record) => record.type === "OPT");
    const question: DnsQuestion = {
      ...from,
      name: asked.name.toLowerCase(),
      type: asked.type,
      written: asked.name,
      id: query.id ?? 0,
      ednsBytes: edns?.type === "OPT" ? edns.udpPayloadSize : null,
      dnssec: edns?.type === "OPT" && edns.flag_do,
    };
    this.questions.push(question);
    for (const resolve of this.#waiting.splice(0)) resolve();
    await this.#held.get(question.name);
    if (this.#closed) return;
    const answer = this.#answer(question);
    if (answer === null) return;
    for (const each of this.rewrite === null ? [answer] : this.rewrite(answer, question)) send(each);
  }

  /** The packet that answers, or null. */
  #answer(question: DnsQuestion): Uint8Array | null {
    const behaviour = this.#zone.get(question.name)?.behaviour;
    const reply = this.#reply(question);
    switch (behaviour) {
      case "silent":
        return null;
      case "servfail":
        return encode(question, {}, 2);
      case "refused":
        return encode(question, {}, 5);
      case "notimp":
        return encode(question, {}, 4);
      case "formerr":
        return encode(question, {}, 1);
      case "formerrEdns":
        return question.ednsBytes === null ? encode(question, reply) : encode({ ...question, ednsBytes: null }, {}, 1);
      case "extendedCode":
        return encode(question, { extendedRcode: 1 });
      case "referral":
        return encode(question, { authorities: [{ name: "test", type: "NS", ttl: 300, data: "ns.elsewhere.test" }] });
      case "truncated":
        return question.transport === "udp" ? truncated(question) : encode(question, reply);
      case "alwaysTruncated":
        return truncated(question);
      case "wrongId":
        return encode({ ...question, id: question.id ^ 1 }, reply);
      case "wrongQuestion":
        return encode({ ...question, written: `x${question.written.slice(1)}` }, reply);
      case "lowerCase":
        return encode({ ...question, written: question.name }, reply);
      case "query":
        return encode(question, reply, 0, "query");
      case "garbage":
        return garbage(encode(question, {}));
      default: {
        const whole = encode(question, reply, reply.nxdomain ? 3 : 0);
        // RFC 1035 §4.2.1: 512 octets for who does not say otherwise.
        const fits = question.transport === "tcp" || whole.length <= (question.ednsBytes ?? 512);
        return fits ? whole : truncated(question);
      }
    }
  }

  #reply(question: DnsQuestion): Reply {
    const answers: Answer[] = [];
    let name = question.name;
    let records = this.#zone.get(name);
    const authentic = records?.authentic ?? false;
    // A zone whose aliases lead round in a circle is answered with a part of the circle.
    for (let i = 0; records?.cname !== undefined && i < 20; i++) {
      answers.push({ name, type: "CNAME", ttl: records.ttl ?? 300, data: records.cname });
      if (records.aliasOnly) return { answers, authentic };
      name = records.cname.toLowerCase();
      records = this.#zone.get(name);
    }
    const wanted = records === undefined ? [] : recordsOf(name, question.type, records);
    if (wanted.length > 0) return { answers: [...answers, ...wanted], authentic };
    const nxdomain = records === undefined && ![...this.#zone.keys()].some((other) => other.endsWith(`.${name}`));
    if (records?.withoutSoa) return { answers, authentic, nxdomain };
    const zone = name.slice(name.lastIndexOf(".") + 1);
    return { answers, authentic, nxdomain, authorities: [{ name: zone, type: "SOA", ttl: 300, data: SOA }] };
  }
}

interface Reply {
  readonly answers?: readonly Answer[];
  readonly authorities?: readonly Answer[];
  readonly authentic?: boolean;
  readonly nxdomain?: boolean;
  readonly extendedRcode?: number;
}

function recordsOf(name: string, type: string, records: DnsRecords): Answer[] {
  const base = { name, ttl: records.ttl ?? 300 };
  switch (type) {
    case "A":
      return (records.a ?? []).map((data) => ({ ...base, type, data }));
    case "AAAA":
      return (records.aaaa ?? []).map((data) => ({ ...base, type, data }));
    case "MX":
      return (records.mx ?? []).map(({ preference, exchange }) => ({
        ...base,
        type,
        data: { preference, exchange: exchange === "" ? "." : exchange },
      }));
    case "TXT":
      return (records.txt ?? []).map((text) => ({
        ...base,
        type,
        data: (typeof text === "string" ? stringsOf(text) : text).map((part) => Buffer.from(part, "latin1")),
      }));
    case "PTR":
      return (records.ptr ?? []).map((data) => ({ ...base, type, data }));
    case "TLSA":
      return (records.tlsa ?? []).map(({ usage, selector, matching, data }) => ({
        ...base,
        type,
        data: { usage, selector, matchingType: matching, certificate: Buffer.from(data) },
      }));
    default:
      return [];
  }
}

function encode(question: DnsQuestion, reply: Reply, rcode = 0, type: "response" | "query" = "response"): Uint8Array {
  const packet: Packet = {
    type,
    id: question.id,
    // AA, RD, RA.
    flags: dnsPacket.AUTHORITATIVE_ANSWER | 0x100 | 0x80 | (reply.authentic ? dnsPacket.AUTHENTIC_DATA : 0) | rcode,
    questions: [{ name: question.written, type: question.type as Answer["type"] & "A" }],
    answers: [...reply.answers ?? []],
    authorities: [...reply.authorities ?? []],
    additionals: question.ednsBytes === null ? [] : [{
      name: ".",
      type: "OPT",
      udpPayloadSize: 1_232,
      extendedRcode: reply.extendedRcode ?? 0,
      ednsVersion: 0,
      flags: 0,
      flag_do: false,
      options: [],
    }],
  };
  return new Uint8Array(dnsPacket.encode(packet)); // Not a Buffer, whose `slice` shares its memory.
}

function truncated(question: DnsQuestion): Uint8Array {
  const packet = encode(question, {});
  packet[2]! |= 0x02;
  return packet;
}

/** The header and question promise an answer; what follows is none. */
function garbage(packet: Uint8Array): Uint8Array {
  const bytes = Buffer.concat([packet, Buffer.alloc(100, 0xff)]);
  bytes.fill(0xff, 8, 12);
  bytes[7] = 3;
  return bytes;
}

/** A text as the strings of one TXT record, 255 octets at most each (RFC 1035 §3.3.14). */
function stringsOf(text: string): string[] {
  return text.match(/[^]{1,255}/g) ?? [""];
}
