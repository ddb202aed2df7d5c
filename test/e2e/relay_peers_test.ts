/** Real mail servers as peers, in both directions, with TLS that they insist on. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { seededRandom, utf8 } from "../../src/base/mod.ts";
import { eximMissing, EximPeer } from "../support/exim_peer.ts";
import { freePorts } from "../support/free_ports.ts";
import { latin1 } from "../support/latin1.ts";
import { makeLetter } from "../support/letters.ts";
import { type MailPeer, PEER_BYTES_MAX, type PeerOptions } from "../support/mail_peer.ts";
import { postfixMissing, PostfixPeer } from "../support/postfix_peer.ts";
import {
  attemptOf,
  domainRecords,
  emptyQueue,
  letterWith,
  startSite,
  type Submission,
  submit,
} from "../support/relay_world.ts";
import type { TestServer } from "../support/server.ts";
import { serveZone } from "../support/zone.ts";

const OURS = { domain: "a.test", address: "127.0.0.11", users: ["ann", "amy"] };
const [ANN, AMY] = ["ann@a.test", "amy@a.test"];
const USERS = ["pam", "pat"];
/** What we take in the end, in bytes: less than the peer does. */
const OUR_BYTES_MAX = 100_000;

/** Our server and a peer. */
interface Pair {
  readonly ours: TestServer;
  readonly peer: MailPeer;
  /** The peer's users. */
  readonly pam: string;
  readonly pat: string;
}

/** What is different from peer to peer. */
interface Kind {
  readonly name: string;
  readonly domain: string;
  readonly address: string;
  readonly missing: string | null;
  start(options: PeerOptions): Promise<MailPeer>;
  /** What its Received field says of a mail that came under TLS. */
  readonly overTls: RegExp;
  /** What it makes of the ENVID `out+2B1`. */
  readonly envelopeId: string;
  /** What its log says of how we gave it a mail, and of how it gave us one. */
  readonly logs: readonly RegExp[];
}

const KINDS: readonly Kind[] = [
  {
    name: "Postfix",
    domain: "p.test",
    address: "127.0.0.21",
    missing: postfixMissing(),
    start: (options) => PostfixPeer.start(options),
    overTls: /\(using TLSv1\.3 with cipher /,
    envelopeId: "out+1",
    logs: [/TLS connection established to 127\.0\.0\.11/],
  },
  {
    name: "Exim",
    domain: "e.test",
    address: "127.0.0.22",
    missing: eximMissing(),
    start: (options) => EximPeer.start(options),
    overTls: /with (?:utf8)?esmtps +\(TLS1\.3\)/,
    envelopeId: "out+2B1", // It leaves xtext as it is (RFC 3461 §4.4 wants it decoded).
    // "K": in chunks; "L": in a pipeline.
    logs: [/=> ann@a\.test .* L K /, /<= ann@a\.test .* L\. /],
  },
];

/** A letter told from others by its subject. */
function letter(subject: string, { from = ANN, bytes = 0 } = {}): Uint8Array {
  const filler = `${"filler ".repeat(9)}\r\n`;
  return utf8(
    `From: <${from}>\r\nSubject: ${subject}\r\n\r\nhello\r\n${filler.repeat(Math.ceil(bytes / filler.length))}`,
  );
}

/** Hands a mail to the peer, which takes it from its own network; its last reply. */
async function submitToPeer({ peer }: Pair, mail: Submission): Promise<string> {
  await using client = await peer.client();
  const behind = (parameters = "") => parameters === "" ? "" : ` ${parameters}`;
  await client.expect(`MAIL FROM:<${mail.from}>${behind(mail.parameters)}`, 250);
  for (const to of mail.to) await client.expect(`RCPT TO:<${to}>${behind(mail.recipientParameters)}`, 250);
  await client.expect("DATA", 354);
  const { text } = await client.data(mail.content);
  await client.quit();
  return text;
}

/** Fields of a report, by name; line ends may be those of a file. */
function field(report: string, name: string): string | undefined {
  return new RegExp(`^${name}: *(.*?)\\r?$`, "mi").exec(report)?.[1];
}

async function givesMail({ ours, peer, pam, pat }: Pair, { domain, overTls }: Kind): Promise<void> {
  const content = makeLetter(seededRandom(1), { id: "out", bodyBytes: 20_000, eightBit: true, from: ANN });
  const id = await submit(ours, { from: ANN, to: [pam, pat], content, parameters: "BODY=8BITMIME" });
  const attempt = await attemptOf(ours, id, domain);
  assertEquals([attempt["delivered"], attempt["code"]], [2, 250], "both in one transaction");
  assertMatch(String(attempt["tls"]), /^TLSv1\.3 /);
  for (const user of USERS) {
    const kept = await peer.letterWith(user, "X-Letter: out");
    assertMatch(kept, overTls);
    assert(kept.endsWith(latin1(content).replaceAll("\r\n", "\n")), "it came as it was sent");
  }
}

async function takesMail(pair: Pair): Promise<void> {
  const { ours, pam } = pair;
  const content = makeLetter(seededRandom(2), { id: "in", bodyBytes: 20_000, eightBit: true, from: pam });
  await submitToPeer(pair, { from: pam, to: [ANN, AMY], content, parameters: "BODY=8BITMIME" });
  for (const user of [ANN, AMY]) {
    const kept = await letterWith(ours, user, "X-Letter: in");
    assert(kept.endsWith(latin1(content)), "it came as it was sent");
    assertMatch(kept, new RegExp(`^Return-Path: <${pam}>\r\nReceived: from mail\\.\\w\\.test [^]*?with ESMTPS`));
    assertMatch(kept, /^Authentication-Results: mail\.a\.test;[^]*?spf=pass/m);
  }
}

async function sizesAreRefused(pair: Pair): Promise<void> {
  const { ours, peer, pam } = pair;
  await submit(ours, { from: ANN, to: [pam], content: letter("too large for it", { bytes: PEER_BYTES_MAX }) });
  const back = await letterWith(ours, ANN, "Subject: too large for it");
  assertEquals([field(back, "Action"), field(back, "Status")], ["failed", "5.3.4"], back);
  await emptyQueue(ours);
  await ours.stop();
  await ours.writeConfig({ limits: { smtp: { messageBytesMax: OUR_BYTES_MAX } } });
  await ours.start();
  const large = letter("too large for us", { from: pam, bytes: OUR_BYTES_MAX });
  await submitToPeer(pair, { from: pam, to: [ANN], content: large });
  const returned = await peer.letterWith("pam", "Subject: too large for us");
  assertMatch(returned, /^Return-path: <>$/mi);
  assertMatch(returned, /5\.3\.4|message size exceeds|552/i);
}

async function unknownUsersBounce(pair: Pair, { domain }: Kind): Promise<void> {
  const { ours, peer, pam } = pair;
  await submit(ours, { from: ANN, to: [`nobody@${domain}`, pam], content: letter("one of two") });
  const back = await letterWith(ours, ANN, `Final-Recipient: rfc822; nobody@${domain}`);
  assertEquals([field(back, "Action"), field(back, "Status")], ["failed", "5.1.1"], back);
  assertMatch(field(back, "Diagnostic-Code")!, /^smtp; 550 5\.1\.1 /);
  await peer.letterWith("pam", "Subject: one of two");
  await submitToPeer(pair, { from: pam, to: ["nobody@a.test", ANN], content: letter("two of two", { from: pam }) });
  const returned = await peer.letterWith("pam", "nobody@a.test");
  assertMatch(returned, /550[- ]5\.1\.1 /);
  assertMatch(returned, /^Return-path: <>$/mi);
  await letterWith(ours, ANN, "Subject: two of two");
}

async function successIsReported(pair: Pair, { domain, envelopeId }: Kind): Promise<void> {
  const { ours, peer, pam, pat } = pair;
  const wish = { parameters: "RET=HDRS ENVID=out+2B1", recipientParameters: "NOTIFY=SUCCESS,FAILURE" };
  await submit(ours, { from: ANN, to: [pat], content: letter("tell me"), ...wish });
  const theirs = await letterWith(ours, ANN, "Original-Envelope-I");
  assertEquals(field(theirs, "Reporting-MTA")?.toLowerCase(), `dns; mail.${domain}`);
  assertEquals(field(theirs, "Original-Envelope-Id"), envelopeId);
  assertEquals(field(theirs, "Action"), "delivered");
  await submitToPeer(pair, { from: pam, to: [AMY], content: letter("tell pam", { from: pam }), ...wish });
  const told = await peer.letterWith("pam", "Reporting-MTA: dns; mail.a.test");
  assertEquals([field(told, "Original-Envelope-Id"), field(told, "Action")], ["out+1", "delivered"]);
  assertEquals(field(told, "Final-Recipient"), `rfc822; ${AMY}`);
}

/** What passes between the two, in turn. */
const STEPS: Readonly<Record<string, (pair: Pair, kind: Kind) => Promise<void>>> = {
  "mail of ours reaches two of its users in one transaction under TLS, byte for byte": givesMail,
  "its mail reaches two users of ours, under TLS, byte for byte": takesMail,
  "each side returns mail for an unknown user, and only that": unknownUsersBounce,
  "each side reports the success that the other's user asked for": successIsReported,
  "each side returns what is too large for the other": sizesAreRefused,
};

async function withPair({ domain, address, start }: Kind, run: (pair: Pair) => Promise<void>): Promise<void> {
  const [port = 0] = await freePorts(1);
  await using dns = await serveZone({ ...domainRecords(OURS), ...domainRecords({ domain, address }) });
  await using peer = await start({ domain, address, port, users: USERS, routes: { "a.test": OURS.address } });
  await using ours = await startSite(OURS, { port, dns: dns.server });
  await run({ ours, peer, pam: `pam@${domain}`, pat: `pat@${domain}` });
  await emptyQueue(ours);
  assertEquals(ours.log.filter(({ level, event }) => level === "error" || event === "report undeliverable"), []);
  await ours.stop();
}

for (const kind of KINDS) {
  const { name, missing } = kind;
  const reason = missing === null ? "" : ` (skipped: needs ${missing})`;
  const title = `${name} and our server exchange mail in both directions${reason}`;
  Deno.test({ name: title, ignore: missing !== null }, async (test) => {
    await withPair(kind, async (pair) => {
      for (const [what, run] of Object.entries(STEPS)) await test.step(what, () => run(pair, kind));
      await test.step("its log shows TLS, chunks and pipelines", () => {
        for (const pattern of kind.logs) assertMatch(pair.peer.log(), pattern);
      });
    });
  });
}
