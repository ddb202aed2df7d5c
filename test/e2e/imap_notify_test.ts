/** What sessions of NOTIFY are told of mailboxes that they have not selected, over real sockets and a real disk. */
import { assertEquals, assertMatch } from "@std/assert";
import { seededRandom, utf8 } from "../../src/base/mod.ts";
import { ImapClient } from "../support/imap_client.ts";
import { makeLetter } from "../support/letters.ts";
import { type ServerOptions, startServer, type TestServer } from "../support/server.ts";
import { SmtpClient } from "../support/smtp_client.ts";
import { downAndUp } from "../support/worker_watch.ts";

const PASSWORD = "saddle-up";
const BILLY = "billy@bob.test";
const WILLY = "willy@bob.test";
const EVENTS = "(MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange MailboxMetadataChange)";

function serverOf(options: ServerOptions = {}): Promise<TestServer> {
  const accounts = [BILLY, WILLY].map((address) => ({ address, password: PASSWORD }));
  return startServer({ domains: ["bob.test"], accounts, ...options });
}

function session(server: TestServer, user: string): Promise<ImapClient> {
  return ImapClient.open({ port: server.ports.imap }, { user, password: PASSWORD });
}

async function deliver(server: TestServer, id: string): Promise<void> {
  await using client = await SmtpClient.greeted({ port: server.ports.smtp });
  const content = makeLetter(seededRandom(1), { id, bodyBytes: 500 });
  const reply = await client.send({ from: "john@smith.test", to: [BILLY], content });
  assertEquals(reply.code, 250, reply.text);
  await client.quit();
}

const LETTER = utf8("From: <john@smith.test>\r\nSubject: hello\r\n\r\nGood day.\r\n");

Deno.test("a session is told between commands of mail in other mailboxes, and of what others do to them", async () => {
  await using server = await serverOf({ workers: { listener: 2, mailbox: 2 } });
  await using watcher = await session(server, BILLY);
  await using other = await session(server, BILLY);
  const first = await watcher.ok(`NOTIFY SET STATUS (personal ${EVENTS}) (mailboxes (Junk Trash Archive) NONE)`);
  assertEquals(
    first.map((line) => line.replace(/UIDVALIDITY \d+/, "UIDVALIDITY n")),
    ["Drafts", "INBOX", "Sent"].map((name) =>
      `STATUS ${name} (MESSAGES 0 UIDNEXT 1 UIDVALIDITY n UNSEEN 0 HIGHESTMODSEQ 1)`
    ),
  );
  await deliver(server, "one");
  assertMatch(await watcher.response(), /^\* STATUS INBOX \(MESSAGES 1 UIDNEXT 2 UIDVALIDITY \d+ UNSEEN 1\)$/);
  await other.ok("CREATE Lists/Lemonade");
  assertEquals(await watcher.response(), '* LIST (\\HasChildren) "/" Lists');
  assertEquals(await watcher.response(), '* LIST (\\HasNoChildren) "/" Lists/Lemonade');
  await other.ok("SUBSCRIBE Lists/Lemonade");
  assertEquals(await watcher.response(), '* LIST (\\Subscribed \\HasNoChildren) "/" Lists/Lemonade');
  await other.ok("RENAME Lists/Lemonade Lists/Orangeade");
  assertEquals(
    await watcher.response(),
    '* LIST (\\Subscribed \\HasNoChildren) "/" Lists/Orangeade ("OLDNAME" (Lists/Lemonade))',
  );
  await other.ok('SETMETADATA Lists/Orangeade (/private/comment "sweet")');
  assertEquals(await watcher.response(), "* METADATA Lists/Orangeade /private/comment");
  await other.ok("APPEND Lists/Orangeade (\\Seen) ", LETTER);
  assertMatch(
    await watcher.response(),
    /^\* STATUS Lists\/Orangeade \(MESSAGES 1 UIDNEXT 2 UIDVALIDITY \d+ UNSEEN 0\)$/,
  );
  await other.ok("APPEND Junk ", LETTER);
  // What it does itself is not told, and nothing was told of Junk.
  await watcher.ok("CREATE Own");
  await watcher.ok("APPEND Own ", LETTER);
  await other.ok("DELETE Own");
  assertEquals(await watcher.response(), '* LIST (\\NonExistent) "/" Own');
  await Promise.all([watcher.logout(), other.logout()]);
  await server.stop();
});

Deno.test("annotations of messages are told by their entries where the mailbox is selected, and by STATUS elsewhere", async () => {
  await using server = await serverOf();
  await using selecting = await session(server, BILLY);
  await using watching = await session(server, BILLY);
  await using other = await session(server, BILLY);
  await other.ok("APPEND INBOX ", LETTER);
  const events = "(MessageNew MessageExpunge AnnotationChange)";
  await selecting.ok("SELECT INBOX");
  await selecting.ok(`NOTIFY SET (selected ${events})`);
  await watching.ok("ENABLE CONDSTORE");
  await watching.ok(`NOTIFY SET (inboxes ${events})`);
  await other.ok("SELECT INBOX");
  // Flags were not asked for where the mailbox is selected.
  await other.ok("STORE 1 +FLAGS (\\Flagged)");
  await other.ok('STORE 1 ANNOTATION (/comment (value.shared "sweet"))');
  assertEquals(await selecting.response(), "* 1 FETCH (UID 1 ANNOTATION (/comment))");
  assertMatch(
    await watching.response(),
    /^\* STATUS INBOX \(MESSAGES 1 UIDNEXT 2 UIDVALIDITY \d+ HIGHESTMODSEQ \d+\)$/,
  );
  await Promise.all([selecting.logout(), watching.logout(), other.logout()]);
});

Deno.test("new mail in the selected mailbox comes with what was asked for, whatever other sessions were told", async () => {
  await using server = await serverOf();
  await using full = await session(server, BILLY);
  await using delayed = await session(server, BILLY);
  await using silent = await session(server, BILLY);
  await using writer = await session(server, BILLY);
  for (const client of [full, delayed, silent, writer]) await client.ok("SELECT INBOX");
  await full.ok(
    "NOTIFY SET (selected (MessageNew (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)]) MessageExpunge FlagChange))",
  );
  await delayed.ok("NOTIFY SET (selected-delayed (MessageNew MessageExpunge FlagChange))");
  await silent.ok("NOTIFY SET (subtree Lists (MailboxName))");
  await writer.ok("APPEND INBOX ", LETTER);
  assertEquals(await full.response(), "* 1 EXISTS");
  assertMatch(await full.response(), /^\* \d RECENT$/);
  assertEquals(
    await full.response(),
    "* 1 FETCH (UID 1 BODY[HEADER.FIELDS (SUBJECT)] {18}\r\nSubject: hello\r\n\r\n)",
  );
  assertEquals(await delayed.response(), "* 1 EXISTS");
  assertMatch(await delayed.response(), /^\* \d RECENT$/);
  await writer.ok("STORE 1 +FLAGS (\\Deleted)");
  assertMatch(await full.response(), /^\* 1 FETCH \(UID 1 FLAGS \(.*\\Deleted/);
  assertMatch(await delayed.response(), /^\* 1 FETCH \(UID 1 FLAGS \(.*\\Deleted/);
  await writer.ok("EXPUNGE");
  assertEquals(await full.response(), "* 1 EXPUNGE");
  assertEquals((await delayed.ok("NOOP")).filter((line) => line.endsWith("EXPUNGE")), ["1 EXPUNGE"]);
  assertEquals(await silent.ok("NOOP"), []);
  await writer.ok("CREATE Lists/x");
  assertEquals(await silent.response(), '* LIST (\\HasChildren) "/" Lists');
  assertEquals(await silent.response(), '* LIST (\\HasNoChildren) "/" Lists/x');
  await Promise.all([full, delayed, silent, writer].map((client) => client.logout()));
  await server.stop();
});

Deno.test("a mailbox that another account shares is watched while it may be read, in IDLE, too", async () => {
  await using server = await serverOf({ workers: { listener: 2, mailbox: 2 } });
  await using billy = await session(server, BILLY);
  await using willy = await session(server, WILLY);
  const name = `"Other Users/${BILLY}/INBOX"`;
  await willy.ok(`NOTIFY SET (subtree "Other Users" ${EVENTS})`);
  await willy.idle();
  await billy.ok(`SETACL INBOX ${WILLY} lr`);
  assertEquals(await willy.response(), `* LIST (\\NonExistent \\HasChildren) "/" "Other Users/${BILLY}"`);
  assertEquals(await willy.response(), `* LIST (\\HasNoChildren) "/" ${name}`);
  await deliver(server, "one");
  assertMatch(await willy.response(), /^\* STATUS "Other Users\/billy@bob\.test\/INBOX" \(MESSAGES 1 UIDNEXT 2 /);
  await billy.ok(`SETACL INBOX ${WILLY} l`);
  assertEquals(await willy.response(), `* LIST (\\NoAccess \\HasNoChildren) "/" ${name}`);
  await deliver(server, "two");
  await billy.ok(`SETACL INBOX ${WILLY} ""`);
  assertEquals(await willy.response(), `* LIST (\\NonExistent) "/" "Other Users/${BILLY}"`);
  assertEquals(await willy.response(), `* LIST (\\NonExistent) "/" ${name}`);
  assertEquals((await willy.done()).status, "OK");
  await Promise.all([billy.logout(), willy.logout()]);
  await server.stop();
});

Deno.test("a watch that is lost with its mailbox worker is told to be over, and can be made anew", async () => {
  await using server = await serverOf({
    workers: { listener: 1, mailbox: 1 },
    config: { debug: { faultInjection: true } },
  });
  await using billy = await session(server, BILLY);
  await billy.ok("NOTIFY SET (personal (MessageNew MessageExpunge))");
  await downAndUp(server, "mailbox-0", "exit");
  assertMatch(await billy.response(), /^\* OK \[NOTIFICATIONOVERFLOW\] /);
  await billy.ok("NOTIFY SET (personal (MessageNew MessageExpunge))");
  await deliver(server, "one");
  assertEquals(await billy.response(), "* STATUS INBOX (MESSAGES 1 UIDNEXT 2)");
  await billy.logout();
  await server.stop();
});

Deno.test("a flood of mail is told in a few lines to each session that watches (I13)", async () => {
  await using server = await serverOf({ workers: { listener: 1, mailbox: 1 } });
  await using watcher = await session(server, BILLY);
  await watcher.ok(`NOTIFY SET (personal ${EVENTS})`);
  await using writer = await session(server, BILLY);
  const startMs = performance.now();
  const [changes, each] = [60, 10];
  await writer.wire.write(
    Array.from({ length: changes }, (_, i) => `m${i} APPEND INBOX${" {6+}\r\nA: b\r\n".repeat(each)}\r\n`).join(""),
  );
  for (let line = ""; !line.startsWith(`m${changes - 1} `); line = await writer.response()) assertMatch(line, /^$|OK/);
  const windows = Math.ceil((performance.now() - startMs) / 100) + 1;
  const told: string[] = [];
  for (let line = ""; !line.includes(`MESSAGES ${changes * each} `); line = await watcher.response()) told.push(line);
  assertEquals(told.length <= windows, true, `${told.length} lines in ${windows} tenths of a second`);
  await Promise.all([watcher.logout(), writer.logout()]);
  await server.stop();
});
