import { assert, assertEquals } from "@std/assert";
import { transcript } from "../../support/transcript.ts";
import { bytes, drive, smtp } from "./support/session.ts";

const offered = smtp({}, { etrn: () => true });

Deno.test("a server that was away asks for its mail, and is told what there is (RFC 1985)", () => {
  transcript(
    offered,
    `
    S: 220 mx.test ESMTP
    C: EHLO away.test
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
    S: 250-ETRN
    S: 250 HELP
    C: ETRN Away.test
    ? turnQueue away.test
    ! queueTurned counted 3
    S: 253 2.0.0 OK, 3 pending messages for node Away.test started
    C: etrn @away.test
    ? turnQueue away.test and below
    ! queueTurned pending
    S: 252 2.0.0 OK, pending messages for node @away.test started
    C: ETRN #away.test
    ? turnQueue away.test
    ! queueTurned started
    S: 250 2.0.0 OK, queuing for node #away.test started
    C: ETRN other.test
    ? turnQueue other.test
    ! queueTurned none
    S: 251 2.0.0 OK, no messages waiting for node other.test
    C: ETRN other.test
    ? turnQueue other.test
    ! queueTurned unable
    S: 458 4.3.0 Unable to queue messages for node other.test
    C: ETRN other.test
    ? turnQueue other.test
    ! queueTurned notAllowed
    S: 459 4.7.1 Node other.test not allowed: it is not yours to ask for`,
  );
});

Deno.test("ETRN stands alone, after EHLO, outside of a transaction, and with a domain", () => {
  const said = (lines: string) => drive(offered(), [bytes(lines)]).text.split("\r\n").at(-2);
  assertEquals(said("ETRN away.test\r\n"), "503 5.5.1 Send EHLO first");
  assertEquals(said("HELO x\r\nETRN away.test\r\n"), "503 5.5.1 Send EHLO first");
  assertEquals(said("EHLO x\r\nMAIL FROM:<>\r\nETRN away.test\r\n"), "503 5.5.1 Not in a mail transaction");
  assertEquals(said("EHLO x\r\nETRN\r\n"), "501 5.5.4 This command needs an argument");
  const bad = [
    "@",
    "#",
    "@#a.test",
    "a b",
    "a..test",
    "[192.0.2.1]",
    "*",
    "-a.test",
    "a.test;x",
    `${"a".repeat(300)}.test`,
  ];
  for (const name of bad) {
    assertEquals(said(`EHLO x\r\nETRN ${name}\r\n`), "501 5.5.4 Syntax: ETRN [@ or #]domain", name);
  }
  assertEquals(said("EHLO x\r\nETRN away.test\r\n"), "251 2.0.0 OK, no messages waiting for node away.test");
});

Deno.test("where nobody may ask ETRN does not exist, and to whom it is not offered it is refused", () => {
  const nobody = drive(smtp()(), [bytes("EHLO x\r\nHELP\r\nETRN a.test\r\n")]);
  assert(nobody.text.endsWith("502 5.5.1 Command not implemented\r\n"), nobody.text);
  assert(!nobody.text.includes("ETRN"));
  const other = drive(smtp({}, { etrn: () => false })(), [bytes("EHLO x\r\nHELP\r\nETRN a.test\r\n")]);
  assert(other.text.endsWith("459 4.7.1 Node a.test not allowed: it is not yours to ask for\r\n"), other.text);
  assertEquals([other.text.includes("250-ETRN"), other.events], [false, []]);
});

Deno.test("on a submission port ETRN needs a login, and is offered to those it is for", () => {
  const submission = { plaintextLogin: true, bearer: false };
  const session = smtp({}, { submission, etrn: (user) => user === "away@mx.test" });
  const login = (user: string) => {
    const lines = `EHLO x\r\nETRN a.test\r\nAUTH PLAIN ${btoa("\0u\0p")}\r\nEHLO x\r\nETRN a.test\r\n`;
    return drive(session(), [bytes(lines)], () => ({ type: "accepted", user, signature: null })).text;
  };
  const text = login("away@mx.test");
  assert(text.includes("530 5.7.0 Log in first\r\n235 "), text);
  assertEquals(text.match(/250-ETRN/g)?.length, 1);
  assert(text.endsWith("251 2.0.0 OK, no messages waiting for node a.test\r\n"), text);
  assert(login("else@mx.test").endsWith("459 4.7.1 Node a.test not allowed: it is not yours to ask for\r\n"));
});
