import { assertEquals } from "@std/assert";
import { Flag } from "../../../src/mail/flag.ts";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { loggedIn, say } from "./support.ts";

const LIMIT = 1_000;
/** 2 to 1201, but for 100 of them. */
const MESSAGES = 1_200;

function selected(options = { limits: { commandMessagesMax: LIMIT } }) {
  const mailboxes = new FakeMailboxes();
  for (let i = 0; i <= MESSAGES; i++) {
    mailboxes.deliver("INBOX", `Subject: ${i}\r\n\r\nc`, i < 300 || i > 1_190 ? Flag.deleted : 0);
  }
  const client = loggedIn(mailboxes, options);
  say(client, "s SELECT INBOX", "e UID EXPUNGE 1", "c CREATE Box");
  return { mailboxes, client };
}

/** Numbers of the FETCH responses. */
function fetched(lines: readonly string[]): number[] {
  return lines.flatMap((line) => /^\* (\d+) FETCH/.exec(line)?.[1] ?? []).map(Number);
}

const from = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);

Deno.test("MESSAGELIMIT is announced instead of SAVELIMIT where it is configured, to whoever has logged in (RFC 9738 §3)", () => {
  const { client } = selected();
  const [line] = say(client, "1 CAPABILITY");
  assertEquals([line?.includes(" MESSAGELIMIT=1000"), line?.includes("SAVELIMIT")], [true, false]);
  say(client, "2 UNAUTHENTICATE");
  assertEquals(say(client, "3 CAPABILITY")[0]?.includes("LIMIT="), false);
});

Deno.test("FETCH of more messages tells the last ones, and which was the lowest of them (RFC 9738 §3.1)", () => {
  const { client } = selected();
  for (
    const [command, numbers, last] of [
      ["FETCH 1:* FLAGS", from(201, 1_000), "OK [MESSAGELIMIT 1000 202] Done"],
      ["FETCH *:1 FLAGS", from(201, 1_000), "OK [MESSAGELIMIT 1000 202] Done"],
      ["UID FETCH 1:* FLAGS", from(201, 1_000), "OK [MESSAGELIMIT 1000 202] Done"],
      ["UID FETCH *:1,5000:* FLAGS", from(201, 1_000), "OK [MESSAGELIMIT 1000 202] Done"],
      ["UID FETCH 2:11,102:1101 FLAGS", from(101, 1_000), "OK [MESSAGELIMIT 1000 102] Done"],
      ["UID FETCH 2:11,103:1102,1201 FLAGS", [...from(103, 999), 1_200], "OK [MESSAGELIMIT 1000 104] Done"],
      // One fewer, and it has all.
      ["UID FETCH 1:1001 FLAGS", from(1, 1_000), "OK Done"],
      ["FETCH 1:1000 FLAGS", from(1, 1_000), "OK Done"],
    ] as const
  ) {
    const lines = say(client, `1 ${command}`);
    assertEquals([fetched(lines), lines.at(-1)], [numbers, `1 ${last}`], command);
  }
});

Deno.test("without a limit all messages are told, however many", () => {
  const { client } = selected({ limits: { commandMessagesMax: 0 } });
  assertEquals(fetched(say(client, "1 FETCH 1:* FLAGS")).length, MESSAGES);
  assertEquals(say(client, "2 SEARCH ALL").at(-1), "2 OK Done");
});

Deno.test("a limited FETCH goes on below the lowest message, until nothing is left", () => {
  const { client } = selected();
  const told: number[] = [];
  for (let last = "*", rounds = 0; rounds < 3 && last !== ""; rounds++) {
    const lines = say(client, `1 UID FETCH 1:${last} FLAGS`);
    told.push(...fetched(lines));
    const lowest = /MESSAGELIMIT 1000 (\d+)/.exec(lines.at(-1)!)?.[1];
    last = lowest === undefined ? "" : String(Number(lowest) - 1);
  }
  assertEquals(told.sort((a, b) => a - b), from(1, MESSAGES));
});

Deno.test("of those that are passed over by CHANGEDSINCE none counts", () => {
  const { client, mailboxes } = selected();
  const before = mailboxes.messages("INBOX").at(-1)!.modSeq;
  say(client, "1 STORE 1:3 +FLAGS.SILENT (\\Flagged)");
  const lines = say(client, `2 UID FETCH 1:* (FLAGS) (CHANGEDSINCE ${before})`);
  assertEquals([fetched(lines), lines.at(-1)], [[1, 2, 3], "2 OK Done"]);
  assertEquals(say(client, "3 UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1)").at(-1), "3 OK [MESSAGELIMIT 1000 202] Done");
});

Deno.test("a PARTIAL range of more is refused, one of as many is told", () => {
  const { client } = selected();
  assertEquals(say(client, "1 UID FETCH 1:* FLAGS (PARTIAL -1:-1001)"), [
    "1 NO [MESSAGELIMIT 1000] Too many messages at once",
  ]);
  assertEquals(fetched(say(client, "2 UID FETCH 1:* FLAGS (PARTIAL 1200:201)")), from(201, 1_000));
});

Deno.test("STORE, MOVE and UID EXPUNGE do their work on the last messages alone", () => {
  const { client, mailboxes } = selected();
  assertEquals(say(client, "1 STORE 1:* +FLAGS.SILENT (\\Seen)"), ["1 OK [MESSAGELIMIT 1000 202] Done"]);
  assertEquals(
    mailboxes.messages("INBOX").filter(({ flags }) => flags & Flag.seen).map(({ uid }) => uid),
    from(202, 1_000),
  );
  // EXPUNGE has no limit; UID EXPUNGE counts what it removes.
  assertEquals(say(client, "2 UID EXPUNGE 1:*").at(-1), "2 OK Done");
  assertEquals(mailboxes.messages("INBOX").length, 1_200 - 299 - 10);
  for (let i = 0; i < 200; i++) mailboxes.deliver("INBOX", "A: b\r\n\r\nc", 0);
  say(client, "3 NOOP", "4 STORE 1:* +FLAGS.SILENT (\\Deleted)", "4 STORE 1:50 +FLAGS.SILENT (\\Deleted)");
  const expunged = say(client, "5 UID EXPUNGE 1:*");
  assertEquals(expunged.at(-1), "5 OK [MESSAGELIMIT 1000 392] Done");
  assertEquals(mailboxes.messages("INBOX").map(({ uid }) => uid), from(301, 91));
  assertEquals(say(client, "6 EXPUNGE").at(-1), "6 OK Done");
  assertEquals(mailboxes.messages("INBOX").map(({ uid }) => uid), from(351, 41));
});

Deno.test("MOVE of more messages moves the last ones, COPY of more copies none", () => {
  const { client, mailboxes } = selected();
  assertEquals(say(client, "1 COPY 1:* Box"), ["1 NO [MESSAGELIMIT 1000] Too many messages at once"]);
  assertEquals(mailboxes.messages("Box").length, 0);
  assertEquals(say(client, "2 UID MOVE 1:* Box").at(-1), "2 OK [MESSAGELIMIT 1000 202] Moved");
  assertEquals(mailboxes.messages("INBOX").map(({ uid }) => uid), from(2, 200));
  assertEquals(mailboxes.messages("Box").length, 1_000);
  assertEquals(say(client, "3 UID MOVE 1:* Box").at(-1), "3 OK Moved");
});

Deno.test("where the end of a command says something else, the limit is told before it", () => {
  const { client, mailboxes } = selected();
  const { modSeq } = mailboxes.messages("INBOX").at(-1)!;
  say(loggedIn(mailboxes), "1 SELECT INBOX", "2 UID STORE 1201 +FLAGS (\\Flagged)");
  const lines = say(client, `1 UID STORE 1:* (UNCHANGEDSINCE ${modSeq}) +FLAGS.SILENT (\\Seen)`);
  assertEquals(lines.filter((line) => !line.includes(" FETCH ")), [
    "* NO [MESSAGELIMIT 1000 202] Only the last messages were looked at",
    "1 OK [MODIFIED 1201] Some messages were changed by others",
  ]);
});

Deno.test("SEARCH looks through the last messages of those that its sets name; what it saves are these", () => {
  const { client } = selected();
  for (
    const [command, found, last] of [
      ["SEARCH RETURN (COUNT MIN) ALL", '* ESEARCH (TAG "1") MIN 201 COUNT 1000', "OK [MESSAGELIMIT 1000 202] Done"],
      [
        "UID SEARCH DELETED",
        `* SEARCH ${[...from(202, 99), ...from(1_192, 10)].join(" ")}`,
        "OK [MESSAGELIMIT 1000 202] Done",
      ],
      ["UID SEARCH UIDBEFORE 202 DELETED", `* SEARCH ${from(2, 200).join(" ")}`, "OK Done"],
      ["UID SEARCH UIDAFTER 1190 DELETED", `* SEARCH ${from(1_192, 10).join(" ")}`, "OK Done"],
      [
        "UID SEARCH RETURN (COUNT) UID 1:1101 1:1100",
        '* ESEARCH (TAG "1") UID COUNT 1000',
        "OK [MESSAGELIMIT 1000 102] Done",
      ],
      ["SEARCH RETURN (COUNT) OR UID 1:10 DELETED", '* ESEARCH (TAG "1") COUNT 109', "OK [MESSAGELIMIT 1000 202] Done"],
      ["SEARCH RETURN (COUNT) UIDAFTER 4294967295", '* ESEARCH (TAG "1") COUNT 0', "OK [MESSAGELIMIT 1000 202] Done"],
      ["SEARCH RETURN (COUNT) UIDBEFORE 1", '* ESEARCH (TAG "1") COUNT 0', "OK [MESSAGELIMIT 1000 202] Done"],
    ] as const
  ) {
    assertEquals(say(client, `1 ${command}`), [found, `1 ${last}`], command);
  }
  assertEquals(say(client, "1 SEARCH RETURN (SAVE) ALL"), ["1 OK [MESSAGELIMIT 1000 202] Done"]);
  assertEquals(fetched(say(client, "2 FETCH $ FLAGS")), from(201, 1_000));
  assertEquals(say(client, "3 UID SEARCH UIDAFTER 0")[0]?.slice(0, 5), "3 BAD");
});

Deno.test("a saved result that is longer is cut as any other set", () => {
  const { client } = selected();
  // A search in mailboxes by their names has no limit: which of them would be the lowest of all?
  say(client, "1 ESEARCH IN (selected) RETURN (SAVE) ALL");
  const lines = say(client, "2 FETCH $ FLAGS");
  assertEquals([fetched(lines), lines.at(-1)], [from(201, 1_000), "2 OK [MESSAGELIMIT 1000 202] Done"]);
});

Deno.test("SORT and THREAD of more are refused, of as many they are done (RFC 9738 §3.3)", () => {
  const { client } = selected();
  for (const command of ["SORT (ARRIVAL) UTF-8", "THREAD REFERENCES UTF-8"]) {
    assertEquals(say(client, `1 ${command} ALL`), ["1 NO [MESSAGELIMIT 1000] Too many messages at once"]);
    assertEquals(say(client, `2 ${command} UIDAFTER 201`).at(-1), "2 OK Done");
  }
});
