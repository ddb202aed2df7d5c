import { assertEquals } from "@std/assert";
import { utf8 } from "../../../src/base/bytes.ts";
import type { MailboxAskName } from "../../../src/mail/mailbox_ask.ts";
import type { ImapAction, ImapAsk } from "../../../src/protocol/imap/mod.ts";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { loggedIn, say } from "./support.ts";

const LETTER = "From: anna@a.example\r\nSubject: hello\r\n\r\nGood day.\r\n";

/** A user with five letters, INBOX selected, whose questions are answered one by one. */
function stepwise() {
  const mailboxes = new FakeMailboxes();
  for (let i = 0; i < 5; i++) mailboxes.deliver("INBOX", LETTER);
  const client = loggedIn(mailboxes);
  say(client, "s SELECT INBOX");
  const { session } = client;
  const text = (actions: readonly ImapAction[]) =>
    actions.map((action) => action.type === "send" ? new TextDecoder().decode(data(action.data)) : "").join("");
  const asked = (actions: readonly ImapAction[]) => actions.find(({ type }) => type === "ask") as ImapAsk;
  const answer = ({ name, request }: ImapAsk) =>
    session.answered({ type: "reply", reply: mailboxes.answer(name as MailboxAskName, request as never) });
  return { session, text, asked, answer };
}

function data(sent: string | Uint8Array): Uint8Array {
  return typeof sent === "string" ? utf8(sent) : sent;
}

Deno.test("INPROGRESS names the command, and how much is done where it can tell", () => {
  const { session, text, asked, answer } = stepwise();
  let actions = session.receive(utf8("7 SORT (SUBJECT) UTF-8 ALL\r\n"));
  assertEquals(text(session.stillWorking()), '* OK [INPROGRESS ("7" NIL NIL)] Still at it\r\n');
  const told: string[] = [];
  while (asked(actions) !== undefined) {
    actions = answer(asked(actions));
    told.push(text(session.stillWorking()));
  }
  assertEquals(told.filter((line) => line !== ""), [
    '* OK [INPROGRESS ("7" 0 5)] Still at it\r\n',
    '* OK [INPROGRESS ("7" 2 5)] Still at it\r\n',
    '* OK [INPROGRESS ("7" 4 5)] Still at it\r\n',
  ]);
  assertEquals(text(actions), "* SORT 1 2 3 4 5\r\n7 OK Done\r\n");
  // The next command begins anew.
  session.receive(utf8("8] SEARCH ALL\r\n"));
  assertEquals(text(session.stillWorking()), "* OK [INPROGRESS (NIL NIL NIL)] Still at it\r\n");
});

Deno.test("nothing is said between commands, nor amid a response", () => {
  const { session, text, asked, answer } = stepwise();
  assertEquals(session.stillWorking(), []);
  let actions = session.receive(utf8("1 FETCH 1 (UID BODY.PEEK[])\r\n"));
  let amid = 0;
  while (asked(actions) !== undefined) {
    if (session.amidResponse) {
      amid++;
      assertEquals(session.stillWorking(), []);
    }
    actions = answer(asked(actions));
  }
  assertEquals([amid, text(actions).endsWith("1 OK Done\r\n")], [1, true]);
  session.receive(utf8("2 LOGOUT\r\n"));
  assertEquals(session.stillWorking(), []);
});
