import { assertEquals } from "@std/assert";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { loggedIn, other, say } from "./support.ts";

const LETTER = "A: b\r\n\r\nc";

/** A mailbox of so many messages, selected. */
function selected(messages: number) {
  const mailboxes = new FakeMailboxes();
  for (let i = 0; i < messages; i++) mailboxes.deliver("INBOX", LETTER);
  const client = loggedIn(mailboxes);
  say(client, "s SELECT INBOX");
  return { mailboxes, client };
}

Deno.test("batches come newest first, each of the size that was asked for, the last down to 1", () => {
  const { client } = selected(1_700);
  assertEquals(say(client, "1 UIDBATCHES 500"), [
    '* UIDBATCHES (TAG "1") 1700:1201,1200:701,700:201,200:1',
    "1 OK Done",
  ]);
  assertEquals(say(client, "2 uidbatches 500 2:3")[0], '* UIDBATCHES (TAG "2") 1200:701,700:201');
  assertEquals(say(client, "3 UIDBATCHES 500 4:9")[0], '* UIDBATCHES (TAG "3") 200:1');
  assertEquals(say(client, "4 UIDBATCHES 500 5:9"), ['* UIDBATCHES (TAG "4")', "4 OK Done"]);
  assertEquals(say(client, "5 UIDBATCHES 4294967295")[0], '* UIDBATCHES (TAG "5") 1700:1');
  assertEquals(say(client, "6 UIDBATCHES 1700 1:1")[0], '* UIDBATCHES (TAG "6") 1700:1');
});

Deno.test("an empty mailbox has an empty answer, and a single message a range", () => {
  const { client, mailboxes } = selected(0);
  assertEquals(say(client, "1 UIDBATCHES 500"), ['* UIDBATCHES (TAG "1")', "1 OK Done"]);
  mailboxes.deliver("INBOX", LETTER);
  say(client, "2 SELECT INBOX");
  assertEquals(say(client, "3 UIDBATCHES 500")[0], '* UIDBATCHES (TAG "3") 1:1');
});

Deno.test("too small, too many and the wrong way round are refused as RFC 10022 says", () => {
  const { client, mailboxes } = selected(3);
  const asked = mailboxes.asked.length;
  assertEquals(say(client, "1 UIDBATCHES 499"), ["1 NO [TOOFEW] A batch has 500 messages at least"]);
  assertEquals(say(client, "2 UIDBATCHES 2000 1:51"), ["2 NO [TOOMANY] Too many messages"]);
  assertEquals(say(client, "3 UIDBATCHES 2000 4:1"), ["3 BAD [CLIENTBUG] Invalid batch range"]);
  for (const wrong of ["", " 0", " 500 1", " 500 0:1", " 500 1:2 3", " 4294967296", " x"]) {
    assertEquals(say(client, `4 UIDBATCHES${wrong}`)[0]?.slice(0, 6), "4 BAD ", wrong);
  }
  assertEquals(mailboxes.asked.length, asked);
  assertEquals(say(client, "5 UIDBATCHES 2000 1:50")[0], '* UIDBATCHES (TAG "5") 3:1');
  say(client, "6 CLOSE");
  assertEquals(say(client, "7 UIDBATCHES 500"), ["7 BAD Not in this state"]);
});

Deno.test("a mailbox with more batches than one answer has must be asked for in parts", () => {
  const { client, mailboxes } = selected(1);
  const answer = mailboxes.answer.bind(mailboxes);
  for (const [exists, isLarge] of [[1_000_000, false], [1_000_001, true]] as const) {
    mailboxes.answer = ((name: string, request: never) => {
      const reply = answer(name as "mailbox.open", request);
      return name === "mailbox.open"
        ? { ...reply, status: { ...("status" in reply ? reply.status : {}), messages: exists } }
        : reply;
    }) as typeof mailboxes.answer;
    say(client, "s SELECT INBOX");
    assertEquals(say(client, "1 UIDBATCHES 500")[0] === "1 NO [TOOMANY] Too many messages", isLarge);
  }
});

Deno.test("who asks again though little has changed is refused; another mailbox, or half a batch, is much (RFC 10022 §3.1.1)", () => {
  const { client, mailboxes } = selected(600);
  assertEquals(say(client, "1 UIDBATCHES 500").length, 2);
  assertEquals(say(client, "2 UIDBATCHES 500"), ["2 NO [LIMIT] Asked before, and little has changed"]);
  assertEquals(say(client, "3 UIDBATCHES 500 1:1", "4 UIDBATCHES 500 1:1").slice(1), [
    "3 OK Done",
    "4 NO [LIMIT] Asked before, and little has changed",
  ]);
  for (let i = 0; i < 250; i++) mailboxes.deliver("INBOX", LETTER);
  assertEquals(say(client, "5 NOOP", "6 UIDBATCHES 500").at(-1)?.slice(0, 4), "6 NO");
  mailboxes.deliver("INBOX", LETTER);
  assertEquals(say(client, "7 NOOP", "8 UIDBATCHES 500").at(-1), "8 OK Done");
  other(mailboxes, "STORE 1:251 +FLAGS.SILENT (\\Deleted)");
  other(mailboxes, "EXPUNGE");
  assertEquals(say(client, "9 NOOP", "10 UIDBATCHES 500").at(-1), "10 OK Done");
  say(client, "11 SELECT INBOX");
  assertEquals(say(client, "12 UIDBATCHES 500").at(-1), "12 OK Done");
});

Deno.test("batches are told to who knows UIDs only, and leave the saved result as it is", () => {
  const { client } = selected(600);
  say(client, "1 ENABLE UIDONLY", "2 UID SEARCH RETURN (SAVE) UID 5");
  assertEquals(say(client, "3 UIDBATCHES 500")[0], '* UIDBATCHES (TAG "3") 600:101,100:1');
  assertEquals(say(client, "4 UID FETCH $ (UID)")[0], "* 5 UIDFETCH (UID 5)");
});

Deno.test("what is asked for is remembered, up to a limit", () => {
  const { client } = selected(1);
  for (let i = 0; i < 1_000; i++) assertEquals(say(client, `a UIDBATCHES ${500 + i}`).at(-1), "a OK Done");
  assertEquals(say(client, "b UIDBATCHES 5000"), ["b NO [LIMIT] Asked before, and little has changed"]);
});
