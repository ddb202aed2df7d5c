import { assert, assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import { utf8 } from "../../../src/base/mod.ts";
import { composeReport, type ReportedRecipient } from "../../../src/mime/mod.ts";
import { readMessage } from "../../../src/policy/header/mod.ts";
import { failuresIn, type ReportedFailure } from "../../../src/policy/list/mod.ts";

function failures(text: string): readonly ReportedFailure[] | null {
  return failuresIn(readMessage([utf8(text)]));
}

function recipient(address: string, more: Partial<ReportedRecipient> = {}): ReportedRecipient {
  const outcome = { action: "failed", status: "5.1.1", remoteMta: "mx.test", code: 550, text: "no such user" } as const;
  return { address, orcpt: null, ...outcome, lastAttemptMs: 0, retryUntilMs: null, ...more };
}

function ours(recipients: readonly ReportedRecipient[]): Uint8Array {
  return composeReport({
    hostname: "mail.test",
    to: "cats-bounces@smith.test",
    id: "r1",
    mailId: "m1",
    envid: null,
    arrivalMs: 0,
    nowMs: 0,
    recipients,
    original: utf8("Subject: hi\r\n\r\nho\r\n"),
    returnWhole: true,
    smtpUtf8: true,
    tlsOptional: false,
  }).content;
}

Deno.test("our own reports are read: who failed, by both names, and not who is late or was served", () => {
  const report = ours([
    recipient("bea@other.test", { orcpt: "rfc822;Bea.old@other.test" }),
    recipient("late@other.test", { action: "delayed", status: "4.4.1", retryUntilMs: 5 }),
    recipient("ann@other.test", { action: "delivered", status: "2.0.0" }),
    recipient("grün@other.test", { status: "5.2.1" }),
  ]);
  assertEquals(failuresIn(readMessage([report])), [
    { addresses: ["bea@other.test", "Bea.old@other.test"], status: "5.1.1" },
    { addresses: ["grün@other.test"], status: "5.2.1" },
  ]);
});

const REPORT = [
  'Content-Type: multipart/report; report-type="delivery-status"; boundary="a b"',
  "",
  "preamble",
  "--a b",
  "",
  "Sorry",
  "--a b",
  "Content-Type: message/delivery-status",
  "",
  "Reporting-MTA: dns; mx.test",
  "",
  "Final-Recipient: RFC822;",
  " <bea@other.test>",
  "Action: Failed (for good)",
  "Status: 5.1.1 (unknown)",
  "",
  "--a b--",
  "",
].join("\r\n");

Deno.test("a report of another server is read as it is written: folds, comments, brackets, preamble", () => {
  assertEquals(failures(REPORT), [{ addresses: ["bea@other.test"], status: "5.1.1" }]);
  assertEquals(failures(REPORT.replace(/\r\nPreamble/i, "")), failures(REPORT));
});

Deno.test("what is no report, or a report that says nothing, counts for nobody", () => {
  assertEquals(failures("Subject: away\r\n\r\nI am on leave\r\n"), null);
  assertEquals(failures(REPORT.replace("delivery-status", "disposition-notification")), null);
  assertEquals(failures(REPORT.replace('boundary="a b"', "")), null);
  assertEquals(failures(REPORT.replaceAll("a b", "x".repeat(71))), null);
  assertEquals(failures(REPORT.replace("message/delivery-status", "text/plain")), null);
  assertEquals(failures(REPORT.replace("Action: Failed", "Action: relayed")), []);
  assertEquals(failures(REPORT.replace("<bea@other.test>", "nobody")), [{ addresses: [], status: "5.1.1" }]);
});

Deno.test("of a report without end only the beginning is read", () => {
  const group = "Final-Recipient: rfc822; u@other.test\r\nAction: failed\r\n\r\n";
  const many = REPORT.replace("Final-Recipient", `${group.repeat(300)}Final-Recipient`);
  assertEquals(failures(many)?.length, 200);
  const deep = REPORT.replace("preamble", "--a b\r\n\r\nx\r\n".repeat(9));
  assertEquals(failures(deep), null, "the status stands behind more parts than are looked at");
  const startMs = performance.now();
  for (const scrap of ["--a b\r\n", "\r\n", ":", "Action: failed\r\n", "\r\n--a b"]) {
    failures(REPORT.replace("Sorry", scrap.repeat(200_000)));
    failures(REPORT.replace("Status:", scrap.repeat(200_000)));
  }
  assert(performance.now() - startMs < 5_000);
});

/** Every address that is found stands in the report, and is an address. */
function sound(text: string, read = failures): void {
  const found = read(text) ?? [];
  assert(found.length <= 200);
  for (const { addresses } of found) {
    for (const address of addresses) {
      assert(address.includes("@") && address.length <= 254 && !/[\r\n]/.test(address), JSON.stringify(address));
    }
  }
}

/** The report with pieces of itself put in and taken out. */
const SPOILED = fc.array(fc.tuple(fc.nat(REPORT.length), fc.nat(REPORT.length), fc.nat(40)), { maxLength: 6 })
  .map((edits) => {
    let text = REPORT;
    for (const [to, from, length] of edits) {
      text = text.slice(0, to) + REPORT.slice(from, from + length) + text.slice(to + 3);
    }
    return text;
  });

Deno.test("a spoiled report names addresses or nobody", () => {
  fc.assert(fc.property(SPOILED, (text) => sound(text)), { seed: 5, numRuns: 3_000 });
});

Deno.test("canary: a reader that takes all that stands behind the semicolon is caught", () => {
  const careless = (text: string) => [{ addresses: text.split("Final-Recipient:").slice(1), status: "" }];
  assertThrows(() => fc.assert(fc.property(SPOILED, (text) => sound(text, careless)), { seed: 5, numRuns: 3_000 }));
});
