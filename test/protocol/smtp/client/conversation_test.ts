import { assertEquals } from "@std/assert";
import { clientTranscript, mail, TestClient, UP_TO_DOT } from "./support.ts";
import { bytes } from "../support/session.ts";

const TWO = mail({ to: ["b@there.test", "c@there.test"] });

Deno.test("a mail is handed over command by command to a server without PIPELINING, and QUIT waits for its answer", () => {
  clientTranscript(`
    S: 220 there.test ESMTP
    C: EHLO here.test
    S: 250-there.test
    S: 250 8BITMIME
    ? ready
    ! send 0
    C: MAIL FROM:<a@here.test>
    S: 250 2.1.0 ok
    C: RCPT TO:<b@there.test>
    S: 250 2.1.5 ok
    C: DATA
    S: 354 go
    C: Subject: x
    C:
    C: hello
    C: .
    S: 250 2.0.0 kept as 17
    ? done complete: relayed 250 2.0.0 kept as 17
    ! quit
    C: QUIT
    S: 221 bye
    ? close`);
});

Deno.test("with PIPELINING envelope and DATA go out together, and all replies are counted", () => {
  clientTranscript(
    `
    S: 220 there.test
    C: EHLO here.test
    S: 250-there.test
    S: 250-PIPELINING
    S: 250-SIZE 1000
    S: 250 DSN
    ? ready
    ! send 0
    C: MAIL FROM:<a@here.test> SIZE=21
    C: RCPT TO:<b@there.test>
    C: RCPT TO:<c@there.test>
    C: DATA
    S: 250 ok
    S: 550-5.1.1 nobody
    S: 550 5.1.1 of that name
    S: 250 ok
    S: 354 go
    C: Subject: x
    C:
    C: hello
    C: .
    S: 250 thanks
    ? done complete: failed 550 5.1.1 nobody of that name; delivered 250 2.0.0 thanks
    ! send 0
    C: MAIL FROM:<a@here.test> SIZE=21
    C: RCPT TO:<b@there.test>
    C: RCPT TO:<c@there.test>
    C: DATA`,
    { mails: [TWO] },
  );
});

Deno.test("a refused MAIL is everybody's, and what was pipelined behind it is waited for", () => {
  clientTranscript(
    `
    S: 220 x
    C: EHLO here.test
    S: 250-x
    S: 250 PIPELINING
    ? ready
    ! send 0
    C: MAIL FROM:<a@here.test>
    C: RCPT TO:<b@there.test>
    C: RCPT TO:<c@there.test>
    C: DATA
    S: 450 4.7.1 greylisted
    S: 503 5.5.1 MAIL first
    S: 503 5.5.1 MAIL first
    S: 503 5.5.1 RCPT first
    ? done complete: deferred 450 4.7.1 greylisted; deferred 450 4.7.1 greylisted
    ! send 0
    C: MAIL FROM:<a@here.test>
    C: RCPT TO:<b@there.test>
    C: RCPT TO:<c@there.test>
    C: DATA`,
    { mails: [TWO] },
  );
});

Deno.test("a server that says 354 though it took no recipient gets a lone dot, and the next mail needs no RSET", () => {
  clientTranscript(
    `
    S: 220 x
    C: EHLO here.test
    S: 250-x
    S: 250 PIPELINING
    ? ready
    ! send 0
    C: MAIL FROM:<a@here.test>
    C: RCPT TO:<b@there.test>
    C: RCPT TO:<c@there.test>
    C: DATA
    S: 250 ok
    S: 550 5.1.1 no
    S: 450 4.2.1 later
    S: 354 go
    C: .
    S: 554 5.5.1 nobody to send it to
    ? done complete: failed 550 5.1.1 no; deferred 450 4.2.1 later
    ! send 0
    C: MAIL FROM:<a@here.test>
    C: RCPT TO:<b@there.test>
    C: RCPT TO:<c@there.test>
    C: DATA`,
    { mails: [TWO] },
  );
});

Deno.test("a server that takes recipients and content of a mail whose sender it refused is left at once", () => {
  clientTranscript(`
    S: 220 x
    C: EHLO here.test
    S: 250-x
    S: 250 PIPELINING
    ? ready
    ! send 0
    C: MAIL FROM:<a@here.test>
    C: RCPT TO:<b@there.test>
    C: DATA
    S: 550 5.7.1 not you
    S: 250 ok
    S: 354 go
    ? done beforeEnd: failed 550 5.7.1 not you | deferred null 4.5.0 unexpected reply 354
    ? close`);
});

Deno.test("a server that answers out of turn has not got the mail: 250 in place of 354, 354 in place of 250", () => {
  clientTranscript(`
    S: 220 x
    C: EHLO here.test
    S: 250 x
    ? ready
    ! send 0
    C: MAIL FROM:<a@here.test>
    S: 250 ok
    C: RCPT TO:<b@there.test>
    S: 250 ok
    C: DATA
    S: 250 2.0.0 taken
    ? done beforeEnd: undecided | deferred null 4.5.0 unexpected reply 250
    ? close`);
  clientTranscript(`${UP_TO_DOT}
    S: 354 go on
    ? done complete: deferred null 4.5.0 unexpected reply 354
    ? close`);
});

Deno.test("RSET goes before the next mail when a transaction was left open", () => {
  clientTranscript(
    `
    S: 220 x
    C: EHLO here.test
    S: 250 x
    ? ready
    ! send 0
    C: MAIL FROM:<a@here.test>
    S: 250 ok
    C: RCPT TO:<b@there.test>
    S: 550 5.1.1 no
    C: RCPT TO:<c@there.test>
    S: 550 5.1.1 no
    ? done complete: failed 550 5.1.1 no; failed 550 5.1.1 no
    ! send 0
    C: RSET
    S: 250 ok
    C: MAIL FROM:<a@here.test>
    S: 250 ok
    C: RCPT TO:<b@there.test>
    S: 250 ok
    C: RCPT TO:<c@there.test>
    S: 250 ok
    C: DATA
    S: 451 4.3.0 disk
    ? done complete: deferred 451 4.3.0 disk; deferred 451 4.3.0 disk
    ! send 0
    C: RSET
    S: 500 what
    ? done beforeMail: undecided; undecided | deferred 500 5.5.2 what
    ? close`,
    { mails: [TWO] },
  );
});

Deno.test("a server that does not know EHLO is greeted by HELO and offered nothing", () => {
  clientTranscript(
    `
    S: 220 x
    C: EHLO here.test
    S: 502 what
    C: HELO here.test
    S: 250 x
    ? ready
    ! send 0
    C: MAIL FROM:<>`,
    { session: { tls: "opportunistic" }, mails: [mail({ sender: "", parameters: { ret: "full", envid: "e" } })] },
  );
});

Deno.test("a greeting or a HELO that refuses ends the session with QUIT", () => {
  clientTranscript(`
    S: 554-5.7.1 no service
    S: 554 5.7.1 for you
    ? failed at greeting: failed 554 5.7.1 no service for you
    C: QUIT
    S: 221 bye
    ? close`);
  clientTranscript(`
    S: 421 4.3.2 too busy
    ? failed at greeting: deferred 421 4.3.2 too busy
    ? close`);
  clientTranscript(`
    S: 220 x
    C: EHLO here.test
    S: 451 not now
    ? failed at hello: deferred 451 4.3.0 not now
    C: QUIT`);
  clientTranscript(`
    S: 220 x
    C: EHLO here.test
    S: 500 what
    C: HELO here.test
    S: 550 5.7.1 never
    ? failed at hello: failed 550 5.7.1 never
    C: QUIT`);
});

Deno.test("421 ends a session at any time; what was decided before stays decided", () => {
  clientTranscript(
    `
    S: 220 x
    C: EHLO here.test
    S: 250 x
    ? ready
    ! send 0
    C: MAIL FROM:<a@here.test>
    S: 250 ok
    C: RCPT TO:<b@there.test>
    S: 550 5.1.1 no
    C: RCPT TO:<c@there.test>
    S: 421 4.3.2 shutting down
    ? done beforeEnd: failed 550 5.1.1 no; undecided | deferred 421 4.3.2 shutting down
    ? close`,
    { mails: [TWO] },
  );
  clientTranscript(`
    S: 220 x
    C: EHLO here.test
    S: 250 x
    ? ready
    S: 421 4.4.2 idle too long
    ? close`);
});

Deno.test("a connection lost after the end of the content defers the mail, for it may have been taken", () => {
  const taken = "deferred null 4.4.2 lost; the mail may have been taken";
  clientTranscript(`${UP_TO_DOT}\n! ended lost\n? done complete: ${taken}\n? close`);
  clientTranscript(`${UP_TO_DOT}\nS: 421 4.3.2 later\n? done complete: deferred 421 4.3.2 later\n? close`);
  clientTranscript(`${UP_TO_DOT}\nS: 552 5.3.4 too big\n? done complete: failed 552 5.3.4 too big`);
});

Deno.test("a connection lost before leaves open who had no verdict, and says whether MAIL was answered", () => {
  clientTranscript(`
    S: 220 x
    C: EHLO here.test
    S: 250 x
    ? ready
    ! send 0
    C: MAIL FROM:<a@here.test>
    ! ended lost
    ? done beforeMail: undecided | deferred null 4.4.2 lost
    ? close`);
  clientTranscript(`
    S: 220 x
    C: EHLO here.test
    ! ended lost
    ? failed at hello: deferred null 4.4.2 lost
    ? close`);
});

Deno.test("a verdict in the middle of the content counts, and the rest is not sent as commands", () => {
  const big = mail({ content: "x".repeat(998) + "\r\n", pieceBytes: 100 });
  const upToContent = (reply: string) => {
    const client = new TestClient({}, [big]).session;
    for (const line of ["220 x", "250 x"]) client.receive(bytes(`${line}\r\n`));
    client.send(big);
    for (const line of ["250 ok", "250 ok", "354 go"]) client.receive(bytes(`${line}\r\n`));
    client.pull();
    const actions = client.receive(bytes(`${reply}\r\n`));
    assertEquals(client.pull(), null);
    return actions.map((action) => action.type === "done" ? [action.end, action.outcomes[0]?.status] : action.type);
  };
  assertEquals(upToContent("552 5.3.4 too big"), [["complete", "5.3.4"], "close"]);
  assertEquals(upToContent("421 4.3.2 going"), [["beforeEnd", undefined], "close"]);
  // Nobody can have taken a mail that is not whole: such a 250 was put there by somebody else.
  assertEquals(upToContent("250 2.0.0 fine"), [["beforeEnd", undefined], "close"]);
});

Deno.test("a connection that is lost before all of the content has left has not got the mail", () => {
  const big = mail({ content: "x".repeat(998) + "\r\n", pieceBytes: 100 });
  const lost = (pieces: number, unsent: boolean) => {
    const client = new TestClient({}, [big]).session;
    for (const line of ["220 x", "250 x"]) client.receive(bytes(`${line}\r\n`));
    client.send(big);
    for (const line of ["250 ok", "250 ok", "354 go"]) client.receive(bytes(`${line}\r\n`));
    for (let i = 0; i < pieces; i++) client.pull();
    return client.ended("lost", { unsent }).map((action) =>
      action.type === "done" ? [action.end, action.outcomes[0]?.text] : action.type
    );
  };
  assertEquals(lost(3, false), [["beforeEnd", undefined], "close"]);
  // Ten pieces, the end, and the word that there is no more.
  assertEquals(lost(12, true), [["beforeEnd", undefined], "close"]);
  assertEquals(lost(12, false), [["complete", "lost; the mail may have been taken"], "close"]);
});

Deno.test("too many recipients is temporary, also where a server says so by 552", () => {
  clientTranscript(
    `
    S: 220 x
    C: EHLO here.test
    S: 250 x
    ? ready
    ! send 0
    C: MAIL FROM:<a@here.test>
    S: 250 ok
    C: RCPT TO:<b@there.test>
    S: 552 too many recipients
    C: RCPT TO:<c@there.test>
    S: 552 5.2.2 mailbox full
    ? done complete: deferred 552 4.5.3 too many recipients; failed 552 5.2.2 mailbox full`,
    { mails: [TWO] },
  );
});
