/** Commands of more messages than one may have, against the store. */
import { assertEquals, assertMatch } from "@std/assert";
import { ImapClient } from "../support/imap_client.ts";
import { startServer } from "../support/server.ts";

const BILLY = { user: "billy@bob.test", password: "saddle-up" };
const LIMIT = 1_000;

Deno.test("as many messages as the limit that is announced come in one APPEND; of one more each command does its part", async () => {
  await using server = await startServer({
    domains: ["bob.test"],
    accounts: [{ address: BILLY.user, password: BILLY.password }],
    config: { limits: { imap: { commandMessagesMax: LIMIT } } },
  });
  await using client = await ImapClient.open({ port: server.ports.imap }, BILLY);
  const [capabilities] = await client.ok("CAPABILITY");
  assertMatch(capabilities!, / MESSAGELIMIT=1000( |$)/);
  const message = " {16+}\r\nSubject: x\r\n\r\nt\r";
  assertEquals(message.length, " {16+}\r\n".length + 16);
  const appended = await client.command(`APPEND INBOX${message.repeat(LIMIT)}`);
  assertMatch(appended.text, /^\[APPENDUID \d+ 1:1000\]/);
  assertMatch((await client.command(`APPEND INBOX${message.repeat(LIMIT + 1)}`)).text, /^\[MESSAGELIMIT 1000\]/);
  await client.ok(`APPEND INBOX${message}`);
  await client.ok("SELECT INBOX");
  const part = /^\[MESSAGELIMIT 1000 2\]/;
  const fetched = await client.command("UID FETCH 1:* UID");
  assertMatch(fetched.text, part);
  assertEquals([fetched.untagged.length, fetched.untagged[0]], [LIMIT, "2 FETCH (UID 2)"]);
  assertMatch((await client.command("STORE 1:* +FLAGS.SILENT (\\Flagged)")).text, part);
  const search = await client.command("SEARCH RETURN (COUNT) SUBJECT x");
  assertEquals(search.untagged, ['ESEARCH (TAG "a9") COUNT 1000']);
  assertMatch(search.text, part);
  assertEquals(await client.ok("UID SEARCH UIDBEFORE 2"), ["SEARCH 1"]);
  assertMatch((await client.command("COPY 1:* INBOX")).text, /^\[MESSAGELIMIT 1000\]/);
  assertMatch((await client.command("SORT (ARRIVAL) UTF-8 ALL")).text, /^\[MESSAGELIMIT 1000\]/);
  await client.ok("CREATE Box");
  assertMatch((await client.command("MOVE 1:* Box")).text, part);
  assertEquals(await client.ok("STATUS INBOX (MESSAGES)"), ["STATUS INBOX (MESSAGES 1)"]);
  assertEquals(await client.ok("STATUS Box (MESSAGES)"), ["STATUS Box (MESSAGES 1000)"]);
  await client.logout();
});
