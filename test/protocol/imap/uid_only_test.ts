import { assertEquals } from "@std/assert";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { type Client, loggedIn, other, say } from "./support.ts";

const LETTER = "From: anna@a.example\r\nSubject: hello\r\n\r\nGood day.\r\n";

/** A user with three letters, UIDs 2 to 4, who knows no sequence numbers. */
function selected(...lines: readonly string[]) {
  const mailboxes = new FakeMailboxes();
  for (let i = 0; i < 4; i++) mailboxes.deliver("INBOX", LETTER);
  other(mailboxes, "STORE 1 +FLAGS (\\Deleted)");
  other(mailboxes, "EXPUNGE");
  const client = loggedIn(mailboxes);
  assertEquals(say(client, "e ENABLE UIDONLY"), ["* ENABLED UIDONLY", "e OK Done"]);
  const told = say(client, "s SELECT INBOX", ...lines);
  return { mailboxes, client, told };
}

function heard(client: Client): string[] {
  client.perform([]);
  return say(client);
}

Deno.test("who knows UIDs only is answered by UIDFETCH, with a UID in it if it asked for one", () => {
  const { client, told } = selected();
  // The first unseen message is told by its number (RFC 3501 §7.1).
  assertEquals(told.filter((line) => line.includes("[UNSEEN")), []);
  assertEquals(say(client, "1 UID FETCH 1:3 (FLAGS)"), [
    "* 2 UIDFETCH (FLAGS (\\Recent))",
    "* 3 UIDFETCH (FLAGS (\\Recent))",
    "1 OK Done",
  ]);
  assertEquals(say(client, "2 UID FETCH 3 (FLAGS UID BODY.PEEK[TEXT])"), [
    "* 3 UIDFETCH (FLAGS (\\Recent) UID 3 BODY[TEXT] {11}",
    "Good day.",
    ")",
    "2 OK Done",
  ]);
  assertEquals(say(client, "3 UID STORE 4 +FLAGS (\\Seen)", "4 UID STORE 4 -FLAGS.SILENT (\\Seen)"), [
    "* 4 UIDFETCH (FLAGS (\\Seen \\Recent))",
    "3 OK Done",
    "4 OK Done",
  ]);
  assertEquals(say(client, "5 UID SEARCH ALL", "6 UID SEARCH UID 3:*"), [
    "* SEARCH 2 3 4",
    "5 OK Done",
    "* SEARCH 3 4",
    "6 OK Done",
  ]);
});

Deno.test("what names messages by numbers, or would be answered by them, is refused", () => {
  const { client, mailboxes } = selected("q ENABLE QRESYNC");
  const asked = mailboxes.asked.length;
  for (
    const command of [
      "FETCH 1 FLAGS",
      "FETCH $ FLAGS",
      "STORE 1 +FLAGS (\\Seen)",
      "SEARCH ALL",
      "SEARCH UID 1",
      "COPY 1 INBOX",
      "MOVE 1 INBOX",
      "SORT (SIZE) UTF-8 ALL",
      "THREAD REFERENCES UTF-8 ALL",
      "UID SEARCH 1:2",
      "UID SEARCH NOT (OR SEEN 1)",
      "UID SORT (SIZE) UTF-8 1:2",
      "UID THREAD REFERENCES UTF-8 1",
      "SELECT INBOX (QRESYNC (1001 1 1:4 (1 2)))",
    ]
  ) {
    assertEquals(say(client, `1 ${command}`), ["1 BAD [UIDREQUIRED] Only UIDs, as they were asked for"], command);
  }
  assertEquals(mailboxes.asked.length, asked);
  assertEquals(say(client, "2 UID SEARCH RETURN (SAVE) ALL", "3 UID FETCH $ (UID)").slice(1, 3), [
    "* 2 UIDFETCH (UID 2)",
    "* 3 UIDFETCH (UID 3)",
  ]);
});

Deno.test("removals and flags of others come by UIDs, in IDLE, by NOTIFY and when a client comes back", () => {
  const { client, mailboxes } = selected();
  say(client, "1 IDLE");
  other(mailboxes, "STORE 1 +FLAGS (\\Deleted)");
  assertEquals(heard(client), ["* 2 UIDFETCH (FLAGS (\\Deleted \\Recent))"]);
  other(mailboxes, "EXPUNGE");
  assertEquals(heard(client), ["* VANISHED 2", "* 2 RECENT"]);
  say(client, "DONE");
  assertEquals(say(client, "2 UID STORE 3 +FLAGS.SILENT (\\Deleted)", "3 EXPUNGE"), [
    "2 OK Done",
    "* VANISHED 3",
    "* 1 RECENT",
    "3 OK Done",
  ]);
  assertEquals(say(client, "4 NOTIFY SET (selected (MessageNew (PREVIEW) MessageExpunge FlagChange))"), ["4 OK Done"]);
  mailboxes.deliver("INBOX", LETTER);
  assertEquals(heard(client), ["* 2 EXISTS", "* 2 RECENT", '* 5 UIDFETCH (PREVIEW "Good day.")']);
  assertEquals(say(client, "5 UID MOVE 4 INBOX").slice(0, 2), [
    "* OK [COPYUID 1001 4 6] Moved",
    "* VANISHED 4",
  ]);
  other(mailboxes, "STORE 1 +FLAGS (\\Flagged)");
  const lines = say(client, "6 ENABLE QRESYNC", "7 SELECT INBOX (QRESYNC (1001 5))");
  assertEquals(lines.filter((line) => /FETCH|VANISHED|EXPUNGE/.test(line)), [
    "* VANISHED (EARLIER) 1:4",
    "* 5 UIDFETCH (FLAGS (\\Flagged \\Recent) MODSEQ (15))",
    "* 6 UIDFETCH (FLAGS (\\Recent) MODSEQ (13))",
  ]);
});

Deno.test("many messages are written by UIDs, too", () => {
  const { client, mailboxes } = selected();
  mailboxes.pageRows = 1_000;
  for (let i = 0; i < 300; i++) mailboxes.deliver("INBOX", LETTER);
  say(client, "1 NOOP");
  const lines = say(client, "2 UID FETCH 1:* (FLAGS RFC822.SIZE)");
  assertEquals(lines.length, 304);
  assertEquals(lines.slice(0, -1).every((line, i) => line.startsWith(`* ${i + 2} UIDFETCH (FLAGS (`)), true);
});
