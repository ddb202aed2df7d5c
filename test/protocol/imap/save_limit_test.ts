import { assertEquals } from "@std/assert";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { loggedIn, say } from "./support.ts";

const LIMITED = { limits: { saveMessagesMax: 1_000 } };

function selected(messages: number, options = {}) {
  const mailboxes = new FakeMailboxes();
  for (let i = 0; i < messages; i++) mailboxes.deliver("INBOX", "A: b\r\n\r\nc");
  const client = loggedIn(mailboxes, options);
  say(client, "s SELECT INBOX", "c CREATE Box");
  return { mailboxes, client };
}

/** An APPEND of so many messages. */
function append(count: number): string {
  return `a APPEND Box${" {1+}\r\nx".repeat(count)}`;
}

Deno.test("SAVELIMIT is announced where a limit is configured, to whoever has logged in, and nowhere else", () => {
  const { client } = selected(0, LIMITED);
  assertEquals(say(client, "1 CAPABILITY")[0]?.includes(" SAVELIMIT=1000"), true);
  say(client, "2 UNAUTHENTICATE");
  assertEquals(say(client, "3 CAPABILITY")[0]?.includes("LIMIT="), false);
  assertEquals(say(selected(0).client, "1 CAPABILITY")[0]?.includes("SAVELIMIT"), false);
});

Deno.test("a copy of as many messages as the limit is made, of one more none is; a move has no such limit (RFC 9738 §3.1)", () => {
  const { client, mailboxes } = selected(1_001, LIMITED);
  assertEquals(say(client, "1 COPY 1:* Box"), ["1 NO [MESSAGELIMIT 1000] Too many messages at once"]);
  assertEquals(say(client, "2 UID COPY 1:1001 Box"), ["2 NO [MESSAGELIMIT 1000] Too many messages at once"]);
  assertEquals(mailboxes.messages("Box").length, 0);
  assertEquals(say(client, "3 UID COPY 1:1000 Box").at(-1)?.slice(0, 15), "3 OK [COPYUID 1");
  assertEquals(say(client, "4 MOVE 1:* Box").at(-1), "4 OK Moved");
  assertEquals(mailboxes.messages("Box").length, 2_001);
});

Deno.test("what announces as many messages as the limit fits one command with flags and dates", () => {
  const { client, mailboxes } = selected(0, LIMITED);
  const one = ' (\\Flagged \\Answered \\Seen $Forwarded $MDNSent $NotJunk) "17-Jul-1996 02:44:25 -0700" ~{1+}\r\nx';
  assertEquals(say(client, `a APPEND Box${one.repeat(1_000)}`).at(-1)?.slice(0, 17), "a OK [APPENDUID 1");
  assertEquals(mailboxes.messages("Box").length, 1_000);
});

Deno.test("an append of as many messages as the limit is made, of one more none is; without a limit it ends earlier", () => {
  const { client, mailboxes } = selected(0, LIMITED);
  assertEquals(say(client, append(1_001)).at(-1), "a NO [MESSAGELIMIT 1000] Too many messages");
  assertEquals(mailboxes.messages("Box").length, 0);
  assertEquals(say(client, append(1_000)).at(-1)?.slice(0, 17), "a OK [APPENDUID 1");
  const plain = selected(0);
  assertEquals(say(plain.client, append(251)).at(-1), "a NO [LIMIT] Too many messages");
});
