import { assert, assertEquals } from "@std/assert";
import { bytes, cut, drive, smtp } from "./support/session.ts";

const OPENING = "EHLO c.test\r\nMAIL FROM:<a@c.test>\r\nRCPT TO:<bob@mx.test>\r\nDATA\r\n";
const SMUGGLED = "MAIL FROM:<evil@c.test>\r\nRCPT TO:<bob@mx.test>\r\nDATA\r\nsmuggled\r\n.\r\nQUIT\r\n";

/** Every way known to write an end of data that is none (ATTACKS S1, and their mixtures). */
const FALSE_ENDS = [
  "\n.\n",
  "\n.\r\n",
  "\r\n.\n",
  "\r.\r",
  "\r.\n",
  "\n.\r",
  "\r.\r\n",
  "\r\n.\r",
  "\r\n\0.\r\n",
  "\r\n.\0\r\n",
  "\r\n.\r\0\n",
  "\r\n.\r\r\n",
  "\r\r\n.\r\n\n",
  "\r\n .\r\n",
  "\r\n. \r\n",
  "\r\n..\r\n",
  "\r\n.\n\r\n",
  "\n\r\n.\r\r\n",
  "\r\n\x2e\x0b\r\n",
  "\x85.\x85",
];

Deno.test("no false end of data lets a second message in, however the bytes are cut", () => {
  for (const end of FALSE_ENDS) {
    const stream = bytes(`${OPENING}first${end}${SMUGGLED}`);
    const whole = drive(smtp()(), [stream]);
    assert(whole.mails.length <= 1, `${JSON.stringify(end)} made ${whole.mails.length} messages`);
    for (const mail of whole.mails) assertEquals(mail.sender?.local, "a");
    const bare = /(^|[^\r])\n|\r(?!\n)/.test(`${end}M`);
    assertEquals(whole.mails.length, bare ? 0 : 1, JSON.stringify(end));
    if (bare) assert(whole.text.includes("554 5.6.0"), JSON.stringify(end));
    for (let at = 1; at < stream.length; at++) {
      const split = drive(smtp()(), cut(stream, [at]));
      assertEquals(split.text, whole.text, `${JSON.stringify(end)} cut at ${at}`);
      assertEquals(split.mails.length, whole.mails.length);
    }
    const byByte = drive(smtp()(), Array.from(stream, (byte) => Uint8Array.of(byte)));
    assertEquals(byByte.text, whole.text, `${JSON.stringify(end)} by byte`);
  }
});

Deno.test("after a bare CR or LF in the content nothing more is read: 554 and the end of the session", () => {
  const { text, events, mails } = drive(smtp()(), [bytes(`${OPENING}first\nline\r\n.\r\nNOOP\r\nNOOP\r\n`)]);
  assertEquals(mails, []);
  assert(text.endsWith("554 5.6.0 Message has a CR or LF that is not part of CRLF\r\n"), text);
  assertEquals(events.at(-1), "close");
});

Deno.test("two messages with true ends are two, however the bytes are cut", () => {
  const stream = bytes(`${OPENING}first\r\n.\r\n${SMUGGLED}`);
  for (let at = 1; at < stream.length; at++) {
    const { mails, text } = drive(smtp()(), cut(stream, [at]));
    assertEquals(mails.map((mail) => mail.sender?.local), ["a", "evil"]);
    assert(text.endsWith("221 2.0.0 Bye\r\n"));
  }
});
