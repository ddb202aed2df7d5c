/** Signatures as other servers see them: keys made, published and rotated by an operator, mail verified by us and by mailauth. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { authenticate } from "mailauth";
import { dkimVerify } from "mailauth/lib/dkim/verify.js";
import { Buffer } from "node:buffer";
import { systemClock, systemRandom, utf8 } from "../../src/base/mod.ts";
import { createResolver } from "../../src/net/mod.ts";
import { sealArc, verifyArc } from "../../src/policy/arc/mod.ts";
import { type DkimVerdict, readSigner, signable, signDkim, verifyDkim } from "../../src/policy/dkim/mod.ts";
import { readMessage } from "../../src/policy/header/mod.ts";
import type { ActorStats } from "../../src/runtime/mod.ts";
import { keyRecord, RSA, RSA_PEM } from "../policy/support/signing.ts";
import { DnsServer } from "../support/dns_server.ts";
import { eventually } from "../support/eventually.ts";
import { latin1, latin1Bytes } from "../support/latin1.ts";
import { readMaildrop } from "../support/pop3_client.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { SmtpClient } from "../support/smtp_client.ts";
import { SmtpSink } from "../support/smtp_sink.ts";

const DOMAIN = "smith.test";
const JOHN = { user: "john@smith.test", password: "boxing match" };
const BILLY = { user: "billy@bob.test", password: "saddle-up" };
const STRANGER = "anna@bank.test";

interface World extends AsyncDisposable {
  readonly server: TestServer;
  readonly dns: DnsServer;
  readonly sink: SmtpSink;
}

/** A server whose mail to others all goes to a sink, and whose DNS is the test's own. Clients of this machine are strangers. */
async function world(sinkAnswer?: (verb: string) => string | undefined): Promise<World> {
  const dns = await DnsServer.start({
    "_dmarc.bank.test": { txt: ["v=DMARC1; p=reject"] },
    "b._domainkey.bank.test": { txt: [keyRecord(RSA)] },
  });
  const sink = await SmtpSink.start(sinkAnswer === undefined ? {} : { answer: ({ verb }) => sinkAnswer(verb) });
  const server = await startServer({
    domains: [DOMAIN, "bob.test"],
    accounts: [JOHN, BILLY].map(({ user, password }) => ({ address: user, password })),
    config: {
      hostname: "mail.smith.test",
      dns: { servers: [dns.server] },
      senders: { exempt: [] },
      outbound: { routes: [{ domain: "*", host: "127.0.0.1", port: sink.port, tls: "none" }] },
    },
  });
  const dispose = async () => {
    await server[Symbol.asyncDispose]();
    await sink[Symbol.asyncDispose]();
    await dns[Symbol.asyncDispose]();
  };
  return { server, dns, sink, [Symbol.asyncDispose]: dispose };
}

interface Key {
  readonly selector: string;
  readonly state: string;
  readonly zone: string;
}

/** Publishes what `dkim txt` prints, line by line as it stands there, as a name server reads it. */
async function publish({ server, dns }: World): Promise<void> {
  const { records } = await server.rpc<{ records: readonly Key[] }>("dkim.txt", { domain: DOMAIN });
  for (const { zone } of records) {
    const [, name, strings] = /^(\S+)\. \d+ IN TXT \(? ?("[^)]*")(?: \))?$/.exec(zone)!;
    dns.set(name!, { txt: [[...strings!.matchAll(/"([^"]*)"/g)].map(([, string]) => string!)] });
  }
}

/** Makes keys, publishes them and lets them sign; the selectors that sign then. */
async function rotate(world: World): Promise<string[]> {
  await world.server.rpc("dkim.rotate", { domain: DOMAIN });
  await publish(world);
  const checked = await world.server.rpc<{ problemCount: number }>("dkim.check", { domain: DOMAIN });
  assertEquals(checked.problemCount, 0);
  const records = await activate(world.server);
  return records.filter(({ state }) => state === "active").map(({ selector }) => selector);
}

/** Lets the next keys sign, and waits until every listener knows. */
async function activate(server: TestServer): Promise<readonly Key[]> {
  const handled = async () => {
    const { actors } = await server.rpc<{ actors: readonly ActorStats[] }>("actor.list", { limit: 1_000 });
    const routers = actors.filter(({ address }) => address.actor === "router");
    return new Map(routers.map(({ address, handled }) => [address.worker, handled]));
  };
  const before = await handled();
  const { records } = await server.rpc<{ records: readonly Key[] }>("dkim.activate", { domain: DOMAIN });
  await eventually("the new selectors at every listener", async () => {
    const after = await handled();
    return [...before].every(([worker, count]) => after.get(worker)! > count);
  });
  return records;
}

/** A letter with what relaxed canonicalization has to bear: folds, runs of blanks, dots and empty lines at the end. */
function letter(from: string, subject: string): Uint8Array {
  return utf8(
    `From: ${from}\r\nTo: someone@elsewhere.test\r\nSubject: ${subject}  with\r\n\ta fold\r\n\r\n` +
      ".dot \t blanks \r\n\r\nthe last line, möglichst\r\n\r\n\r\n",
  );
}

async function submit({ server }: World, content: Uint8Array, to: readonly string[]): Promise<string> {
  await using client = await SmtpClient.greeted({ port: server.ports.submission });
  const login = Buffer.from(`\0${JOHN.user}\0${JOHN.password}`).toString("base64");
  const loggedIn = await client.command(`AUTH PLAIN ${login}`);
  if (loggedIn.code !== 235) return loggedIn.text;
  const { text } = await client.send({ from: JOHN.user, to, content, parameters: "BODY=8BITMIME" });
  await client.quit();
  return text;
}

/** From outside, as any server does. */
async function bring({ server }: World, content: Uint8Array, to: string): Promise<string> {
  await using client = await SmtpClient.greeted({ port: server.ports.smtp });
  const { text } = await client.send({ from: STRANGER, to: [to], content, parameters: "BODY=8BITMIME" });
  await client.quit();
  return text;
}

/** What we and mailauth find in a mail, by the DNS of the test. */
async function verified({ dns }: World, mail: string): Promise<{ ours: readonly DkimVerdict[]; theirs: string[] }> {
  const resolver = createResolver({
    servers: [dns.server],
    trustAd: false,
    clock: systemClock(),
    random: systemRandom(),
  });
  try {
    const nowSeconds = Math.floor(Date.now() / 1_000);
    const { verdicts } = await verifyDkim(readMessage([latin1Bytes(mail)]), { resolver, nowSeconds });
    const asked = async (name: string) => {
      const answer = await resolver.txt(name);
      return answer.type === "found" ? answer.records.map((text) => [text]) : [];
    };
    const { results } = await dkimVerify(Buffer.from(mail, "latin1"), { resolver: asked as never });
    const theirs = results.map(({ status, selector }) => `${selector} ${status.result}`);
    return { ours: verdicts, theirs };
  } finally {
    resolver.close();
  }
}

/** Fails unless these keys signed the mail, each as everybody can verify. */
async function assertSigned(world: World, mail: string, selectors: readonly string[]): Promise<void> {
  const { ours, theirs } = await verified(world, mail);
  const found = ours.map(({ selector, domain, result }) => `${selector} ${domain} ${result}`).sort();
  assertEquals(found, selectors.map((selector) => `${selector} ${DOMAIN} pass`).sort(), mail);
  assertEquals([...theirs].sort(), selectors.map((selector) => `${selector} pass`).sort(), mail);
}

function signatures(mail: string): number {
  return mail.match(/^DKIM-Signature:/gm)?.length ?? 0;
}

Deno.test("what users send is signed by RSA and Ed25519, verifies everywhere, and is the same bytes in mailboxes here", async () => {
  await using here = await world();
  const { server, sink } = here;
  assertMatch(await submit(here, letter(JOHN.user, "before"), ["ann@elsewhere.test"]), /^250 /);
  await server.rpc("dkim.rotate", { domain: DOMAIN });
  await assertRejects(() => server.rpc("dkim.activate", { domain: DOMAIN }), Error, "not published");
  await submit(here, letter(JOHN.user, "not yet"), ["ann@elsewhere.test"]);
  await publish(here);
  await activate(server);
  assertMatch(await submit(here, letter(`John <${JOHN.user}>`, "signed"), ["ann@elsewhere.test", BILLY.user]), /^250 /);
  const mails = (await sink.until(3)).map(({ content }) => content);
  const signed = mails.find((mail) => mail.includes("Subject: signed"))!;
  assertEquals(mails.filter((mail) => mail !== signed).map(signatures), [0, 0]);
  const { records } = await server.rpc<{ records: readonly Key[] }>("dkim.list", {});
  const selectors = records.map(({ selector }) => selector);
  assert(selectors.every((selector) => /^20\d{6}-(rsa|ed)$/.test(selector)), selectors.join());
  await assertSigned(here, signed, selectors);
  const [kept] = (await readMaildrop({ port: server.ports.pop3 }, BILLY)).map(latin1);
  assertEquals(kept!.slice(kept!.indexOf("\r\n") + 2), signed, "but for Return-Path");
  assert(!JSON.stringify([server.log, server.text]).includes("PRIVATE KEY"));
  await server.stop();
});

/** Bodies on which a hash that is taken on the way would stumble. */
const BODIES: Readonly<Record<string, string>> = {
  "dots that stand for themselves": ".\r\n..\r\n.x\r\n...\r\nend\r\n",
  "nothing": "",
  "empty lines alone": "\r\n\r\n\r\n",
  "empty lines at the end": "text\r\n\r\n \r\n\t\r\n\r\n",
  "blanks in runs and at the ends of lines": "a  \t b \r\n\t\r\n  c\t\r\n",
  "octets of every kind": `${latin1(Uint8Array.from({ length: 242 }, (_, i) => i + 14))}\r\n`,
  "lines of the longest kind": `${"x".repeat(997)}\r\n`.repeat(9),
  "more than a socket gives at a time": `${"all  work and no play \xf6 ".repeat(30)}\r\n.\r\n\r\n`.repeat(3_000),
};

/** Gives content by BDAT (RFC 3030 §2), cut at these places. */
async function submitChunks({ server }: World, content: Uint8Array, cuts: readonly number[]): Promise<string> {
  await using client = await SmtpClient.greeted({ port: server.ports.submission });
  const login = Buffer.from(`\0${JOHN.user}\0${JOHN.password}`).toString("base64");
  await client.expect(`AUTH PLAIN ${login}`, 235);
  await client.expect(`MAIL FROM:<${JOHN.user}> BODY=8BITMIME`, 250);
  await client.expect("RCPT TO:<ann@elsewhere.test>", 250);
  let from = 0;
  for (const cut of cuts) {
    await client.wire.write(utf8(`BDAT ${cut - from}\r\n`));
    await client.wire.write(content.subarray(from, cut));
    assertMatch((await client.reply()).text, /^250 /);
    from = cut;
  }
  await client.wire.write(utf8(`BDAT ${content.length - from} LAST\r\n`));
  await client.wire.write(content.subarray(from));
  return (await client.reply()).text;
}

Deno.test("whatever a body is like and however it comes, by DATA or by BDAT, its signatures verify elsewhere", async () => {
  await using here = await world();
  const selectors = await rotate(here);
  let count = 0;
  for (const [kind, body] of Object.entries(BODIES)) {
    const content = latin1Bytes(`From: ${JOHN.user}\r\nSubject: n\xf6\r\n\t${kind}\r\n\r\n${body}`);
    const ends = [...latin1(content).matchAll(/\r\n/g)].map(({ index }) => index).slice(0, 6);
    // Before, within and behind the ends of lines, that of the header among them.
    const cuts = ends.flatMap((at) => [at, at + 1, at + 2]).filter((at, i, all) => all.indexOf(at) === i);
    assertMatch(await submit(here, content, ["ann@elsewhere.test"]), /^250 /, kind);
    assertMatch(await submitChunks(here, content, cuts), /^250 /, kind);
    for (const { content: mail } of (await here.sink.until(count += 2)).slice(-2)) {
      await assertSigned(here, mail, selectors);
      assertEquals(mail.slice(-body.length - 4), `\r\n\r\n${body}`, `${kind}: as it came`);
    }
  }
  await here.server.stop();
});

Deno.test("keys are replaced while mail goes out: each mail verifies, and after a restart the new keys sign", async () => {
  await using here = await world();
  const { server, sink } = here;
  const first = await rotate(here);
  let count = 0;
  let going = true;
  const sending = (async () => {
    while (going) {
      assertMatch(await submit(here, letter(JOHN.user, `number ${count}`), ["ann@elsewhere.test"]), /^250 /);
      count++;
    }
  })();
  await sink.until(3);
  const second = await rotate(here);
  const before = sink.mails.length;
  await sink.until(before + 5);
  going = false;
  await sending;
  const mails = (await sink.until(count)).map(({ content }) => content);
  assertEquals(first.filter((selector) => second.includes(selector)), []);
  const byOld = mails.filter((mail) => mail.includes(first[0]!));
  const byNew = mails.filter((mail) => mail.includes(second[0]!));
  assertEquals(byOld.length + byNew.length, mails.length, "no mail without a signature");
  assert(byOld.length > 0 && byNew.length > 0);
  for (const mail of byOld) await assertSigned(here, mail, first);
  for (const mail of byNew) await assertSigned(here, mail, second);
  for (const selector of first) await server.rpc("dkim.rm", { domain: DOMAIN, selector });
  await server.stop();
  await server.start();
  await submit(here, letter(JOHN.user, "after the restart"), ["ann@elsewhere.test"]);
  await assertSigned(here, (await sink.until(count + 1)).at(-1)!.content, second);
  await server.stop();
});

Deno.test("nobody gets our signature under another's name: such mail goes out unsigned", async () => {
  await using here = await world();
  const { server, sink } = here;
  const selectors = await rotate(here);
  await server.rpc("account.add", { address: "boss@smith.test", password: "another match" });
  await server.rpc("alias.add", { address: "info@smith.test", targets: [JOHN.user, BILLY.user] });
  const authors: readonly (readonly [from: string, signed: boolean])[] = [
    ["info@smith.test", true],
    ["John <JOHN+boxing@smith.test>", true],
    ["boss@smith.test", false],
    [`${JOHN.user}, boss@smith.test`, false],
    [`"${JOHN.user}" <boss@smith.test>`, false],
    [`boss@smith.test <${JOHN.user}>`, false],
    [`${JOHN.user}\r\nFrom: boss@smith.test`, false],
    ["nobody@smith.test", false],
    ["billy@bob.test", false],
    [STRANGER, false],
  ];
  for (const [i, [from, isSigned]] of authors.entries()) {
    assertMatch(await submit(here, letter(from, `case ${i}`), ["ann@elsewhere.test"]), /^250 /, from);
    const { content } = (await sink.until(i + 1)).at(-1)!;
    assert(content.includes(`case ${i}`));
    if (isSigned) await assertSigned(here, content, selectors);
    else assertEquals(signatures(content), 0, from);
  }
  await server.stop();
});

Deno.test("while the worker that signs is started again, mail waits; none goes out unsigned, none twice", async () => {
  await using here = await world();
  const { server, sink } = here;
  const selectors = await rotate(here);
  const replies: string[] = [];
  let going = true;
  const sending = (async () => {
    while (going) {
      const reply = await submit(here, letter(JOHN.user, `number ${replies.length}`), ["ann@elsewhere.test"]);
      replies.push(reply);
    }
  })();
  await sink.until(2);
  for (const worker of ["policy", "directory"]) {
    const before = sink.mails.length;
    await server.rpc("worker.restart", { name: worker });
    await sink.until(before + 3);
  }
  going = false;
  await sending;
  const taken = replies.filter((reply) => reply.startsWith("250 "));
  // 454: the directory, which is asked about the password, was away.
  for (const reply of replies) assertMatch(reply, /^(250 2\.0\.0|451 4\.\d\.\d|454 4\.7\.0) /);
  const mails = await sink.until(taken.length);
  assertEquals(mails.length, taken.length);
  for (const { content } of mails) await assertSigned(here, content, selectors);
  await server.stop();
});

Deno.test("reports of this server are signed in the name of its domain", async () => {
  await using here = await world((verb) => verb === "RCPT" ? "550 5.1.1 no such user" : undefined);
  const { server } = here;
  const selectors = await rotate(here);
  await submit(here, letter(JOHN.user, "in vain"), ["nobody@elsewhere.test"]);
  await server.logged((line) => line.event === "attempt" && line["code"] === 550);
  const report = await firstMail(server, JOHN);
  assertMatch(report, /^From: Mail Delivery System <mailer-daemon@mail\.smith\.test>\r$/m);
  const own = report.slice(0, report.indexOf("\r\n\r\n"));
  assertEquals(signatures(own), 2);
  await assertSigned(here, report, selectors);
  await server.stop();
});

/** The first mail of an account, as soon as there is one. */
async function firstMail(server: TestServer, login: typeof JOHN): Promise<string> {
  return await eventually("a mail", async () => {
    const [mail] = await readMaildrop({ port: server.ports.pop3 }, login);
    return mail === undefined ? null : latin1(mail);
  });
}

const BANK = readSigner({ domain: "bank.test", selector: "b", pem: RSA_PEM });

/** A letter as anna@bank.test signs it. */
function bankLetter(): string {
  const mail = letter(STRANGER, "from the bank");
  return signDkim(signable(readMessage([mail])), [BANK], Math.floor(Date.now() / 1_000)).join("") + latin1(mail);
}

/** What we and mailauth find out about a chain, and what its newest results say. */
async function chainOf({ dns }: World, mail: string) {
  const resolver = createResolver({
    servers: [dns.server],
    trustAd: false,
    clock: systemClock(),
    random: systemRandom(),
  });
  try {
    const nowSeconds = Math.floor(Date.now() / 1_000);
    const ours = await verifyArc(readMessage([latin1Bytes(mail)]), { resolver, nowSeconds });
    const asked = async (name: string) => {
      const answer = await resolver.txt(name);
      return answer.type === "found" ? answer.records.map((text) => [text]) : [];
    };
    const options = { ip: "192.0.2.1", resolver: asked as never, trustReceived: false };
    const { arc } = await authenticate(Buffer.from(mail, "latin1"), options);
    return { ...ours, theirs: arc === false ? "none" : String(arc.status.result) };
  } finally {
    resolver.close();
  }
}

Deno.test("mail that an alias forwards is sealed with what was found out about it; what stays here is not", async () => {
  await using here = await world();
  const { server, sink } = here;
  await server.rpc("alias.add", { address: "away@smith.test", targets: ["me@elsewhere.test", BILLY.user] });
  const unsealed = bankLetter();
  assertMatch(await bring(here, latin1Bytes(unsealed), "away@smith.test"), /^250 /);
  assertEquals((await sink.until(1))[0]!.content.includes("ARC-"), false, "there is no key yet");
  const [selector] = (await rotate(here)).filter((name) => name.endsWith("-rsa"));
  assertMatch(await bring(here, latin1Bytes(unsealed), "away@smith.test"), /^250 /);
  const { content, from } = (await sink.until(2))[1]!;
  assertMatch(from, /^SRS0=[^@]+@smith\.test$/);
  assertMatch(
    content,
    new RegExp(`^ARC-Seal: i=1; a=rsa-sha256; cv=none; t=\\d+;\\r\\n\\td=smith.test;\\r\\n\\ts=${selector};`),
  );
  const { result, sets, sealer, dmarc, theirs } = await chainOf(here, content);
  assertEquals([result, sets, sealer, dmarc, theirs], ["pass", 1, DOMAIN, "pass", "pass"]);
  assert(content.endsWith(unsealed), "byte for byte below what was put on top");
  const { ours } = await verified(here, content);
  assertEquals(
    ours.map(({ domain, result }) => `${domain} ${result}`),
    ["bank.test pass"],
    "forwarded, not signed anew",
  );
  for (const kept of await readMaildrop({ port: server.ports.pop3 }, BILLY)) assert(!latin1(kept).includes("ARC-"));
  await server.stop();
});

Deno.test("a chain of others is continued, a broken one is marked so, and one that is marked is left alone", async () => {
  await using here = await world();
  const { server, sink } = here;
  await rotate(here);
  await server.rpc("alias.add", { address: "away@smith.test", targets: ["me@elsewhere.test"] });
  const seal = (mail: string) =>
    sealArc(readMessage([latin1Bytes(mail)]), {
      signer: BANK,
      nowSeconds: Math.floor(Date.now() / 1_000),
      chain: { result: "none" },
      results: "Authentication-Results: mx.bank.test; dmarc=pass header.from=bank.test\r\n",
    }).join("") + mail;
  const sealed = seal(bankLetter());
  await bring(here, latin1Bytes(sealed), "away@smith.test");
  const continued = (await sink.until(1))[0]!.content;
  const { result, sets, theirs } = await chainOf(here, continued);
  assertEquals([result, sets, theirs], ["pass", 2, "pass"]);
  // The bank's own signature still holds, so its policy lets the mail through; the chain's message signature does not.
  const broken = sealed.replace(/^(ARC-Message-Signature:[^]*?\tbh=)./m, "$1!").replace("bh=!", "bh=A");
  await bring(here, latin1Bytes(broken), "away@smith.test");
  const marked = (await sink.until(2))[1]!.content;
  assertMatch(marked, /^ARC-Seal: i=2; a=rsa-sha256; cv=fail;/);
  assertEquals((await chainOf(here, marked)).theirs, "fail");
  await bring(here, latin1Bytes(marked.slice(0, marked.indexOf("Received:")) + broken), "away@smith.test");
  const again = (await sink.until(3))[2]!.content;
  assertEquals(again.match(/^ARC-Seal:/gm)!.length, 2);
  await server.stop();
});
