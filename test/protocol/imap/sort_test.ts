import { assertEquals } from "@std/assert";
import { Failure } from "../../../src/base/failure.ts";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { loggedIn, say } from "./support.ts";

interface Letter {
  readonly from: string;
  readonly subject: string;
  readonly day: number;
  readonly id?: string;
  readonly answers?: string;
}

const LETTERS: readonly Letter[] = [
  { from: "Zoe <b@x.example>", subject: "Re: plan", day: 3, id: "2@x", answers: "1@x" },
  { from: "Adam <c@x.example>", subject: "zebra", day: 1, id: "3@x" },
  { from: "Mia <a@x.example>", subject: "plan", day: 2, id: "1@x" },
];

function selected(limits = {}) {
  const mailboxes = new FakeMailboxes();
  for (const { from, subject, day, id, answers } of LETTERS) {
    const lines = [
      `From: ${from}`,
      `Subject: ${subject}`,
      `Date: 0${day} Feb 2026 10:00:00 +0000`,
      `Message-ID: <${id}>`,
    ];
    if (answers !== undefined) lines.push(`In-Reply-To: <${answers}>`);
    mailboxes.deliver("INBOX", [...lines, "", "x".repeat(day)].join("\r\n"));
  }
  const client = loggedIn(mailboxes, { limits });
  say(client, "s SELECT INBOX");
  return { client, mailboxes };
}

Deno.test("SORT puts messages in order by each criterion, up or down", () => {
  const { client } = selected();
  const sorted = (keys: string) => say(client, `1 SORT (${keys}) UTF-8 ALL`)[0];
  assertEquals(sorted("FROM"), "* SORT 3 1 2");
  assertEquals(sorted("DISPLAYFROM"), "* SORT 2 3 1");
  assertEquals(sorted("SUBJECT DATE"), "* SORT 3 1 2");
  assertEquals(sorted("REVERSE DATE"), "* SORT 1 3 2");
  assertEquals(sorted("REVERSE ARRIVAL"), "* SORT 3 2 1");
  assertEquals(sorted("CC"), "* SORT 1 2 3");
});

Deno.test("SORT searches first, and UID SORT tells UIDs", () => {
  const { client } = selected();
  say(client, "1 STORE 1 +FLAGS.SILENT (\\Deleted)", "2 EXPUNGE");
  assertEquals(say(client, "3 SORT (DATE) UTF-8 ALL"), ["* SORT 1 2", "3 OK Done"]);
  assertEquals(say(client, "4 UID SORT (REVERSE DATE) UTF-8 ALL"), ["* SORT 3 2", "4 OK Done"]);
  assertEquals(say(client, "5 SORT (DATE) UTF-8 SUBJECT none"), ["* SORT", "5 OK Done"]);
  assertEquals(say(client, "6 SORT (ARRIVAL) UTF-8 MODSEQ 4"), ["* SORT 2 (MODSEQ 4)", "6 OK Done"]);
  assertEquals(say(client, "7 SORT (ARRIVAL) UTF-8 9"), ["* SORT", "7 OK Done"]);
});

Deno.test("SORT RETURN tells the first, the last, all in order, and how many", () => {
  const { client } = selected();
  assertEquals(say(client, "1 SORT RETURN (MIN MAX COUNT) (REVERSE DATE) UTF-8 ALL"), [
    '* ESEARCH (TAG "1") MIN 1 MAX 2 COUNT 3',
    "1 OK Done",
  ]);
  assertEquals(say(client, "2 UID SORT RETURN () (FROM) UTF-8 ALL")[0], '* ESEARCH (TAG "2") UID ALL 3,1:2');
  assertEquals(say(client, "3 SORT RETURN (ALL COUNT) (FROM) UTF-8 SUBJECT none")[0], '* ESEARCH (TAG "3") COUNT 0');
});

Deno.test("THREAD shows who answers whom", () => {
  const { client, mailboxes } = selected();
  assertEquals(say(client, "1 THREAD REFERENCES UTF-8 ALL"), ["* THREAD (2)(3 1)", "1 OK Done"]);
  assertEquals(say(client, "2 UID THREAD ORDEREDSUBJECT UTF-8 ALL"), ["* THREAD (2)(3 1)", "2 OK Done"]);
  assertEquals(say(client, "3 THREAD REFERENCES UTF-8 SUBJECT none"), ["* THREAD", "3 OK Done"]);
  assertEquals(say(client, "2 THREAD REFS UTF-8 ALL"), ["* THREAD (2)(3 1)", "2 OK Done"]);
  assertEquals(say(client, "4 THREAD JWZ UTF-8 ALL"), ["4 BAD Threading algorithm not offered"]);
  mailboxes.keepsIndex = false;
  assertEquals(say(client, "5 THREAD REFERENCES UTF-8 ALL"), ["* THREAD (2)(3 1)", "5 OK Done"]);
  mailboxes.failures.set("mailbox.read", new Failure("busy", "test"));
  assertEquals(say(client, "6 THREAD REFERENCES UTF-8 ALL")[0]?.slice(0, 18), "6 NO [UNAVAILABLE]");
});

Deno.test("messages up to the limit are put in order, one more is refused", () => {
  for (const [sortMessagesMax, line] of [[3, "* SORT 1 2 3"], [2, "1 NO [LIMIT] Too many messages"]] as const) {
    assertEquals(say(selected({ sortMessagesMax }).client, "1 SORT (ARRIVAL) UTF-8 ALL")[0], line);
  }
});

Deno.test("a hundred thousand messages are put in order unless told otherwise, one more is refused before any is read", () => {
  for (const [count, refused] of [[100_000, false], [100_001, true]] as const) {
    const { client, mailboxes } = selected();
    const { answer } = mailboxes;
    // The mailbox has three messages: it says that it has found more.
    mailboxes.answer = ((name: "mailbox.search", request: never) =>
      name === "mailbox.search"
        ? { found: [{ sequence: 1, uid: 1, count }], modSeq: null }
        : answer.call(mailboxes, name, request)) as typeof answer;
    const said = say(client, "1 SORT (ARRIVAL) UTF-8 ALL");
    assertEquals(said[0] === "1 NO [LIMIT] Too many messages", refused, said[0]);
    assertEquals(mailboxes.asked.includes("mailbox.rows"), !refused);
  }
});

Deno.test("SORT by an annotation puts messages without it first (RFC 5257 §4.9)", () => {
  const { client } = selected();
  say(
    client,
    'a STORE 1 ANNOTATION (/altsubject (value.priv "b" value.shared "x"))',
    'b STORE 3 ANNOTATION (/altsubject (value.priv "A"))',
  );
  const sorted = (keys: string) => say(client, `1 SORT (${keys}) UTF-8 ALL`)[0];
  assertEquals(sorted("ANNOTATION /altsubject value.priv"), "* SORT 2 3 1");
  assertEquals(sorted("REVERSE ANNOTATION /altsubject value.priv"), "* SORT 1 3 2");
  assertEquals(sorted("ANNOTATION /altsubject value.shared"), "* SORT 2 3 1");
  assertEquals(sorted("ANNOTATION /altsubject value.shared REVERSE DATE"), "* SORT 3 2 1");
});

Deno.test('SORT saves what it finds, or of it what it tells, for "$", which is in mailbox order (RFC 5182 §1)', () => {
  const { client } = selected();
  const saved = () => say(client, "f FETCH $ (UID)").slice(0, -1).map((line) => Number(line.split(" ")[1]));
  for (
    const [returns, kept, told] of [
      ["SAVE", [1, 2, 3], []],
      ["SAVE COUNT", [1, 2, 3], ["COUNT 3"]],
      ["SAVE MIN", [1], ["MIN 1"]],
      ["SAVE MAX", [2], ["MAX 2"]],
      ["SAVE MIN MAX", [1, 2], ["MIN 1 MAX 2"]],
      ["SAVE ALL MIN", [1, 2, 3], ["MIN 1 ALL 1,3,2"]],
      ["SAVE PARTIAL 2:2", [3], ["PARTIAL (2:2 3)"]],
      ["SAVE PARTIAL 2:2 MAX", [2, 3], ["MAX 2 PARTIAL (2:2 3)"]],
      ["SAVE PARTIAL 4:5", [], ["PARTIAL (4:5 NIL)"]],
    ] as const
  ) {
    assertEquals(say(client, `1 SORT RETURN (${returns}) (REVERSE DATE) UTF-8 ALL`), [
      ...told.map((text) => `* ESEARCH (TAG "1") ${text}`),
      "1 OK Done",
    ], returns);
    assertEquals(saved(), [...kept], returns);
  }
});

Deno.test('a SORT with SAVE that ends with NO leaves "$" empty, one that ends with BAD as it was (RFC 5182 §2.1)', () => {
  for (const reason of ["limit", "filter", "failure"]) {
    const { client, mailboxes } = selected({ sortMessagesMax: 2 });
    say(client, "1 SEARCH RETURN (SAVE) 1:2");
    assertEquals(say(client, "2 SORT RETURN (SAVE RELEVANCY) (FROM) UTF-8 1")[0]?.slice(0, 5), "2 BAD");
    assertEquals(say(client, "3 FETCH $ (UID)").length, 3);
    if (reason === "failure") mailboxes.failures.set("mailbox.rows", new Failure("deadline", "no time"));
    const keys = { limit: "ALL", filter: "FILTER none", failure: "1" }[reason];
    assertEquals(say(client, `4 SORT RETURN (SAVE) (FROM) UTF-8 ${keys}`).at(-1)?.slice(0, 4), "4 NO", reason);
    mailboxes.failures.clear();
    assertEquals(say(client, "5 FETCH $ (UID)"), ["5 OK Done"], reason);
  }
});

Deno.test('a SEARCH with SAVE that ends with NO before it was begun leaves "$" empty, too', () => {
  const { client } = selected();
  say(client, "1 SEARCH RETURN (SAVE) 1:2");
  assertEquals(say(client, "2 SEARCH RETURN (SAVE) FILTER none").at(-1)?.slice(0, 4), "2 NO");
  assertEquals(say(client, "3 FETCH $ (UID)"), ["3 OK Done"]);
});
