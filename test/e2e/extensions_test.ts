/** Extensions of SMTP and LMTP, as other mail servers and proxies use them: over the wire, with a full server behind. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { seededRandom } from "../../src/base/mod.ts";
import { freePorts } from "../support/free_ports.ts";
import { assertKept, keptMessage, makeLetter } from "../support/letters.ts";
import { python } from "../support/mail_clients.ts";
import { readMaildrop } from "../support/pop3_client.ts";
import { testWith } from "../support/programs.ts";
import { prepareServer, type TestServer } from "../support/server.ts";
import { SmtpClient } from "../support/smtp_client.ts";

const PASSWORD = "lmtp test";
const QUOTA_BYTES = 20_000;
const SMALL = "small@north.test";
const WIDE = "wide@north.test";
const FAR = "far@south.test";

interface Extra {
  readonly service: "smtp" | "lmtp" | "submission";
  readonly proxies?: readonly string[];
  readonly xclient?: readonly string[];
}

/** What lmtp.py prints: what LHLO listed, and the last word to each recipient. */
interface Answers {
  readonly features: Readonly<Record<string, string>>;
  readonly codes: Readonly<Record<string, number>>;
}

/** A server with one more listener, and its port. */
async function serverWith(
  extra: Extra,
  config: object = {},
): Promise<{ readonly server: TestServer; readonly port: number }> {
  const [port = 0] = await freePorts(1);
  const server = await prepareServer();
  const { smtp, pop3 } = server.ports;
  await server.writeConfig({
    ...config,
    listeners: [
      { service: "smtp", port: smtp, tls: "starttls" },
      { service: "pop3", port: pop3, tls: "starttls" },
      { ...extra, port, tls: "none" },
    ],
  });
  await server.start();
  for (const name of ["north.test", "south.test"]) await server.rpc("domain.add", { name });
  await server.rpc("account.add", { address: SMALL, password: PASSWORD, quotaBytes: QUOTA_BYTES });
  for (const address of [WIDE, FAR]) await server.rpc("account.add", { address, password: PASSWORD });
  return { server, port };
}

function maildrop(server: TestServer, user: string): Promise<Uint8Array[]> {
  return readMaildrop({ port: server.ports.pop3 }, { user, password: PASSWORD });
}

testWith(
  { programs: ["python3"] },
  "LMTP gives each recipient its own answer, and a full mailbox stops nobody else",
  async () => {
    const { server, port } = await serverWith({ service: "lmtp" });
    await using _server = server;
    const content = makeLetter(seededRandom(2033), { id: "big", bodyBytes: QUOTA_BYTES * 2 });
    const file = `${server.dir}/letter`;
    await Deno.writeFile(file, content);
    const to = [WIDE, SMALL, "nobody@north.test", FAR];
    const { features, codes } = await python<Answers>("lmtp", { port, file, from: "sender@elsewhere.test", to });
    assertEquals(Object.keys(features).filter((name) => ["chunking", "dsn"].includes(name)), ["chunking", "dsn"]);
    // The letter's size is declared, so a mailbox that is too small for it is known at RCPT.
    assertEquals(codes, { [WIDE]: 250, [SMALL]: 452, "nobody@north.test": 550, [FAR]: 250 });
    for (const user of [WIDE, FAR]) {
      const [kept, ...more] = await maildrop(server, user);
      assertEquals(more, []);
      assertKept(kept!, content);
      assertMatch(keptMessage(kept!).trace, /with LMTP\b/);
    }
    assertEquals(await maildrop(server, SMALL), []);
    await server.stop();
  },
);

Deno.test("a mailbox that proves too small after the data is told so in its own reply", async () => {
  const { server, port } = await serverWith({ service: "lmtp" });
  await using _server = server;
  const content = makeLetter(seededRandom(2034), { id: "late", bodyBytes: QUOTA_BYTES * 2 });
  await using client = await SmtpClient.connect({ port });
  assertStringIncludes(client.greeting.text, "LMTP");
  await client.expect("LHLO client.test", 250);
  await client.expect("MAIL FROM:<>", 250);
  for (const address of [SMALL, WIDE, FAR]) await client.expect(`RCPT TO:<${address}>`, 250);
  await client.wire.write(new TextEncoder().encode(`BDAT ${content.length} LAST\r\n`));
  await client.wire.write(content);
  const codes: number[] = [];
  for (let i = 0; i < 3; i++) codes.push((await client.reply()).code);
  assertEquals(codes, [452, 250, 250]);
  await client.quit();
  const found = await Promise.all([SMALL, WIDE, FAR].map(async (user) => (await maildrop(server, user)).length));
  assertEquals(found, [0, 1, 1]);
  for (const user of [WIDE, FAR]) assertKept((await maildrop(server, user))[0]!, content);
  await server.stop();
});

Deno.test("behind a proxy the trace names the client, and nobody gets in without one", async () => {
  const { server, port } = await serverWith({ service: "smtp", proxies: ["127.0.0.1/32"] });
  await using _server = server;
  const content = makeLetter(seededRandom(107), { id: "proxied", bodyBytes: 300 });
  const first = "PROXY TCP4 192.0.2.77 198.51.100.1 4711 25\r\n";
  {
    await using client = await SmtpClient.greeted({ port, first });
    const reply = await client.send({ from: "sender@elsewhere.test", to: [FAR], content });
    assertEquals(reply.code, 250, reply.text);
    await client.quit();
  }
  const [kept] = await maildrop(server, FAR);
  assertStringIncludes(keptMessage(kept!).trace, "([192.0.2.77])");
  const direct = SmtpClient.connect({ port, first: "EHLO client.test\r\n" });
  const refusal = await direct.then(() => "greeted", () => "refused");
  assertEquals(refusal, "refused");
  await server.stop();
});

Deno.test("a trusted proxy names its client by XCLIENT, to another listener it is not known", async () => {
  const { server, port } = await serverWith({ service: "smtp", xclient: ["127.0.0.0/8"] });
  await using _server = server;
  const content = makeLetter(seededRandom(108), { id: "xclient", bodyBytes: 300 });
  {
    await using client = await SmtpClient.greeted({ port });
    await client.expect("XCLIENT NAME=spike.test ADDR=IPV6:2001:DB8::7 HELO=spike", 220);
    const reply = await client.send({ from: "sender@elsewhere.test", to: [FAR], content });
    assertEquals(reply.code, 250, reply.text);
    await client.quit();
  }
  const [kept] = await maildrop(server, FAR);
  assertStringIncludes(keptMessage(kept!).trace, "from spike (spike.test [IPv6:2001:db8::7])");
  await using other = await SmtpClient.greeted({ port: server.ports.smtp });
  assertEquals((await other.command("XCLIENT ADDR=192.0.2.1")).code, 502);
  await other.quit();
  await server.stop();
});

Deno.test("a binary body that came in chunks is fetched byte for byte", async () => {
  const { server } = await serverWith({ service: "lmtp" });
  await using _server = server;

  const body = seededRandom(3030).bytes(70_000);
  const head = "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n";
  const content = Uint8Array.of(...new TextEncoder().encode(head), ...body, 13, 10);
  await using client = await SmtpClient.greeted({ port: server.ports.smtp });
  await client.expect("MAIL FROM:<a@elsewhere.test> BODY=BINARYMIME", 250);
  await client.expect(`RCPT TO:<${FAR}> NOTIFY=NEVER`, 250);
  await client.expect("DATA", 503);
  for (let at = 0; at < content.length; at += 30_000) {
    const piece = content.slice(at, at + 30_000);
    const last = at + 30_000 >= content.length ? " LAST" : "";
    await client.wire.write(`BDAT ${piece.length}${last}\r\n`);
    await client.wire.write(piece);
    assertEquals((await client.reply()).code, 250);
  }
  await client.quit();
  const [kept] = await maildrop(server, FAR);
  assertKept(kept!, content);
  await server.stop();
});

Deno.test("who waits for a greeting that is held back gets it, who does not is sent away", async () => {
  const { server, port } = await serverWith({ service: "lmtp" }, { timeouts: { smtpGreetDelayMs: 500 } });
  await using _server = server;
  const begunMs = performance.now();
  await using patient = await SmtpClient.connect({ port: server.ports.smtp });
  assertEquals(patient.greeting.code, 220);
  assert(performance.now() - begunMs >= 400);
  await patient.quit();
  await using hasty = await SmtpClient.connect({ port: server.ports.smtp, first: "EHLO client.test\r\nQUIT\r\n" });
  assertMatch(hasty.greeting.text, /^554 5\.5\.1 /);
  assertEquals(await hasty.wire.readToEnd(), "");
  await using relay = await SmtpClient.connect({ port, first: "LHLO client.test\r\n" });
  assertEquals(relay.greeting.code, 220); // LMTP is for servers of our own.
  assertEquals((await relay.reply()).code, 250);
  await relay.quit();
  await server.stop();
});

Deno.test("a proxy that is trusted hands in mail of those who have logged in at it, and of nobody else", async () => {
  const { server, port } = await serverWith({ service: "submission", xclient: ["127.0.0.0/8"] });
  await using _server = server;
  await server.rpc("account.add", { address: "gone@north.test", password: PASSWORD });
  await server.rpc("account.update", { address: "gone@north.test", disabled: true });
  const content = makeLetter(seededRandom(109), { id: "proxied", bodyBytes: 300, from: WIDE });
  await using client = await SmtpClient.greeted({ port });
  for (const login of ["nobody@north.test", "someone@elsewhere.test", "gone@north.test"]) {
    await client.expect(`XCLIENT ADDR=192.0.2.7 LOGIN=${login}`, 550);
    await client.expect("EHLO his.test", 250);
    await client.expect(`MAIL FROM:<${WIDE}>`, 530);
  }
  await client.expect(`XCLIENT ADDR=192.0.2.7 DESTADDR=192.0.2.25 DESTPORT=587 LOGIN=${WIDE}`, 220);
  await client.expect("EHLO his.test", 250);
  assertMatch(
    (await client.expect(`MAIL FROM:<${FAR}>`, 550)).text,
    /^550 5\.7\.1 /,
    "only in the name of that account",
  );
  const reply = await client.send({ from: WIDE, to: [FAR], content });
  assertEquals(reply.code, 250, reply.text);
  await client.expect("XCLIENT ADDR=192.0.2.8", 220);
  await client.expect("EHLO other.test", 250);
  await client.expect(`MAIL FROM:<${WIDE}>`, 530);
  await client.quit();
  const [kept] = await maildrop(server, FAR);
  assertStringIncludes(keptMessage(kept!).trace, "from his.test ([192.0.2.7])");
  assertMatch(keptMessage(kept!).trace, /with ESMTPA/);
  await server.stop();
});
