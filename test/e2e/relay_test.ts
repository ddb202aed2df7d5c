/** Three servers of ours exchange mail over the network, by the names of a zone: what users and their servers see of it. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { concat, seededRandom, utf8 } from "../../src/base/mod.ts";
import { latin1, latin1Bytes } from "../support/latin1.ts";
import { makeLetter } from "../support/letters.ts";
import {
  attemptOf,
  emptyQueue,
  letters,
  letterWith,
  loggedIn,
  RelayWorld,
  type RelayWorld as World,
  submit,
} from "../support/relay_world.ts";
import { SmtpClient } from "../support/smtp_client.ts";

const SITES = [
  { domain: "a.test", address: "127.0.0.11", users: ["ann", "amy"] },
  { domain: "b.test", address: "127.0.0.12", users: ["bob"] },
  { domain: "c.test", address: "127.0.0.13", users: ["cid", "grün"] },
];

/** Beside the three domains: one that takes no mail, and one whose hosts are all gone. */
const MORE = { "null.test": { mx: [[0, ""]] } } as const;

const ANN = "ann@a.test";

/** A letter of Ann's that is told from others by its subject. */
function letter(subject: string, body = "hello\r\n"): Uint8Array {
  return utf8(`From: <${ANN}>\r\nTo: undisclosed-recipients:;\r\nSubject: ${subject}\r\n\r\n${body}`);
}

/** The field of a report, by its name. */
function field(report: string, name: string): string | undefined {
  return new RegExp(`^${name}: (.*)\r$`, "m").exec(report)?.[1];
}

async function reachesBothAndForwards(world: World): Promise<void> {
  const a = world.at("a.test");
  const to = ["bob@b.test", "cid@c.test", "forward@b.test"];
  const id = await submit(a, { from: ANN, to, content: letter("round trip") });
  for (const destination of ["b.test", "c.test"]) {
    const { tls, host, code, deferred } = await attemptOf(a, id, destination);
    assertMatch(String(tls), /^TLSv1\.3 /, destination);
    assertEquals([host, code, deferred], [
      `mail.${destination} [${destination === "b.test" ? "127.0.0.12" : "127.0.0.13"}]`,
      250,
      0,
    ]);
  }
  const atBob = await letterWith(world.at("b.test"), "bob@b.test", "Subject: round trip");
  assertMatch(atBob, /^Return-Path: <ann@a\.test>\r\nReceived: from mail\.a\.test /);
  assertMatch(atBob, /^Authentication-Results: mail\.b\.test;[^]*?spf=pass/m);
  assertMatch(atBob, /with ESMTPS[^]*with ESMTPSA/, "TLS on both hops");
  // Two copies at c: one straight from a, one that b forwarded in a name of its own.
  const c = world.at("c.test");
  const forwarded = await letterWith(c, "cid@c.test", "Return-Path: <SRS0=");
  assertMatch(forwarded, /^Return-Path: <SRS0=[a-z2-7]{8}=[a-z2-7]{2}=a\.test=ann@b\.test>\r\n/);
  assertMatch(forwarded, /^Authentication-Results: mail\.c\.test;[^]*?spf=pass[^]*?smtp\.mailfrom=\S*b\.test/m);
  assertEquals(forwarded.match(/^Received: /gm)?.length, 3);
  await letterWith(c, "cid@c.test", "Return-Path: <ann@a.test>");
  await bouncesComeBack(world, /^Return-Path: <([^>]+)>/.exec(forwarded)![1]!);
}

/** A report to an address under which b forwarded reaches Ann; a letter, or an address that was made up, does not. */
async function bouncesComeBack(world: World, rewritten: string): Promise<void> {
  const b = world.at("b.test");
  await using client = await SmtpClient.greeted({ host: b.host, port: b.ports.smtp });
  await client.expect("MAIL FROM:<>", 250);
  await client.expect(`RCPT TO:<${rewritten}>`, 250);
  await client.expect(`RCPT TO:<${rewritten.replace("ann@", "amy@")}>`, 550);
  await client.expect("DATA", 354);
  assertEquals((await client.data(letter("a bounce by hand"))).code, 250);
  await client.expect("MAIL FROM:<spam@elsewhere.test>", 250);
  await client.expect(`RCPT TO:<${rewritten}>`, 550);
  await client.quit();
  const bounce = await letterWith(world.at("a.test"), ANN, "a bounce by hand");
  assertMatch(bounce, /^Return-Path: <>\r\n/);
}

/** What Ann is told of an address that cannot be reached. */
const UNREACHABLE = [
  { to: "nobody@c.test", status: "5.1.1", diagnostic: /^smtp; 550 5\.1\.1 / },
  { to: "lost@b.test", status: "5.1.1", diagnostic: /^smtp; 550 5\.1\.1 / },
  { to: "x@null.test", status: "5.1.10", diagnostic: /null MX/ },
  { to: "x@missing.test", status: "5.1.2", diagnostic: /does not exist/ },
];

async function bounces(world: World): Promise<void> {
  const a = world.at("a.test");
  for (const { to, status, diagnostic } of UNREACHABLE) {
    const subject = `for ${to.replace("@", " at ")}`;
    await submit(a, { from: ANN, to: [to], content: letter(subject) });
    const report = await letterWith(a, ANN, `Subject: ${subject}`);
    assertMatch(report, /^Return-Path: <>\r\n/, to);
    assertEquals([field(report, "Action"), field(report, "Status")], ["failed", status], report);
    assertMatch(`${field(report, "Diagnostic-Code")} ${report}`, diagnostic);
  }
}

async function successIsReported(world: World): Promise<void> {
  const a = world.at("a.test");
  await submit(a, {
    from: ANN,
    to: ["bob@b.test", "forward@b.test"],
    content: letter("tell me"),
    parameters: "RET=HDRS ENVID=trip+2B1",
    recipientParameters: "NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;orig+2Binal@a.test",
  });
  // From b for its own user, and from c for the one whose mail b passed on: two hops there, two hops back.
  for (const [by, final] of [["mail.b.test", "bob@b.test"], ["mail.c.test", "cid@c.test"]]) {
    const report = await letterWith(a, ANN, `Final-Recipient: rfc822; ${final}`);
    assertEquals(field(report, "Reporting-MTA"), `dns; ${by}`);
    assertEquals(field(report, "Original-Envelope-Id"), "trip+1");
    assertEquals(field(report, "Original-Recipient"), "rfc822;orig+inal@a.test");
    assertMatch(field(report, "Action")!, /^delivered/);
    assertMatch(field(report, "Status")!, /^2\.\d\.\d/);
    assert(!report.includes("\r\nhello\r\n"), "RET=HDRS returns the header only");
  }
  for (const { domain } of SITES) await emptyQueue(world.at(domain));
  const reports = (await letters(a, ANN)).filter((text) => field(text, "Original-Envelope-Id") === "trip+1");
  const finals = reports.flatMap((text) =>
    [...text.matchAll(/^Final-Recipient: rfc822; (.*)\r$/gm)].map(([, to]) => to)
  );
  assertEquals(finals.sort(), ["bob@b.test", "cid@c.test"], "an alias that only leads on has delivered nothing");
}

async function keepsBytes(world: World): Promise<void> {
  const a = world.at("a.test");
  const random = seededRandom(5);
  const longLine = "x".repeat(900);
  const bodies = {
    eight: `Grüße, привет, 世界\r\n.\r\n..\r\n.dot\r\n \r\n\ttab\r\n${longLine}\r\n`,
    octets: `${
      latin1(Uint8Array.from(random.bytes(3_000), (byte) => byte < 0x20 || byte === 0x7f ? 0xe9 : byte)).match(
        /[^]{1,500}/g,
      )!.join("\r\n")
    }\r\n`,
  };
  const head = (name: string) =>
    `Date: Mon, 05 Jan 2026 09:00:00 +0000\r\nMessage-ID: <${name}@a.test>\r\nFrom: <${ANN}>\r\nSubject: ${name}\r\n\r\n`;
  const contents = [
    utf8(head("eight") + bodies.eight),
    latin1Bytes(head("octets") + bodies.octets),
    makeLetter(random, { id: "big", bodyBytes: 300_000, eightBit: true, from: ANN }),
  ];
  for (const content of contents) {
    await submit(a, { from: ANN, to: ["bob@b.test"], content, parameters: "BODY=8BITMIME" });
    const id = /^Message-ID: .*$/m.exec(latin1(content))![0];
    const kept = await letterWith(world.at("b.test"), "bob@b.test", id);
    assert(kept.endsWith(latin1(content)), `${id} is there byte for byte`);
  }
}

/** Every octet, bare CR and LF and NUL among them: it goes in one chunk over each hop (RFC 3030 §3). */
async function binaryGoesInChunks(world: World): Promise<void> {
  const a = world.at("a.test");
  const octets = Uint8Array.from({ length: 10_000 }, (_, i) => (i * 7) % 256);
  const head = `Date: Mon, 05 Jan 2026 09:00:00 +0000\r\nMessage-ID: <binary@a.test>\r\nFrom: <${ANN}>\r\n` +
    "MIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n";
  const content = concat([utf8(head), octets, utf8("\r\n")]);
  await using client = await loggedIn(a, ANN);
  await client.expect(`MAIL FROM:<${ANN}> BODY=BINARYMIME`, 250);
  await client.expect("RCPT TO:<bob@b.test>", 250);
  const sent = client.wire.write(concat([utf8(`BDAT ${content.length} LAST\r\n`), content]));
  assertEquals((await Promise.all([client.reply(), sent]))[0].code, 250);
  await client.quit();
  const kept = await letterWith(world.at("b.test"), "bob@b.test", "Message-ID: <binary@a.test>");
  assert(kept.endsWith(latin1(content)), "it is there byte for byte");
}

async function internationalAddress(world: World): Promise<void> {
  const content = utf8(`From: <${ANN}>\r\nTo: <grün@c.test>\r\nSubject: für Grün\r\n\r\nja\r\n`);
  await submit(world.at("a.test"), { from: ANN, to: ["grün@c.test"], content, parameters: "SMTPUTF8 BODY=8BITMIME" });
  const kept = await letterWith(world.at("c.test"), "grün@c.test", latin1(utf8("Subject: für Grün")));
  assertStringIncludes(kept, "with UTF8SMTPS");
}

async function relayingIsRefused(world: World): Promise<void> {
  const b = world.at("b.test");
  await using stranger = await SmtpClient.greeted({ host: b.host, port: b.ports.smtp });
  for (const sender of ["spam@elsewhere.test", "bob@b.test", ""]) {
    await stranger.expect(`MAIL FROM:<${sender}>`, 250);
    for (const to of ["cid@c.test", "cid%c.test@a.test", "x@[127.0.0.13]"]) {
      assertMatch((await stranger.expect(`RCPT TO:<${to}>`, 550)).text, /^550 5\.7\.1 /, `${sender} ${to}`);
    }
    await stranger.expect("RSET", 250);
  }
  await stranger.quit();
  const a = world.at("a.test");
  await using user = await loggedIn(a, ANN);
  for (const sender of ["amy@a.test", "bob@b.test", "ann@c.test"]) {
    assertMatch((await user.expect(`MAIL FROM:<${sender}>`, 550)).text, /^550 5\.7\.1 /, sender);
  }
  await user.quit();
  await using unknown = await SmtpClient.greeted({ host: a.host, port: a.ports.submission });
  await unknown.startTls();
  assertMatch((await unknown.expect(`MAIL FROM:<${ANN}>`, 530)).text, /^530 5\.7\.0 /);
  await unknown.quit();
}

async function expansionIsReported(world: World): Promise<void> {
  const a = world.at("a.test");
  const wish = { parameters: "ENVID=team", recipientParameters: "NOTIFY=SUCCESS" };
  await submit(a, { from: ANN, to: ["team@b.test"], content: letter("to a team"), ...wish });
  await letterWith(world.at("b.test"), "bob@b.test", "Subject: to a team");
  await letterWith(world.at("c.test"), "cid@c.test", "Subject: to a team");
  const report = await letterWith(a, ANN, "Original-Envelope-Id: team");
  assertEquals([field(report, "Action"), field(report, "Final-Recipient")], ["expanded", "rfc822; team@b.test"]);
  for (const { domain } of SITES) await emptyQueue(world.at(domain));
  const reports = (await letters(a, ANN)).filter((text) => field(text, "Original-Envelope-Id") === "team");
  assertEquals(reports.length, 1, "the members do not report");
}

/** What users did in turn, on the same three servers. */
const STEPS: Readonly<Record<string, (world: World) => Promise<void>>> = {
  "mail for two servers and an alias that leads on arrives, under TLS, and a bounce finds its way back":
    reachesBothAndForwards,
  "what cannot be delivered comes back with the right status": bounces,
  "NOTIFY=SUCCESS is answered from the last server, over two hops": successIsReported,
  "NOTIFY=SUCCESS for several addresses behind an alias is answered once, where they part": expansionIsReported,
  "8-bit text, long lines and large mail arrive byte for byte": keepsBytes,
  "a binary mail goes in chunks over each hop": binaryGoesInChunks,
  "mail to an address in UTF-8 arrives": internationalAddress,
  "strangers may not relay, and users not under another's name": relayingIsRefused,
};

Deno.test("three servers of one zone exchange mail end to end", async (test) => {
  await using world = await RelayWorld.start(SITES, MORE);
  await world.at("b.test").rpc("alias.add", { address: "forward@b.test", targets: ["cid@c.test"] });
  await world.at("b.test").rpc("alias.add", { address: "lost@b.test", targets: ["nobody@c.test"] });
  await world.at("b.test").rpc("alias.add", { address: "team@b.test", targets: ["bob@b.test", "cid@c.test"] });
  for (const [name, run] of Object.entries(STEPS)) await test.step(name, () => run(world));
  await test.step("nothing is left in a queue, and no report was lost", async () => {
    for (const { domain } of SITES) {
      const server = world.at(domain);
      await emptyQueue(server);
      assertEquals(server.log.filter(({ level, event }) => level === "error" || event === "report undeliverable"), []);
    }
    assertEquals((await letters(world.at("a.test"), "amy@a.test")).length, 0);
  });
  await world.stop();
});
