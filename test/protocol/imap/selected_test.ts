import { assertEquals } from "@std/assert";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { loggedIn, other, replay, say, SELECTED_THREE } from "./support.ts";

const LETTER = "From: anna@a.example\r\nSubject: hello\r\n\r\nGood day.\r\n";

/** Three letters in INBOX. */
function three(mailboxes: FakeMailboxes): void {
  for (const subject of ["one", "two", "three"]) mailboxes.deliver("INBOX", LETTER.replace("hello", subject));
}

/** A user with three letters, INBOX selected. */
function selected(lines: readonly string[] = []) {
  const mailboxes = new FakeMailboxes();
  three(mailboxes);
  const client = loggedIn(mailboxes);
  say(client, ...lines, "s SELECT INBOX");
  return { mailboxes, client };
}

Deno.test("SELECT tells what the mailbox is, and another one closes it", () => {
  const { client } = selected();
  assertEquals(say(client, "1 EXAMINE INBOX"), [
    "* OK [CLOSED] Previous mailbox closed",
    "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)",
    "* OK [PERMANENTFLAGS ()] Kept",
    "* 3 EXISTS",
    "* 3 RECENT",
    "* OK [UNSEEN 1] First unseen",
    "* OK [UIDVALIDITY 1001] UIDs valid",
    "* OK [UIDNEXT 4] Predicted next UID",
    "* OK [HIGHESTMODSEQ 4] Highest",
    "* OK [ANNOTATIONS READ-ONLY] Annotations",
    "* OK [MAILBOXID (M1)] Id",
    "* OK [URLMECH INTERNAL] Mechanisms",
    "1 OK [READ-ONLY] Selected",
  ]);
  assertEquals(say(client, "2 STORE 1 +FLAGS (\\Seen)"), ["2 NO [CANNOT] Mailbox is read-only"]);
  assertEquals(say(client, "3 EXPUNGE"), ["3 NO [CANNOT] Mailbox is read-only"]);
  assertEquals(say(client, "4 MOVE 1 INBOX"), ["4 NO [CANNOT] Mailbox is read-only"]);
});

Deno.test("a selection that fails leaves nothing selected", () => {
  const { client } = selected();
  assertEquals(say(client, "1 SELECT nowhere"), [
    "* OK [CLOSED] Previous mailbox closed",
    "1 NO [NONEXISTENT] No such mailbox",
  ]);
  assertEquals(client.session.phase, "authenticated");
  assertEquals(say(client, "2 FETCH 1 FLAGS"), ["2 BAD Not in this state"]);
});

Deno.test("revision 2 has no RECENT, names the mailbox, and has ESEARCH for SEARCH", () => {
  const { client } = selected(["e ENABLE IMAP4rev2"]);
  const lines = say(client, "1 SELECT INBOX", "2 SEARCH ALL", "3 UID SEARCH SUBJECT two", "4 FETCH 1 FLAGS");
  assertEquals(lines.filter((line) => /RECENT|\\Recent/i.test(line)), []);
  assertEquals(lines.includes('* LIST () "/" INBOX'), true);
  assertEquals(lines.slice(-6), [
    '* ESEARCH (TAG "2") ALL 1:3',
    "2 OK Done",
    '* ESEARCH (TAG "3") UID ALL 2',
    "3 OK Done",
    "* 1 FETCH (FLAGS ())",
    "4 OK Done",
  ]);
});

Deno.test("removals by others are told by NOOP, and not while messages are counted", () => {
  replay(
    `
    S: * OK [CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL+ ID SASL-IR AUTH=SCRAM-SHA-256 AUTH=SCRAM-SHA-1 AUTH=PLAIN AUTH=LOGIN] mail.example ready
    C: 1 LOGIN anna secret
    S: ${LOGGED_IN}
    C: 2 SELECT INBOX
    ${SELECTED_THREE}
    S: 2 OK [READ-WRITE] Selected
    --
    ! other "STORE 1:2 +FLAGS.SILENT (\\\\Deleted)"
    ! other EXPUNGE
    --
    C: 3 FETCH 1:3 (UID)
    S: * 3 FETCH (UID 3)
    S: 3 NO [EXPUNGEISSUED] Some messages are gone
    C: 4 SEARCH ALL
    S: * SEARCH 1 2 3
    S: 4 OK Done
    C: 5 STORE 3 +FLAGS (\\Flagged)
    S: * 3 FETCH (FLAGS (\\Flagged \\Recent))
    S: 5 OK Done
    C: 6 NOOP
    S: * 1 EXPUNGE
    S: * 1 EXPUNGE
    S: * 1 RECENT
    S: 6 OK Done
    C: 7 FETCH 1 (UID)
    S: * 1 FETCH (UID 3)
    S: 7 OK Done`,
    three,
  );
});

const LOGGED_IN = loginLine();

function loginLine(): string {
  const client = loggedIn(new FakeMailboxes());
  say(client, "u UNAUTHENTICATE");
  return say(client, "1 LOGIN anna secret")[0]!;
}

Deno.test("a UID command tells of removals, too, and with QRESYNC by UIDs", () => {
  const { client, mailboxes } = selected(["e ENABLE QRESYNC"]);
  other(mailboxes, "STORE 1,3 +FLAGS (\\Deleted)");
  other(mailboxes, "EXPUNGE");
  client.perform([]);
  assertEquals(say(client, "1 UID FETCH 1:* FLAGS"), [
    "* 2 FETCH (UID 2 FLAGS (\\Recent))",
    "* VANISHED 1,3",
    "* 1 RECENT",
    "1 OK Done",
  ]);
});

Deno.test("flags, keywords and messages of others are told", () => {
  const { client, mailboxes } = selected();
  other(mailboxes, "STORE 2 +FLAGS (\\Answered $Later)");
  mailboxes.deliver("INBOX", LETTER);
  client.perform([]);
  assertEquals(say(client, "1 NOOP"), [
    "* 4 EXISTS",
    "* 4 RECENT",
    "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Later)",
    "* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Later \\*)] Kept",
    "* 2 FETCH (UID 2 FLAGS (\\Answered \\Recent $Later))",
    "1 OK Done",
  ]);
  assertEquals(say(client, "2 NOOP"), ["2 OK Done"]);
});

Deno.test("IDLE tells what happens while it happens, and ends at DONE alone", () => {
  const { client, mailboxes } = selected();
  assertEquals(say(client, "1 IDLE"), ["+ idling"]);
  assertEquals(client.session.idling, true);
  assertEquals(client.session.waiting, false);
  mailboxes.deliver("INBOX", LETTER);
  client.perform([]);
  assertEquals(say(client), ["* 4 EXISTS", "* 4 RECENT"]);
  other(mailboxes, "STORE 1 +FLAGS (\\Deleted)");
  other(mailboxes, "EXPUNGE");
  client.perform([]);
  assertEquals(say(client), ["* 1 EXPUNGE", "* 3 RECENT"]);
  assertEquals(say(client, "done"), ["1 OK Done"]);
  assertEquals(say(client, "2 IDLE"), ["+ idling"]);
  assertEquals(say(client, "3 NOOP"), ["2 BAD Expected DONE"]);
  assertEquals(client.session.idling, false);
});

Deno.test("a mailbox that others remove sends the session away; who removes it has left it", () => {
  const mailboxes = new FakeMailboxes();
  const client = loggedIn(mailboxes);
  const own = loggedIn(mailboxes);
  say(client, "1 CREATE Box", "2 SELECT Box");
  say(own, "1 SELECT Box");
  assertEquals(say(own, "2 DELETE Box"), ["* OK [CLOSED] The selected mailbox is closed", "2 OK Done"]);
  assertEquals(own.session.phase, "authenticated");
  client.perform([]);
  assertEquals(say(client, "3 NOOP"), ["* BYE The selected mailbox was removed"]);
});

Deno.test("when the owner of the mailboxes was started anew, the session ends and says when to come again", () => {
  const { client, mailboxes } = selected();
  mailboxes.forgetViews();
  assertEquals(say(client, "1 FETCH 1 FLAGS"), [
    "1 NO [UNAVAILABLE] The mailbox is not open any more",
    "* BYE [UNAVAILABLE] The mailbox has to be opened again",
  ]);
});

Deno.test("CLOSE removes what is marked without a word, UNSELECT leaves it", () => {
  const { client, mailboxes } = selected();
  say(client, "1 STORE 1 +FLAGS.SILENT (\\Deleted)");
  assertEquals(say(client, "2 UNSELECT"), ["2 OK Done"]);
  assertEquals(mailboxes.messages("INBOX").length, 3);
  say(client, "3 SELECT INBOX");
  assertEquals(say(client, "4 CLOSE"), ["4 OK Done"]);
  assertEquals(mailboxes.messages("INBOX").map(({ uid }) => uid), [2, 3]);
  assertEquals(say(client, "5 CHECK"), ["5 BAD Not in this state"]);
});

Deno.test("UID EXPUNGE removes only what it names", () => {
  const { client, mailboxes } = selected();
  say(client, "1 STORE 1:3 +FLAGS.SILENT (\\Deleted)");
  assertEquals(say(client, "2 UID EXPUNGE 2:9"), ["* 2 EXPUNGE", "* 2 EXPUNGE", "* 1 RECENT", "2 OK Done"]);
  assertEquals(mailboxes.messages("INBOX").map(({ uid }) => uid), [1]);
});

Deno.test("a client that was away is told what changed: removals first, then flags", () => {
  const { client, mailboxes } = selected();
  say(client, "1 STORE 1 +FLAGS (\\Deleted)", "2 EXPUNGE", "3 STORE 1 +FLAGS (\\Seen)", "4 UNSELECT");
  assertEquals(say(client, "5 SELECT INBOX (QRESYNC (1001 4))"), ["5 BAD ENABLE QRESYNC first"]);
  say(client, "6 ENABLE QRESYNC");
  const lines = say(client, "7 SELECT INBOX (QRESYNC (1001 4))");
  assertEquals(lines.slice(-3), [
    "* VANISHED (EARLIER) 1",
    "* 1 FETCH (UID 2 FLAGS (\\Seen \\Recent) MODSEQ (7))",
    "7 OK [READ-WRITE] Selected",
  ]);
  const otherEpoch = say(client, "8 SELECT INBOX (QRESYNC (999 4))");
  assertEquals(otherEpoch.filter((line) => /VANISHED|FETCH/.test(line)), []);
  assertEquals(mailboxes.messages("INBOX").length, 2);
});
