/** ATTACKS S1, S3, S11: no sequence of bytes turns one message into two, or data into commands. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { latin1 } from "../support/latin1.ts";
import { keptMessage } from "../support/letters.ts";
import { Pop3Client, readMaildrop } from "../support/pop3_client.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { SmtpClient } from "../support/smtp_client.ts";
import { PeerClosed } from "../support/wire.ts";

const LOGIN = { user: "john@smith.test", password: "no smuggling" };

function smugglingServer(): Promise<TestServer> {
  return startServer({ domains: ["smith.test"], accounts: [{ address: LOGIN.user, password: LOGIN.password }] });
}

/** Everything that some server somewhere has taken for the end of the data. */
const FALSE_ENDS: Readonly<Record<string, string>> = {
  "LF.LF": "\n.\n",
  "LF.CRLF": "\n.\r\n",
  "CRLF.LF": "\r\n.\n",
  "CR.CR": "\r.\r",
  "CR.LF": "\r.\n",
  "LF.CR": "\n.\r",
  "CR.CRLF": "\r.\r\n",
  "CRLF.CR": "\r\n.\r",
  "CRLF NUL . CRLF": "\r\n\0.\r\n",
  "CRLF . NUL CRLF": "\r\n.\0\r\n",
  "CRLF . space CRLF": "\r\n. \r\n",
  "CRLF .. CRLF": "\r\n..\r\n",
};

/** Those without a CR or LF of their own are ordinary lines. */
const HARMLESS = new Set(["CRLF NUL . CRLF", "CRLF . NUL CRLF", "CRLF . space CRLF", "CRLF .. CRLF"]);

Deno.test("only CRLF.CRLF ends a message: each other sequence is data or refused, and never begins a second message", async () => {
  await using server = await smugglingServer();
  let expected = 0;
  for (const [name, falseEnd] of Object.entries(FALSE_ENDS)) {
    await using client = await SmtpClient.greeted({ port: server.ports.smtp });
    await client.expect("MAIL FROM:<a@elsewhere.test>", 250);
    await client.expect(`RCPT TO:<${LOGIN.user}>`, 250);
    await client.expect("DATA", 354);
    const smuggled =
      `MAIL FROM:<admin@smith.test>\r\nRCPT TO:<${LOGIN.user}>\r\nDATA\r\nSubject: second\r\n\r\nsmuggled`;
    const [reply] = await Promise.all([
      client.reply(),
      client.wire.write(`Subject: first\r\n\r\nbody${falseEnd}${smuggled}\r\n.\r\n`),
    ]);
    if (HARMLESS.has(name)) {
      expected++;
      assertMatch(reply.text, /^250 2\.0\.0 /, name);
      // Were anything left behind, this would not be the answer to NOOP.
      assertMatch((await client.command("NOOP")).text, /^250 2\.0\.0 OK$/, name);
      await client.quit();
    } else {
      // Nobody can tell where this message ends, so nothing behind it is read.
      assertMatch(reply.text, /^554 5\.6\.0 /, name);
      assertEquals(await client.wire.readToEnd(), "", name);
    }
  }
  const found = await readMaildrop({ port: server.ports.pop3 }, LOGIN);
  assertEquals(found.length, expected);
  for (const message of found) {
    const { trace, content } = keptMessage(message);
    assertMatch(trace, /^Return-Path: <a@elsewhere\.test>/);
    assert(latin1(content).startsWith("Subject: first\r\n"), "the message that was announced");
    assert(latin1(content).endsWith("smuggled\r\n"), "all of it is one message");
  }
  await server.stop();
});

Deno.test("the same bytes one by one give the same result", async () => {
  await using server = await smugglingServer();
  await using client = await SmtpClient.greeted({ port: server.ports.smtp });
  await client.expect("MAIL FROM:<a@elsewhere.test>", 250);
  await client.expect(`RCPT TO:<${LOGIN.user}>`, 250);
  await client.expect("DATA", 354);
  const reply = client.reply();
  for (const byte of "Subject: slow\r\n\r\n.\n.\r\rx\r\n..\r\n.\r\n") await client.wire.write(byte);
  assertMatch((await reply).text, /^554 5\.6\.0 /);
  assertEquals(await client.wire.readToEnd(), "");
  assertEquals(await readMaildrop({ port: server.ports.pop3 }, LOGIN), []);
  await server.stop();
});

Deno.test("commands behind STARTTLS or STLS in the same packet are never run", async () => {
  await using server = await smugglingServer();
  await using smtp = await SmtpClient.greeted({ port: server.ports.smtp });
  await smtp.wire.write(`STARTTLS\r\nMAIL FROM:<injected@elsewhere.test>\r\nRCPT TO:<${LOGIN.user}>\r\n`);
  assertEquals((await smtp.reply()).code, 220);
  await smtp.wire.startTls();
  await smtp.expect("EHLO client.test", 250);
  assertMatch((await smtp.command(`RCPT TO:<${LOGIN.user}>`)).text, /^503 5\.5\.1 /);
  await smtp.quit();
  await using pop3 = await Pop3Client.connect({ port: server.ports.pop3 });
  await pop3.wire.write(`STLS\r\nUSER ${LOGIN.user}\r\n`);
  assertMatch(await pop3.wire.readLine(), /^\+OK/);
  await pop3.wire.startTls();
  assertMatch(await pop3.command(`PASS ${LOGIN.password}`), /^-ERR/);
  await pop3.quit();
  await server.stop();
});

Deno.test("a browser that is made to post to the mail port is sent away at its first line", async () => {
  await using server = await smugglingServer();
  for (const request of ["GET / HTTP/1.1", "POST / HTTP/1.1", "CONNECT smith.test:25 HTTP/1.1"]) {
    await using client = await SmtpClient.connect({ port: server.ports.smtp });
    const commands = `EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<${LOGIN.user}>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n`;
    await client.wire.write(`${request}\r\nHost: smith.test\r\n\r\n${commands}`).catch(ignoreReset);
    assertMatch(await client.wire.readToEnd(), /^421 4\.7\.0 [^\r\n]*\r\n$/);
  }
  assertEquals(await readMaildrop({ port: server.ports.pop3 }, LOGIN), []);
  await server.stop();
});

/** The server may close while the rest is on its way. */
function ignoreReset(error: unknown): void {
  if (!(error instanceof PeerClosed) && !/EPIPE|ECONNRESET|reset|broken pipe/i.test(String(error))) throw error;
}
