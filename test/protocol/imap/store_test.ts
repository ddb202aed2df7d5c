import { assertEquals } from "@std/assert";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { loggedIn, other, say } from "./support.ts";

function selected(count = 3) {
  const mailboxes = new FakeMailboxes();
  for (let i = 0; i < count; i++) mailboxes.deliver("INBOX", "A: b\r\n\r\nc");
  const client = loggedIn(mailboxes);
  say(client, "s SELECT INBOX", "t CREATE Box");
  return { mailboxes, client };
}

Deno.test("STORE adds, removes and replaces, and tells unless it is silent", () => {
  const { client } = selected();
  assertEquals(say(client, "1 STORE 1 +FLAGS (\\Seen \\Flagged)"), [
    "* 1 FETCH (FLAGS (\\Flagged \\Seen \\Recent))",
    "1 OK Done",
  ]);
  assertEquals(say(client, "2 STORE 1 -FLAGS \\Seen"), ["* 1 FETCH (FLAGS (\\Flagged \\Recent))", "2 OK Done"]);
  assertEquals(say(client, "3 UID STORE 1 FLAGS (\\Draft)"), [
    "* 1 FETCH (UID 1 FLAGS (\\Draft \\Recent))",
    "3 OK Done",
  ]);
  assertEquals(say(client, "4 STORE 1 FLAGS.SILENT ()"), ["4 OK Done"]);
  assertEquals(say(client, "5 STORE 4 FLAGS ()"), ["5 BAD No such message"]);
});

Deno.test("a keyword that the mailbox has not had is told by FLAGS", () => {
  const { client } = selected();
  assertEquals(say(client, "1 STORE 1 +FLAGS ($Later)"), [
    "* 1 FETCH (FLAGS (\\Recent $Later))",
    "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Later)",
    "* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Later \\*)] Kept",
    "1 OK Done",
  ]);
  assertEquals(
    say(client, "2 STORE 2 +FLAGS.SILENT ($LATER)"),
    ["2 OK Done"].slice(0, 0).concat(say(client, "3 NOOP").slice(0, 0), ["2 OK Done"]),
  );
});

Deno.test("UNCHANGEDSINCE leaves alone what others changed, and names it", () => {
  const { client, mailboxes } = selected();
  other(mailboxes, "STORE 2 +FLAGS (\\Answered)");
  client.perform([]);
  assertEquals(say(client, "1 STORE 1:3 (UNCHANGEDSINCE 4) +FLAGS.SILENT (\\Deleted)"), [
    "* 1 FETCH (MODSEQ (6))",
    "* 3 FETCH (MODSEQ (7))",
    "* 2 FETCH (UID 2 FLAGS (\\Answered \\Recent) MODSEQ (5))",
    "1 OK [MODIFIED 2] Some messages were changed by others",
  ]);
  assertEquals(
    say(client, "2 UID STORE 2 (UNCHANGEDSINCE 4) +FLAGS (\\Deleted)").at(-1),
    [
      "2 OK [MODIFIED 2] Some messages were changed by others",
    ][0],
  );
});

Deno.test("messages that do not fit the answer are told all the same, once each, as those that do", () => {
  const changes = [
    "STORE 1:7 +FLAGS (\\Seen)",
    "UID STORE 1:5,7 FLAGS (\\Flagged $Later)",
    "STORE 7,1:4 -FLAGS (\\Flagged)",
    "UID STORE 2:* (UNCHANGEDSINCE 1000) +FLAGS.SILENT (\\Draft)",
    "STORE 1:7 FLAGS (\\Answered)",
  ];
  const told = (rows: number, enabled: readonly string[]) => {
    const { client, mailboxes } = selected(7);
    mailboxes.storeRows = rows;
    for (const each of enabled) say(client, `e ${each}`);
    return changes.map((each) => say(client, `a ${each}`));
  };
  for (const enabled of [[], ["ENABLE CONDSTORE"], ["ENABLE QRESYNC"], ["ENABLE UIDONLY"]]) {
    const all = told(Infinity, enabled);
    assertEquals(all[1]!.filter((line) => /FETCH/.test(line)).length, 6);
    for (const rows of [1, 2, 5]) assertEquals(told(rows, enabled), all, `${enabled} ${rows}`);
  }
});

Deno.test("messages that others removed are not changed, and STORE by numbers says so", () => {
  const { client, mailboxes } = selected();
  other(mailboxes, "STORE 1 +FLAGS.SILENT (\\Deleted)");
  other(mailboxes, "EXPUNGE");
  assertEquals(say(client, "1 STORE 1 +FLAGS (\\Seen)"), ["1 NO [EXPUNGEISSUED] Some messages are gone"]);
  assertEquals(say(client, "2 UID STORE 1 +FLAGS (\\Seen)"), ["* 1 EXPUNGE", "* 2 RECENT", "2 OK Done"]);
});

Deno.test("COPY and MOVE tell where messages went, and what is gone", () => {
  const { client, mailboxes } = selected();
  assertEquals(say(client, "1 COPY 1:2 Box"), ["1 OK [COPYUID 1002 1:2 1:2] Copied"]);
  assertEquals(say(client, "2 UID MOVE 2:3 Box"), [
    "* OK [COPYUID 1002 2:3 3:4] Moved",
    "* 2 EXPUNGE",
    "* 2 EXPUNGE",
    "* 1 RECENT",
    "2 OK Moved",
  ]);
  assertEquals(say(client, "3 COPY 1 nowhere"), ["3 NO [TRYCREATE] No such mailbox"]);
  assertEquals(say(client, "4 UID COPY 77 Box"), ["4 OK Copied"]);
  assertEquals(say(client, "5 MOVE 7 Box"), ["5 BAD No such message"]);
  assertEquals(say(client, "6 COPY 1 INBOX"), ["* 2 EXISTS", "* 2 RECENT", "6 OK [COPYUID 1001 1 4] Copied"]);
  assertEquals(mailboxes.messages("Box").length, 4);
});

Deno.test("with QRESYNC removals are told by UIDs, and EXPUNGE tells the highest MODSEQ", () => {
  const { client } = selected();
  say(client, "1 ENABLE QRESYNC", "2 STORE 1:2 +FLAGS.SILENT (\\Deleted)");
  assertEquals(say(client, "3 EXPUNGE"), ["* VANISHED 1:2", "* 1 RECENT", "3 OK [HIGHESTMODSEQ 8] Done"]);
});

Deno.test("what others did is told by the answer of a STORE itself, behind its own rows", () => {
  const { client, mailboxes } = selected();
  mailboxes.bringsNews = true;
  other(mailboxes, "STORE 1 +FLAGS.SILENT (\\Flagged)");
  other(mailboxes, "STORE 3 +FLAGS.SILENT (\\Deleted)");
  other(mailboxes, "EXPUNGE");
  mailboxes.asked.length = 0;
  assertEquals(say(client, "1 STORE 2 +FLAGS (\\Seen)"), [
    "* 2 FETCH (FLAGS (\\Seen \\Recent))",
    "* 1 FETCH (UID 1 FLAGS (\\Flagged \\Recent))",
    "1 OK Done",
  ]);
  assertEquals(mailboxes.asked, ["mailbox.store"]);
  assertEquals(say(client, "2 UID STORE 2 +FLAGS.SILENT (\\Draft)"), ["* 3 EXPUNGE", "* 2 RECENT", "2 OK Done"]);
  assertEquals(mailboxes.asked, ["mailbox.store", "mailbox.store"]);
});
