import { assert, assertEquals, assertLessOrEqual, assertThrows } from "@std/assert";
import fc from "fast-check";
import { utf8 } from "../../../src/base/bytes.ts";
import type { AuthAnswer, AuthQuestion } from "../../../src/protocol/smtp/mod.ts";
import { encodeBase64 } from "../../../src/protocol/sasl/mod.ts";
import { bytes, cut, drive, type Outcome, smtp } from "./support/session.ts";

/** Small limits, so that the fuzzer meets all of them. */
const LIMITS = { lineBytesMax: 80, authLineBytesMax: 200, lineSkipBytesMax: 300, errorsMax: 12, commandsMax: 40 };

const b64 = (text: string) => encodeBase64(utf8(text));
const RIGHT = "open sesame";

const line = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom(
      ...[
        "EHLO c",
        "HELO c",
        "MAIL FROM:<a@x.test>",
        "MAIL FROM:<> AUTH=<>",
        "RCPT TO:<b@x.test>",
        "DATA",
        ".",
        "RSET",
      ],
      ...["STARTTLS", "*", "", "=", "QUIT"],
    ),
  },
  {
    weight: 5,
    arbitrary: fc.constantFrom(
      ...[
        "AUTH PLAIN",
        "AUTH LOGIN",
        "AUTH SCRAM-SHA-256",
        "AUTH SCRAM-SHA-256-PLUS",
        "AUTH XOAUTH2",
        "AUTH X",
        "AUTH",
      ],
      `AUTH PLAIN ${b64("\0a@x.test\0guess")}`,
      b64("a@x.test"),
      b64("guess"),
      `AUTH SCRAM-SHA-1 ${b64("n,,n=a@x.test,r=abc")}`,
      b64("n,,n=a@x.test,r=abc"),
      b64(`c=biws,r=abcxyz,p=${encodeBase64(new Uint8Array(20))}`),
      b64("user=a@x.test\u0001auth=Bearer abc\u0001\u0001"),
    ),
  },
  { weight: 1, arbitrary: fc.nat(260).map((length) => `AUTH PLAIN ${"A".repeat(length)}`) },
  { weight: 1, arbitrary: fc.array(fc.nat(255), { maxLength: 40 }).map((codes) => String.fromCharCode(...codes)) },
);
const stream = fc.array(line, { maxLength: 25 }).map((lines) => bytes(`EHLO c\r\n${lines.join("\r\n")}\r\n`));
const places = fc.array(fc.nat(600), { maxLength: 8 });

/** A directory that knows one password, which the fuzzer does not. */
function strict(question: AuthQuestion): AuthAnswer {
  if (question.type === "scramStart") {
    return { type: "scramStart", salt: new Uint8Array(4), iterations: 4_096, nonce: "xyz" };
  }
  const right = question.type === "password" && question.secret === RIGHT;
  return right ? { type: "accepted", user: question.user, signature: null } : { type: "refused" };
}

/** One that takes everything. */
function gullible(question: AuthQuestion): AuthAnswer {
  if (question.type === "scramStart") return strict(question);
  return { type: "accepted", user: question.user ?? "a@x.test", signature: new Uint8Array(20) };
}

function session() {
  const submission = { plaintextLogin: true, bearer: true };
  return smtp(LIMITS, { tls: "available", submission })();
}

function comparable({ text, events, mails }: Outcome) {
  return { text, events, mails: mails.length };
}

/** Whatever the bytes and however they are cut: the same output, little memory, and nobody gets in. */
function fuzz(directory: (question: AuthQuestion) => AuthAnswer): void {
  fc.assert(
    fc.property(stream, places, (whole, positions) => {
      const once = drive(session(), [whole], directory);
      // What follows STARTTLS in one write is thrown away, cut into several it is not.
      if (!once.events.includes("startTls")) {
        const byByte = drive(session(), Array.from(whole, (byte) => Uint8Array.of(byte)), directory);
        assertEquals(comparable(drive(session(), cut(whole, positions), directory)), comparable(once));
        assertEquals(comparable(byByte), comparable(once));
        assertLessOrEqual(byByte.bufferedMax, 1_024 + LIMITS.authLineBytesMax);
      }
      for (const reply of ["235 ", "250 2.1.0", "354 "]) assert(!once.text.includes(`\n${reply}`), "let in");
      assertEquals(once.events.filter((event) => event === "checkRecipient" || event === "deliver"), []);
    }),
    { seed: 4954, numRuns: 3_000 },
  );
}

Deno.test("no bytes, however cut, log in or move mail without the right password", () => fuzz(strict));

Deno.test("canary: the fuzzer finds a directory that takes every login", () => {
  assertThrows(() => fuzz(gullible), Error, "Property failed");
});

Deno.test("with the right password the same session is let in", () => {
  const text = `EHLO c\r\nAUTH PLAIN ${b64(`\0a@x.test\0${RIGHT}`)}\r\nMAIL FROM:<a@x.test>\r\n`;
  assert(drive(session(), [bytes(text)], strict).text.endsWith("235 2.7.0 Logged in\r\n250 2.1.0 Sender OK\r\n"));
});
