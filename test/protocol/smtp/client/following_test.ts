import { assertEquals, assertThrows } from "@std/assert";
import { clientTranscript, mail, TestClient, UP_TO_DOT } from "./support.ts";
import { bytes } from "../support/session.ts";

const UNTIL_SENT = `${UP_TO_DOT}
    ! follow 1`;

const BEGUN = `
    C: MAIL FROM:<c@here.test>
    C: RCPT TO:<b@there.test>
    C: DATA`;

const MAILS = [mail(), mail({ sender: "c@here.test" }), mail({ sender: "d@here.test", to: ["no@there.test"] })];

function follows(text: string, mails = MAILS): void {
  clientTranscript(`${UNTIL_SENT}${text}`, { mails });
}

Deno.test("the next mail begins behind the content of the one before, and each has the replies that are its own", () => {
  follows(`${BEGUN}
    S: 250 first taken
    ? done complete: relayed 250 2.0.0 first taken
    S: 250 ok
    S: 250 ok
    S: 354 go
    C: Subject: x
    C:
    C: hello
    C: .
    ! follow 2
    C: MAIL FROM:<d@here.test>
    C: RCPT TO:<no@there.test>
    C: DATA
    S: 250 second taken
    ? done complete: relayed 250 2.0.0 second taken
    S: 250 ok
    S: 550 5.1.1 nobody
    S: 503 5.5.1 to whom
    ? done complete: failed 550 5.1.1 nobody
    ! send 0
    C: RSET
    C: MAIL FROM:<a@here.test>
    C: RCPT TO:<b@there.test>
    C: DATA`);
});

Deno.test("content that is refused says nothing of the mail behind it", () => {
  follows(`${BEGUN}
    S: 554 5.7.1 spam
    ? done complete: failed 554 5.7.1 spam
    S: 250 ok
    S: 250 ok
    S: 354 go
    C: Subject: x
    C:
    C: hello
    C: .
    S: 250 taken
    ? done complete: relayed 250 2.0.0 taken`);
});

Deno.test("a server that goes with its reply to the content has not got the mail behind it", () => {
  follows(`${BEGUN}
    S: 421 4.3.2 shutting down
    ? done complete: deferred 421 4.3.2 shutting down
    ? done beforeMail: undecided | deferred null 4.4.2 the connection ended with the mail before
    ? close`);
});

Deno.test("a connection that breaks off may have taken the first mail, and has not got the second", () => {
  follows(`${BEGUN}
    ! ended "lost"
    ? done complete: deferred null 4.4.2 lost; the mail may have been taken
    ? done beforeMail: undecided | deferred null 4.4.2 the connection ended with the mail before
    ? close`);
});

Deno.test("one that breaks off behind the first reply leaves the second mail untouched", () => {
  follows(`${BEGUN}
    S: 250 taken
    ? done complete: relayed 250 2.0.0 taken
    ! ended "lost"
    ? done beforeMail: undecided | deferred null 4.4.2 lost
    ? close`);
});

Deno.test("what the server could not take is told in its turn, and not offered", () => {
  const unfit = mail({ parameters: { body: "binarymime" } });
  clientTranscript(
    `${UNTIL_SENT}
    S: 250 taken
    ? done complete: relayed 250 2.0.0 taken
    ? done complete: failed null 5.6.3 the server does not take binary content
    ! send 0
    C: MAIL FROM:<a@here.test>
    C: RCPT TO:<b@there.test>
    C: DATA`,
    { mails: [mail(), unfit] },
  );
});

Deno.test("nothing follows at a server without PIPELINING, before the content is out, or behind a mail that waits", () => {
  const answers = (client: TestClient, ...lines: string[]) => {
    for (const line of lines) client.receive(bytes(`${line}\r\n`));
  };
  const plain = new TestClient({}, MAILS);
  answers(plain, "220 x", "250 x");
  plain.answer("send", 0);
  answers(plain, "250 ok", "250 ok", "354 go");
  assertEquals([plain.session.phase, plain.session.mayFollow], ["content", false]);

  const client = new TestClient({}, MAILS);
  answers(client, "220 x", "250-x\r\n250 PIPELINING");
  client.answer("send", 0);
  assertEquals(client.session.mayFollow, false);
  assertThrows(() => client.answer("follow", 1), Error, "follows content");
  answers(client, "250 ok", "250 ok", "354 go");
  assertEquals(client.session.mayFollow, true);
  client.answer("follow", 1);
  assertEquals(client.session.mayFollow, false);
});
