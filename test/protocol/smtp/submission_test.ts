import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { latin1 } from "../../../src/base/latin1.ts";
import { receivedField, submitted } from "../../../src/protocol/smtp/mod.ts";
import { bytes, cut } from "./support/session.ts";

const FIELDS = { wallMs: Date.UTC(2026, 0, 2, 3, 4, 5), messageId: "<m1@mx.test>" };
const ID = "Message-ID: <m1@mx.test>\r\n";
const DATE = "Date: Fri, 2 Jan 2026 03:04:05 +0000\r\n";

function fixed(text: string, positions: readonly number[] = []): string {
  return submitted(cut(bytes(text), positions), FIELDS).map(latin1).join("");
}

Deno.test("a submission without Date and Message-ID gets them, one that has them stays as it is", () => {
  assertEquals(fixed("Subject: x\r\n\r\nhi\r\n"), `${ID}${DATE}Subject: x\r\n\r\nhi\r\n`);
  assertEquals(fixed("date: x\r\nSubject: x\r\n\r\n"), `${ID}date: x\r\nSubject: x\r\n\r\n`);
  assertEquals(fixed("MESSAGE-ID: <a>\r\n\r\n"), `${DATE}MESSAGE-ID: <a>\r\n\r\n`);
  const whole = "Date : x\r\nMessage-Id:\r\n <a>\r\n\r\nhi\r\n";
  assertEquals(fixed(whole), whole);
});

Deno.test("Bcc and Resent-Bcc are taken out with their folded lines, whatever their case, and nothing else is", () => {
  assertEquals(
    fixed(
      "Date: x\r\nBcc: a@x,\r\n\tb@x,\r\n c@x\r\nMessage-ID: <a>\r\nresent-BCC:d@x\r\nBCC :\r\nX-Bcc: e\r\n\r\nBcc: f\r\n",
    ),
    "Date: x\r\nMessage-ID: <a>\r\nX-Bcc: e\r\n\r\nBcc: f\r\n",
  );
  assertEquals(fixed("Bcc: a\r\nBcc: b\r\n\r\n"), `${ID}${DATE}\r\n`);
  assertEquals(fixed("Subject: x\r\n Bcc: no field\r\n\r\n"), `${ID}${DATE}Subject: x\r\n Bcc: no field\r\n\r\n`);
});

Deno.test("a message that is all body, all header or nothing is fixed, too", () => {
  assertEquals(fixed(""), ID + DATE);
  assertEquals(fixed("\r\nBcc: x\r\nDate: y\r\n"), `${ID}${DATE}\r\nBcc: x\r\nDate: y\r\n`);
  assertEquals(fixed("Bcc: x\r\n"), ID + DATE);
  assertEquals(fixed("Subject: x\r\n"), `${ID}${DATE}Subject: x\r\n`);
});

Deno.test("bytes above 127 and NUL stay as they are", () => {
  assertEquals(
    fixed("Subject: \xff\0\x80\r\nBcc: \xe9\r\n\r\n\xff\xfe\0\r\n"),
    `${ID}${DATE}Subject: \xff\0\x80\r\n\r\n\xff\xfe\0\r\n`,
  );
});

/** What it should be, by text. */
function model(text: string): string {
  const end = text.startsWith("\r\n") ? 0 : text.indexOf("\r\n\r\n") < 0 ? text.length : text.indexOf("\r\n\r\n") + 2;
  const fields = text.slice(0, end).split(/(?<=\n)(?![ \t])/);
  const named = (name: string) => (field: string) => new RegExp(`^${name}[ \\t]*:`, "i").test(field);
  const added = (fields.some(named("message-id")) ? "" : ID) + (fields.some(named("date")) ? "" : DATE);
  return added + fields.filter((field) => !named("(resent-)?bcc")(field)).join("") + text.slice(end);
}

Deno.test("however a message is cut into pieces, the result is that of its text", () => {
  const line = fc.constantFrom(
    "Date: x",
    "Bcc: y",
    "bcc\t: z",
    "Resent-Bcc:",
    " folded",
    "\tfolded",
    "Message-ID: <a>",
    "",
    "X: y",
    "Bcc",
    "\xff",
  );
  const text = fc.array(line, { maxLength: 12 }).map((lines) => lines.map((each) => `${each}\r\n`).join(""));
  fc.assert(
    fc.property(text, fc.array(fc.nat(120), { maxLength: 6 }), (whole, positions) => {
      assertEquals(fixed(whole, positions), model(whole));
      assertEquals(fixed(whole, Array.from(whole, (_, i) => i)), model(whole));
    }),
    { seed: 6409, numRuns: 3_000 },
  );
});

Deno.test("the body is passed on in the pieces that came, not copied", () => {
  const head = bytes("Subject: x\r\n\r\n");
  const pieces = Array.from({ length: 50 }, () => new Uint8Array(65_536).fill(0x61));
  const result = submitted([head, ...pieces], FIELDS);
  for (const piece of pieces) assert(result.includes(piece));
});

Deno.test("a header of 256 KiB in 10,000 fields is fixed in a moment", () => {
  const header = bytes("Bcc: a@b.test, xxxxxxxxxx\r\n".repeat(9_700) + "\r\n");
  const startMs = performance.now();
  const result = submitted(Array.from({ length: header.length }, (_, i) => header.subarray(i, i + 1)), FIELDS);
  assertEquals(result.map(latin1).join(""), `${ID}${DATE}\r\n`);
  assert(performance.now() - startMs < 2_000);
});

Deno.test("the trace of a submission can leave its client out", () => {
  const info = { hostname: "mx.test", protocol: "ESMTPSA", id: "m1", recipients: [], wallMs: FIELDS.wallMs };
  assertEquals(
    receivedField({ ...info, helo: null, clientIp: null, tlsVersion: "TLSv1.3" }),
    "Received: by mx.test with ESMTPSA (TLSv1.3) id m1;\r\n\tFri, 2 Jan 2026 03:04:05 +0000\r\n",
  );
});
