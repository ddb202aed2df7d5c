/** ATTACKS S22, S25 over real sockets: who takes too much, guesses passwords or is banned; and what operators see of it. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { metrics } from "../support/metrics.ts";
import { Pop3Client } from "../support/pop3_client.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { SmtpClient } from "../support/smtp_client.ts";
import { Wire } from "../support/wire.ts";

const LOGIN = { user: "john@smith.test", password: "guard dog" };
const LETTER = new TextEncoder().encode("Subject: x\r\n\r\nx\r\n");

/** The clients here are all of 127.0.0.0/8, so that must not be exempt. */
function guardedServer(limits: Readonly<Record<string, unknown>>, listener = 1): Promise<TestServer> {
  return startServer({
    config: { limits: { exempt: [], ...limits } },
    workers: { listener, mailbox: 1 },
    domains: ["smith.test"],
    accounts: [{ address: LOGIN.user, password: LOGIN.password }],
  });
}

/** The first line that a client from that address is told. */
async function greeting(port: number, from: string): Promise<string> {
  await using wire = await Wire.connect({ port, from });
  return await wire.readLine();
}

Deno.test("an address that takes too much is told to come again, connection, message or recipient; others are served", async () => {
  const rates = { connectionsPerMinute: 4, messagesPerMinute: 2, recipientsPerMinute: 6, errorsPerMinute: 3 };
  await using server = await guardedServer({ rates });
  const { smtp, pop3 } = server.ports;
  for (let i = 1; i <= 4; i++) assertMatch(await greeting(smtp, "127.0.0.2"), /^220 /, `connection ${i}`);
  assertMatch(await greeting(smtp, "127.0.0.2"), /^421 4\.7\.0 Too many connections/);
  assertMatch(await greeting(pop3, "127.0.0.2"), /^-ERR \[SYS\/TEMP\] Too many connections/);

  await using sender = await SmtpClient.greeted({ port: smtp, from: "127.0.0.3" });
  const mail = { from: "", to: [LOGIN.user], content: LETTER };
  for (let i = 1; i <= 2; i++) assertMatch((await sender.send(mail)).text, /^250 2\.0\.0 /, `mail ${i}`);
  assertMatch((await sender.send(mail)).text, /^450 4\.7\.1 /);
  assertMatch((await sender.command("NOOP")).text, /^250 /, "the session goes on");

  await using spammer = await SmtpClient.greeted({ port: smtp, from: "127.0.0.4" });
  await spammer.expect("MAIL FROM:<>", 250);
  const codes: number[] = [];
  for (let i = 0; i < 7; i++) codes.push((await spammer.command(`RCPT TO:<${LOGIN.user}>`)).code);
  assertEquals(codes, [250, 250, 250, 250, 250, 250, 450]);
  await spammer.expect("DATA", 354);
  assertMatch((await spammer.data(LETTER)).text, /^250 2\.0\.0 /, "those before are served");

  await using guesser = await SmtpClient.greeted({ port: smtp, from: "127.0.0.5" });
  for (let i = 0; i < 3; i++) await guesser.expect("NONSENSE", 500);
  await guesser.wire.write("NONSENSE\r\n");
  assertMatch(await guesser.wire.readToEnd(), /^500 [^\r]+\r\n421 4\.7\.0 [^\r]+\r\n$/);
  assertMatch(await greeting(smtp, "127.0.0.5"), /^421 4\.7\.0 Too many errors/);

  const text = await metrics(server);
  for (
    const line of [
      'stagepost_refused_connections_total{reason="rate"} 2',
      'stagepost_refused_connections_total{reason="errors"} 1',
      'stagepost_rate_limited_total{what="recipient"} 2',
      'stagepost_received_messages_total{result="accepted"} 3',
      'stagepost_dismissed_sessions_total{reason="errors"} 1',
    ]
  ) assertStringIncludes(text, `${line}\n`);
  assert(!text.includes("127.0.0."), "no label holds an address");
  await sender.quit();
  await spammer.quit();
  await server.stop();
});

Deno.test("a ban ends the sessions of an address and keeps it out of every worker and port, over a restart, until it is lifted", async () => {
  await using server = await guardedServer({}, 2);
  const { smtp, smtps, pop3, pop3s } = server.ports;
  await using victim = await SmtpClient.greeted({ port: smtp, from: "127.0.0.2" });
  await using bystander = await SmtpClient.greeted({ port: smtp, from: "127.0.0.9" });
  await server.rpc("ban.add", { address: "127.0.0.2", for: "2h", reason: "test" });
  assertMatch(await victim.wire.readToEnd(), /^421 4\.7\.1 [^\r]+\r\n$/);
  await bystander.expect("NOOP", 250);
  const keptOut = async () => {
    for (let i = 0; i < 8; i++) {
      assertMatch(await greeting(smtp, "127.0.0.2"), /^421 4\.7\.1 Your address is banned$/);
      assertMatch(await greeting(pop3, "127.0.0.2"), /^-ERR \[SYS\/TEMP\] Your address is banned$/);
    }
    for (const port of [smtps, pop3s]) {
      const refused = await Wire.connect({ port, from: "127.0.0.2", tls: true }).then(() => false, () => true);
      assert(refused, "no handshake is spent on it");
    }
    assertMatch(await greeting(smtp, "127.0.0.9"), /^220 /);
  };
  await keptOut();
  await bystander.quit();
  await server.stop();
  await server.start();
  await keptOut();
  await server.rpc("ban.rm", { address: "127.0.0.2" });
  for (let i = 0; i < 8; i++) assertMatch(await greeting(smtp, "127.0.0.2"), /^220 /);
  await server.rpc("ban.add", { address: "127.0.0.0/29" });
  assertMatch(await greeting(smtp, "127.0.0.7"), /^421 4\.7\.1 /);
  assertMatch(await greeting(smtp, "127.0.0.8"), /^220 /);
  await server.stop();
});

Deno.test("a ban of some seconds is over by itself", async () => {
  await using server = await guardedServer({});
  const { smtp } = server.ports;
  await server.rpc("ban.add", { address: "127.0.0.2", for: "2s" });
  assertMatch(await greeting(smtp, "127.0.0.2"), /^421 4\.7\.1 /);
  await eventually("the ban is over", async () => /^220 /.test(await greeting(smtp, "127.0.0.2")));
  assertEquals(await server.rpc("ban.list"), { records: [], next: null });
  await server.stop();
});

Deno.test("an address that guesses passwords is banned for a time, and the account's user logs in from elsewhere", async () => {
  await using server = await guardedServer({ login: { bansAfter: 4, bansWithinMinutes: 10, banMinutes: 30 } });
  const { pop3, smtp } = server.ports;
  const from = "127.0.0.2";
  for (let session = 0; session < 2; session++) {
    await using client = await Pop3Client.connect({ port: pop3, from });
    assertMatch(client.greeting, /^\+OK /);
    for (let i = 0; i < 2; i++) {
      await client.ok(`USER ${i === 0 ? LOGIN.user : "nobody@smith.test"}`);
      // The fourth one is answered and its session ended, whichever comes first.
      if (session === 0 || i === 0) assertMatch(await client.command(`PASS guess ${session} ${i}`), /^-ERR \[AUTH\] /);
      else {
        await client.wire.write(`PASS guess ${session} ${i}\r\n`);
        assertMatch(
          await client.wire.readToEnd(),
          /^-ERR [\s\S]*-ERR \[SYS\/TEMP\] Your address is banned\r\n$|^-ERR \[SYS/,
        );
      }
    }
  }
  assertMatch(await greeting(pop3, from), /^-ERR \[SYS\/TEMP\] Your address is banned$/);
  assertMatch(await greeting(smtp, from), /^421 4\.7\.1 /);
  const { records } = await server.rpc<{ records: { network: string; by: string; reason: string }[] }>("ban.list");
  assertEquals(records.map(({ network, by, reason }) => [network, by, reason]), [
    ["127.0.0.2/32", "login", "4 failed logins within 10 minutes"],
  ]);
  await using user = await Pop3Client.open({ port: pop3, from: "127.0.0.3" }, LOGIN);
  assertEquals(await user.count(), 0);
  await user.quit();
  await server.logged("address banned");
  assertStringIncludes(await metrics(server), 'stagepost_auth_total{result="refused"} 4\n');
  await server.stop();
});

interface Row {
  readonly id: string;
  readonly service: string;
  readonly remote: string;
  readonly account: string | null;
  readonly messages: number;
  readonly bytesIn: number;
}

Deno.test("operators see who is connected in every worker, and end a session", async () => {
  await using server = await guardedServer({}, 2);
  const { smtp, pop3 } = server.ports;
  const clients: SmtpClient[] = [];
  for (let i = 0; i < 6; i++) clients.push(await SmtpClient.greeted({ port: smtp, from: `127.0.0.${20 + i}` }));
  await clients[0]!.send({ from: "", to: [LOGIN.user], content: LETTER });
  await using reader = await Pop3Client.open({ port: pop3, from: "127.0.0.30" }, LOGIN);
  const who = async () => await server.rpc<{ total: number; sessions: Row[] }>("who");
  const { total, sessions } = await who();
  assertEquals([total, sessions.length], [7, 7]);
  const addresses = sessions.map(({ remote }) => remote.split(":")[0]).sort();
  assertEquals(addresses, [20, 21, 22, 23, 24, 25, 30].map((host) => `127.0.0.${host}`));
  const busy = sessions.find(({ remote }) => remote.startsWith("127.0.0.20:"))!;
  assertEquals([busy.service, busy.account, busy.messages], ["smtp", null, 1]);
  assert(busy.bytesIn > LETTER.length);
  const reading = sessions.find(({ service }) => service === "pop3")!;
  assertEquals(reading.account, LOGIN.user);
  assertStringIncludes(await metrics(server), 'stagepost_connections{service="smtp"} 6\n');

  assertEquals(await server.rpc("kick", { id: busy.id }), { kicked: busy.id });
  assertMatch(await clients[0]!.wire.readToEnd(), /^421 4\.3\.2 [^\r]+\r\n$/);
  await server.rpc("session.kick", { id: reading.id });
  assertMatch(await reader.wire.readToEnd(), /^-ERR \[SYS\/TEMP\] [^\r]+\r\n$/);
  const left = await who();
  assertEquals([left.total, left.sessions.some(({ id }) => id === busy.id)], [5, false]);
  await using again = await Pop3Client.open({ port: pop3, from: "127.0.0.30" }, LOGIN);
  assertEquals(await again.count(), 1, "the maildrop's lock is free");
  await again.quit();
  const gone = await server.rpc("kick", { id: busy.id }).then(() => null, (error) => error.data.kind);
  assertEquals(gone, "no_such_session");
  for (const client of clients) await client.wire.destroy();
  await server.stop();
});

Deno.test("greylisting puts a stranger's mail off once, whichever worker it comes to, and remembers over a restart", async () => {
  const delayMs = 1_500;
  await using server = await startServer({
    config: { limits: { exempt: [] }, greylisting: { enabled: true, delayMs } },
    workers: { listener: 2, mailbox: 1 },
    domains: ["smith.test"],
    accounts: [{ address: LOGIN.user, password: LOGIN.password }],
  });
  const mail = { from: "a@there.test", to: [LOGIN.user], content: LETTER };
  const send = async (from: string) => {
    await using client = await SmtpClient.greeted({ port: server.ports.smtp, from });
    const { text } = await client.send(mail);
    await client.quit();
    return text;
  };
  const startedMs = performance.now();
  assertMatch(await send("127.0.0.2"), /^450 4\.7\.1 Greylisted/);
  await server.stop();
  await server.start();
  await eventually("the mail is let in", async () => /^250 2/.test(await send("127.0.0.3")));
  assert(performance.now() - startedMs >= delayMs);
  for (let i = 0; i < 6; i++) assertMatch(await send("127.0.0.4"), /^250 2\.0\.0 /);
  assertMatch(await send("127.0.1.2"), /^450 4\.7\.1 Greylisted/, "of another network");
  await server.stop();
});

Deno.test("a worker whose sessions hold nearly all they may refuses new ones, and takes them again when it has room", async () => {
  await using server = await guardedServer({
    memory: { bodyBytesMax: 1_048_576 },
    smtp: { messageBytesMax: 65_536 },
  });
  const { smtp, pop3 } = server.ports;
  const half = new TextEncoder().encode(`Subject: x\r\n\r\n${`${"x".repeat(62)}\r\n`.repeat(990)}`);
  const holders: SmtpClient[] = [];
  for (let i = 0; i < 15; i++) {
    const client = await SmtpClient.greeted({ port: smtp });
    holders.push(client);
    for (const line of ["MAIL FROM:<>", `RCPT TO:<${LOGIN.user}>`]) await client.expect(line, 250);
    await client.expect("DATA", 354);
    await client.wire.write(half);
  }
  const told = (port: number, pattern: RegExp) =>
    eventually(`${pattern}`, async () => pattern.test(await greeting(port, "127.0.0.2")));
  await told(smtp, /^421 4\.3\.2 Too busy/);
  assertMatch(await greeting(pop3, "127.0.0.2"), /^-ERR \[SYS\/TEMP\] Too busy/);
  assertMatch((await holders[0]!.data(new Uint8Array(0))).text, /^250 2\.0\.0 /, "who is in is served");
  for (const client of holders) await client.wire.destroy();
  await told(smtp, /^220 /);
  assertMatch(await metrics(server), /stagepost_refused_connections_total\{reason="overloaded"\} [1-9]/);
  await server.stop();
});
