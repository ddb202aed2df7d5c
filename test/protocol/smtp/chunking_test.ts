import { assert, assertEquals } from "@std/assert";
import { concat, latin1 } from "../../../src/base/mod.ts";
import { parseDomain } from "../../../src/mail/mod.ts";
import { createSmtpSession } from "../../../src/protocol/smtp/mod.ts";
import { transcript } from "../../support/transcript.ts";
import { bytes, content, drive, smtp } from "./support/session.ts";

/** EHLO with its answer left out of sight, then a transaction with one recipient. */
const START = "EHLO c.test\r\nMAIL FROM:<a@c.test>\r\nRCPT TO:<r@mx.test>\r\n";
const BINARY = START.replace("<a@c.test>", "<a@c.test> BODY=BINARYMIME");

/** The last replies to what is sent, without the greeting, EHLO, MAIL and RCPT. */
function replies(text: string, { limits = {}, start = START }: { limits?: object; start?: string } = {}) {
  const outcome = drive(smtp(limits)(), [bytes(start + text)]);
  const before = drive(smtp(limits)(), [bytes(start)]).text.length;
  return { said: outcome.text.slice(before).split("\r\n").slice(0, -1), ...outcome };
}

const OPEN = `
    S: 220 mx.test ESMTP
    C: EHLO c.test
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

const MAIL = `
    C: MAIL FROM:<a@c.test>
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<r@mx.test>
    ? checkRecipient r@mx.test 0
    ! recipientChecked accepted
    S: 250 2.1.5 Recipient OK`;

Deno.test("a message comes in chunks, each acknowledged by its octets, cut anywhere", () => {
  transcript(
    smtp(),
    `${OPEN}${MAIL}
    R: "BDAT 11\\r\\nSubject: x\\r"
    S: 250 2.0.0 11 octets received
    R: "bdat 7 \\r\\n\\n\\r\\n.\\r\\n."
    S: 250 2.0.0 7 octets received
    R: "BDAT 4 last\\r\\n.\\r\\nx"
    ? deliver ESMTP <a@c.test> r@mx.test "Subject: x\\r\\n\\r\\n.\\r\\n..\\r\\nx\\r\\n"
    ! delivered accepted m1
    S: 250 2.0.0 Accepted m1
    C: QUIT
    S: 221 2.0.0 Bye
    ? close`,
  );
});

Deno.test("a message may be empty, and may be taken with BDAT 0 LAST (S20)", () => {
  transcript(
    smtp(),
    `${OPEN}${MAIL}
    C: BDAT 0 LAST
    ? deliver ESMTP <a@c.test> r@mx.test ""
    ! delivered busy
    S: 451 4.3.2 Busy, try again later
    ${MAIL}
    R: "BDAT 3\\r\\nabc"
    S: 250 2.0.0 3 octets received
    C: NOOP
    S: 250 2.0.0 OK
    C: BDAT 0
    S: 250 2.0.0 0 octets received
    C: BDAT 0 LAST
    ? deliver ESMTP <a@c.test> r@mx.test "abc\\r\\n"
    ! delivered accepted m2
    S: 250 2.0.0 Accepted m2`,
  );
});

Deno.test("BDAT and DATA do not mix in one transaction, and RSET forgets the chunks (S20)", () => {
  transcript(
    smtp(),
    `${OPEN}${MAIL}
    R: "BDAT 3\\r\\nabc"
    S: 250 2.0.0 3 octets received
    C: DATA
    S: 503 5.5.1 The message has begun by BDAT
    C: RCPT TO:<late@mx.test>
    S: 503 5.5.1 The message has begun by BDAT
    C: MAIL FROM:<b@c.test>
    S: 503 5.5.1 A transaction is open already
    C: RSET
    S: 250 2.0.0 OK
    ${MAIL}
    C: DATA
    S: 354 End data with <CRLF>.<CRLF>
    C: def
    C: .
    ? deliver ESMTP <a@c.test> r@mx.test "def\\r\\n"
    ! delivered accepted m3
    S: 250 2.0.0 Accepted m3
    R: "BDAT 3 LAST\\r\\nabc"
    S: 503 5.5.1 Send MAIL first`,
  );
});

Deno.test("BODY=BINARYMIME needs BDAT", () => {
  assertEquals(replies("DATA\r\nBDAT 3 LAST\r\n\0\r\n", { start: BINARY }).said, [
    "503 5.5.1 BODY=BINARYMIME needs BDAT",
    "250 2.0.0 Accepted id",
  ]);
});

Deno.test("a refused chunk is read to its last octet before the answer, and so are those behind it (S20)", () => {
  transcript(
    smtp({ messageBytesMax: 10, messageSkipBytesMax: 10 }),
    `${OPEN.replace("52428800", "10")}
    R: "BDAT 6\\r\\nQUIT\\r\\n"
    S: 503 5.5.1 Send MAIL first
    C: MAIL FROM:<a@c.test>
    S: 250 2.1.0 Sender OK
    R: "BDAT 6\\r\\nQUIT\\r\\n"
    S: 503 5.5.1 Send RCPT first
    C: RSET
    S: 250 2.0.0 OK
    ${MAIL}
    R: "BDAT 6\\r\\nQUIT\\r\\n"
    S: 250 2.0.0 6 octets received
    R: "BDAT 6\\r\\nQUIT\\r\\n"
    S: 552 5.3.4 Message too big
    R: "BDAT 6\\r\\nQUIT\\r\\n"
    S: 503 5.5.1 An earlier chunk was refused, send RSET
    R: "BDAT 0 LAST\\r\\n"
    S: 503 5.5.1 An earlier chunk was refused, send RSET
    C: NOOP
    S: 250 2.0.0 OK
    ${MAIL}
    R: "BDAT 20 LAST\\r\\nQUIT\\r\\nQUIT\\r\\nQUIT\\r\\nQU"
    S: 552 5.3.4 Message too big
    C: NOOP
    S: 250 2.0.0 OK`,
  );
});

Deno.test("a BDAT whose end cannot be seen ends the session, and nothing behind it is run (S20)", () => {
  const syntax = "501 5.5.4 Syntax: BDAT size [LAST]";
  const cases: Record<string, string> = {
    "BDAT 18446744073709551615": "552 5.3.4 Message too big",
    "BDAT 18446744073709551616 LAST": "552 5.3.4 Message too big",
    "BDAT 99999999999999999999": "552 5.3.4 Message too big",
    "BDAT 104857601": "552 5.3.4 Message too big",
    "BDAT 000000000000000000005": syntax,
    "BDAT -1": syntax,
    "BDAT +5": syntax,
    "BDAT 1e3": syntax,
    "BDAT 0x10": syntax,
    "BDAT 5.0": syntax,
    "BDAT  5": syntax,
    "BDAT 5  LAST": syntax,
    "BDAT 5 FIRST": syntax,
    "BDAT 5 LAST LAST": syntax,
    "BDAT 5 LA\u017fT": syntax,
    "BDAT \u0665": syntax,
    "BDAT LAST": syntax,
    "BDAT": syntax,
  };
  for (const [line, reply] of Object.entries(cases)) {
    const session = smtp()();
    const { text, events, mails } = drive(session, [
      bytes(START),
      new TextEncoder().encode(`${line}\r\nRSET\r\nMAIL FROM:<>\r\n`),
    ]);
    assertEquals(text.split("\r\n").slice(-2), [reply, ""], line);
    assertEquals([events.at(-1), mails.length], ["close", 0], line);
  }
});

Deno.test("the octets of a chunk are never commands, nor an end of data", () => {
  const body = "h: x\r\n\r\n.\r\nMAIL FROM:<evil@c.test>\r\nBDAT 5 LAST\r\nQUIT\r\n";
  const { said, mails } = replies(`BDAT ${body.length}\r\n${body}BDAT 2 LAST\r\n..`);
  assertEquals(said, [`250 2.0.0 ${body.length} octets received`, "250 2.0.0 Accepted id"]);
  assertEquals(mails.map(content), [`${body}..\r\n`]);
});

Deno.test("text that comes by BDAT has the line ends of DATA, or is refused where the bad one is seen", () => {
  const bare = "554 5.6.0 Message has a CR or LF that is not part of CRLF";
  const failed = "503 5.5.1 An earlier chunk was refused, send RSET";
  for (const bad of ["\n", "a\nb", "a\rb", "\r\r\n", "\n\r", "x\r\n\n.\r\n"]) {
    const sized = (text: string, last = "") => `BDAT ${text.length}${last}\r\n${text}`;
    assertEquals(replies(sized(bad, " LAST") + "NOOP\r\n").said, [bare, "250 2.0.0 OK"], JSON.stringify(bad));
    assertEquals(replies(`${sized(`${bad}x`)}${sized("ok\r\n", " LAST")}`).said, [bare, failed], JSON.stringify(bad));
  }
  assertEquals(replies("BDAT 2\r\na\rBDAT 0 LAST\r\n").said, ["250 2.0.0 2 octets received", bare]);
  assertEquals(replies("BDAT 2\r\na\rBDAT 2 LAST\r\nb\n").said, ["250 2.0.0 2 octets received", bare]);
  assertEquals(replies("BDAT 2\r\na\rBDAT 2 LAST\r\n\nb").mails.map(content), ["a\r\nb\r\n"]);
});

Deno.test("a binary body is kept byte for byte, its header has lines", () => {
  const all = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join("");
  const mail = `Content-Transfer-Encoding: binary\r\n\r\n${all}\n.\n\r\n.\r`;
  const { mails } = replies(`BDAT 30\r\n${mail.slice(0, 30)}BDAT ${mail.length - 30} LAST\r\n${mail.slice(30)}`, {
    start: BINARY,
  });
  assertEquals(mails.map(content), [mail]);
  assertEquals(mails[0]?.parameters.body, "binarymime");
  const bare = "554 5.6.0 Message has a CR or LF that is not part of CRLF";
  assertEquals(replies("BDAT 6 LAST\r\na: b\n\n", { start: BINARY }).said, [bare]);
  assertEquals(replies("BDAT 5 LAST\r\na: b\r", { start: BINARY }).said, [bare]);
  assertEquals(replies("BDAT 4 LAST\r\na: b", { start: BINARY }).mails.map(content), ["a: b"]);
});

Deno.test("content that comes by BDAT has the limits of DATA", () => {
  const loop = "554 5.4.6 Too many Received fields: mail loop";
  const by = (text: string, limits: object, start = START) =>
    replies(`BDAT ${text.length} LAST\r\n${text}`, { limits, start }).said[0];
  for (const start of [START, BINARY]) {
    assertEquals(by("Received: a\r\n\r\nx\r\n", { receivedFieldsMax: 1 }, start), "250 2.0.0 Accepted id");
    assertEquals(by("Received: a\r\nreceived: b\r\n\r\nx\r\n", { receivedFieldsMax: 1 }, start), loop);
    assertEquals(by("a: b\r\n\r\nx\r\n", { headerBytesMax: 5 }, start), "552 5.3.4 Message header too big");
    assertEquals(by("a: b\r\n c\r\n", { headerLinesMax: 1 }, start), "552 5.3.4 Message header too big");
    assertEquals(by("a: bcdefg\r\n", { contentLineBytesMax: 10 }, start), "554 5.6.0 Message line too long");
  }
  assertEquals(by("\r\nabcdefghijk", { contentLineBytesMax: 10 }), "554 5.6.0 Message line too long");
  assertEquals(by("\r\nabcdefghijk", { contentLineBytesMax: 10 }, BINARY), "250 2.0.0 Accepted id");
  // The CRLF that ends the last line counts.
  assertEquals(by("12345678", { messageBytesMax: 10 }), "250 2.0.0 Accepted id");
  assertEquals(by("123456789", { messageBytesMax: 10 }), "552 5.3.4 Message too big");
});

Deno.test("a chunk that is refused beforehand is not kept in memory", () => {
  const session = smtp({ messageBytesMax: 200_000 })();
  drive(session, [bytes(`${START}BDAT 200001\r\n`), new Uint8Array(200_000)]);
  assertEquals([session.smtp.phase, session.smtp.bufferedBytes], ["data", 0]);
});

Deno.test("chunks that are taken count as memory until the mail is handed on, or given up", () => {
  const session = smtp()();
  drive(session, [bytes(START), bytes("BDAT 100000\r\n"), bytes("x".repeat(100_000))]);
  assertEquals(session.smtp.phase, "data"); // Its deadlines and its minimal rate go on between the chunks.
  assert(session.smtp.bufferedBytes >= 100_000);
  session.receive(bytes("RSET\r\n"));
  assertEquals([session.smtp.phase, session.smtp.bufferedBytes], ["command", 0]);
});

Deno.test("a server that shuts down takes the chunks that are on their way", () => {
  transcript(
    smtp(),
    `${OPEN}${MAIL}
    R: "BDAT 6 LAST\\r\\nabc"
    --
    ! shuttingDown
    --
    R: "d\\r\\n"
    ? deliver ESMTP <a@c.test> r@mx.test "abcd\\r\\n"
    ! delivered accepted m1
    S: 250 2.0.0 Accepted m1
    S: 421 4.3.2 Shutting down, connect again
    ? close`,
  );
});

Deno.test("empty chunks that bring nothing end the session in the end", () => {
  const { said } = replies("BDAT 0\r\n".repeat(5), { limits: { junkCommandsMax: 3 } });
  assertEquals(said, [...Array(2).fill("250 2.0.0 0 octets received"), "421 4.7.0 Too many errors"]); // EHLO was the first.
});

Deno.test("without EHLO there is no BDAT, yet its octets are read", () => {
  const start = START.replace("EHLO", "HELO");
  assertEquals(replies("BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n", { start }).said, [
    "503 5.5.1 Send EHLO first",
    "250 2.0.0 OK",
  ]);
});

Deno.test("what comes in several large pieces while a question is open is read in its order", () => {
  const session = createSmtpSession({ hostname: "mx.test", postmasterDomain: parseDomain("mx.test")!, tls: "none" });
  session.open();
  const asked = session.receive(bytes(START), 0);
  assertEquals(asked.at(-1)?.type, "checkRecipient");
  const lines = (letter: string) => `${letter.repeat(98)}\r\n`.repeat(50);
  // Each piece is large enough to be kept as it is.
  const pieces = [`BDAT 15000\r\n${lines("a")}`, lines("b"), `${lines("c")}BDAT 0 LAST\r\n`];
  for (const piece of pieces) assertEquals(session.receive(bytes(piece), 0), []);
  const taken = session.recipientChecked("accepted").at(-1);
  assert(taken?.type === "deliver");
  assertEquals(latin1(concat(taken.mail.body)), lines("a") + lines("b") + lines("c"));
});
