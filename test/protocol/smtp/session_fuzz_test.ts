import { assertEquals, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { bytes, content, cut, drive, type Outcome, smtp } from "./support/session.ts";

/** Small limits, so that the fuzzer meets all of them. */
const LIMITS = {
  lineBytesMax: 60,
  lineSkipBytesMax: 100,
  messageBytesMax: 60,
  messageSkipBytesMax: 100,
  contentLineBytesMax: 30,
  recipientsMax: 2,
  errorsFreeMax: 2,
  errorsMax: 6,
  junkCommandsMax: 4,
  commandsMax: 30,
};

const token = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom("EHLO c\r\n", "MAIL FROM:<a@b>\r\n", "RCPT TO:<r@mx.test>\r\n", "DATA\r\n", ".\r\n"),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "HELO c\r\n",
      "MAIL FROM:<> SMTPUTF8 SIZE=3\r\n",
      'RCPT TO:<"q\\"x"@mx.test>\r\n',
      "RSET\r\n",
      "NOOP\r\n",
      "VRFY x\r\n",
      "HELP\r\n",
      "STARTTLS x\r\n",
      "QUIT\r\n",
      "GET / HTTP/1.1\r\n",
      "MAIL FROM:<> BODY=BINARYMIME RET=FULL\r\n",
      "RCPT TO:<r@mx.test> NOTIFY=NEVER\r\n",
      "BDAT 6\r\na: b\r\n",
      "BDAT 3 LAST\r\nx\r\n",
      "BDAT 0 LAST\r\n",
      "BDAT 61\r\n",
      "BDAT 161\r\n",
      "BDAT -1\r\n",
      "XCLIENT ADDR=192.0.2.1 HELO=x\r\n",
      "Received: x\r\n",
      "..text\r\n",
      "\r\n.\r\n",
      "\n.\r\n",
      "\r\n",
    ),
  },
  { weight: 1, arbitrary: fc.array(fc.nat(255), { maxLength: 40 }).map((codes) => String.fromCharCode(...codes)) },
);
const stream = fc.array(token, { maxLength: 30 }).map((tokens) => tokens.join(""));

/** The same sessions in both dialects. */
const DIALECTS = [smtp(LIMITS), smtp(LIMITS, { dialect: "lmtp", xclient: true })] as const;

function comparable({ text, events, mails }: Outcome) {
  return { text, events, mails: mails.map((mail) => ({ ...mail, body: content(mail) })) };
}

Deno.test("a session does the same whatever the bytes and however they are cut, and holds little", () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat(400), { maxLength: 8 }), fc.nat(1), (text, positions, dialect) => {
      const session = DIALECTS[dialect]!;
      const whole = dialect === 0 ? bytes(text) : bytes(text.replaceAll("EHLO", "LHLO"));
      const expected = comparable(drive(session(), [whole]));
      const pieces = drive(session(), cut(whole, positions));
      assertEquals(comparable(pieces), expected);
      const byByte = drive(session(), Array.from(whole, (byte) => Uint8Array.of(byte)));
      assertEquals(comparable(byByte), expected);
      assertLessOrEqual(byByte.bufferedMax, 1_024 + LIMITS.lineBytesMax);
    }),
    { seed: 1870, numRuns: 4_000 },
  );
});

Deno.test("random bytes never make a session throw", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 10 }), (chunks) => {
      drive(smtp(LIMITS)(), chunks);
    }),
    { seed: 821, numRuns: 3_000 },
  );
});
