import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { SMTP_LIMITS } from "../../../src/protocol/smtp/limits.ts";
import { transcript } from "../../support/transcript.ts";
import { bytes, drive, smtp } from "./support/session.ts";

const START = "EHLO c.test\r\nMAIL FROM:<a@c.test>\r\n";
const count = (text: string, part: string) => text.split(part).length - 1;

Deno.test("recipients up to the limit are taken, those beyond get 452, and the mail goes to the first (S10)", () => {
  const session = smtp({ recipientsMax: 3 })();
  const rcpts = Array.from({ length: 5 }, (_, i) => `RCPT TO:<r${i}@mx.test>\r\n`).join("");
  const { text, mails } = drive(session, [bytes(`${START}${rcpts}DATA\r\n.\r\n`)]);
  assertEquals(count(text, "250 2.1.5 Recipient OK"), 3);
  assertEquals(count(text, "452 4.5.3 Too many recipients"), 2);
  assertEquals(mails[0]!.recipients.map(({ address }) => address.local), ["r0", "r1", "r2"]);
});

Deno.test("1,100 recipients: 1,000 are taken and 100 told to come again", () => {
  const rcpts = Array.from({ length: 1_100 }, (_, i) => `RCPT TO:<r${i}@mx.test>\r\n`);
  const { text, mails } = drive(smtp()(), [START, ...rcpts, "DATA\r\n.\r\n"].map(bytes));
  assertEquals(count(text, "452 4.5.3 Too many recipients"), 100);
  assertEquals(mails[0]!.recipients.length, 1_000);
});

Deno.test("as many recipients beyond the limit are told 452, one more ends the session", () => {
  const rcpts = (surplus: number) => "RCPT TO:<r@mx.test>\r\n".repeat(2 + surplus);
  const held = drive(smtp({ recipientsMax: 2 })(), [bytes(`${START}${rcpts(2)}`)]);
  assertEquals(held.events.includes("close"), false);
  const ended = drive(smtp({ recipientsMax: 2 })(), [bytes(`${START}${rcpts(3)}`)]);
  assert(ended.text.endsWith("421 4.7.0 Too many errors\r\n"));
});

Deno.test("errors beyond the free ones are followed by growing pauses, the last one by 421 (S10)", () => {
  transcript(
    smtp({ errorsFreeMax: 1, errorsMax: 5, pauseStepMs: 100, pauseMsMax: 200 }),
    `
    S: 220 mx.test ESMTP
    C: BAD
    S: 500 5.5.1 Unknown command
    C: BAD
    S: 500 5.5.1 Unknown command
    ? pause 100
    ! resumed
    C: BAD
    S: 500 5.5.1 Unknown command
    ? pause 200
    ! resumed
    C: BAD
    S: 500 5.5.1 Unknown command
    ? pause 200
    ! resumed
    C: BAD
    S: 500 5.5.1 Unknown command
    S: 421 4.7.0 Too many errors
    ? close`,
  );
});

Deno.test("30 bad commands end by 421 after 20", () => {
  const { text, events } = drive(smtp()(), [bytes("BAD\r\n".repeat(30))]);
  assertEquals(count(text, "500 5.5.1"), 20);
  assertEquals(events.filter((event) => event === "pause").length, 9);
  assert(text.endsWith("421 4.7.0 Too many errors\r\n"));
});

Deno.test("refused recipients count as errors: guessing names ends the session (S23)", () => {
  const session = smtp()();
  session.open();
  session.receive(bytes(START));
  let text = "";
  for (let i = 0; i < 30 && session.smtp.phase !== "closed"; i++) {
    session.receive(bytes(`RCPT TO:<guess${i}@mx.test>\r\n`));
    for (const action of session.answer("recipientChecked", "unknownUser")) {
      if (action.type === "send") text += action.text;
      if (action.type === "pause") session.answer("resumed");
    }
  }
  assertEquals(count(text, "550 5.1.1"), 20);
  assert(text.endsWith("421 4.7.0 Too many errors\r\n"));
});

Deno.test("an accepted mail wipes out the errors before it", () => {
  const mail = "MAIL FROM:<>\r\nRCPT TO:<r@mx.test>\r\nDATA\r\n.\r\n";
  const round = `${"BAD\r\n".repeat(19)}${mail}`;
  const { text, mails } = drive(smtp()(), [bytes(`HELO c\r\n${round.repeat(3)}`)]);
  assertEquals(mails.length, 3);
  assertEquals(text.includes("421"), false);
});

Deno.test("commands that move no mail are free up to the limit, then errors, and a mail makes them free again", () => {
  const limits = { junkCommandsMax: 5, errorsFreeMax: 0, errorsMax: 2 };
  const free = drive(smtp(limits)(), [bytes("NOOP\r\nRSET\r\nHELP\r\nVRFY x\r\nHELO c\r\n")]);
  assertEquals(free.events, []);
  const beyond = drive(smtp(limits)(), [bytes("NOOP\r\n".repeat(6))]);
  assertEquals(beyond.events, ["pause"]);
  const ended = drive(smtp(limits)(), [bytes("RSET\r\n".repeat(10_000))]);
  assertEquals(count(ended.text, "250 2.0.0 OK"), 7);
  assert(ended.text.endsWith("421 4.7.0 Too many errors\r\n"));
  const mail = "MAIL FROM:<>\r\nRCPT TO:<r@mx.test>\r\nDATA\r\n.\r\n";
  const renewed = drive(smtp(limits)(), [bytes(`HELO c\r\n${"NOOP\r\n".repeat(4)}${mail}${"NOOP\r\n".repeat(5)}`)]);
  assertEquals(renewed.events, ["checkRecipient", "deliver"]);
});

Deno.test("a session has so many commands and no more", () => {
  const at = drive(smtp({ commandsMax: 3 })(), [bytes("NOOP\r\nNOOP\r\nNOOP\r\n")]);
  assertEquals(at.events, []);
  const beyond = drive(smtp({ commandsMax: 3 })(), [bytes("NOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\n")]);
  assert(beyond.text.endsWith("421 4.7.0 Too many commands, connect again\r\n"));
  assertEquals(beyond.events, ["close"]);
});

Deno.test("200 pipelined commands are all answered, in order", () => {
  const rounds = 60;
  const batch = "MAIL FROM:<a@c.test>\r\nRCPT TO:<r@mx.test>\r\nDATA\r\nx\r\n.\r\n".repeat(rounds);
  const { mails, text } = drive(smtp()(), [bytes(`EHLO c.test\r\n${batch}`)]);
  assertEquals(mails.length, rounds);
  assertEquals(count(text, "250 2.0.0 Accepted id"), rounds);
});

Deno.test("input during a question is kept up to the limit, one byte more ends the session", () => {
  for (const chunkSize of [1, 100, 4_096]) {
    const session = smtp({ inputBytesMax: 8_192 })();
    session.open();
    session.receive(bytes(`${START}RCPT TO:<r@mx.test>\r\n`));
    let held = 0;
    let last = "";
    while (session.smtp.phase === "waiting" && held < 20_000) {
      const [action] = session.receive(new Uint8Array(chunkSize));
      held += chunkSize;
      if (action?.type === "send") last = action.text;
      assertLessOrEqual(session.smtp.bufferedBytes, 8_192);
    }
    assertEquals(last, "421 4.7.0 Too much input\r\n");
    assertEquals(session.smtp.phase, "closed");
  }
});

Deno.test("a message over the size limit is swallowed to its end, refused, and the session goes on (S16)", () => {
  const session = smtp({ messageBytesMax: 10_000 })();
  const line = `${"x".repeat(78)}\r\n`;
  const chunks = [`${START}RCPT TO:<r@mx.test>\r\nDATA\r\n`, ...Array(200).fill(line), ".\r\nNOOP\r\n"].map(bytes);
  const { text, mails, bufferedMax } = drive(session, chunks);
  assertEquals(mails, []);
  assert(text.endsWith("552 5.3.4 Message too big\r\n250 2.0.0 OK\r\n"), text);
  assertLessOrEqual(bufferedMax, 20_000);
});

Deno.test("a message that is too big and never ends is cut off", () => {
  const session = smtp({ messageBytesMax: 10_000, messageSkipBytesMax: 10_000 })();
  const chunks = [`${START}RCPT TO:<r@mx.test>\r\nDATA\r\n`, ...Array(300).fill("x".repeat(100))].map(bytes);
  const { text, events } = drive(session, chunks);
  assert(text.endsWith("552 5.3.4 Message too big\r\n"));
  assertEquals(events.at(-1), "close");
});

Deno.test("a huge header costs linear time and is refused (S17)", () => {
  const head = `${START}RCPT TO:<r@mx.test>\r\nDATA\r\n`;
  const refused = (content: string) => drive(smtp()(), [bytes(`${head}${content}\r\n.\r\n`)]).text.split("\r\n").at(-2);
  const started = performance.now();
  assertEquals(refused(`X: ${"x".repeat(300_000)}\r\n`), "552 5.3.4 Message header too big");
  assertEquals(refused("X: y\r\n".repeat(10_001)), "552 5.3.4 Message header too big");
  assertEquals(refused(`X: y\r\n${" z\r\n".repeat(100_000)}`), "552 5.3.4 Message header too big");
  assert(performance.now() - started < 2_000);
});

Deno.test("the defaults are not below what RFC 5321 asks", () => {
  assert(SMTP_LIMITS.lineBytesMax >= 512 + 26 + 500); // §4.5.3.1.4, RFC 1870 §3, RFC 6531 §3.1
  assert(SMTP_LIMITS.recipientsMax >= 100); // §4.5.3.1.8
  assert(SMTP_LIMITS.messageBytesMax >= 65_536); // §4.5.3.1.7
  assert(SMTP_LIMITS.contentLineBytesMax >= 1_000); // §4.5.3.1.6
});
