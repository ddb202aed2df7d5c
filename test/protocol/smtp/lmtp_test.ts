import { assertEquals } from "@std/assert";
import { transcript } from "../../support/transcript.ts";
import { bytes, drive, smtp } from "./support/session.ts";

const lmtp = (limits: object = {}) => smtp(limits, { dialect: "lmtp" });

const OPEN = `
    S: 220 mx.test LMTP
    C: LHLO c.test
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

/** A transaction for `a`, `b` (who is refused) and `c`. */
const MAIL = `
    C: MAIL FROM:<s@c.test>
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<a@mx.test>
    ? checkRecipient a@mx.test 0
    ! recipientChecked accepted
    S: 250 2.1.5 Recipient OK
    C: RCPT TO:<b@mx.test>
    ? checkRecipient b@mx.test 0
    ! recipientChecked unknownUser
    S: 550 5.1.1 No such user here
    C: RCPT TO:<c@mx.test>
    ? checkRecipient c@mx.test 0
    ! recipientChecked accepted
    S: 250 2.1.5 Recipient OK`;

Deno.test("LMTP answers for each recipient that it took, in their order (RFC 2033 §4.2)", () => {
  transcript(
    lmtp(),
    `${OPEN}${MAIL}
    C: DATA
    S: 354 End data with <CRLF>.<CRLF>
    C: x
    C: .
    ? deliver LMTP <s@c.test> a@mx.test,c@mx.test "x\\r\\n"
    ! deliveredEach accepted mailboxFull
    S: 250 2.0.0 Accepted id0
    S: 452 4.2.2 Mailbox full
    ${MAIL}
    R: "BDAT 3\\r\\nx\\r\\n"
    S: 250 2.0.0 3 octets received
    C: BDAT 0 LAST
    ? deliver LMTP <s@c.test> a@mx.test,c@mx.test "x\\r\\n"
    ! deliveredEach busy accepted
    S: 451 4.3.2 Busy, try again later
    S: 250 2.0.0 Accepted id1`,
  );
});

Deno.test("one outcome is said of each recipient, and so is what is wrong with the content", () => {
  transcript(
    lmtp({ receivedFieldsMax: 0 }),
    `${OPEN}${MAIL}
    C: DATA
    S: 354 End data with <CRLF>.<CRLF>
    C: .
    ? deliver LMTP <s@c.test> a@mx.test,c@mx.test ""
    ! delivered failed
    S: 451 4.3.0 Temporary failure, try again later
    S: 451 4.3.0 Temporary failure, try again later
    ${MAIL}
    C: DATA
    S: 354 End data with <CRLF>.<CRLF>
    C: Received: x
    C: .
    S: 554 5.4.6 Too many Received fields: mail loop
    S: 554 5.4.6 Too many Received fields: mail loop
    ${MAIL}
    R: "BDAT 1\\r\\n\\n"
    S: 554 5.6.0 Message has a CR or LF that is not part of CRLF
    R: "BDAT 1 LAST\\r\\nx"
    S: 503 5.5.1 An earlier chunk was refused, send RSET
    S: 503 5.5.1 An earlier chunk was refused, send RSET
    ${MAIL}
    C: DATA
    S: 354 End data with <CRLF>.<CRLF>
    R: "\\n"
    R: "\\r\\n.\\r\\n"
    S: 554 5.6.0 Message has a CR or LF that is not part of CRLF
    S: 554 5.6.0 Message has a CR or LF that is not part of CRLF
    ? close`,
  );
});

Deno.test("without a recipient DATA gets 503, and BDAT LAST no answer at all (RFC 2033 §4.2, §4.3)", () => {
  transcript(
    lmtp(),
    `${OPEN}
    C: MAIL FROM:<s@c.test>
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<b@mx.test>
    ? checkRecipient b@mx.test 0
    ! recipientChecked unknownUser
    S: 550 5.1.1 No such user here
    C: DATA
    S: 503 5.5.1 Send RCPT first
    R: "BDAT 3 LAST\\r\\nabc"
    C: NOOP
    S: 250 2.0.0 OK
    R: "BDAT 3 LAST\\r\\nabc"
    S: 503 5.5.1 Send MAIL first`,
  );
});

Deno.test("LMTP has no HELO and no EHLO, SMTP no LHLO (RFC 2033 §4.1)", () => {
  transcript(
    lmtp(),
    `
    S: 220 mx.test LMTP
    C: HELO c.test
    S: 500 5.5.1 Unknown command
    C: EHLO c.test
    S: 500 5.5.1 Unknown command
    C: MAIL FROM:<>
    S: 503 5.5.1 Send LHLO first
    C: HELP
    S: 214 2.0.0 Commands: LHLO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT
    C: LHLO
    S: 501 5.5.4 This command needs an argument`,
  );
  transcript(
    smtp(),
    `
    S: 220 mx.test ESMTP
    C: LHLO c.test
    S: 500 5.5.1 Unknown command`,
  );
});

Deno.test("the trace of a mail tells that it came by LMTP (RFC 3848, RFC 6531 §4.3)", () => {
  const protocol = (mail: string, tls: "none" | "active") => {
    const start = `LHLO c\r\nMAIL FROM:<>${mail}\r\nRCPT TO:<a@mx.test>\r\nDATA\r\n.\r\n`;
    return drive(smtp({}, { dialect: "lmtp", tls })(), [bytes(start)]).mails[0]?.protocol;
  };
  assertEquals([protocol("", "none"), protocol("", "active")], ["LMTP", "LMTPS"]);
  assertEquals([protocol(" SMTPUTF8", "none"), protocol(" SMTPUTF8", "active")], ["UTF8LMTP", "UTF8LMTPS"]);
});
