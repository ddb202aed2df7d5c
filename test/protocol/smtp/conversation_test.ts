import { assert, assertEquals } from "@std/assert";
import { utf8 } from "../../../src/base/mod.ts";
import { parseDomain } from "../../../src/mail/mod.ts";
import { createSmtpSession, type ListedClient } from "../../../src/protocol/smtp/mod.ts";
import { transcript } from "../../support/transcript.ts";
import { smtp } from "./support/session.ts";

/** EHLO and its answer. */
const EHLO = `
    S: 220 mx.test ESMTP
    C: EHLO client.test
    S: 250-mx.test
    S: 250-PIPELINING
    S: 250-SIZE 52428800
    S: 250-8BITMIME
    S: 250-ENHANCEDSTATUSCODES
    S: 250-SMTPUTF8
    S: 250-CHUNKING
    S: 250-BINARYMIME
    S: 250-DSN
    S: 250-LIMITS RCPTMAX=1000
    S: 250 HELP`;

Deno.test("a mail is greeted, asked about, taken and acknowledged by its id", () => {
  transcript(
    smtp(),
    `${EHLO}
    C: MAIL FROM:<alice@client.test> SIZE=20 BODY=8BITMIME
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<bob@mx.test>
    ? checkRecipient bob@mx.test 20
    ! recipientChecked accepted
    S: 250 2.1.5 Recipient OK
    C: DATA
    S: 354 End data with <CRLF>.<CRLF>
    C: Subject: dots
    C:
    C: ..
    C: ...two
    C: .
    ? deliver ESMTP <alice@client.test> bob@mx.test "Subject: dots\\r\\n\\r\\n.\\r\\n..two\\r\\n"
    ! delivered accepted m1
    S: 250 2.0.0 Accepted m1
    C: QUIT
    S: 221 2.0.0 Bye
    ? close`,
  );
});

Deno.test("a session carries one mail after the other", () => {
  const mail = (id: string) => `
    C: MAIL FROM:<>
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<bob@mx.test>
    ? checkRecipient bob@mx.test 0
    ! recipientChecked accepted
    S: 250 2.1.5 Recipient OK
    C: DATA
    S: 354 End data with <CRLF>.<CRLF>
    C: .
    ? deliver SMTP <> bob@mx.test ""
    ! delivered accepted ${id}
    S: 250 2.0.0 Accepted ${id}`;
  transcript(
    smtp(),
    `
    S: 220 mx.test ESMTP
    C: HELO client.test
    S: 250 mx.test
    ${mail("a")}
    ${mail("b")}`,
  );
});

Deno.test("a listed client is told by whom, in one line of 512 octets at most, whatever the list's words are", () => {
  const replyTo = (listed: ListedClient) => {
    const session = createSmtpSession({ hostname: "mx.test", postmasterDomain: parseDomain("mx.test")!, tls: "none" });
    session.open();
    session.receive(utf8("EHLO x\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<u@mx.test>\r\n"), 0);
    return session.recipientChecked(listed).map((action) => action.type === "send" ? action.text : action.type).join(
      "",
    );
  };
  const start = "550 5.7.1 Your address is listed by bad.test";
  assertEquals(replyTo({ listedBy: "bad.test", text: null }), `${start}\r\n`);
  assertEquals(replyTo({ listedBy: "bad.test", text: "spam, see bad.test" }), `${start}: spam, see bad.test\r\n`);
  assertEquals(replyTo({ listedBy: "bad.test", text: "x\r\n250 é" }), `${start}: x??250 ?\r\n`);
  assert(replyTo({ listedBy: "bad.test", text: "x".repeat(1_000) }).length <= 512);
});

Deno.test("each verdict on a recipient and each end of a delivery has its own reply", () => {
  transcript(
    smtp(),
    `${EHLO}
    C: MAIL FROM:<a@b.test>
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<r@x.test>
    ? checkRecipient r@x.test 0
    ! recipientChecked relayDenied
    S: 550 5.7.1 Relaying denied
    C: RCPT TO:<u@mx.test>
    ? checkRecipient u@mx.test 0
    ! recipientChecked unknownUser
    S: 550 5.1.1 No such user here
    C: RCPT TO:<f@mx.test>
    ? checkRecipient f@mx.test 0
    ! recipientChecked mailboxFull
    S: 452 4.2.2 Mailbox full
    C: RCPT TO:<d@mx.test>
    ? checkRecipient d@mx.test 0
    ! recipientChecked disabled
    S: 450 4.2.1 Mailbox disabled
    C: RCPT TO:<l@mx.test>
    ? checkRecipient l@mx.test 0
    ! recipientChecked loop
    S: 550 5.4.6 Alias loop
    C: RCPT TO:<b@mx.test>
    ? checkRecipient b@mx.test 0
    ! recipientChecked busy
    S: 451 4.3.2 Busy, try again later
    C: DATA
    S: 554 5.5.1 No valid recipients`,
  );
  for (
    const [outcome, reply] of [
      ["mailboxFull", "452 4.2.2 Mailbox full"],
      ["diskFull", "452 4.3.1 Insufficient storage"],
      ["busy", "451 4.3.2 Busy, try again later"],
      ["failed", "451 4.3.0 Temporary failure, try again later"],
    ]
  ) {
    transcript(
      smtp(),
      `${EHLO}
      C: MAIL FROM:<a@b.test>
      S: 250 2.1.0 Sender OK
      C: RCPT TO:<r@mx.test>
      ? checkRecipient r@mx.test 0
      ! recipientChecked accepted
      S: 250 2.1.5 Recipient OK
      C: DATA
      S: 354 End data with <CRLF>.<CRLF>
      C: x
      C: .
      ? deliver ESMTP <a@b.test> r@mx.test "x\\r\\n"
      ! delivered ${outcome}
      S: ${reply}
      C: RCPT TO:<r@mx.test>
      S: 503 5.5.1 Send MAIL first
      X: 250 2.0.0`,
    );
  }
});

Deno.test("commands out of order get 503, and one refused by all recipients 554 (S7)", () => {
  transcript(
    smtp(),
    `
    S: 220 mx.test ESMTP
    C: MAIL FROM:<a@b.test>
    S: 503 5.5.1 Send HELO or EHLO first
    C: HELO client.test
    S: 250 mx.test
    C: RCPT TO:<a@mx.test>
    S: 503 5.5.1 Send MAIL first
    C: DATA
    S: 503 5.5.1 Send MAIL first
    C: MAIL FROM:<a@b.test>
    S: 250 2.1.0 Sender OK
    C: MAIL FROM:<a@b.test>
    S: 503 5.5.1 A transaction is open already
    C: DATA
    S: 503 5.5.1 Send RCPT first
    C: RSET
    S: 250 2.0.0 OK
    C: DATA
    S: 503 5.5.1 Send MAIL first`,
  );
});

Deno.test("EHLO in the middle of a transaction forgets it, as RSET does", () => {
  transcript(
    smtp(),
    `
    S: 220 mx.test ESMTP
    C: HELO client.test
    S: 250 mx.test
    C: MAIL FROM:<a@b.test>
    S: 250 2.1.0 Sender OK
    C: HELO client.test
    S: 250 mx.test
    C: RCPT TO:<a@mx.test>
    S: 503 5.5.1 Send MAIL first`,
  );
});

Deno.test("names are not given away by VRFY and EXPN (S23), and HELP lists what there is", () => {
  transcript(
    smtp(),
    `
    S: 220 mx.test ESMTP
    C: VRFY bob
    S: 252 2.5.0 Will not say, but will try to deliver
    C: VRFY nobody
    S: 252 2.5.0 Will not say, but will try to deliver
    C: VRFY
    S: 501 5.5.4 This command needs an argument
    C: EXPN list
    S: 502 5.5.1 Command not implemented
    C: help me
    S: 214 2.0.0 Commands: HELO EHLO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT
    C: NOOP anything
    S: 250 2.0.0 OK`,
  );
});

Deno.test("AUTH is neither offered nor known (S21)", () => {
  transcript(
    smtp(),
    `${EHLO}
    C: AUTH PLAIN AGEAYg==
    S: 502 5.5.1 Command not implemented
    C: MAIL FROM:<a@b.test> AUTH=<>
    S: 555 5.5.4 Parameter not recognized
    C: XYZZY
    S: 500 5.5.1 Unknown command
    C:${" "}
    S: 500 5.5.1 Unknown command
    X: 250-AUTH`,
  );
});

Deno.test("commands that take no argument refuse one with 501", () => {
  transcript(
    smtp({}, { tls: "available" }),
    `
    S: 220 mx.test ESMTP
    C: RSET now
    S: 501 5.5.4 This command takes no argument
    C: DATA now
    S: 501 5.5.4 This command takes no argument
    C: STARTTLS now
    S: 501 5.5.4 This command takes no argument
    C: QUIT now
    S: 501 5.5.4 This command takes no argument`,
  );
});

Deno.test("a browser's verb ends the session at once (S8)", () => {
  for (const line of ["GET / HTTP/1.1", "POST / HTTP/1.1", "CONNECT mx.test:25 HTTP/1.1", "put /x", "PRI * HTTP/2.0"]) {
    transcript(
      smtp(),
      `
      S: 220 mx.test ESMTP
      C: ${line}
      C: EHLO evil.test
      S: 421 4.7.0 This is a mail server
      ? close
      X: 250`,
      { modes: ["pipelined"] },
    );
  }
});

Deno.test("SMTPUTF8 lets UTF-8 into addresses, and only with it (S11)", () => {
  transcript(
    smtp(),
    `${EHLO}
    C: MAIL FROM:<jürgen@client.test>
    S: 553 5.6.7 A non-ASCII sender needs SMTPUTF8
    C: MAIL FROM:<jürgen@münchen.test> SMTPUTF8
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<用户@mx.test>
    ? checkRecipient 用户@mx.test 0
    ! recipientChecked accepted
    S: 250 2.1.5 Recipient OK
    C: DATA
    S: 354 End data with <CRLF>.<CRLF>
    C: .
    ? deliver UTF8SMTP <jürgen@xn--mnchen-3ya.test> 用户@mx.test ""
    ! delivered accepted u
    S: 250 2.0.0 Accepted u
    C: MAIL FROM:<a@b.test>
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<用户@mx.test>
    S: 553 5.6.7 A non-ASCII recipient needs SMTPUTF8
    C: NOOP ü
    S: 500 5.5.2 Only ASCII is allowed here
    C: EHLO ü.test
    S: 500 5.5.2 Only ASCII is allowed here`,
  );
});

Deno.test("STARTTLS forgets what was said before, and what was sent behind it (S3, S5)", () => {
  transcript(
    smtp({}, { tls: "available" }),
    `
    S: 220 mx.test ESMTP
    C: EHLO client.test
    S: 250-mx.test
    S: 250-PIPELINING
    S: 250-SIZE 52428800
    S: 250-8BITMIME
    S: 250-ENHANCEDSTATUSCODES
    S: 250-SMTPUTF8
    S: 250-CHUNKING
    S: 250-BINARYMIME
    S: 250-DSN
    S: 250-LIMITS RCPTMAX=1000
    S: 250-STARTTLS
    S: 250 HELP
    C: MAIL FROM:<fixed@evil.test>
    S: 250 2.1.0 Sender OK
    R: "STARTTLS\\r\\nRSET\\r\\nMAIL FROM:<injected@evil.test>\\r\\nRC"
    S: 220 2.0.0 Ready to start TLS
    ? startTls
    ! tlsStarted
    --
    C: RCPT TO:<bob@mx.test>
    S: 503 5.5.1 Send MAIL first
    C: MAIL FROM:<a@b.test>
    S: 503 5.5.1 Send HELO or EHLO first
    C: STARTTLS
    S: 503 5.5.1 TLS is active already
    C: EHLO client.test
    S: 250-mx.test
    S: 250-PIPELINING
    S: 250-SIZE 52428800
    S: 250-8BITMIME
    S: 250-ENHANCEDSTATUSCODES
    S: 250-SMTPUTF8
    S: 250-CHUNKING
    S: 250-BINARYMIME
    S: 250-DSN
    S: 250-REQUIRETLS
    S: 250-LIMITS RCPTMAX=1000
    S: 250 HELP
    C: MAIL FROM:<a@b.test>
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<bob@mx.test>
    ? checkRecipient bob@mx.test 0
    ! recipientChecked accepted
    S: 250 2.1.5 Recipient OK
    C: DATA
    S: 354 End data with <CRLF>.<CRLF>
    C: .
    ? deliver ESMTPS <a@b.test> bob@mx.test ""
    ! delivered accepted t
    S: 250 2.0.0 Accepted t`,
  );
});

Deno.test("STARTTLS is unknown where there is no TLS to start", () => {
  transcript(
    smtp(),
    `${EHLO}
    C: STARTTLS
    S: 502 5.5.1 Command not implemented
    X: STARTTLS`,
  );
});

Deno.test("a server that shuts down says so at once to an idle client, and after the transaction to others", () => {
  transcript(
    smtp(),
    `
    S: 220 mx.test ESMTP
    ! shuttingDown
    S: 421 4.3.2 Shutting down, connect again
    ? close`,
  );
  transcript(
    smtp(),
    `
    S: 220 mx.test ESMTP
    C: HELO client.test
    S: 250 mx.test
    C: MAIL FROM:<a@b.test>
    S: 250 2.1.0 Sender OK
    ! shuttingDown
    --
    C: RCPT TO:<bob@mx.test>
    ? checkRecipient bob@mx.test 0
    ! recipientChecked accepted
    S: 250 2.1.5 Recipient OK
    C: DATA
    S: 354 End data with <CRLF>.<CRLF>
    C: .
    ? deliver SMTP <a@b.test> bob@mx.test ""
    ! delivered accepted last
    S: 250 2.0.0 Accepted last
    S: 421 4.3.2 Shutting down, connect again
    ? close`,
  );
});

Deno.test("a client that is too slow gets 421 4.4.2, and late answers are ignored", () => {
  transcript(
    smtp(),
    `
    S: 220 mx.test ESMTP
    C: HELO client.test
    S: 250 mx.test
    C: MAIL FROM:<a@b.test>
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<bob@mx.test>
    ? checkRecipient bob@mx.test 0
    ! timedOut
    S: 421 4.4.2 Timed out
    ? close
    ! recipientChecked accepted
    ! timedOut
    ! shuttingDown`,
  );
});

Deno.test("a client that goes while its mail is stored is answered no more, whatever becomes of the mail", () => {
  transcript(
    smtp(),
    `
    S: 220 mx.test ESMTP
    C: HELO client.test
    S: 250 mx.test
    C: MAIL FROM:<a@b.test>
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<bob@mx.test>
    ? checkRecipient bob@mx.test 0
    ! recipientChecked accepted
    S: 250 2.1.5 Recipient OK
    C: DATA
    S: 354 End data with <CRLF>.<CRLF>
    C: .
    ? deliver SMTP <a@b.test> bob@mx.test ""
    ! timedOut
    S: 421 4.4.2 Timed out
    ? close
    ! delivered accepted late`,
  );
});
