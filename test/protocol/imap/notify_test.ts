import { assertEquals } from "@std/assert";
import { utf8 } from "../../../src/base/bytes.ts";
import { Failure } from "../../../src/base/failure.ts";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { entryOf, watchedMailbox, watchedName } from "../../support/fake_watches.ts";
import { Client, loggedIn, other, replay, say } from "./support.ts";

const LETTER = "From: anna@a.example\r\nSubject: hello\r\n\r\nGood day.\r\n";
const HEAD = "BODY.PEEK[HEADER.FIELDS (SUBJECT)]";

/** A user with two letters, INBOX selected. */
function selected(...lines: readonly string[]) {
  const mailboxes = new FakeMailboxes();
  for (let i = 0; i < 2; i++) mailboxes.deliver("INBOX", LETTER);
  const client = loggedIn(mailboxes);
  say(client, "s SELECT INBOX", ...lines);
  return { mailboxes, client };
}

/** What the session says of itself. */
function heard(client: Client): string[] {
  client.perform([]);
  return say(client);
}

Deno.test("without NOTIFY nothing is told between commands, and nothing is asked", () => {
  const { client, mailboxes } = selected();
  const asked = mailboxes.asked.length;
  mailboxes.deliver("INBOX", LETTER);
  mailboxes.happened({ names: [watchedName("New", true)] });
  assertEquals(heard(client), []);
  assertEquals(mailboxes.asked.length, asked);
});

Deno.test("a session that watches is told between commands, and in none of them twice", () => {
  replay(
    `
    S: * OK [CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL+ ID SASL-IR AUTH=SCRAM-SHA-256 AUTH=SCRAM-SHA-1 AUTH=PLAIN AUTH=LOGIN] mail.example ready
    C: 1 LOGIN anna secret
    S: ${LOGGED_IN}
    C: 2 NOTIFY SET (personal (MessageNew MessageExpunge MailboxName MailboxMetadataChange))
    S: 2 OK Done
    --
    ! messages Lists/a 3
    S: * STATUS Lists/a (MESSAGES 3 UIDNEXT 4)
    ! named Lists/b true {"hasChildren": true}
    S: * LIST (\\HasChildren) "/" Lists/b
    ! named Lists/c true {"oldName": "Old c"}
    S: * LIST (\\HasNoChildren) "/" Lists/c ("OLDNAME" ("Old c"))
    ! named Lists/d false
    S: * LIST (\\NonExistent) "/" Lists/d
    ! named "Other Users/x@y.test/e" false {"noAccess": true}
    S: * LIST (\\NoAccess) "/" "Other Users/x@y.test/e"
    ! annotated INBOX /private/comment /shared/comment
    S: * METADATA INBOX /private/comment /shared/comment
    ! annotated "" /private/vendor/x
    S: * METADATA "" /private/vendor/x
    --
    C: 3 NOOP
    S: 3 OK Done
    C: 4 NOTIFY NONE
    S: 4 OK Done
    --
    ! messages Lists/a 4
    --
    C: 5 NOOP
    S: 5 OK Done
    X: MESSAGES 4
    X: HIGHESTMODSEQ
    X: UNSEEN`,
    () => {},
  );
});

const LOGGED_IN = loginLine();

function loginLine(): string {
  const client = loggedIn(new FakeMailboxes());
  say(client, "u UNAUTHENTICATE");
  return say(client, "1 LOGIN anna secret")[0]!;
}

Deno.test("with FlagChange STATUS tells what is unread, and with CONDSTORE the highest MODSEQ", () => {
  const { client, mailboxes } = selected("e ENABLE CONDSTORE");
  say(client, "n NOTIFY SET (subtree Lists (MessageNew MessageExpunge FlagChange))");
  mailboxes.happened({ mailboxes: [watchedMailbox("Lists/a", 3, ["messages", "flags"])] });
  assertEquals(heard(client), ["* STATUS Lists/a (MESSAGES 3 UIDNEXT 4 UIDVALIDITY 7 UNSEEN 3 HIGHESTMODSEQ 13)"]);
});

Deno.test("of annotations of messages STATUS tells with CONDSTORE by the highest MODSEQ", () => {
  const { client, mailboxes } = selected();
  const events = "MessageNew MessageExpunge AnnotationChange";
  say(client, `1 NOTIFY SET (subtree Lists (${events}))`);
  assertEquals(mailboxes.watches.shown, ["subtree Lists (messages annotations)"]);
  const annotated = { mailboxes: [watchedMailbox("Lists/a", 3, ["messages", "annotations"])] };
  mailboxes.happened(annotated);
  assertEquals(heard(client), ["* STATUS Lists/a (MESSAGES 3 UIDNEXT 4 UIDVALIDITY 7)"]);
  say(client, "2 ENABLE CONDSTORE");
  mailboxes.happened(annotated);
  assertEquals(heard(client), ["* STATUS Lists/a (MESSAGES 3 UIDNEXT 4 UIDVALIDITY 7 HIGHESTMODSEQ 13)"]);
  mailboxes.watches.first = [watchedMailbox("a", 2, ["messages", "annotations"])];
  assertEquals(say(client, `3 NOTIFY SET STATUS (subtree a (${events}))`), [
    "* STATUS a (MESSAGES 2 UIDNEXT 3 UIDVALIDITY 7 HIGHESTMODSEQ 12)",
    "3 OK Done",
  ]);
});

Deno.test("selected: of annotations those that asked are told the entries, with flags only where these are asked for, too", () => {
  const { mailboxes } = selected();
  const events = "MessageNew MessageExpunge";
  const clients = ["AnnotationChange", "FlagChange", "FlagChange AnnotationChange", ""].map((more) => {
    const client = loggedIn(mailboxes);
    say(client, "s SELECT INBOX", `n NOTIFY SET (selected (${events}${more === "" ? "" : ` ${more}`}))`);
    return client;
  });
  other(mailboxes, 'STORE 2 ANNOTATION (/comment (value.shared "x") /altsubject (value.shared "y"))');
  const entries = "ANNOTATION (/comment /altsubject)";
  assertEquals(clients.map(heard), [
    [`* 2 FETCH (UID 2 ${entries})`],
    ["* 2 FETCH (UID 2 FLAGS (\\Recent))"],
    [`* 2 FETCH (UID 2 FLAGS (\\Recent) ${entries})`],
    [],
  ]);
  other(mailboxes, "STORE 2 +FLAGS (\\Flagged)");
  assertEquals(clients.map((client) => heard(client).length), [0, 1, 1, 0]);
});

Deno.test("selected: when annotations of more messages changed than are told, NOTIFY is over for whoever asked for them", () => {
  const { mailboxes } = selected();
  const clients = ["FlagChange AnnotationChange", "FlagChange"].map((more) => {
    const client = loggedIn(mailboxes);
    say(
      client,
      "s SELECT INBOX",
      `n NOTIFY SET (selected (MessageNew MessageExpunge ${more})) (personal (MailboxName))`,
    );
    return client;
  });
  mailboxes.watches.annotatedMore = true;
  other(mailboxes, "STORE 1 +FLAGS (\\Flagged)");
  assertEquals(clients.map((client) => heard(client).at(-1)?.slice(0, 28)), [
    "* OK [NOTIFICATIONOVERFLOW] ",
    "* 1 FETCH (UID 1 FLAGS (\\Fla",
  ]);
  assertEquals(mailboxes.watches.shown, ["personal (names)"]);
  other(mailboxes, "STORE 1 +FLAGS (\\Answered)");
  assertEquals(clients.map((client) => heard(client).length), [0, 1]);
});

Deno.test("SET STATUS tells of each mailbox before the OK, and of those out of reach that they are", () => {
  const { client, mailboxes } = selected();
  mailboxes.watches.first = [
    watchedMailbox("a", 1),
    watchedMailbox("b", 2, ["messages", "flags"]),
    { entry: entryOf("Other Users/x@y.test/c", true), events: ["messages"] },
  ];
  assertEquals(say(client, "1 NOTIFY SET STATUS (personal (MessageNew MessageExpunge FlagChange))"), [
    "* STATUS a (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 7)",
    "* STATUS b (MESSAGES 2 UIDNEXT 3 UIDVALIDITY 7 UNSEEN 2 HIGHESTMODSEQ 12)",
    '* LIST (\\NoAccess) "/" "Other Users/x@y.test/c"',
    "1 OK Done",
  ]);
  assertEquals(say(client, "2 NOTIFY SET (subscribed (MessageNew MessageExpunge)) (mailboxes (a b) NONE)"), [
    '* LIST (\\NoAccess) "/" "Other Users/x@y.test/c"',
    "2 OK Done",
  ]);
  // The new watch takes the place of the old one.
  assertEquals(mailboxes.watches.shown, ["subscribed (messages), mailboxes a b ()"]);
});

Deno.test("selected: messages are told at once, with what is wanted of them, and removals too", () => {
  const { client, mailboxes } = selected();
  assertEquals(say(client, `1 NOTIFY SET (selected (MessageNew (UID ${HEAD}) MessageExpunge))`), ["1 OK Done"]);
  mailboxes.deliver("INBOX", LETTER);
  assertEquals(heard(client), [
    "* 3 EXISTS",
    "* 3 RECENT",
    "* 3 FETCH (UID 3 BODY[HEADER.FIELDS (SUBJECT)] {18}",
    "Subject: hello",
    "",
    ")",
  ]);
  // Flags were not asked for.
  other(mailboxes, "STORE 1 +FLAGS (\\Deleted)");
  assertEquals(heard(client), []);
  other(mailboxes, "EXPUNGE");
  assertEquals(heard(client), ["* 1 EXPUNGE", "* 2 RECENT"]);
  assertEquals(say(client, "2 NOOP"), ["2 OK Done"]);
});

Deno.test("selected: what a command by numbers may not tell comes behind it", () => {
  const { client, mailboxes } = selected("n NOTIFY SET (selected (MessageNew MessageExpunge FlagChange))");
  other(mailboxes, "STORE 1 +FLAGS (\\Deleted)");
  other(mailboxes, "EXPUNGE");
  assertEquals(say(client, "1 FETCH 2 (UID)"), [
    "* 2 FETCH (UID 2)",
    "1 OK Done",
    "* 1 EXPUNGE",
    "* 1 RECENT",
  ]);
});

Deno.test("selected-delayed: removals wait for a command that may tell them, or for IDLE; flags do not", () => {
  const { client, mailboxes } = selected("n NOTIFY SET (selected-delayed (MessageNew MessageExpunge FlagChange))");
  other(mailboxes, "STORE 1 +FLAGS (\\Deleted)");
  assertEquals(heard(client), ["* 1 FETCH (UID 1 FLAGS (\\Deleted \\Recent))"]);
  other(mailboxes, "EXPUNGE");
  mailboxes.deliver("INBOX", LETTER);
  assertEquals(heard(client), ["* 3 EXISTS", "* 3 RECENT"]);
  assertEquals(say(client, "1 FETCH 3 (UID)"), ["* 3 FETCH (UID 3)", "1 OK Done"]);
  assertEquals(say(client, "2 NOOP"), ["* 1 EXPUNGE", "* 2 RECENT", "2 OK Done"]);
  say(client, "3 IDLE");
  other(mailboxes, "STORE 1 +FLAGS.SILENT (\\Deleted)");
  other(mailboxes, "EXPUNGE");
  assertEquals(heard(client).slice(-2), ["* 1 EXPUNGE", "* 1 RECENT"]);
});

Deno.test("who does not name the selected mailbox is told nothing of it, but of what it does itself", () => {
  const { client, mailboxes } = selected("n NOTIFY SET (personal (MessageNew MessageExpunge))");
  mailboxes.deliver("INBOX", LETTER);
  other(mailboxes, "STORE 2 +FLAGS (\\Flagged)");
  assertEquals(heard(client), []);
  assertEquals(say(client, "1 NOOP"), ["1 OK Done"]);
  assertEquals(say(client, "2 IDLE"), ["+ idling"]);
  mailboxes.deliver("INBOX", LETTER);
  assertEquals(heard(client), []);
  assertEquals(say(client, "DONE"), ["2 OK Done"]);
  assertEquals(say(client, "3 STORE 1 +FLAGS.SILENT (\\Deleted)"), ["3 OK Done"]);
  assertEquals(say(client, "4 EXPUNGE"), ["* 1 EXPUNGE", "* 3 EXISTS", "* 3 RECENT", "4 OK Done"]);
});

Deno.test("NOTIFY SET is a NOOP, too", () => {
  const { client, mailboxes } = selected("n NOTIFY NONE");
  other(mailboxes, "STORE 1 +FLAGS (\\Deleted)");
  other(mailboxes, "STORE 2 +FLAGS (\\Flagged)");
  other(mailboxes, "EXPUNGE");
  mailboxes.deliver("INBOX", LETTER);
  assertEquals(say(client, "1 NOOP"), ["1 OK Done"]);
  assertEquals(say(client, "2 NOTIFY SET (selected (MessageNew MessageExpunge FlagChange))"), [
    "* 1 EXPUNGE",
    "* 2 EXISTS",
    "2 OK Done",
  ]);
});

Deno.test("of messages that a session brings in itself nothing is fetched", () => {
  const { client, mailboxes } = selected(`n NOTIFY SET (selected (MessageNew (UID FLAGS) MessageExpunge))`);
  const lines = say(client, "1 APPEND INBOX {3+}", "a b", "2 COPY 1 INBOX");
  assertEquals(lines, [
    "* 3 EXISTS",
    "* 3 RECENT",
    "1 OK [APPENDUID 1001 3] Appended",
    "* 4 EXISTS",
    "* 4 RECENT",
    "2 OK [COPYUID 1001 1 4] Copied",
  ]);
  mailboxes.deliver("INBOX", LETTER);
  assertEquals(heard(client), ["* 5 EXISTS", "* 5 RECENT", "* 5 FETCH (UID 5 FLAGS (\\Recent))"]);
});

Deno.test("new messages are fetched page by page", () => {
  const { client, mailboxes } = selected("n NOTIFY SET (selected (MessageNew (UID) MessageExpunge))");
  mailboxes.pageRows = 2;
  for (let i = 0; i < 5; i++) mailboxes.deliver("INBOX", LETTER);
  assertEquals(
    heard(client).filter((line) => line.includes("FETCH")),
    [3, 4, 5, 6, 7].map((uid) => `* ${uid} FETCH (UID ${uid})`),
  );
});

Deno.test("IDLE tells of watched mailboxes, too", () => {
  const { client, mailboxes } = selected(
    "n NOTIFY SET (selected (MessageNew MessageExpunge)) (personal (MailboxName))",
  );
  assertEquals(say(client, "1 IDLE"), ["+ idling"]);
  mailboxes.deliver("INBOX", LETTER);
  mailboxes.happened({ names: [watchedName("New", true)] });
  assertEquals(heard(client), ["* 3 EXISTS", "* 3 RECENT", '* LIST (\\HasNoChildren) "/" New']);
  assertEquals(say(client, "DONE"), ["1 OK Done"]);
});

Deno.test("tidings do not wait for the end of a long line of commands", () => {
  const { client, mailboxes } = selected("n NOTIFY SET (personal (MailboxName))");
  const actions = client.session.receive(utf8("1 STATUS INBOX (MESSAGES)\r\n2 NOOP\r\n"));
  mailboxes.happened({ names: [watchedName("New", true)] });
  assertEquals(client.session.stirred(client.session.watch!), []);
  client.perform(actions);
  assertEquals(say(client), [
    "* STATUS INBOX (MESSAGES 2)",
    '* LIST (\\HasNoChildren) "/" New',
    "1 OK Done",
    "2 OK Done",
  ]);
});

Deno.test("while a message comes in, what is told between its pieces leaves it as it is", () => {
  const { client, mailboxes } = selected("n NOTIFY SET (selected (MessageNew (UID BODY.PEEK[]) MessageExpunge))");
  assertEquals(say(client, "1 APPEND INBOX {6}"), ["+ OK"]);
  client.receive(utf8("A: "));
  mailboxes.deliver("INBOX", LETTER);
  assertEquals(heard(client).slice(0, 3), ["* 3 EXISTS", "* 3 RECENT", "* 3 FETCH (UID 3 BODY[] {51}"]);
  assertEquals(say(client, "b c"), ["* 4 EXISTS", "* 4 RECENT", "1 OK [APPENDUID 1001 4] Appended"]);
  assertEquals(new TextDecoder().decode(mailboxes.messages("INBOX")[3]!.bytes), "A: b c");
});

Deno.test("a watch that overflows, or whose owner was started anew, is over; the session says so and goes on", () => {
  for (const how of ["overflow", "forgotten"] as const) {
    const { client, mailboxes } = selected("n NOTIFY SET (personal (MessageNew MessageExpunge))", "c CLOSE");
    if (how === "overflow") mailboxes.happened({ overflow: true });
    else {
      const { watch } = client.session;
      mailboxes.forgetViews();
      client.perform(client.session.stirred(watch!));
    }
    assertEquals(heard(client), ["* OK [NOTIFICATIONOVERFLOW] More happened than can be told"], how);
    assertEquals(client.session.watch, null);
    mailboxes.happened({ names: [watchedName("New", true)] });
    assertEquals(heard(client), []);
    assertEquals(say(client, "1 NOTIFY SET (personal (MailboxName))", "2 NOOP"), ["1 OK Done", "2 OK Done"]);
  }
});

Deno.test("an owner that cannot be asked ends the watch: nothing is told later as if nothing had been missed", () => {
  for (const kind of ["busy", "down"] as const) {
    const { client, mailboxes } = selected("n NOTIFY SET (personal (MailboxName))");
    mailboxes.failures.set("mailbox.tidings", new Failure(kind, "not now"));
    mailboxes.happened({ names: [watchedName("New", true)] });
    assertEquals(heard(client), ["* OK [NOTIFICATIONOVERFLOW] More happened than can be told"]);
    assertEquals(mailboxes.watches.shown, []);
    assertEquals(say(client, "1 NOOP"), ["1 OK Done"]);
  }
});

Deno.test("news that cannot be had waits for a command; a view that went with its worker ends the session", () => {
  const { client, mailboxes } = selected("n NOTIFY SET (selected (MessageNew MessageExpunge))");
  mailboxes.failures.set("mailbox.news", new Failure("busy", "not now"));
  mailboxes.deliver("INBOX", LETTER);
  assertEquals(heard(client), []);
  const asked = mailboxes.asked.length;
  assertEquals([heard(client), mailboxes.asked.length], [[], asked]);
  mailboxes.failures.clear();
  assertEquals(say(client, "1 NOOP"), ["* 3 EXISTS", "* 3 RECENT", "1 OK Done"]);
  mailboxes.failures.set("mailbox.news", new Failure("down", "the worker is gone"));
  mailboxes.deliver("INBOX", LETTER);
  assertEquals(heard(client), ["* BYE [UNAVAILABLE] The mailbox has to be opened again"]);
  assertEquals(client.session.phase, "closed");
});

Deno.test("too many watches, and too many names, are an overflow, and the old watch stays", () => {
  const { client, mailboxes } = selected("n NOTIFY SET (personal (MailboxName))");
  mailboxes.watches.max = 1;
  assertEquals(say(client, "1 NOTIFY SET (subscribed (MailboxName))"), [
    "1 NO [NOTIFICATIONOVERFLOW] Too many sessions watch already",
  ]);
  mailboxes.watches.max = 2;
  const names = (count: number) => Array.from({ length: count }, (_, i) => `m${i}`).join(" ");
  assertEquals(say(client, `2 NOTIFY SET (mailboxes (${names(600)}) (MailboxName)) (subtree (${names(401)}) NONE)`), [
    "2 NO [NOTIFICATIONOVERFLOW] Too many mailboxes by name",
  ]);
  assertEquals(mailboxes.watches.shown, ["personal (names)"]);
  assertEquals(say(client, `3 NOTIFY SET (mailboxes (${names(600)}) (MailboxName)) (subtree (${names(400)}) NONE)`), [
    "3 OK Done",
  ]);
});

Deno.test("events that cannot be told are refused by name, and what makes no sense by BAD", () => {
  const { client, mailboxes } = selected();
  const all =
    "MessageNew MessageExpunge FlagChange AnnotationChange MailboxName SubscriptionChange MailboxMetadataChange " +
    "ServerMetadataChange";
  for (const event of ["MessageRead"]) {
    assertEquals(say(client, `1 NOTIFY SET (personal (MessageNew MessageExpunge ${event}))`), [
      `1 NO [BADEVENT (${all})] Not every event can be told`,
    ]);
  }
  for (
    const [groups, text] of [
      ["(personal (MessageNew))", "MessageNew and MessageExpunge go together"],
      ["(personal (MessageExpunge))", "MessageNew and MessageExpunge go together"],
      ["(selected (FlagChange))", "FlagChange needs MessageNew and MessageExpunge"],
      ["(personal (AnnotationChange))", "AnnotationChange needs MessageNew and MessageExpunge"],
      ["(selected (MailboxName))", "Only events of messages go with the selected mailbox"],
      ["(selected NONE) (selected-delayed NONE)", "Only one choice of the selected mailbox"],
      ["(personal (MessageNew (UID) MessageExpunge))", "Data items go with the selected mailbox only"],
      ["(subtree-one a (MailboxName))", "Not a choice of mailboxes for NOTIFY"],
    ] as const
  ) assertEquals(say(client, `2 NOTIFY SET ${groups}`), [`2 BAD ${text}`]);
  assertEquals(mailboxes.watches.shown, []);
});

Deno.test("a session that lets go of its account is told no more", () => {
  const { client, mailboxes } = selected("n NOTIFY SET (personal (MailboxName))");
  assertEquals(say(client, "1 UNAUTHENTICATE"), ["1 OK Done"]);
  mailboxes.happened({ names: [watchedName("New", true)] });
  assertEquals(heard(client), []);
  assertEquals(client.session.watch, null);
});
