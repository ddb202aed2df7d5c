/** Next servers that misbehave, each in its own way: the right outcome each, and an operator who can read it. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { utf8 } from "../../src/base/mod.ts";
import type { QueueEntry } from "../../src/messages/mod.ts";
import { eventually } from "../support/eventually.ts";
import { freePorts } from "../support/free_ports.ts";
import { domainRecords, emptyQueue, letterWith, startSite, submit } from "../support/relay_world.ts";
import type { LogLine, TestServer } from "../support/server.ts";
import { type SinkOptions, SmtpSink } from "../support/smtp_sink.ts";
import { serveZone, type Zone } from "../support/zone.ts";

const OURS = { domain: "a.test", address: "127.0.0.11", users: ["ann"] };
const ANN = "ann@a.test";
const PORT_OF_PEERS = (await freePorts(1))[0]!;

const LINE = "a line of the letter\r\n";

/** A content long enough to be dropped in the midst of. */
const CONTENT = contentOf(500);

function contentOf(lines: number): Uint8Array {
  return utf8(`From: <${ANN}>\r\nSubject: troubled\r\n\r\n${LINE.repeat(lines)}`);
}

/** More lines than the buffers between two programs hold: their end has not left when the peer breaks off. */
const MANY_LINES = 600_000;

/** Says something the first time it is asked by this verb, and then what a server should. */
function once(verb: string, reply: string): NonNullable<SinkOptions["answer"]> {
  let said = false;
  return (event) => {
    if (said || event.verb !== verb) return undefined;
    said = true;
    return reply;
  };
}

/** Hosts of the peers, by the last octet of their addresses. */
class Peers implements AsyncDisposable {
  readonly zone: Record<string, Zone[string]> = { ...domainRecords(OURS) };
  readonly #sinks: SmtpSink[] = [];

  /** A host that runs a sink. */
  async host(octet: number, options: SinkOptions): Promise<SmtpSink> {
    const sink = await SmtpSink.start({ host: `127.0.0.${octet}`, port: PORT_OF_PEERS, ...options });
    this.#sinks.push(sink);
    return sink;
  }

  /** Names a domain's hosts, best first; null is a host whose name does not exist. */
  domain(name: string, octets: readonly (number | null)[]): void {
    this.zone[name] = { mx: octets.map((octet, i) => [10 * (i + 1), `mx${octet ?? "-none"}.test`]) };
    for (const octet of octets) if (octet !== null) this.zone[`mx${octet}.test`] = { a: [`127.0.0.${octet}`] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#sinks.map((sink) => sink[Symbol.asyncDispose]()));
  }
}

/** Starts our server among the peers. */
async function serve(peers: Peers, run: (server: TestServer) => Promise<void>): Promise<void> {
  await using dns = await serveZone(peers.zone);
  await using server = await startSite(OURS, { port: PORT_OF_PEERS, dns: dns.server });
  await run(server);
  await server.stop();
}

/** Sends a letter of Ann's; its id. */
function send(server: TestServer, domain: string, content = CONTENT): Promise<string> {
  return submit(server, { from: ANN, to: [`x@${domain}`], content });
}

/** The attempts at a mail, once it is delivered or given up. */
async function attemptsAt(server: TestServer, id: string): Promise<LogLine[]> {
  await server.logged((line) => line.event === "attempt" && line["id"] === id && line["deferred"] === 0);
  return server.log.filter(({ event, id: of }) => event === "attempt" && of === id);
}

/** Asserts that a mail was deferred once, with this reply, and then delivered, once. */
async function assertLater(server: TestServer, id: string, sink: SmtpSink, reply: readonly [number | null, RegExp]) {
  const [first, second, ...more] = await attemptsAt(server, id);
  assertEquals([first?.["deferred"], first?.["code"]], [1, reply[0]], JSON.stringify(first));
  assertMatch(String(first?.["reply"]), reply[1]);
  assertEquals([second?.["delivered"], second?.["code"], more], [1, 250, []]);
  assertEquals(sink.mails.length, 1, "it came once");
}

/** What a server says at each stage when it has no time. */
const STAGES: readonly (readonly [verb: string, reply: string, code: number])[] = [
  ["CONNECT", "421 4.3.2 too busy", 421],
  ["EHLO", "421 4.3.2 not now", 421],
  ["MAIL", "451 4.3.2 not now", 451],
  ["RCPT", "450 4.2.1 greylisted, come again", 450],
  ["DATA", "451 4.3.2 not now", 451],
  ["CONTENT", "452 4.3.1 disk full", 452],
];

Deno.test("a greylisting server, and one that says 4xx at any stage, gets the mail at the next attempt", async () => {
  await using peers = new Peers();
  const sinks: SmtpSink[] = [];
  for (const [i, [verb, reply]] of STAGES.entries()) {
    sinks.push(await peers.host(31 + i, { answer: once(verb, reply) }));
    peers.domain(`later${i}.test`, [31 + i]);
  }
  await serve(peers, async (server) => {
    for (const [i, [, reply, code]] of STAGES.entries()) {
      const id = await send(server, `later${i}.test`);
      const words = reply.split(" ").slice(2).join(" ");
      await assertLater(server, id, sinks[i]!, [code, new RegExp(words)]);
    }
    await emptyQueue(server);
  });
});

Deno.test("mail goes round a server that drops it midway, and past four dead hosts of five; broken TLS is left out", async () => {
  await using peers = new Peers();
  const dropping = await peers.host(41, { dropAfterBytes: 3_000 });
  const whole = await peers.host(42, {});
  await peers.host(43, { answer: ({ verb }) => verb === "CONNECT" ? "554 5.3.2 no service here" : undefined });
  await peers.host(44, { answer: ({ verb }) => verb === "CONNECT" ? "close" : undefined });
  const alive = await peers.host(45, {});
  const broken = await peers.host(46, { tls: "broken" });
  const sound = await peers.host(47, { tls: "starttls" });
  peers.domain("dropped.test", [41, 42]);
  peers.domain("five.test", [50, null, 43, 44, 45]);
  peers.domain("broken.test", [46]);
  peers.domain("sound.test", [47]);
  await serve(peers, async (server) => {
    const expected = [["dropped.test", whole], ["five.test", alive], ["broken.test", broken], [
      "sound.test",
      sound,
    ]] as const;
    for (const [domain, sink] of expected) {
      const content = sink === whole ? contentOf(MANY_LINES) : CONTENT;
      const attempts = await attemptsAt(server, await send(server, domain, content));
      const [last] = attempts;
      assertEquals([attempts.length, last?.["delivered"], sink.mails.length], [1, 1, 1], domain);
      assertMatch(String(last?.["tls"]), domain === "sound.test" ? /^TLSv1\.3 / : /^null$/);
      assert(sink.mails[0]!.content.endsWith(LINE), `${domain} got all of it`);
    }
    // All of a small mail has left when the first host breaks off: it may have been taken, so the second one comes later.
    const [first, second, ...more] = await attemptsAt(server, await send(server, "dropped.test"));
    assertEquals([first?.["status"], second?.["host"], more], ["4.4.2", "mx42.test [127.0.0.42]", []]);
    assertEquals([dropping.mails.length, dropping.connections.length, whole.mails.length], [0, 2, 2]);
    assert(broken.connections.length >= 2, "first with TLS, then without");
    assertEquals(server.log.filter(({ event }) => event === "TLS failed, sent without").length, 1);
  });
});

Deno.test("a server that says a byte a second is waited for, and holds up nobody else", async () => {
  await using peers = new Peers();
  const replies: Readonly<Record<string, string>> = { CONNECT: "220 s", MAIL: "250 ok" };
  const answer = ({ verb }: { verb: string }) => replies[verb];
  const slow = await peers.host(61, {
    answer,
    extensions: ["8BITMIME"],
    slow: { verbs: Object.keys(replies), byteMs: 1_000 },
  });
  const quick = await peers.host(62, {});
  peers.domain("slow.test", [61]);
  peers.domain("quick.test", [62]);
  await serve(peers, async (server) => {
    const startMs = performance.now();
    const id = await send(server, "slow.test");
    await slow.when("a connection", () => slow.open > 0);
    await attemptsAt(server, await send(server, "quick.test"));
    assertEquals([quick.mails.length, slow.mails.length], [1, 0], "the quick one is served meanwhile");
    const attempts = await attemptsAt(server, id);
    assertEquals([attempts.length, attempts[0]?.["delivered"], slow.mails.length], [1, 1, 1]);
    // CRLF makes two bytes more, and before the first one is no pause.
    const pauses = Object.values(replies).reduce((sum, reply) => sum + reply.length + 1, 0);
    assert(performance.now() - startMs >= pauses * 1_000, "it was as slow as that");
  });
});

/** One mail of the queue, when this many attempts at it have been made. */
function entryAfter(server: TestServer, id: string, attempts: number): Promise<QueueEntry> {
  return eventually(`${attempts} attempts`, async () => {
    const { items: [entry] } = await server.rpc<{ items: QueueEntry[] }>("queue.get", { id });
    return entry !== undefined && entry.attempts >= attempts && entry;
  });
}

Deno.test("an operator reads what waits, each attempt and what was said, and gives it up; its sender is told", async () => {
  await using peers = new Peers();
  const never = await peers.host(71, {
    answer: ({ verb }) => verb === "RCPT" ? "450-4.2.1 come\r\n450 4.2.1 again" : undefined,
  });
  await peers.host(72, { dropAfterBytes: 3_000 });
  peers.domain("never.test", [71]);
  peers.domain("drops.test", [72]);
  peers.domain("dead.test", [73, null]);
  await serve(peers, async (server) => {
    const expected = [
      { domain: "never.test", host: /^mx71\.test \[127\.0\.0\.71\]/, code: 450, status: "4.2.1", text: /^come again$/ },
      { domain: "drops.test", host: /^mx72\.test /, code: null, status: "4.4.2", text: /connection/ },
      { domain: "dead.test", host: /^null$/, code: null, status: "4.4.1", text: /ECONNREFUSED/ },
    ];
    for (const { domain, host, code, status, text } of expected) {
      const id = await send(server, domain);
      const entry = await entryAfter(server, id, 2);
      assertEquals([entry.sender, entry.destination, entry.recipients[0]?.address], [ANN, domain, `x@${domain}`]);
      const [note] = entry.notes;
      assertMatch(String(note?.host), host);
      assertEquals([note?.code, note?.status], [code, status], JSON.stringify(note));
      assertMatch(note!.text, text);
      assertEquals(entry.recipients[0]?.status, status);
      const { records } = await server.rpc<{ records: QueueEntry[] }>("queue.list", { domain });
      assertEquals(records.map((each) => each.id), [id]);
      assertEquals(await server.rpc("queue.bounce", { id }), { items: 1 });
      const report = await letterWith(server, ANN, `Final-Recipient: rfc822; x@${domain}`);
      assertMatch(report, /^Action: failed\r$/m);
    }
    assert(never.connections.length >= 1 && never.mails.length === 0);
    await emptyQueue(server);
  });
});
