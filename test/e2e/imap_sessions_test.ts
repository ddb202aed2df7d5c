/** What IMAP sessions see of each other and of mail that comes in, over real sockets and a real disk. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { concat, seededRandom, utf8 } from "../../src/base/mod.ts";
import { ImapClient } from "../support/imap_client.ts";
import { makeLetter } from "../support/letters.ts";
import { readMaildrop } from "../support/pop3_client.ts";
import { type ServerOptions, startServer, type TestServer } from "../support/server.ts";
import { SmtpClient } from "../support/smtp_client.ts";
import { downAndUp } from "../support/worker_watch.ts";

const LOGIN = { user: "billy@bob.test", password: "saddle-up" };

function imapServer(options: ServerOptions = {}): Promise<TestServer> {
  return startServer({
    domains: ["bob.test"],
    accounts: [{ address: LOGIN.user, password: LOGIN.password }],
    ...options,
  });
}

function session(server: TestServer): Promise<ImapClient> {
  return ImapClient.open({ port: server.ports.imap }, LOGIN);
}

async function deliver(server: TestServer, id: string): Promise<void> {
  await using client = await SmtpClient.greeted({ port: server.ports.smtp });
  const content = makeLetter(seededRandom(1), { id, bodyBytes: 500 });
  const reply = await client.send({ from: "john@smith.test", to: [LOGIN.user], content });
  assertEquals(reply.code, 250, reply.text);
  await client.quit();
}

function letter(subject: string): Uint8Array {
  return utf8(`From: <john@smith.test>\r\nSubject: ${subject}\r\n\r\nText of ${subject}.\r\n`);
}

Deno.test("a session in IDLE is told of mail that comes in, and of what other sessions do", async () => {
  await using server = await imapServer({ workers: { listener: 2, mailbox: 2 } });
  await using idle = await session(server);
  await using other = await session(server);
  await idle.ok("SELECT INBOX");
  await other.ok("SELECT INBOX");
  await idle.idle();
  await deliver(server, "one");
  assertEquals(await idle.response(), "* 1 EXISTS");
  assertMatch(await idle.response(), /^\* \d RECENT$/);
  await other.ok("NOOP");
  await other.ok("STORE 1 +FLAGS (\\Deleted)");
  assertMatch(await idle.response(), /^\* 1 FETCH \(UID 1 FLAGS \(.*\\Deleted/);
  await other.ok("EXPUNGE");
  assertEquals(await idle.response(), "* 1 EXPUNGE");
  const { status } = await idle.done();
  assertEquals(status, "OK");
  await Promise.all([idle.logout(), other.logout()]);
  await server.stop();
});

Deno.test("a number never names another message than the session was told of", async () => {
  await using server = await imapServer();
  await using slow = await session(server);
  await using quick = await session(server);
  for (const subject of ["a", "b", "c"]) await quick.ok("APPEND INBOX ", letter(subject));
  await slow.ok("SELECT INBOX");
  await quick.ok("SELECT INBOX");
  await quick.ok("STORE 1 +FLAGS (\\Deleted)");
  await quick.ok("EXPUNGE");
  // FETCH tells of no EXPUNGE (RFC 9051 §7.5.1): 2 is still "b" here, and "c" is 3.
  const found = await slow.ok("FETCH 3 BODY.PEEK[HEADER.FIELDS (SUBJECT)]");
  assert(found.some((line) => line.startsWith("3 FETCH") && line.includes("Subject: c")), found.join("\n"));
  assert(!found.some((line) => line.endsWith("EXPUNGE")), found.join("\n"));
  assertEquals((await slow.command("FETCH 1 BODY.PEEK[]")).status, "NO");
  assert((await slow.ok("NOOP")).includes("1 EXPUNGE"));
  assert((await slow.ok("FETCH 2 BODY.PEEK[TEXT]")).some((line) => line.includes("Text of c.")));
  await Promise.all([slow.logout(), quick.logout()]);
  await server.stop();
});

Deno.test("what was appended, flagged and moved with an OK is there after a kill, under the same UIDs", async () => {
  await using server = await imapServer();
  const uids = new Map<string, string>();
  let validity = "";
  await using client = await session(server);
  for (let i = 0; i < 12; i++) {
    const { text } = await client.command("APPEND INBOX ", letter(`m${i}`));
    const [, uidValidity, uid] = /\[APPENDUID (\d+) (\d+)\]/.exec(text)!;
    uids.set(`m${i}`, uid!);
    validity = uidValidity!;
  }
  await client.ok("SELECT INBOX");
  await client.ok("UID STORE 2 +FLAGS (\\Flagged $Later)");
  await client.ok('UID STORE 2:3 ANNOTATION (/comment (value.priv "not yet" value.shared {3+}\r\nall))');
  await client.ok("CREATE Kept/Deep");
  await client.ok("UID MOVE 3:5 Kept/Deep");
  await server.kill();
  await server.start();
  await using again = await session(server);
  const selected = await again.ok("SELECT INBOX");
  assert(selected.some((line) => line.startsWith(`OK [UIDVALIDITY ${validity}]`)), selected.join("\n"));
  assert(selected.includes("9 EXISTS"));
  for (const [subject, uid] of uids) {
    const kept = await again.ok(`UID FETCH ${uid} BODY.PEEK[HEADER.FIELDS (SUBJECT)]`);
    assertEquals(kept.some((line) => line.includes(`Subject: ${subject}\r\n`)), !["3", "4", "5"].includes(uid));
  }
  assertMatch((await again.ok("UID FETCH 2 FLAGS"))[0]!, /\\Flagged.*\$Later/);
  assertMatch((await again.ok("STATUS Kept/Deep (MESSAGES)"))[0]!, /MESSAGES 3/);
  const noted = 'ANNOTATION (/comment (value.priv "not yet" value.shared "all"))';
  assertEquals(await again.ok("UID FETCH 1:2 ANNOTATION (/* value)"), ["1 FETCH (UID 1)", `2 FETCH (UID 2 ${noted})`]);
  await again.ok("EXAMINE Kept/Deep");
  assertEquals(await again.ok("FETCH 1:2 ANNOTATION (/* value)"), [`1 FETCH (${noted})`]);
  assertEquals(await again.ok('SEARCH ANNOTATION /comment value.priv "yet"'), ["SEARCH 1"]);
  assertMatch((await again.command("APPEND INBOX ", letter("next"))).text, /\[APPENDUID \d+ 13\]/);
  await again.logout();
  await server.stop();
});

Deno.test("a message of many megabytes, sent or appended, has its structure and conversation told as any other", async () => {
  await using server = await imapServer();
  const head = "Message-ID: <1@bob.test>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsee below\r\n";
  const attached = `--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n`;
  const content = utf8(`${head}${attached}${`${"A".repeat(76)}\r\n`.repeat(70_000)}--b--\r\n`);
  await using smtp = await SmtpClient.greeted({ port: server.ports.smtp });
  assertEquals((await smtp.send({ from: "john@smith.test", to: [LOGIN.user], content })).code, 250);
  await smtp.quit();
  await using client = await session(server);
  await client.command("APPEND INBOX ", content);
  await client.command("APPEND INBOX ", utf8("In-Reply-To: <1@bob.test>\r\n\r\nyes"));
  await client.ok("SELECT INBOX");
  const [sent, appended] = await client.ok("FETCH 1:2 BODY");
  const structure = '("image" "png" NIL NIL NIL "base64" 5459998) "mixed"))';
  assert(sent!.endsWith(structure) && appended!.endsWith(structure), sent);
  const threads = (await client.ok("FETCH 1:3 THREADID")).map((line) => /THREADID \((T\w+)\)/.exec(line)?.[1]);
  assertEquals([threads.length, new Set(threads).size], [3, 1]);
  assertEquals(await client.ok(`SEARCH THREADID ${threads[0]}`), ["SEARCH 1 2 3"]);
  await client.logout();
  await server.stop();
});

Deno.test("clients that ask for everything and read nothing cost no memory, and others go on", async () => {
  await using server = await imapServer({ workers: { listener: 1, mailbox: 1 } });
  await using writer = await session(server);
  const large = concat([letter("large"), new Uint8Array(40_000).fill(0x61), utf8("\r\n")]);
  await writer.ok("APPEND INBOX ", large);
  await writer.ok("SELECT INBOX");
  // 1,024 copies: 40 MB for each of those who read nothing.
  for (let have = 1; have < 1_024; have *= 2) await writer.ok(`COPY 1:${have} INBOX`);
  const before = await memoryOf(server);
  const slow: ImapClient[] = [];
  try {
    for (let i = 0; i < 20; i++) {
      const client = await session(server);
      slow.push(client);
      await client.ok("EXAMINE INBOX");
      await client.wire.write("f1 FETCH 1:* (FLAGS BODY.PEEK[])\r\n");
      await client.wire.readBytes(1_000);
    }
    assertEquals((await writer.ok("UID SEARCH UNSEEN 1:3"))[0], "SEARCH 1 2 3");
    assert(await memoryOf(server) - before < 200 * 1_048_576, "what nobody reads lies in memory");
    // Whoever reads in the end gets all of it.
    const [first] = slow;
    let fetched = 0;
    for (let line = "* 0 FETCH"; !line.startsWith("f1 "); line = await first!.response()) {
      if (/^\* \d+ FETCH/.test(line)) fetched++;
    }
    assert(fetched >= 1_023, `${fetched} messages`);
  } finally {
    for (const client of slow) await client.wire.destroy();
  }
  await writer.logout();
  await server.stop();
});

Deno.test("POP3 shows the INBOX that IMAP shows, and nothing of other mailboxes", async () => {
  await using server = await imapServer();
  await using client = await session(server);
  await client.ok("APPEND INBOX ", letter("here"));
  await client.ok("APPEND Archive ", letter("there"));
  const found = await readMaildrop({ port: server.ports.pop3 }, LOGIN);
  assertEquals(found.map((message) => Buffer.from(message).toString()), [Buffer.from(letter("here")).toString()]);
  await client.logout();
  await server.stop();
});

/** What came deflated until the server has closed. */
async function inflated(client: ImapClient): Promise<string> {
  const deflated = Buffer.from(await client.wire.readToEnd(), "latin1");
  return inflateRawSync(deflated, { finishFlush: constants.Z_SYNC_FLUSH }).toString("latin1");
}

function deflated(text: string): Uint8Array {
  return deflateRawSync(Buffer.from(text), { finishFlush: constants.Z_SYNC_FLUSH });
}

Deno.test("COMPRESS=DEFLATE deflates both directions, and its farewell", async () => {
  await using server = await imapServer();
  await using client = await session(server);
  await client.ok("APPEND INBOX ", letter("x".repeat(600)));
  assertMatch((await client.command("CAPABILITY")).untagged[0]!, /COMPRESS=DEFLATE/);
  await client.ok("COMPRESS DEFLATE");
  await client.wire.write(
    deflated("b1 SELECT INBOX\r\nb2 FETCH 1 BODY.PEEK[]\r\nb3 COMPRESS DEFLATE\r\nb4 LOGOUT\r\n"),
  );
  const text = await inflated(client);
  assertMatch(text, /b1 OK \[READ-WRITE\]/);
  assertMatch(text, /Text of x{600}\.\r\n\)\r\nb2 OK/);
  assertMatch(text, /b3 NO \[COMPRESSIONACTIVE\]/);
  assertMatch(text, /\* BYE .*\r\nb4 OK/);
  await server.stop();
});

Deno.test("a client that deflates right behind the OK is heard", async () => {
  await using server = await imapServer({ workers: { listener: 1, mailbox: 1 } });
  for (let round = 0; round < 20; round++) {
    await using client = await session(server);
    await client.ok("COMPRESS DEFLATE");
    await client.wire.write(deflated("b1 NAMESPACE\r\nb2 LOGOUT\r\n"));
    assertMatch(await inflated(client), /b1 OK .*b2 OK/s);
  }
  await server.stop();
});

Deno.test("a megabyte that inflates to a gigabyte ends its session, and costs no memory", async () => {
  await using server = await imapServer();
  await using client = await session(server);
  await client.ok("COMPRESS DEFLATE");
  const before = await memoryOf(server);
  const bomb = deflateRawSync(Buffer.alloc(256 * 1_048_576, "a"), { finishFlush: constants.Z_SYNC_FLUSH });
  for (let i = 0; i < 4; i++) await client.wire.write(bomb).catch(() => {});
  await client.wire.readToEnd();
  await using other = await session(server);
  await other.ok("NOOP");
  await other.logout();
  assert(await memoryOf(server) - before < 200 * 1_048_576, "the bomb went off");
  await server.stop();
});

/** Resident bytes of the server. */
async function memoryOf(server: TestServer): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${server.pid}/status`);
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)![1]) * 1_024;
}

Deno.test("a mailbox worker that is lost costs sessions their mailbox, also in IDLE, and no mail", async () => {
  await using server = await imapServer({
    workers: { listener: 1, mailbox: 1 },
    config: { debug: { faultInjection: true } },
  });
  await using client = await session(server);
  await using idle = await session(server);
  await client.ok("APPEND INBOX ", letter("kept"));
  await client.ok("SELECT INBOX");
  await idle.ok("SELECT INBOX");
  await idle.idle();
  await downAndUp(server, "mailbox-0", "exit");
  // The views were the lost worker's: the client is told, and finds everything again.
  await client.command("NOOP");
  assertMatch(await client.wire.readToEnd(), /^\* BYE \[UNAVAILABLE\]/);
  assertMatch(await idle.response(), /^\S+ NO \[UNAVAILABLE\]/);
  await using again = await session(server);
  await again.ok("SELECT INBOX");
  assert((await again.ok("FETCH 1 BODY.PEEK[]")).some((line) => line.includes("Text of kept.")));
  await again.logout();
  await server.stop();
});
