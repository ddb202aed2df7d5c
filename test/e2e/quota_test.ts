/** Full mailboxes: told at RCPT or after the data, for all recipients of a mail or for none. */
import { assertEquals, assertMatch } from "@std/assert";
import { seededRandom } from "../../src/base/mod.ts";
import { ImapClient } from "../support/imap_client.ts";
import { assertKept, makeLetter } from "../support/letters.ts";
import { Pop3Client, readMaildrop } from "../support/pop3_client.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { type Reply, SmtpClient } from "../support/smtp_client.ts";

const PASSWORD = "quota test";
const QUOTA_BYTES = 20_000;
const SMALL = "small@north.test";
const WIDE = "wide@north.test";
const FAR = "far@south.test";

function quotaServer(): Promise<TestServer> {
  return startServer({
    domains: ["north.test", "south.test"],
    accounts: [
      { address: SMALL, password: PASSWORD, quotaBytes: QUOTA_BYTES },
      { address: WIDE, password: PASSWORD },
      { address: FAR, password: PASSWORD },
    ],
  });
}

function letter(id: string, bodyBytes: number): Uint8Array {
  return makeLetter(seededRandom(bodyBytes), { id, bodyBytes });
}

async function send(server: TestServer, to: readonly string[], content: Uint8Array, size = true): Promise<Reply> {
  await using client = await SmtpClient.greeted({ port: server.ports.smtp });
  const parameters = size ? { parameters: `SIZE=${content.length}` } : {};
  const reply = await client.send({ from: "sender@elsewhere.test", to, content, ...parameters });
  await client.quit();
  return reply;
}

async function counts(server: TestServer): Promise<number[]> {
  const found: number[] = [];
  for (const user of [SMALL, WIDE, FAR]) {
    found.push((await readMaildrop({ port: server.ports.pop3 }, { user, password: PASSWORD })).length);
  }
  return found;
}

Deno.test("a mail that would overfill a mailbox gets 452 4.2.2 at RCPT when its size is announced, after the data otherwise", async () => {
  await using server = await quotaServer();
  const big = letter("big", QUOTA_BYTES);
  await using client = await SmtpClient.greeted({ port: server.ports.smtp });
  await client.expect(`MAIL FROM:<> SIZE=${big.length}`, 250);
  assertMatch((await client.command(`RCPT TO:<${SMALL}>`)).text, /^452 4\.2\.2 /);
  await client.expect(`RCPT TO:<${WIDE}>`, 250);
  await client.expect("DATA", 354);
  assertMatch((await client.data(big)).text, /^250 2\.0\.0 /);
  await client.expect("MAIL FROM:<>", 250);
  await client.expect(`RCPT TO:<${SMALL}>`, 250);
  await client.expect("DATA", 354);
  assertMatch((await client.data(big)).text, /^452 4\.2\.2 /);
  await client.quit();
  assertEquals(await counts(server), [0, 1, 0]);
  await server.stop();
});

Deno.test("one full mailbox keeps the mail from every recipient, in its own domain and in others", async () => {
  await using server = await quotaServer();
  const big = letter("all-or-none", QUOTA_BYTES);
  assertMatch((await send(server, [WIDE, SMALL, FAR], big, false)).text, /^452 4\.2\.2 /);
  assertEquals(await counts(server), [0, 0, 0]);
  const small = letter("fits", 2_000);
  assertMatch((await send(server, [WIDE, SMALL, FAR], small, false)).text, /^250 2\.0\.0 /);
  assertEquals(await counts(server), [1, 1, 1]);
  await server.stop();
});

Deno.test("as many messages are kept as the operator allows, by SMTP and by IMAP, and clients are told", async () => {
  await using server = await quotaServer();
  await server.rpc("account.quota", { address: SMALL, quotaBytes: 0, quotaMessages: 3 });
  const note = letter("note", 500);
  for (let i = 0; i < 2; i++) assertMatch((await send(server, [SMALL], note)).text, /^250 /);
  await using imap = await ImapClient.open({ port: server.ports.imap }, { user: SMALL, password: PASSWORD });
  assertEquals(await imap.ok('GETQUOTA ""'), ['QUOTA "" (MESSAGE 2 3)']);
  await imap.ok("SELECT INBOX");
  assertMatch((await imap.command("COPY 1:2 Trash")).text, /^\[OVERQUOTA\] /);
  await imap.ok("COPY 1 Trash");
  assertMatch((await imap.command("APPEND INBOX ", note)).text, /^\[OVERQUOTA\] /);
  assertMatch((await send(server, [SMALL], note)).text, /^452 4\.2\.2 /);
  await imap.ok("STORE 1 +FLAGS.SILENT (\\Deleted)");
  const [size] = await imap.ok("FETCH 1 RFC822.SIZE");
  const bytes = /SIZE (\d+)/.exec(size!)![1];
  assertEquals(await imap.ok("STATUS INBOX (DELETED DELETED-STORAGE)"), [
    `STATUS INBOX (DELETED 1 DELETED-STORAGE ${bytes})`,
  ]);
  await imap.ok("EXPUNGE");
  assertMatch((await send(server, [SMALL], note)).text, /^250 /);
  await imap.logout();
  await server.stop();
});

Deno.test("a full mailbox takes mail again once something was deleted, and after a restart still knows what it holds", async () => {
  await using server = await quotaServer();
  const half = letter("half", QUOTA_BYTES / 2);
  assertMatch((await send(server, [SMALL], half)).text, /^250 /);
  assertMatch((await send(server, [SMALL], half)).text, /^452 4\.2\.2 /);
  await server.stop();
  await server.start();
  assertMatch((await send(server, [SMALL], half)).text, /^452 4\.2\.2 /);
  await using client = await Pop3Client.open({ port: server.ports.pop3 }, { user: SMALL, password: PASSWORD });
  assertKept(await client.retr(1), half);
  await client.ok("DELE 1");
  await client.quit();
  assertMatch((await send(server, [SMALL], half)).text, /^250 /);
  await server.rpc("account.update", { address: SMALL, quotaBytes: 3 * QUOTA_BYTES });
  assertMatch((await send(server, [SMALL], half)).text, /^250 /);
  assertEquals((await counts(server))[0], 2);
  await server.stop();
});
