import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { utf8 } from "../../src/base/mod.ts";
import {
  composeReport,
  headerSectionBytes,
  type ReportedRecipient,
  RETURN_BYTES_MAX,
  type StatusReport,
} from "../../src/mime/mod.ts";

const ORIGINAL = "Received: from a\r\n\tby b\r\nSubject: hello\r\n\r\nBody\r\n.\r\nend\r\n";

const FAILED: ReportedRecipient = {
  address: "billy@bob.example",
  orcpt: null,
  action: "failed",
  status: "5.1.1",
  remoteMta: "mx.bob.example",
  code: 550,
  text: "No such user",
  lastAttemptMs: Date.UTC(2026, 0, 2),
  retryUntilMs: null,
};

function report(more: Partial<StatusReport> = {}): StatusReport {
  return {
    hostname: "mail.smith.test",
    to: "john@smith.test",
    id: "r1",
    mailId: "m1",
    envid: null,
    arrivalMs: Date.UTC(2026, 0, 1),
    nowMs: Date.UTC(2026, 0, 2),
    recipients: [FAILED],
    original: utf8(ORIGINAL),
    returnWhole: false,
    smtpUtf8: false,
    tlsOptional: false,
    ...more,
  };
}

function text(content: Uint8Array): string {
  return new TextDecoder().decode(content);
}

Deno.test("a failure is told in words, in fields for programs, and with the header of the mail", () => {
  const composed = composeReport(report());
  assertEquals(
    text(composed.content).replaceAll("\r\n", "\n"),
    `From: Mail Delivery System <mailer-daemon@mail.smith.test>
To: <john@smith.test>
Subject: Your mail could not be delivered
Date: Fri, 2 Jan 2026 00:00:00 +0000
Message-ID: <r1.report@mail.smith.test>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="=_report_r1"

This is a report in several parts (RFC 3464).

--=_report_r1
Content-Type: text/plain; charset=utf-8

This is the mail server mail.smith.test.

It reports on a mail of yours that it took at Thu, 1 Jan 2026 00:00:00 +0000.

It could not be delivered to:

  billy@bob.example
    mx.bob.example said: 550 5.1.1 No such user

What follows is for programs, and the header of the mail.

--=_report_r1
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.smith.test
X-Stagepost-Mail-Id: m1
Arrival-Date: Thu, 1 Jan 2026 00:00:00 +0000

Final-Recipient: rfc822; billy@bob.example
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.bob.example
Diagnostic-Code: smtp; 550 5.1.1 No such user
Last-Attempt-Date: Fri, 2 Jan 2026 00:00:00 +0000

--=_report_r1
Content-Type: text/rfc822-headers

Received: from a
\tby b
Subject: hello

--=_report_r1--
`,
  );
  assertEquals([composed.body, composed.smtpUtf8], ["7bit", false]);
});

Deno.test("the whole mail comes back when that was asked for, unless it is large", () => {
  const whole = text(composeReport(report({ returnWhole: true })).content);
  assert(whole.includes(`Content-Type: message/rfc822\r\n\r\n${ORIGINAL}\r\n--=_report_r1--`));
  const atLimit = utf8(ORIGINAL.padEnd(RETURN_BYTES_MAX, "x"));
  assert(text(composeReport(report({ returnWhole: true, original: atLimit })).content).includes("message/rfc822"));
  const above = utf8(ORIGINAL.padEnd(RETURN_BYTES_MAX + 1, "x"));
  const cut = text(composeReport(report({ returnWhole: true, original: above })).content);
  assert(cut.includes("text/rfc822-headers") && !cut.includes("Body"));
});

Deno.test("a delay names the time up to which it is tried, a success only the address", () => {
  const delayed: ReportedRecipient = {
    ...FAILED,
    action: "delayed",
    status: "4.4.1",
    code: null,
    remoteMta: null,
    text: "no answer",
    retryUntilMs: Date.UTC(2026, 0, 6),
  };
  const told = text(composeReport(report({ recipients: [delayed] })).content);
  assertMatch(told, /^Subject: Your mail is delayed\r$/m);
  assertMatch(told, /^ {4}4\.4\.1 no answer\r\n {4}It is tried until Tue, 6 Jan 2026 00:00:00 \+0000\.\r$/m);
  assertMatch(told, /^Diagnostic-Code: x-stagepost; no answer\r$/m);
  assertMatch(told, /^Will-Retry-Until: Tue, 6 Jan 2026 00:00:00 \+0000\r$/m);
  const relayed = text(
    composeReport(report({ recipients: [{ ...FAILED, action: "relayed", status: "2.0.0" }] })).content,
  );
  assertMatch(relayed, /^Subject: Your mail was delivered\r$/m);
  assert(!relayed.includes("It could not be delivered"));
});

Deno.test("the original address and the envelope id are given back as they were asked for", () => {
  const told = text(
    composeReport(report({ envid: "QQ314159", recipients: [{ ...FAILED, orcpt: "rfc822;Bob@bob.example" }] })).content,
  );
  assertMatch(told, /^Original-Envelope-Id: QQ314159\r\nReporting-MTA/m);
  assertMatch(told, /^Original-Recipient: rfc822;Bob@bob\.example\r\nFinal-Recipient/m);
});

Deno.test("an address that is not ASCII makes an international report (RFC 6533)", () => {
  const composed = composeReport(
    report({
      recipients: [{ ...FAILED, address: "björn@bob.example" }],
      smtpUtf8: true,
      original: utf8("Subject: ö\r\n\r\n"),
    }),
  );
  const told = text(composed.content);
  assertEquals([composed.body, composed.smtpUtf8], ["8bitmime", true]);
  assertMatch(told, /^Content-Type: message\/global-delivery-status\r\nContent-Transfer-Encoding: 8bit\r$/m);
  assertMatch(told, /^Final-Recipient: utf-8; björn@bob\.example\r$/m);
  assertMatch(told, /^Content-Type: message\/global-headers\r$/m);
});

Deno.test("an eight-bit mail of ASCII addresses comes back as it is, in a report that needs no SMTPUTF8", () => {
  const composed = composeReport(report({ returnWhole: true, original: Uint8Array.of(0x41, 0xff, 0x0d, 0x0a) }));
  assertEquals([composed.body, composed.smtpUtf8], ["8bitmime", false]);
});

Deno.test("nothing that a sender or a host chose can end a field or a part (ATTACKS S26)", () => {
  const hostile = fc.string({ unit: "binary", maxLength: 60 }).map((s) =>
    `${s}\r\nX-Forged: yes\r\n\r\n--=_report_r1--\r\n`
  );
  fc.assert(
    fc.property(hostile, hostile, hostile, (reply, address, name) => {
      const recipient = { ...FAILED, text: reply, address, remoteMta: name, status: reply, orcpt: address };
      const composed = composeReport(report({ recipients: [recipient], envid: reply, mailId: name, to: address }));
      const told = text(composed.content);
      assert(!/^X-Forged/m.test(told));
      assertEquals(told.match(/^--=_report_r1/gm)?.length, 4);
      if (composed.body === "7bit") assert(composed.content.every((byte) => byte < 0x80));
    }),
    { seed: 3464, numRuns: 500 },
  );
});

Deno.test("of very many recipients the text for people names the first, the part for programs all", () => {
  const recipients = Array.from({ length: 120 }, (_, i) => ({ ...FAILED, address: `u${i}@bob.example` }));
  const told = text(composeReport(report({ recipients })).content);
  assertMatch(told, /^ {2}and 70 more, named in the next part\r$/m);
  assertEquals(told.match(/^Final-Recipient/gm)?.length, 120);
});

Deno.test("the header section ends before the empty line, wherever that is", () => {
  assertEquals(headerSectionBytes(utf8("A: b\r\n\r\nbody")), 6);
  assertEquals(headerSectionBytes(utf8("\r\nbody")), 0);
  assertEquals(headerSectionBytes(utf8("A: b\r\n")), 6);
  assertEquals(headerSectionBytes(new Uint8Array(0)), 0);
});
