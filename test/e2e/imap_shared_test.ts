/** Mailboxes shared between the accounts of a domain, over sockets. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { utf8 } from "../../src/base/mod.ts";
import { ImapClient } from "../support/imap_client.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { SmtpClient } from "../support/smtp_client.ts";

const PASSWORD = "saddle-up";
const BILLY = "billy@bob.test";
const WILLY = "willy@bob.test";
const OTHER = "zoe@other.test";
const INBOX = `"Other Users/${BILLY}/INBOX"`;
const TEAM = `"Other Users/${BILLY}/Team"`;
const SUB = `"Other Users/${BILLY}/Team/Sub"`;

function serverOf(): Promise<TestServer> {
  return startServer({
    domains: ["bob.test", "other.test"],
    accounts: [
      { address: BILLY, password: PASSWORD, quotaBytes: 20_000 },
      ...[WILLY, OTHER].map((address) => ({ address, password: PASSWORD })),
    ],
  });
}

function session(server: TestServer, user: string): Promise<ImapClient> {
  return ImapClient.open({ port: server.ports.imap }, { user, password: PASSWORD });
}

async function post(server: TestServer, subject: string): Promise<void> {
  await using client = await SmtpClient.greeted({ port: server.ports.smtp });
  const content = new TextEncoder().encode(`Subject: ${subject}\r\n\r\nHello Billy.\r\n`);
  const reply = await client.send({ from: "john@smith.test", to: [BILLY], content });
  assertEquals(reply.code, 250, reply.text);
  await client.quit();
}

async function refused(client: ImapClient, ...parts: readonly (string | Uint8Array)[]): Promise<string> {
  const { status, text } = await client.command(...parts);
  return `${status} ${text}`;
}

async function modSeq(client: ImapClient): Promise<number> {
  return Number(/HIGHESTMODSEQ (\d+)/.exec((await client.ok("STATUS INBOX (HIGHESTMODSEQ)")).join())?.[1]);
}

function shared(lines: readonly string[]): string[] {
  return lines.filter((line) => line.includes("Other Users"));
}

Deno.test("what one account shares another lists, reads, marks and fills, and accounts beyond the domain do not", async () => {
  await using server = await serverOf();
  await post(server, "plans");
  await using billy = await session(server, BILLY);
  await using willy = await session(server, WILLY);
  await using zoe = await session(server, OTHER);
  const missing = await refused(willy, `SELECT ${INBOX}`);
  assertEquals(missing, await refused(willy, `SELECT "Other Users/${BILLY}/Nothing"`));
  assertEquals(missing, await refused(willy, `SELECT "Other Users/nobody@bob.test/INBOX"`));
  await billy.ok(`SETACL INBOX ${WILLY.toUpperCase()} lrsi`);
  assertStringIncludes(await refused(billy, `SETACL INBOX ${OTHER} lr`), "NO [CANNOT]");
  assertStringIncludes(await refused(billy, "SETACL INBOX nobody@bob.test lr"), "NO [CANNOT]");
  assertEquals(await billy.ok("GETACL INBOX"), [`ACL INBOX ${BILLY} lrswipkxteancd ${WILLY} lrsi`]);
  assertEquals(shared(await willy.ok('LIST "" * RETURN (MYRIGHTS STATUS (MESSAGES UNSEEN))')), [
    `LIST (\\NonExistent \\HasChildren) "/" "Other Users"`,
    `LIST (\\NonExistent \\HasChildren) "/" "Other Users/${BILLY}"`,
    `LIST (\\HasNoChildren) "/" ${INBOX}`,
    `MYRIGHTS ${INBOX} lrsi`,
    `STATUS ${INBOX} (MESSAGES 1 UNSEEN 1)`,
  ]);
  assertEquals(shared(await zoe.ok('LIST "" *')), []);
  assertEquals(await refused(zoe, `SELECT ${INBOX}`), missing);
  assertEquals(await zoe.ok("NAMESPACE"), ['NAMESPACE (("" "/")) (("Other Users/" "/")) NIL']);

  const selected = await willy.ok(`SELECT ${INBOX}`);
  assertStringIncludes(selected.join("\n"), "[PERMANENTFLAGS (\\Seen)]");
  assertStringIncludes((await willy.ok("FETCH 1 BODY[TEXT]")).join("\n"), "Hello Billy.");
  assertEquals(await billy.ok("STATUS INBOX (UNSEEN)"), ["STATUS INBOX (UNSEEN 0)"]);
  assertStringIncludes(await refused(willy, "STORE 1 +FLAGS (\\Deleted)"), "NO [NOPERM]");
  await willy.ok("COPY 1 INBOX");
  await willy.ok(`APPEND ${INBOX} (\\Seen \\Flagged) `, new TextEncoder().encode("Subject: mine\r\n\r\nx\r\n"));
  await billy.ok("SELECT INBOX");
  assertStringIncludes((await billy.ok("FETCH 2 FLAGS")).join("\n"), "FLAGS (\\Seen \\Recent)");
  assertEquals(await willy.ok("STATUS INBOX (MESSAGES)"), ["STATUS INBOX (MESSAGES 1)"]);
  await willy.ok("SELECT INBOX");
  await willy.ok("STORE 1 FLAGS (\\Seen \\Flagged \\Deleted his)");
  const before = await modSeq(billy);
  await willy.ok(`COPY 1 ${INBOX}`);
  await billy.ok("NOOP");
  assertStringIncludes((await billy.ok("FETCH 3 FLAGS")).join("\n"), "FLAGS (\\Seen \\Recent)");
  assertEquals(await modSeq(billy), before + 1, "in one change");
  // It counts for whom the mailbox belongs to.
  assertStringIncludes(await refused(willy, `APPEND ${INBOX} `, new Uint8Array(20_000).fill(0x61)), "NO [OVERQUOTA]");
  assertEquals((await willy.ok(`GETQUOTAROOT ${INBOX}`)).length, 1);
  for (const client of [billy, willy, zoe]) await client.logout();
  await server.stop();
});

Deno.test("who waits in a shared mailbox hears of mail, and is sent away when it is not shared with him any more", async () => {
  await using server = await serverOf();
  await using billy = await session(server, BILLY);
  await using willy = await session(server, WILLY);
  await billy.ok(`SETACL INBOX anyone lrst`);
  await willy.ok(`SUBSCRIBE ${INBOX}`);
  await willy.ok(`SELECT ${INBOX}`);
  await willy.idle();
  await post(server, "news");
  assertEquals(await willy.response(), "* 1 EXISTS");
  await willy.done();
  await willy.idle();
  await billy.ok(`SETACL INBOX anyone -t`);
  assertStringIncludes(await willy.response(), "* FLAGS");
  assertEquals(await willy.response(), "* OK [PERMANENTFLAGS (\\Seen)] Kept");
  await billy.ok(`SETACL INBOX -${WILLY} r`);
  assertStringIncludes(await willy.response(), "* BYE");
  await willy.wire.readToEnd();
  await using again = await session(server, WILLY);
  // He may still look it up; that is taken, too.
  assertStringIncludes(await refused(again, `SELECT ${INBOX}`), "NO [NOPERM]");
  await billy.ok("DELETEACL INBOX anyone");
  assertStringIncludes(await refused(again, `SELECT ${INBOX}`), "NO [NONEXISTENT]");
  assertEquals(shared(await again.ok('LIST (SUBSCRIBED) "" *')), [
    `LIST (\\NonExistent \\Subscribed \\HasNoChildren) "/" ${INBOX}`,
  ]);
  await billy.logout();
  await again.logout();
  await server.stop();
});

Deno.test("what is shared and annotated stays so through a restart, and mailboxes of two owners are never mixed up", async () => {
  await using server = await serverOf();
  {
    await using billy = await session(server, BILLY);
    await using willy = await session(server, WILLY);
    await billy.ok("CREATE Team");
    await billy.ok(`SETACL Team ${WILLY} lrswikxte`);
    await billy.ok('SETMETADATA Team (/shared/comment "ours" /private/comment "mine")');
    await billy.command("APPEND Team ", utf8("Subject: plan\r\n\r\n"));
    await billy.ok("SELECT Team");
    await billy.ok('STORE 1 ANNOTATION (/comment (value.priv "mine" value.shared "ours"))');
    await willy.ok("CREATE x");
    await willy.ok(`SELECT ${TEAM}`);
    // Both are the seventh of their owner: to delete one does not close the other.
    assertEquals(await willy.ok("DELETE x"), []);
    await willy.ok("CHECK");
    assertStringIncludes(await refused(willy, 'STORE 1 ANNOTATION (/comment (value.shared "no"))'), "NO [NOPERM]");
    assertEquals(await willy.ok("FETCH 1 ANNOTATION (/comment value)"), [
      '1 FETCH (ANNOTATION (/comment (value.priv NIL value.shared "ours")))',
    ]);
    await willy.ok(`CREATE ${SUB}`);
    assertEquals((await billy.ok('LIST "" Team/*')).length, 1);
    await billy.logout();
    await willy.logout();
  }
  await server.stop();
  await server.start();
  await using willy = await session(server, WILLY);
  for (const name of [TEAM, SUB]) {
    assertEquals(await willy.ok(`MYRIGHTS ${name}`), [`MYRIGHTS ${name} lrswikxtecd`]);
  }
  assertEquals(await willy.ok(`GETMETADATA ${TEAM} (/shared/comment /private/comment)`), [
    `METADATA ${TEAM} (/shared/comment "ours" /private/comment NIL)`,
  ]);
  assertEquals(await willy.ok(`DELETE ${SUB}`), []);
  await willy.logout();
  await server.stop();
});
