/** Oversized lines, floods, half-closed and slow connections: a clear reply or a closed socket, and nobody else is harmed. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Pop3Client, readMaildrop } from "../support/pop3_client.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { SmtpClient } from "../support/smtp_client.ts";
import { Wire } from "../support/wire.ts";

const LOGIN = { user: "john@smith.test", password: "flood test" };
const MIB = 1_048_576;

function floodServer(config: Readonly<Record<string, unknown>> = {}): Promise<TestServer> {
  return startServer({
    config,
    domains: ["smith.test"],
    accounts: [{ address: LOGIN.user, password: LOGIN.password }],
  });
}

/** One small mail, from greeting to QUIT. */
async function mailGoesThrough(server: TestServer): Promise<void> {
  await using client = await SmtpClient.greeted({ port: server.ports.smtp });
  const content = new TextEncoder().encode("Subject: still here\r\n\r\nyes\r\n");
  const reply = await client.send({ from: "", to: [LOGIN.user], content });
  assertMatch(reply.text, /^250 2\.0\.0 /);
  await client.quit();
}

/** Writes until all is gone or the server has closed. */
async function pour(wire: Wire, piece: Uint8Array, bytes: number): Promise<void> {
  try {
    for (let sent = 0; sent < bytes; sent += piece.length) await wire.write(piece);
  } catch (error) {
    if (!/EPIPE|ECONNRESET|ECANCELED|reset|broken pipe|destroyed|after end/i.test(String(error))) throw error;
  }
}

Deno.test("a command line of a megabyte is answered once: SMTP goes on in step, POP3 hangs up", async () => {
  await using server = await floodServer();
  await using smtp = await SmtpClient.greeted({ port: server.ports.smtp });
  const noise = new Uint8Array(65_536).fill(65);
  await pour(smtp.wire, noise, 1_000_000);
  await smtp.wire.write("\r\nNOOP\r\n");
  assertMatch((await smtp.reply()).text, /^500 5\.5\.2 Line too long$/);
  assertMatch((await smtp.reply()).text, /^250 2\.0\.0 OK$/);
  await smtp.quit();
  await using pop3 = await Pop3Client.connect({ port: server.ports.pop3 });
  await pop3.wire.write(`NOOP ${"A".repeat(300)}\r\nCAPA\r\n`);
  assertMatch(await pop3.wire.readToEnd(), /^-ERR Line too long\r\n$/);
  await server.stop();
});

Deno.test("lines without an end cost no memory: twenty clients that pour 16 MiB each are cut off", async () => {
  await using server = await floodServer();
  await mailGoesThrough(server);
  const before = server.rssBytes();
  const noise = new Uint8Array(65_536).fill(65);
  const farewells = await Promise.all(Array.from({ length: 20 }, async (_, i) => {
    const port = i % 2 === 0 ? server.ports.smtp : server.ports.pop3;
    await using wire = await Wire.connect({ port });
    await wire.readLine();
    await pour(wire, noise, 16 * MIB);
    return await wire.readToEnd().catch(() => "");
  }));
  for (const [i, farewell] of farewells.entries()) {
    // A reset may have overtaken the farewell, as the client went on writing.
    if (farewell !== "") assertMatch(farewell, i % 2 === 0 ? /^(500|421) [45]\.\d\.\d / : /^-ERR /);
  }
  const grownBytes = server.rssBytes() - before;
  assert(grownBytes < 96 * MIB, `memory grew by ${Math.round(grownBytes / MIB)} MiB`);
  await mailGoesThrough(server);
  await server.stop();
});

Deno.test("ten thousand commands that move no mail end with 421, while others are served", async () => {
  await using server = await floodServer({ limits: { smtp: { errorsMax: 5 } } });
  for (const line of ["NOOP", "RSET", "VRFY postmaster", "HELP", "NONSENSE"]) {
    await using client = await SmtpClient.greeted({ port: server.ports.smtp });
    const flood = pour(client.wire, new TextEncoder().encode(`${line}\r\n`.repeat(10_000)), 1);
    await mailGoesThrough(server);
    const [all] = await Promise.all([client.wire.readToEnd().catch(() => "421 "), flood]);
    assertMatch(all, /(^|\r\n)421 /, line);
    assert(all.split("\r\n").length < 200, `${line}: ${all.split("\r\n").length} replies`);
  }
  await using pop3 = await Pop3Client.connect({ port: server.ports.pop3 });
  await pour(pop3.wire, new TextEncoder().encode("NONSENSE\r\n".repeat(10_000)), 1);
  const replies = await pop3.wire.readToEnd().catch(() => "-ERR");
  assert(replies.split("\r\n").length < 50, "POP3 hangs up");
  await server.stop();
});

Deno.test("recipients beyond the limit get 452 4.5.3 and the mail reaches the others", async () => {
  await using server = await floodServer({ limits: { smtp: { recipientsMax: 100 } } });
  await using client = await SmtpClient.greeted({ port: server.ports.smtp });
  await client.expect("MAIL FROM:<>", 250);
  await client.wire.write(`RCPT TO:<${LOGIN.user}>\r\n`.repeat(150));
  for (let i = 1; i <= 150; i++) {
    assertMatch((await client.reply()).text, i <= 100 ? /^250 2\.1\.5 / : /^452 4\.5\.3 /, `recipient ${i}`);
  }
  await client.expect("DATA", 354);
  assertMatch((await client.data(new TextEncoder().encode("Subject: x\r\n\r\nx\r\n"))).text, /^250 2\.0\.0 /);
  await client.quit();
  assertEquals((await readMaildrop({ port: server.ports.pop3 }, LOGIN)).length, 1);
  await server.stop();
});

Deno.test("a message over the size limit gets 552 5.3.4: at MAIL when announced, after its end otherwise", async () => {
  await using server = await floodServer({ limits: { smtp: { messageBytesMax: 65_536 } } });
  await using client = await SmtpClient.greeted({ port: server.ports.smtp });
  assertMatch((await client.command("MAIL FROM:<> SIZE=65537")).text, /^552 5\.3\.4 /);
  const content = (bytes: number) => new TextEncoder().encode(`Subject: x\r\n\r\n${"x".repeat(bytes - 16)}\r\n`);
  assertMatch((await client.send({ from: "", to: [LOGIN.user], content: content(65_536) })).text, /^250 2\.0\.0 /);
  assertMatch((await client.send({ from: "", to: [LOGIN.user], content: content(65_537) })).text, /^552 5\.3\.4 /);
  assertMatch((await client.command("NOOP")).text, /^250 /);
  await client.quit();
  assertEquals((await readMaildrop({ port: server.ports.pop3 }, LOGIN)).length, 1);
  await server.stop();
});

Deno.test("a client that half-closes gets the answers it waits for; one that leaves inside a message stores nothing", async () => {
  await using server = await floodServer();
  await using whole = await SmtpClient.greeted({ port: server.ports.smtp, halfOpen: true });
  await whole.wire.write(`MAIL FROM:<>\r\nRCPT TO:<${LOGIN.user}>\r\nDATA\r\n`);
  assertEquals([await whole.reply(), await whole.reply(), await whole.reply()].map(({ code }) => code), [
    250,
    250,
    354,
  ]);
  await whole.wire.write("Subject: half\r\n\r\nclosed\r\n.\r\n");
  whole.wire.end();
  assertMatch(await whole.wire.readToEnd(), /^250 2\.0\.0 /);

  await using cut = await SmtpClient.greeted({ port: server.ports.smtp, halfOpen: true });
  await cut.expect("MAIL FROM:<>", 250);
  await cut.expect(`RCPT TO:<${LOGIN.user}>`, 250);
  await cut.expect("DATA", 354);
  await cut.wire.write("Subject: cut\r\n\r\noff\r\n");
  cut.wire.end();
  assert(!/^250 /m.test(await cut.wire.readToEnd()));

  await using silent = await Wire.connect({ port: server.ports.pop3, halfOpen: true });
  silent.end();
  assertMatch(await silent.readToEnd(), /^(\+OK [^\r\n]*\r\n)?$/);
  assertEquals((await readMaildrop({ port: server.ports.pop3 }, LOGIN)).length, 1);
  await server.stop();
});

Deno.test("clients that dawdle are cut off: in a command, in a message, before a login", async () => {
  const timeouts = { smtpCommandMsMax: 1_000, smtpDataMsMax: 1_000, pop3LoginMsMax: 1_000, pop3IdleMsMax: 600_000 };
  await using server = await floodServer({ timeouts });
  const dripping = async () => {
    await using client = await SmtpClient.greeted({ port: server.ports.smtp });
    const end = client.wire.readToEnd();
    // A byte now and then must not buy more time; 40 bytes in 10 s are far past the second allowed.
    let bytes = 0;
    const drip = setInterval(() => {
      if (++bytes <= 40) client.wire.write("N").catch(() => {});
    }, 250);
    return await end.finally(() => clearInterval(drip));
  };
  const stalled = async () => {
    await using client = await SmtpClient.greeted({ port: server.ports.smtp });
    await client.expect("MAIL FROM:<>", 250);
    await client.expect(`RCPT TO:<${LOGIN.user}>`, 250);
    await client.expect("DATA", 354);
    await client.wire.write("Subject: never ended\r\n");
    return await client.wire.readToEnd();
  };
  const speechless = async () => {
    await using client = await SmtpClient.connect({ port: server.ports.smtp });
    return await client.wire.readToEnd();
  };
  const undecided = async () => {
    await using client = await Pop3Client.connect({ port: server.ports.pop3 });
    await client.ok(`USER ${LOGIN.user}`);
    return await client.wire.readToEnd();
  };
  const startMs = performance.now();
  const farewells = await Promise.all([dripping(), stalled(), speechless(), undecided()]);
  assert(performance.now() - startMs < 8_000, "all are gone soon");
  for (const farewell of farewells.slice(0, 3)) assertMatch(farewell, /^421 4\.4\.2 [^\r\n]*\r\n$/);
  assertEquals(farewells[3]!.startsWith("+OK"), false);
  assertEquals(await readMaildrop({ port: server.ports.pop3 }, LOGIN), []);
  await server.stop();
});
