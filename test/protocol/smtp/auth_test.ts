import { assert, assertEquals } from "@std/assert";
import { encodeBase64 } from "../../../src/protocol/sasl/mod.ts";
import { utf8 } from "../../../src/base/bytes.ts";
import { transcript } from "../../support/transcript.ts";
import { bytes, cut, drive, smtp } from "./support/session.ts";

const b64 = (text: string) => encodeBase64(utf8(text));
const ANNA = b64("\0anna@x.test\0open sesame");
const OPEN = { plaintextLogin: true, bearer: false };

/** A submission port over TLS. */
const secure = (options = {}) =>
  smtp({}, { tls: "active", submission: { ...OPEN, plaintextLogin: false }, ...options });

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
    S: 250-REQUIRETLS
    S: 250-MT-PRIORITY
    S: 250-DELIVERBY 60
    S: 250-FUTURERELEASE 2678400 2026-12-27T12:00:00Z
    S: 250-LIMITS RCPTMAX=1000
    S: 250-AUTH SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN
    S: 250 HELP`;

const LOGIN = `${EHLO}
    C: AUTH PLAIN ${ANNA}
    ? authenticate PLAIN password ["anna@x.test","open sesame"]
    ! authenticated anna@x.test
    S: 235 2.7.0 Logged in`;

Deno.test("a submission is logged in to, sent from an own address and marked so", () => {
  transcript(
    secure(),
    `${LOGIN}
    C: MAIL FROM:<anna@x.test> AUTH=anna+40x.test
    ? checkSender anna@x.test
    ! senderChecked accepted
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<bob@elsewhere.test>
    ? checkRecipient bob@elsewhere.test 0 relay
    ! recipientChecked accepted
    S: 250 2.1.5 Recipient OK
    C: DATA
    S: 354 End data with <CRLF>.<CRLF>
    C: Subject: hi
    C: .
    ? deliver ESMTPSA <anna@x.test> bob@elsewhere.test "Subject: hi\\r\\n"
    ! delivered accepted m1
    S: 250 2.0.0 Accepted m1`,
  );
});

Deno.test("who has logged in stands in the mail; UTF-8 names and the lack of TLS show in its transmission type", () => {
  const session = smtp({}, { submission: OPEN })();
  const text =
    `EHLO c\r\nAUTH PLAIN ${ANNA}\r\nMAIL FROM:<anna@x.test> SMTPUTF8\r\nRCPT TO:<b@x.test>\r\nDATA\r\n.\r\n`;
  const user = "anna@x.test";
  const { mails } = drive(session, [bytes(text)], () => ({ type: "accepted", user, signature: null }));
  assertEquals(mails.map(({ user, protocol }) => [user, protocol]), [["anna@x.test", "UTF8SMTPA"]]);
});

Deno.test("nothing that moves mail is done before a login", () => {
  transcript(
    secure(),
    `${EHLO}
    C: MAIL FROM:<anna@x.test>
    S: 530 5.7.0 Log in first
    C: RCPT TO:<bob@x.test>
    S: 530 5.7.0 Log in first
    C: DATA
    S: 530 5.7.0 Log in first
    C: VRFY bob
    S: 530 5.7.0 Log in first
    C: NOOP
    S: 250 2.0.0 OK
    C: RSET
    S: 250 2.0.0 OK
    C: HELP
    S: 214 2.0.0 Commands: HELO EHLO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT AUTH
    C: QUIT
    S: 221 2.0.0 Bye
    ? close
    X: 354`,
  );
});

Deno.test("the octets of a BDAT before the login are no commands", () => {
  const session = smtp({}, { tls: "active", submission: OPEN })();
  const { text, mails } = drive(session, [bytes("EHLO c\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n")]);
  assertEquals(text.split("\r\n").slice(-3), ["503 5.5.1 Send MAIL first", "250 2.0.0 OK", ""]);
  assertEquals(mails, []);
});

Deno.test("without TLS a login is neither offered nor taken, and nothing said before STARTTLS counts after it", () => {
  transcript(
    smtp({}, { tls: "available", submission: { plaintextLogin: false, bearer: false } }),
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
    S: 250-MT-PRIORITY
    S: 250-DELIVERBY 60
    S: 250-FUTURERELEASE 2678400 2026-12-27T12:00:00Z
    S: 250-LIMITS RCPTMAX=1000
    S: 250-STARTTLS
    S: 250 HELP
    C: AUTH PLAIN ${ANNA}
    S: 538 5.7.11 Start TLS first
    C: MAIL FROM:<anna@x.test>
    S: 530 5.7.0 Start TLS first
    C: STARTTLS
    S: 220 2.0.0 Ready to start TLS
    ? startTls
    ! tlsStarted
    --
    C: AUTH PLAIN ${ANNA}
    S: 503 5.5.1 Send EHLO first
    X: 250-AUTH
    X: 235`,
  );
});

Deno.test("a login in the clear is forgotten by STARTTLS", () => {
  transcript(
    smtp({}, { tls: "available", submission: OPEN }),
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
    S: 250-MT-PRIORITY
    S: 250-DELIVERBY 60
    S: 250-FUTURERELEASE 2678400 2026-12-27T12:00:00Z
    S: 250-LIMITS RCPTMAX=1000
    S: 250-STARTTLS
    S: 250-AUTH SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN
    S: 250 HELP
    C: AUTH PLAIN ${ANNA}
    ? authenticate PLAIN password ["anna@x.test","open sesame"]
    ! authenticated anna@x.test
    S: 235 2.7.0 Logged in
    C: STARTTLS
    S: 220 2.0.0 Ready to start TLS
    ? startTls
    ! tlsStarted
    --
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
    S: 250-MT-PRIORITY
    S: 250-DELIVERBY 60
    S: 250-FUTURERELEASE 2678400 2026-12-27T12:00:00Z
    S: 250-LIMITS RCPTMAX=1000
    S: 250-AUTH SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN
    S: 250 HELP
    C: MAIL FROM:<anna@x.test>
    S: 530 5.7.0 Log in first`,
  );
});

Deno.test("AUTH comes after EHLO, once, and not inside a transaction", () => {
  transcript(
    secure(),
    `
    S: 220 mx.test ESMTP
    C: AUTH PLAIN ${ANNA}
    S: 503 5.5.1 Send EHLO first
    C: HELO client.test
    S: 250 mx.test
    C: AUTH PLAIN ${ANNA}
    S: 503 5.5.1 Send EHLO first`,
  );
  transcript(
    secure(),
    `${LOGIN}
    C: AUTH PLAIN ${ANNA}
    S: 503 5.5.1 Logged in already
    C: MAIL FROM:<>
    S: 250 2.1.0 Sender OK
    C: AUTH PLAIN ${ANNA}
    S: 503 5.5.1 Logged in already
    C: RSET
    S: 250 2.0.0 OK
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
    S: 250-MT-PRIORITY
    S: 250-DELIVERBY 60
    S: 250-FUTURERELEASE 2678400 2026-12-27T12:00:00Z
    S: 250-LIMITS RCPTMAX=1000
    S: 250 HELP`,
  );
});

Deno.test("the exchange takes challenges and responses, an empty one as =, and ends at * or at what is not base64", () => {
  transcript(
    secure(),
    `${EHLO}
    C: AUTH LOGIN
    S: 334 ${b64("Username:")}
    C: ${b64("anna@x.test")}
    S: 334 ${b64("Password:")}
    C: *
    S: 501 5.7.0 Cancelled
    C: AUTH LOGIN
    S: 334 ${b64("Username:")}
    C: QUIT
    S: 501 5.5.2 Malformed answer
    C: AUTH LOGIN
    S: 334 ${b64("Username:")}
    C: MAIL FROM:<a@x.test>
    S: 501 5.5.2 Not base64
    C: AUTH PLAIN =
    S: 501 5.5.2 Malformed answer
    C: AUTH PLAIN %%%
    S: 501 5.5.2 Not base64
    C: AUTH PLAIN
    S: 334 
    C: ${ANNA}=
    S: 501 5.5.2 Not base64
    C: auth login ${b64("anna@x.test")}
    S: 334 ${b64("Password:")}
    C: ${b64("open sesame")}
    ? authenticate LOGIN password ["anna@x.test","open sesame"]
    ! authenticated anna@x.test
    S: 235 2.7.0 Logged in
    X: 250 2.1.0
    X: 221`,
  );
});

Deno.test("AUTH needs a mechanism that is on offer and at most one response", () => {
  transcript(
    secure(),
    `${EHLO}
    C: AUTH
    S: 501 5.5.4 Syntax: AUTH mechanism [initial-response]
    C: AUTH CRAM-MD5
    S: 504 5.5.4 Mechanism not offered
    C: AUTH SCRAM-SHA-256-PLUS
    S: 504 5.5.4 Mechanism not offered
    C: AUTH OAUTHBEARER
    S: 504 5.5.4 Mechanism not offered
    C: AUTH EXTERNAL =
    S: 504 5.5.4 Mechanism not offered
    C: AUTH PLAIN a b
    S: 501 5.5.4 Syntax: AUTH mechanism [initial-response]
    X: 334`,
  );
});

Deno.test("refused logins wait longer each time, and the third ends the session", () => {
  const attempt = `
    C: AUTH PLAIN ${ANNA}
    ? authenticate PLAIN password ["anna@x.test","open sesame"]
    ! authenticated refused`;
  transcript(
    secure(),
    `${EHLO}
    ${attempt}
    ? pause 1000
    ! resumed
    S: 535 5.7.8 Login refused
    C: AUTH PLAIN ${b64("root\0anna@x.test\0open sesame")}
    ? pause 2000
    ! resumed
    S: 535 5.7.8 Login refused
    ${attempt}
    ? pause 4000
    ! resumed
    S: 421 4.7.0 Login refused too often
    ? close
    X: 235`,
  );
});

Deno.test("a login that cannot be checked now is neither right nor wrong", () => {
  transcript(
    secure(),
    `${EHLO}
    C: AUTH PLAIN ${ANNA}
    ? authenticate PLAIN password ["anna@x.test","open sesame"]
    ! authenticated temporary
    S: 454 4.7.0 Login is not possible now, try later
    C: MAIL FROM:<anna@x.test>
    S: 530 5.7.0 Log in first`,
  );
});

Deno.test("SCRAM asks for the salt, then for the proof, and is over when the client has seen the server's", () => {
  const first = "n=anna@x.test,r=abc";
  const start = '{"type":"scramStart","salt":[],"iterations":4096,"nonce":"xyz"}';
  const session = () => {
    const made = secure()();
    const bytesIn = (given: Record<string, unknown>) =>
      Object.fromEntries(Object.entries(given).map(([k, v]) => [k, Array.isArray(v) ? Uint8Array.from(v) : v]));
    const answer = (name: string, ...args: unknown[]) =>
      made.answer(name, ...args.map((arg) => typeof arg === "object" ? bytesIn(arg as Record<string, unknown>) : arg));
    return { ...made, answer };
  };
  const zero = encodeBase64(new Uint8Array(32));
  transcript(
    session,
    `${EHLO}
    C: AUTH SCRAM-SHA-256 ${b64(`n,,${first}`)}
    ? authenticate SCRAM-SHA-256 scramStart ["anna@x.test","SHA-256"]
    ! authenticated ${start}
    S: 334 ${b64("r=abcxyz,s=,i=4096")}
    C: ${b64(`c=biws,r=abcxyz,p=${zero}`)}
    ? authenticate SCRAM-SHA-256 scramProof ["anna@x.test","SHA-256","${first},r=abcxyz,s=,i=4096,c=biws,r=abcxyz"]
    ! authenticated {"type":"accepted","user":"anna@x.test","signature":[1,2,3]}
    S: 334 ${b64("v=AQID")}
    C:
    S: 235 2.7.0 Logged in`,
  );
  transcript(
    session,
    `${EHLO}
    C: AUTH SCRAM-SHA-256 ${b64(`n,,${first}`)}
    ? authenticate SCRAM-SHA-256 scramStart ["anna@x.test","SHA-256"]
    ! authenticated ${start}
    S: 334 ${b64("r=abcxyz,s=,i=4096")}
    C: ${b64(`c=biws,r=abcxyy,p=${zero}`)}
    ? pause 1000
    ! resumed
    S: 535 5.7.8 Login refused
    C: AUTH SCRAM-SHA-256 ${b64(`n,,${first}`)}
    ? authenticate SCRAM-SHA-256 scramStart ["anna@x.test","SHA-256"]
    ! authenticated temporary
    S: 454 4.7.0 Login is not possible now, try later`,
  );
});

Deno.test("-PLUS is on offer where the channel has a binding, and the client's flag is checked against it", () => {
  transcript(
    secure({ channel: { binding: new Uint8Array(32), certified: false } }),
    `${EHLO.replace("AUTH SCRAM", "AUTH SCRAM-SHA-256-PLUS SCRAM")}
    C: AUTH SCRAM-SHA-256 ${b64("y,,n=anna@x.test,r=abc")}
    ? pause 1000
    ! resumed
    S: 535 5.7.8 Login refused
    C: AUTH SCRAM-SHA-256-PLUS ${b64("p=tls-server-end-point,,n=anna@x.test,r=abc")}
    ? authenticate SCRAM-SHA-256-PLUS scramStart ["anna@x.test","SHA-256"]
    ! authenticated temporary
    S: 454 4.7.0 Login is not possible now, try later`,
  );
});

Deno.test("EXTERNAL is on offer to a client with a certificate", () => {
  transcript(
    secure({ channel: { binding: null, certified: true } }),
    `${EHLO.replace("AUTH SCRAM", "AUTH EXTERNAL SCRAM")}
    C: AUTH EXTERNAL =
    ? authenticate EXTERNAL external [null]
    ! authenticated anna@x.test
    S: 235 2.7.0 Logged in`,
  );
});

Deno.test("a sender that is not the user's is refused, the null one is not asked about", () => {
  transcript(
    secure(),
    `${LOGIN}
    C: MAIL FROM:<bob@x.test>
    ? checkSender bob@x.test
    ! senderChecked notYours
    S: 550 5.7.1 Not an address of yours
    C: RCPT TO:<bob@x.test>
    S: 503 5.5.1 Send MAIL first
    C: MAIL FROM:<bob@x.test>
    ? checkSender bob@x.test
    ! senderChecked busy
    S: 451 4.3.2 Busy, try again later
    C: MAIL FROM:<> AUTH=<>
    S: 250 2.1.0 Sender OK`,
  );
});

Deno.test("MAIL's AUTH parameter is xtext or <>, and unknown where nobody can log in", () => {
  transcript(
    secure(),
    `${LOGIN}
    C: MAIL FROM:<> AUTH=a+4
    S: 501 5.5.4 Bad parameter value
    C: MAIL FROM:<> AUTH
    S: 501 5.5.4 Bad parameter value
    C: MAIL FROM:<> AUTH=e+3Dmc2@example.com
    S: 250 2.1.0 Sender OK`,
  );
  transcript(
    smtp(),
    `${EHLO.replace(/\n +S: 250-(AUTH|REQUIRETLS|MT-PRIORITY|DELIVERBY|FUTURERELEASE).*/g, "")}
    C: MAIL FROM:<> AUTH=<>
    S: 555 5.5.4 Parameter not recognized`,
  );
});

Deno.test("AUTH lines of 12,288 octets are read, one more is refused and ends the exchange", () => {
  const response = (octets: number) => "x".repeat(octets - 2);
  for (const head of ["AUTH PLAIN ", "aUtH PLAIN "]) {
    transcript(
      secure(),
      `${EHLO}
      C: ${head}${response(12_288 - head.length)}
      S: 501 5.5.2 ${(12_286 - head.length) % 4 === 0 ? "Malformed answer" : "Not base64"}
      C: ${head}${response(12_289 - head.length)}
      S: 500 5.5.2 Line too long
      C: NOOP
      S: 250 2.0.0 OK`,
    );
  }
  transcript(
    secure(),
    `${EHLO}
    C: AUTH PLAIN
    S: 334 
    C: ${response(12_288)}
    S: 501 5.5.2 Not base64
    C: AUTH PLAIN
    S: 334 
    C: ${response(12_289)}
    S: 500 5.5.6 Line too long
    C: NOOP
    S: 250 2.0.0 OK
    C: NOOP ${response(2_049 - 5)}
    S: 500 5.5.2 Line too long`,
  );
});

Deno.test("a port that is not for submission reads AUTH lines no longer than others", () => {
  const text = `EHLO c\r\nAUTH PLAIN ${"x".repeat(2_036)}\r\nAUTH PLAIN ${"x".repeat(2_035)}\r\n`;
  const { text: said } = drive(smtp()(), [bytes(text)]);
  assert(said.endsWith("500 5.5.2 Line too long\r\n502 5.5.1 Command not implemented\r\n"), said);
});

Deno.test("a megabyte of response ends the session or the exchange and is not kept", () => {
  const text = `EHLO c\r\nAUTH PLAIN\r\n${"x".repeat(1_000_000)}\r\nNOOP\r\n`;
  const { text: said, bufferedMax } = drive(
    secure()(),
    cut(bytes(text), Array.from({ length: 300 }, (_, i) => i * 4_000)),
  );
  assert(said.endsWith("500 5.5.6 Line too long\r\n250 2.0.0 OK\r\n"), said);
  assert(bufferedMax <= 16_384, String(bufferedMax));
});

Deno.test("a server that shuts down does not wait for a response", () => {
  transcript(
    secure(),
    `${EHLO}
    C: AUTH LOGIN
    S: 334 ${b64("Username:")}
    ! shuttingDown
    S: 421 4.3.2 Shutting down, connect again
    ? close`,
  );
});
