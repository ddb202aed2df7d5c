import { assert, assertEquals } from "@std/assert";
import { transcript } from "../../support/transcript.ts";
import { bytes, drive, smtp } from "./support/session.ts";

const trusted = smtp({}, { xclient: true });

Deno.test("a trusted proxy names its client, and the session begins anew (XCLIENT_README)", () => {
  transcript(
    trusted,
    `
    S: 220 mx.test ESMTP
    C: EHLO proxy.test
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
    S: 250-XCLIENT NAME ADDR PORT PROTO HELO DESTADDR DESTPORT
    S: 250 HELP
    C: XCLIENT NAME=spike.test ADDR=168.100.189.2 PORT=4711
    ? clientNamed {"name":"spike.test","address":"168.100.189.2","port":4711}
    S: 220 mx.test ESMTP
    C: MAIL FROM:<a@c.test>
    S: 503 5.5.1 Send HELO or EHLO first
    C: xclient addr=IPv6:2001:DB8::1 name=[tempunavail] helo=spike+2Etest proto=smtp
    ? clientNamed {"address":"2001:db8::1","name":null}
    S: 220 mx.test ESMTP
    C: MAIL FROM:<a@c.test>
    S: 250 2.1.0 Sender OK
    C: XCLIENT ADDR=[UNAVAILABLE]
    S: 503 5.5.1 Not in a mail transaction
    C: RCPT TO:<r@mx.test>
    ? checkRecipient r@mx.test 0
    ! recipientChecked accepted
    S: 250 2.1.5 Recipient OK
    C: DATA
    S: 354 End data with <CRLF>.<CRLF>
    C: .
    ? deliver SMTP <a@c.test> r@mx.test ""
    ! delivered accepted m1
    S: 250 2.0.0 Accepted m1`,
  );
});

Deno.test("the client's name for itself stands until the next EHLO", () => {
  const helo = (lines: string) => {
    const { mails } = drive(trusted(), [bytes(`${lines}MAIL FROM:<>\r\nRCPT TO:<r@mx.test>\r\nDATA\r\n.\r\n`)]);
    return [mails[0]?.helo, mails[0]?.protocol];
  };
  assertEquals(helo("XCLIENT HELO=spike.test PROTO=ESMTP\r\n"), ["spike.test", "ESMTP"]);
  assertEquals(helo("XCLIENT HELO=spike.test\r\nHELO other.test\r\n"), ["other.test", "SMTP"]);
});

Deno.test("what is no attribute, or not of its kind, is refused as a whole", () => {
  const bad = [
    "XCLIENT",
    "XCLIENT ADDR",
    "XCLIENT ADDR=",
    "XCLIENT ADDR=192.0.2",
    "XCLIENT ADDR=2001:db8::1",
    "XCLIENT ADDR=IPV6:192.0.2.1",
    "XCLIENT ADDR=IPV6:fe80::1%eth0",
    "XCLIENT ADDR=192.0.2.1  PORT=1",
    "XCLIENT ADDR=192.0.2.1 ADDR=192.0.2.2",
    "XCLIENT PORT=65536",
    "XCLIENT PORT=-1",
    "XCLIENT PORT=01",
    "XCLIENT PROTO=LMTP",
    "XCLIENT NAME=a+0D+0Ab",
    "XCLIENT NAME=a_b!",
    "XCLIENT NAME=a+2",
    "XCLIENT HELO=a+0D+0AX:",
    "XCLIENT HELO=a+20b",
    "XCLIENT LOGIN=root@mx.test",
    "XCLIENT DESTADDR=mx.test",
    "XCLIENT DESTADDR=",
    "XCLIENT DESTPORT=65536",
    "XCLIENT __proto__=x",
    "XCLIENT =x",
  ];
  for (const line of bad) {
    const { text, events } = drive(trusted(), [bytes(`${line}\r\n`)]);
    assertEquals([text.split("\r\n")[1], events], ["501 5.5.4 Bad XCLIENT attribute", []], line);
  }
});

Deno.test("a proxy says where its client has connected to", () => {
  const { events, text } = drive(trusted(), [
    bytes("XCLIENT ADDR=192.0.2.1 DESTADDR=IPV6:2001:DB8::25 DESTPORT=25\r\n"),
  ]);
  assertEquals([events, text.split("\r\n").length], [["clientNamed"], 3]);
});

const submission = { plaintextLogin: false, bearer: false };
const proxied = smtp({}, { xclient: true, submission });

Deno.test("on a submission port a proxy says who has logged in at it, and that counts as long as the client is the same", () => {
  transcript(
    proxied,
    `
    S: 220 mx.test ESMTP
    C: XCLIENT ADDR=192.0.2.1 LOGIN=john+2Btag@mx.test HELO=his.test
    ? clientNamed {"address":"192.0.2.1"}
    ? adoptLogin john+tag@mx.test
    ! loginAdopted john@mx.test
    S: 220 mx.test ESMTP
    C: MAIL FROM:<john@mx.test>
    ? checkSender john@mx.test
    ! senderChecked accepted
    S: 250 2.1.0 Sender OK
    C: RSET
    S: 250 2.0.0 OK
    C: XCLIENT ADDR=192.0.2.2 LOGIN=nobody@mx.test
    ? clientNamed {"address":"192.0.2.2"}
    ? adoptLogin nobody@mx.test
    ! loginAdopted
    S: 550 5.7.8 Nobody here has that login
    C: EHLO x
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
    S: 250-XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT
    S: 250 HELP
    C: MAIL FROM:<john@mx.test>
    S: 530 5.7.0 Start TLS first`,
  );
  for (const login of ["root", "a@b@c", "[unavailable", "@mx.test", "john@", "jo+0D+0Ahn@mx.test"]) {
    const { text, events } = drive(proxied(), [bytes(`EHLO x\r\nXCLIENT LOGIN=${login}\r\n`)]);
    assertEquals([text.split("\r\n").at(-2), events], ["501 5.5.4 Bad XCLIENT attribute", []], login);
  }
  const unknown = drive(proxied(), [bytes("EHLO x\r\nXCLIENT LOGIN=[UNAVAILABLE] ADDR=192.0.2.1\r\n")]);
  assertEquals(unknown.events, ["clientNamed"], "nobody has logged in there");
});

Deno.test("of the client that is named next nobody knows a login, unless the proxy says so", () => {
  transcript(
    proxied,
    `
    S: 220 mx.test ESMTP
    C: XCLIENT ADDR=192.0.2.1 LOGIN=john@mx.test HELO=his.test
    ? clientNamed {"address":"192.0.2.1"}
    ? adoptLogin john@mx.test
    ! loginAdopted john@mx.test
    S: 220 mx.test ESMTP
    C: XCLIENT ADDR=192.0.2.2 HELO=hers.test
    ? clientNamed {"address":"192.0.2.2"}
    S: 220 mx.test ESMTP
    C: MAIL FROM:<john@mx.test>
    S: 530 5.7.0 Start TLS first`,
  );
});

Deno.test("to anybody else there is no XCLIENT", () => {
  const { text, events } = drive(smtp()(), [bytes("EHLO c\r\nXCLIENT ADDR=127.0.0.1\r\n")]);
  assert(text.endsWith("\r\n502 5.5.1 Command not implemented\r\n"));
  assert(!text.includes("250-XCLIENT"));
  assertEquals(events, []);
});
