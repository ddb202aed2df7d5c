/** Results that are told as they change (CONTEXT, RFC 5267). */
import { assertEquals } from "@std/assert";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { loggedIn, other, replay, say } from "./support.ts";

const SEEN = 1;

/** Four letters, the odd ones seen. */
function four(mailboxes: FakeMailboxes): void {
  for (let i = 1; i <= 4; i++) mailboxes.deliver("INBOX", `Subject: letter ${i}\r\n\r\nbody ${i}\r\n`, i % 2);
}

function selected() {
  const mailboxes = new FakeMailboxes();
  four(mailboxes);
  const client = loggedIn(mailboxes);
  say(client, "s SELECT INBOX");
  return { mailboxes, client };
}

const GREETED = loggedIn(new FakeMailboxes()).session.phase === "authenticated" ? greeting() : "";

/** What stands at the beginning of every conversation: INBOX is selected. */
function greeting(): string {
  const mailboxes = new FakeMailboxes();
  four(mailboxes);
  const client = loggedIn(mailboxes, {});
  const login = say(client, "x UNAUTHENTICATE", "1 LOGIN anna@a.example secret").at(-1);
  return `
    S: * OK [CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL+ ID SASL-IR AUTH=SCRAM-SHA-256 AUTH=SCRAM-SHA-1 AUTH=PLAIN AUTH=LOGIN] mail.example ready
    C: 1 LOGIN anna@a.example secret
    S: ${login}
    C: 2 SELECT INBOX
    ${say(client, "2 SELECT INBOX").map((line) => `S: ${line}`).join("\n    ")}`;
}

Deno.test("what comes to results and leaves them is told when its cause is, without a command in IDLE", () => {
  replay(
    `${GREETED}
    C: B01 UID SEARCH RETURN (UPDATE COUNT) UNSEEN
    S: * ESEARCH (TAG "B01") UID COUNT 2
    S: B01 OK Done
    C: 3 STORE 1 -FLAGS (\\Seen)
    S: * 1 FETCH (FLAGS (\\Recent))
    S: * ESEARCH (TAG "B01") UID ADDTO (0 1)
    S: 3 OK Done
    C: 4 IDLE
    S: + idling
    --
    ! deliver INBOX "Subject: new\\r\\n\\r\\n"
    S: * 5 EXISTS
    S: * 5 RECENT
    S: * ESEARCH (TAG "B01") UID ADDTO (0 5)
    --
    ! other "STORE 2 +FLAGS (\\\\Seen)"
    S: * 2 FETCH (UID 2 FLAGS (\\Seen \\Recent))
    S: * ESEARCH (TAG "B01") UID REMOVEFROM (0 2)
    --
    C: DONE
    S: 4 OK Done
    X: (TAG "B01") ADDTO
    X: (TAG "B01") REMOVEFROM`,
    four,
  );
});

Deno.test("results that go are taken out by numbers that are still valid, also while EXPUNGE may not be told", () => {
  replay(
    `${GREETED}
    C: A SEARCH RETURN (UPDATE ALL) ALL
    S: * ESEARCH (TAG "A") ALL 1:4
    S: A OK Done
    --
    ! other "STORE 2:3 +FLAGS.SILENT (\\\\Deleted)"
    ! other EXPUNGE
    --
    C: 3 SEARCH SEEN
    S: * SEARCH 1 3
    S: * ESEARCH (TAG "A") REMOVEFROM (0 2,3)
    S: 3 OK Done
    C: 4 NOOP
    S: * 2 EXPUNGE
    S: * 2 EXPUNGE
    S: * 2 RECENT
    S: 4 OK Done
    C: 5 NOOP
    S: 5 OK Done`,
    four,
  );
});

Deno.test("a sorted search is told the places at which its results come and go", () => {
  const { client, mailboxes } = selected();
  assertEquals(say(client, "A UID SORT RETURN (UPDATE ALL) (REVERSE SUBJECT) UTF-8 SEEN"), [
    '* ESEARCH (TAG "A") UID ALL 3,1',
    "A OK Done",
  ]);
  other(mailboxes, "STORE 1 -FLAGS (\\Seen)");
  mailboxes.deliver("INBOX", "Subject: z\r\n\r\n", SEEN);
  assertEquals(say(client, "2 NOOP").slice(-3), [
    '* ESEARCH (TAG "A") UID REMOVEFROM (2 1)',
    '* ESEARCH (TAG "A") UID ADDTO (1 5)',
    "2 OK Done",
  ]);
});

Deno.test("a sort by relevancy, and a search by age, are told once", () => {
  const { client } = selected();
  assertEquals(say(client, "A UID SORT RETURN (UPDATE COUNT) (RELEVANCY) UTF-8 FUZZY SUBJECT letter"), [
    '* ESEARCH (TAG "A") UID COUNT 4',
    '* NO [NOUPDATE "A"] Its changes are not told',
    "A OK Done",
  ]);
  const { client: next, mailboxes } = selected();
  const search = mailboxes.answer.bind(mailboxes);
  // The fake knows no ages.
  mailboxes.answer =
    ((name: "mailbox.search", request: never) =>
      name === "mailbox.search"
        ? (assertEquals("update" in (request as object), false), { found: [], modSeq: null })
        : search(name, request)) as typeof mailboxes.answer;
  assertEquals(say(next, "B SEARCH RETURN (UPDATE COUNT) NOT (YOUNGER 60)"), [
    '* ESEARCH (TAG "B") COUNT 0',
    '* NO [NOUPDATE "B"] Its changes are not told',
    "B OK Done",
  ]);
});

Deno.test("the owner may refuse, the tag of an update is used once, and CANCELUPDATE ends it", () => {
  const { client, mailboxes } = selected();
  assertEquals(say(client, "A SEARCH RETURN (UPDATE) SEEN"), ['* ESEARCH (TAG "A")', "A OK Done"]);
  assertEquals(say(client, "A SEARCH RETURN (UPDATE) ALL"), ["A BAD Tag reuse"]);
  assertEquals(say(client, "A SORT RETURN (UPDATE) (DATE) UTF-8 ALL"), ["A BAD Tag reuse"]);
  say(client, "B SEARCH RETURN (UPDATE) UNSEEN");
  assertEquals(say(client, "C SEARCH RETURN (UPDATE COUNT) ALL"), [
    '* ESEARCH (TAG "C") COUNT 4',
    '* NO [NOUPDATE "C"] Its changes are not told',
    "C OK Done",
  ]);
  assertEquals(say(client, '1 CANCELUPDATE "A" "C"'), ["1 NO No such search"]);
  assertEquals(say(client, '2 CANCELUPDATE "A" "B"'), ["2 OK Done"]);
  mailboxes.deliver("INBOX", "Subject: new\r\n\r\n", SEEN);
  assertEquals(say(client, "3 NOOP"), ["* 5 EXISTS", "* 5 RECENT", "3 OK Done"]);
  assertEquals(say(client, "D SEARCH RETURN (UPDATE COUNT) ALL"), ['* ESEARCH (TAG "D") COUNT 5', "D OK Done"]);
});

Deno.test("updates end with the mailbox that is selected, and what is ended by its owner is said so", () => {
  const { client, mailboxes } = selected();
  say(client, "A SEARCH RETURN (UPDATE) SEEN", "2 SELECT INBOX");
  mailboxes.deliver("INBOX", "Subject: new\r\n\r\n", SEEN);
  assertEquals(say(client, "3 NOOP"), ["* 5 EXISTS", "* 5 RECENT", "3 OK Done"]);
  assertEquals(say(client, "4 UNSELECT", '5 CANCELUPDATE "A"'), ["4 OK Done", "5 BAD Not in this state"]);
  say(client, "6 SELECT INBOX", "A SEARCH RETURN (UPDATE) SEEN");
  const answer = mailboxes.answer.bind(mailboxes);
  mailboxes.answer = ((name: "mailbox.news", request: never) => {
    const reply = answer(name, request);
    return name === "mailbox.news" ? { ...reply, updates: { gone: [], changed: [], ended: ["A", "other"] } } : reply;
  }) as typeof mailboxes.answer;
  assertEquals(say(client, "7 NOOP"), ['* NO [NOUPDATE "A"] Too many changes', "7 OK Done"]);
});

Deno.test("CONTEXT is a hint, and PARTIAL goes with it and with SORT", () => {
  const { client } = selected();
  assertEquals(say(client, "1 SEARCH RETURN (CONTEXT COUNT) SEEN")[0], '* ESEARCH (TAG "1") COUNT 2');
  assertEquals(
    say(client, "2 UID SORT RETURN (CONTEXT PARTIAL 2:3) (REVERSE ARRIVAL) UTF-8 ALL")[0],
    '* ESEARCH (TAG "2") UID PARTIAL (2:3 3,2)',
  );
  assertEquals(
    say(client, "3 SORT RETURN (PARTIAL 9:7 COUNT) (ARRIVAL) UTF-8 ALL")[0],
    '* ESEARCH (TAG "3") COUNT 4 PARTIAL (9:7 NIL)',
  );
  assertEquals(
    say(client, "4 SORT RETURN (PARTIAL -1:-2) (ARRIVAL) UTF-8 ALL")[0],
    '* ESEARCH (TAG "4") PARTIAL (-1:-2 3:4)',
  );
});

Deno.test("of new messages among the results what was asked for is told first, of others nothing (RFC 5465 §7)", () => {
  const { client, mailboxes } = selected();
  say(client, "A SEARCH RETURN (COUNT UPDATE (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])) UNSEEN");
  other(mailboxes, "STORE 1 -FLAGS (\\Seen)");
  mailboxes.deliver("INBOX", "Subject: new\r\n\r\n");
  assertEquals(
    say(client, "2 NOOP").slice(-5),
    [
      "* 5 FETCH (UID 5 BODY[HEADER.FIELDS (SUBJECT)] {18}",
      "Subject: new",
      "",
      ")",
      '* ESEARCH (TAG "A") ADDTO (0 1,5)',
      "2 OK Done",
    ].slice(-5),
  );
});
