import { assertEquals } from "@std/assert";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { loggedIn, say } from "./support.ts";

/** Five letters, the odd ones seen. */
function selected() {
  const mailboxes = new FakeMailboxes();
  for (let i = 1; i <= 5; i++) mailboxes.deliver("INBOX", `Subject: letter ${i}\r\n\r\nbody ${i}\r\n`, i % 2);
  const client = loggedIn(mailboxes);
  say(client, "s SELECT INBOX");
  return { mailboxes, client };
}

Deno.test("SEARCH tells numbers, UID SEARCH tells UIDs", () => {
  const { client } = selected();
  assertEquals(say(client, "1 SEARCH SEEN"), ["* SEARCH 1 3 5", "1 OK Done"]);
  say(client, "2 STORE 1 +FLAGS (\\Deleted)", "3 EXPUNGE");
  assertEquals(say(client, "4 SEARCH UNSEEN"), ["* SEARCH 1 3", "4 OK Done"]);
  assertEquals(say(client, "5 UID SEARCH UNSEEN"), ["* SEARCH 2 4", "5 OK Done"]);
  assertEquals(say(client, "6 SEARCH BODY none"), ["* SEARCH", "6 OK Done"]);
});

Deno.test("RETURN tells what it is asked, and nothing of nothing", () => {
  const { client } = selected();
  assertEquals(say(client, "1 SEARCH RETURN (MIN MAX COUNT ALL) SEEN"), [
    '* ESEARCH (TAG "1") MIN 1 MAX 5 ALL 1,3,5 COUNT 3',
    "1 OK Done",
  ]);
  assertEquals(say(client, "2 UID SEARCH RETURN () 2:4"), ['* ESEARCH (TAG "2") UID ALL 2:4', "2 OK Done"]);
  assertEquals(say(client, "3 SEARCH RETURN (MIN COUNT ALL) BODY none"), ['* ESEARCH (TAG "3") COUNT 0', "3 OK Done"]);
});

Deno.test("PARTIAL tells the nth to the mth result from either end, NIL where there is none", () => {
  const { client } = selected();
  assertEquals(say(client, "1 UID SEARCH RETURN (PARTIAL 2:3) ALL")[0], '* ESEARCH (TAG "1") UID PARTIAL (2:3 2:3)');
  assertEquals(say(client, "2 SEARCH RETURN (PARTIAL -1:-2) SEEN")[0], '* ESEARCH (TAG "2") PARTIAL (-1:-2 3,5)');
  assertEquals(say(client, "3 SEARCH RETURN (PARTIAL 9:12) ALL")[0], '* ESEARCH (TAG "3") PARTIAL (9:12 NIL)');
  assertEquals(say(client, "4 SEARCH RETURN (PARTIAL 1:2 ALL) ALL")[0]?.slice(0, 5), "4 BAD");
});

Deno.test("results that are saved can be named by $, and are gone with the mailbox", () => {
  const { client } = selected();
  assertEquals(say(client, "1 SEARCH RETURN (SAVE) SEEN"), ["1 OK Done"]);
  assertEquals(say(client, "2 FETCH $ (UID)").length, 4);
  assertEquals(say(client, "3 SEARCH RETURN (SAVE MIN) UNSEEN"), ['* ESEARCH (TAG "3") MIN 2', "3 OK Done"]);
  assertEquals(say(client, "4 FETCH $ (UID)"), ["* 2 FETCH (UID 2)", "4 OK Done"]);
  say(client, "5 SEARCH RETURN (SAVE PARTIAL 2:3) ALL");
  assertEquals(say(client, "6 UID FETCH $ (UID)"), ["* 2 FETCH (UID 2)", "* 3 FETCH (UID 3)", "6 OK Done"]);
  say(client, "7 SEARCH RETURN (SAVE PARTIAL 7:9 MAX) ALL");
  assertEquals(say(client, "8 FETCH $ (UID)"), ["* 5 FETCH (UID 5)", "8 OK Done"]);
  say(client, "9 SELECT INBOX");
  assertEquals(say(client, "10 FETCH $ (UID)"), ["10 OK Done"]);
});

Deno.test("a search by MODSEQ tells the highest of what it returns", () => {
  const { client } = selected();
  assertEquals(say(client, "1 SEARCH MODSEQ 4"), ["* SEARCH 3 4 5 (MODSEQ 6)", "1 OK Done"]);
  assertEquals(say(client, "2 SEARCH MODSEQ 99"), ["* SEARCH", "2 OK Done"]);
  assertEquals(say(client, "3 SEARCH RETURN (ALL) MODSEQ 4")[0], '* ESEARCH (TAG "3") ALL 3:5 MODSEQ 6');
  assertEquals(say(client, "4 SEARCH RETURN (MIN) MODSEQ 4")[0], '* ESEARCH (TAG "4") MIN 3 MODSEQ 4');
  assertEquals(say(client, "5 SEARCH RETURN (MIN MAX) MODSEQ 4")[0], '* ESEARCH (TAG "5") MIN 3 MAX 5 MODSEQ 6');
});

Deno.test("what cannot be searched by is refused", () => {
  const { client } = selected();
  assertEquals(say(client, "1 SEARCH CHARSET KOI8-R ALL")[0]?.slice(0, 34), "1 NO [BADCHARSET (UTF-8 US-ASCII)]");
  assertEquals(say(client, "4 SEARCH UID 9"), ["* SEARCH", "4 OK Done"]);
  assertEquals(say(client, "5 SEARCH FILTER mine"), ["5 NO [UNDEFINED-FILTER mine] No such filter"]);
  assertEquals(say(client, "6 SEARCH RETURN (RELEVANCY) SUBJECT x"), ["6 BAD RELEVANCY needs FUZZY"]);
  assertEquals(say(client, "7 SORT (RELEVANCY) UTF-8 SUBJECT x"), ["7 BAD RELEVANCY needs FUZZY"]);
});

Deno.test("RELEVANCY tells a score for each result that is told, in the order of the results", () => {
  const { client } = selected();
  const fuzzy = "FUZZY (SUBJECT letter)";
  assertEquals(
    say(client, `1 SEARCH RETURN (RELEVANCY ALL) ${fuzzy}`)[0],
    '* ESEARCH (TAG "1") ALL 1:5 RELEVANCY (10 11 12 13 14)',
  );
  assertEquals(
    say(client, `2 UID SEARCH RETURN (RELEVANCY PARTIAL 2:3) ${fuzzy}`)[0],
    '* ESEARCH (TAG "2") UID PARTIAL (2:3 2:3) RELEVANCY (11 12)',
  );
  assertEquals(
    say(client, `3 SEARCH RETURN (RELEVANCY COUNT) ${fuzzy} SUBJECT none`)[0],
    '* ESEARCH (TAG "3") COUNT 0 RELEVANCY ()',
  );
  assertEquals(say(client, `4 SORT (RELEVANCY) UTF-8 ${fuzzy}`)[0], "* SORT 5 4 3 2 1");
  assertEquals(
    say(client, `5 SORT RETURN (RELEVANCY ALL) (REVERSE RELEVANCY) UTF-8 ${fuzzy} SEEN`)[0],
    '* ESEARCH (TAG "5") ALL 1,3,5 RELEVANCY (10 11 12)',
  );
});

Deno.test("numbers that no message has fit nothing, as Dovecot has it, while FETCH of them is an error", () => {
  const { client, mailboxes } = selected();
  const { length } = mailboxes.messages("INBOX");
  assertEquals(say(client, `1 SEARCH ${length + 1}`), ["* SEARCH", "1 OK Done"]);
  assertEquals(say(client, `2 SEARCH ${length}:${length + 7}`), [`* SEARCH ${length}`, "2 OK Done"]);
  assertEquals(say(client, "3 SEARCH NOT OR 1 99"), [
    `* SEARCH ${Array.from({ length: length - 1 }, (_, i) => i + 2).join(" ")}`,
    "3 OK Done",
  ]);
  assertEquals(say(client, "4 SORT (ARRIVAL) UTF-8 99"), ["* SORT", "4 OK Done"]);
  assertEquals(say(client, "5 FETCH 99 UID"), ["5 BAD No such message"]);
});

Deno.test("a million results are told in pieces, each once", () => {
  const { client, mailboxes } = selected();
  const answer = mailboxes.answer.bind(mailboxes);
  mailboxes.answer = ((name: string, request: never) =>
    name === "mailbox.search"
      ? {
        found: [{ sequence: 1, uid: 1, count: 999_999 }, { sequence: 1_000_000, uid: 5_000_000, count: 1 }],
        modSeq: null,
      }
      : answer(name as "mailbox.news", request)) as typeof mailboxes.answer;
  const numbers = say(client, "1 UID SEARCH ALL")[0]!.split(" ").slice(2);
  assertEquals([numbers.length, numbers[0], numbers.at(-2), numbers.at(-1)], [1_000_000, "1", "999999", "5000000"]);
});
