/** Searches by words, in many mailboxes, by kept filters, and results that are told as they change, over real sockets. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { utf8 } from "../../src/base/mod.ts";
import { ImapClient } from "../support/imap_client.ts";
import { type ServerOptions, startServer, type TestServer } from "../support/server.ts";
import { SmtpClient } from "../support/smtp_client.ts";

const BILLY = { user: "billy@bob.test", password: "saddle-up" };
const SALLY = { user: "sally@bob.test", password: "ride-on" };

function imapServer(options: ServerOptions = {}): Promise<TestServer> {
  return startServer({
    domains: ["bob.test"],
    accounts: [BILLY, SALLY].map(({ user: address, password }) => ({ address, password })),
    ...options,
  });
}

function session(server: TestServer, login = BILLY): Promise<ImapClient> {
  return ImapClient.open({ port: server.ports.imap }, login);
}

function letter(subject: string, body = `Text of ${subject}.`): Uint8Array {
  return utf8(`From: <john@smith.test>\r\nSubject: ${subject}\r\n\r\n${body}\r\n`);
}

async function deliver(server: TestServer, subject: string): Promise<void> {
  await using client = await SmtpClient.greeted({ port: server.ports.smtp });
  const reply = await client.send({ from: "john@smith.test", to: [BILLY.user], content: letter(subject) });
  assertEquals(reply.code, 250, reply.text);
  await client.quit();
}

Deno.test("a session in IDLE is told what comes to its results, by their place and by their text", async () => {
  await using server = await imapServer({ workers: { listener: 2, mailbox: 2 } });
  await using idle = await session(server);
  await using other = await session(server);
  for (const subject of ["b", "d"]) await other.ok("APPEND INBOX ", letter(subject));
  await idle.ok("SELECT INBOX");
  await other.ok("SELECT INBOX");
  assertEquals(await idle.ok("UID SORT RETURN (UPDATE ALL) (REVERSE SUBJECT) UTF-8 UNDELETED"), [
    'ESEARCH (TAG "a3") UID ALL 2,1',
  ]);
  assertEquals(await idle.ok("UID SEARCH RETURN (UPDATE COUNT) BODY needle"), ['ESEARCH (TAG "a4") UID COUNT 0']);
  await idle.idle();
  await deliver(server, "c needle");
  assertEquals(await idle.response(), "* 3 EXISTS");
  assertMatch(await idle.response(), /^\* \d RECENT$/);
  assertEquals(await idle.response(), '* ESEARCH (TAG "a3") UID ADDTO (2 3)');
  assertEquals(await idle.response(), '* ESEARCH (TAG "a4") UID ADDTO (0 3)');
  await other.ok("NOOP");
  await other.ok("UID STORE 3 +FLAGS (\\Deleted)");
  assertMatch(await idle.response(), /^\* 3 FETCH \(UID 3 FLAGS \(.*\\Deleted/);
  assertEquals(await idle.response(), '* ESEARCH (TAG "a3") UID REMOVEFROM (2 3)');
  await other.ok("EXPUNGE");
  assertEquals(await idle.response(), '* ESEARCH (TAG "a4") UID REMOVEFROM (0 3)');
  assertEquals(await idle.response(), "* 3 EXPUNGE");
  assertEquals((await idle.done()).status, "OK");
  await idle.ok('CANCELUPDATE "a3" "a4"');
  await other.ok("APPEND INBOX ", letter("needle"));
  assertEquals((await idle.ok("NOOP")).filter((line) => line.startsWith("ESEARCH")), []);
  await Promise.all([idle.logout(), other.logout()]);
  await server.stop();
});

Deno.test("words are found misspelt and without accents, and the best comes first", async () => {
  await using server = await imapServer();
  await using client = await session(server);
  const letters = [["hello"], ["Hëllo world"], ["other", "we say helo"], ["nothing"]] as const;
  for (const [subject, body] of letters) await client.ok("APPEND INBOX ", letter(subject, body ?? "x"));
  await client.ok("SELECT INBOX");
  const [found] = await client.ok("UID SEARCH RETURN (RELEVANCY ALL) FUZZY TEXT hello");
  assertEquals(found, 'ESEARCH (TAG "a7") UID ALL 1:3 RELEVANCY (100 100 36)');
  assertEquals(await client.ok("SORT (REVERSE RELEVANCY) UTF-8 FUZZY TEXT hello"), ["SORT 3 1 2"]);
  assertEquals(await client.ok("SEARCH FUZZY SUBJECT wrold"), ["SEARCH 2"]);
  assertEquals(await client.ok("SEARCH SUBJECT hello"), ["SEARCH 1"]);
  await client.logout();
  await server.stop();
});

Deno.test("many mailboxes are searched by one command, those of others as long as they may be read", async () => {
  await using server = await imapServer();
  await using billy = await session(server);
  await using sally = await session(server, SALLY);
  await billy.ok("CREATE Notes/Deep");
  for (const name of ["INBOX", "Notes", "Notes/Deep"]) await billy.ok(`APPEND ${name} `, letter("needle"));
  await billy.ok("SETACL Notes sally@bob.test lr");
  const shared = '"Other Users/billy@bob.test/Notes"';
  const names = async (client: ImapClient, source: string) =>
    (await client.ok(`ESEARCH IN (${source}) RETURN (COUNT) TEXT needle`)).map((line) =>
      /MAILBOX "?([^"]*?)"? UIDV/.exec(line)?.[1]
    );
  assertEquals(await names(billy, "personal"), ["INBOX", "Notes", "Notes/Deep"]);
  assertEquals(await names(sally, "personal"), []);
  // More than one session may have open at once: each is left before the next.
  for (let i = 10; i < 30; i++) {
    await sally.ok(`CREATE Many/${i}`);
    await sally.ok(`APPEND Many/${i} `, letter("needle"));
  }
  assertEquals((await names(sally, "subtree Many")).length, 20);
  assertEquals(await names(sally, `mailboxes (${shared} "Other Users/billy@bob.test/INBOX")`), [
    "Other Users/billy@bob.test/Notes",
  ]);
  assertEquals(await names(sally, 'subtree "Other Users"'), ["Other Users/billy@bob.test/Notes"]);
  await billy.ok("SETACL Notes sally@bob.test l");
  assertEquals(await names(sally, `mailboxes ${shared}`), []);
  assertEquals(await names(sally, 'subtree "Other Users"'), []);
  await Promise.all([billy.logout(), sally.logout()]);
  await server.stop();
});

Deno.test("a filter that is kept is there after a restart", async () => {
  await using server = await imapServer();
  await using client = await session(server);
  await client.ok("APPEND INBOX ", letter("needle"));
  await client.ok('SETMETADATA "" (/private/filters/values/mine "OR SUBJECT needle FILTER other")');
  await client.ok('SETMETADATA "" (/private/filters/values/other "TEXT Zurich")');
  await client.logout();
  await server.stop();
  await server.start();
  await using again = await session(server);
  await again.ok("SELECT INBOX");
  assertEquals(await again.ok("SEARCH FILTER mine"), ["SEARCH 1"]);
  const { status, text } = await again.command("SEARCH FILTER none");
  assertEquals([status, text.slice(0, 23)], ["NO", "[UNDEFINED-FILTER none]"]);
  await again.logout();
  await server.stop();
});

Deno.test("thousands of updates, filters within filters and long searches cost a client no more than a NO", async () => {
  await using server = await imapServer();
  await using client = await session(server);
  await using other = await session(server);
  await client.ok("APPEND INBOX ", letter("one"));
  await client.ok("SELECT INBOX");
  let refused = 0;
  for (let i = 0; i < 2_000; i++) {
    const lines = await client.ok("SEARCH RETURN (UPDATE COUNT) ALL");
    if (lines.some((line) => line.startsWith("NO [NOUPDATE"))) refused++;
  }
  assertEquals(refused, 1_984);
  const many = Array(600).fill("FILTER b").join(" ");
  await client.ok('SETMETADATA "" (/private/filters/values/b ', utf8(many), ")");
  await client.ok('SETMETADATA "" (/private/filters/values/a ', utf8(many), ")");
  assertEquals((await client.command("SEARCH FILTER a")).status, "NO");
  // A program of a megabyte is longer than a command may be; one of many texts is longer than a search may be.
  const texts = Array(150).fill("BODY xyz").join(" ");
  assertEquals((await client.command(`SEARCH ${texts}`)).status, "NO");
  assertEquals((await client.command(`SEARCH FUZZY TEXT "${"word ".repeat(100)}"`)).status, "OK");
  assertEquals(
    (await client.command(`SEARCH FUZZY TEXT "${Array.from({ length: 100 }, (_, i) => `w${i}`).join(" ")}"`)).status,
    "NO",
  );
  const before = performance.now();
  await other.ok("SELECT INBOX");
  assert(performance.now() - before < 5_000);
  await Promise.all([client.logout(), other.logout()]);
  await server.stop();
});
