import { assert, assertEquals } from "@std/assert";
import { EXTENSIONS } from "../../../src/protocol/smtp/extensions.ts";
import { COMMANDS } from "../../../src/protocol/smtp/command_table.ts";
import { QUIRKS } from "../../../src/protocol/smtp/quirks.ts";
import { transcript } from "../../support/transcript.ts";
import { bytes, drive, smtp } from "./support/session.ts";

/** The reply to one MAIL after EHLO. */
function mailReply(argument: string): string {
  const { text } = drive(smtp({ messageBytesMax: 1_000 })(), [
    new TextEncoder().encode(`EHLO c\r\nMAIL ${argument}\r\n`),
  ]);
  return text.split("\r\n").at(-2)!;
}

/** The reply to one RCPT that is not accepted, or the recipient that is asked about. */
function rcptReply(argument: string): string {
  const session = smtp()();
  session.open();
  const lines = `EHLO c\r\nMAIL FROM:<>\r\nRCPT ${argument}\r\n`;
  const actions = session.receive(new TextEncoder().encode(lines));
  const last = actions.at(-1)!;
  if (last.type !== "send") return `? ${session.describe!(last)}`;
  return last.text.split("\r\n").at(-2)!;
}

const TOO_BIG = "552 5.3.4 Message too big";
const SENDER_OK = "250 2.1.0 Sender OK";
const BAD_SENDER = "501 5.1.7 Bad sender address syntax";
const BAD_RECIPIENT = "501 5.1.3 Bad recipient address syntax";
const MAIL_SYNTAX = "501 5.5.4 Syntax: MAIL FROM:<address> [parameters]";
const RCPT_SYNTAX = "501 5.5.4 Syntax: RCPT TO:<address> [parameters]";
const BAD_VALUE = "501 5.5.4 Bad parameter value";
const BAD_PARAMETER = "501 5.5.4 Bad parameter syntax";

Deno.test("MAIL takes the parameters that EHLO announces, and no others (S15)", () => {
  const cases: Record<string, string> = {
    "FROM:<a@b> SIZE=1000": SENDER_OK,
    "FROM:<a@b> SIZE=1001": TOO_BIG,
    "FROM:<a@b> SIZE=99999999999999999999": TOO_BIG,
    "FROM:<a@b> SIZE=18446744073709551616000000": TOO_BIG,
    "FROM:<a@b> SIZE=-1": BAD_VALUE,
    "FROM:<a@b> SIZE=1e3": BAD_VALUE,
    "FROM:<a@b> SIZE=": BAD_PARAMETER,
    "FROM:<a@b> SIZE": BAD_VALUE,
    "FROM:<a@b> BODY=7bit": SENDER_OK,
    "FROM:<a@b> body=8BITMIME": SENDER_OK,
    "FROM:<a@b> BODY=BinaryMIME": SENDER_OK,
    "FROM:<a@b> BODY=BINARY": BAD_VALUE,
    "FROM:<a@b> SMTPUTF8": SENDER_OK,
    "FROM:<a@b> SMTPUTF8=yes": BAD_VALUE,
    "FROM:<a@b> SIZE=1 SIZE=1": "501 5.5.4 Parameter given twice",
    "FROM:<a@b> SIZE=1 size=2": "501 5.5.4 Parameter given twice",
    "FROM:<a@b> FOO=bar": "555 5.5.4 Parameter not recognized",
    "FROM:<a@b> __proto__=x": BAD_PARAMETER,
    "FROM:<a@b> constructor": "555 5.5.4 Parameter not recognized",
    "FROM:<a@b>  SIZE=1": BAD_PARAMETER,
    "FROM:<a@b> \u017fIZE=1": BAD_PARAMETER,
    "FROM:<a@b> BODY=8B\u0131TMIME": BAD_VALUE,
    "FROM:<a@b>SIZE=1": MAIL_SYNTAX,
  };
  for (const [argument, reply] of Object.entries(cases)) assertEquals(mailReply(argument), reply, argument);
});

Deno.test("parameters at the limit are read, one more is refused", () => {
  const words = (count: number) => Array.from({ length: count }, (_, i) => `X${i}`).join(" ");
  assertEquals(mailReply(`FROM:<a@b> ${words(20)}`), "555 5.5.4 Parameter not recognized");
  assertEquals(mailReply(`FROM:<a@b> ${words(21)}`), BAD_PARAMETER);
});

Deno.test("after HELO there are no parameters", () => {
  const { text } = drive(smtp()(), [bytes("HELO c\r\nMAIL FROM:<a@b> SIZE=1\r\n")]);
  assert(text.endsWith("555 5.5.4 Parameter not recognized\r\n"));
});

Deno.test("a sender is a mailbox or nobody, and never a command for a shell (S12)", () => {
  const cases: Record<string, string> = {
    "FROM:<>": SENDER_OK,
    "from:<a@b>": SENDER_OK,
    "FROM:<a@[192.0.2.1]>": SENDER_OK,
    "FROM:<@relay.test,@other.test:a@b>": SENDER_OK,
    "FROM:<;sh;@x>": BAD_SENDER,
    'FROM:<"|/bin/sh"@x>': SENDER_OK, // Text like any other.
    "FROM:<../../etc/passwd@x>": BAD_SENDER,
    "FROM:<a@b\\>": BAD_SENDER,
    'FROM:<"a\\">': MAIL_SYNTAX,
    "FROM:<a>": BAD_SENDER,
    "FROM:<a@b": MAIL_SYNTAX,
    "FROM:a@b": MAIL_SYNTAX,
    "FROM:": MAIL_SYNTAX,
    "FROM<a@b>": MAIL_SYNTAX,
    "TO:<a@b>": MAIL_SYNTAX,
    " FROM:<a@b>": MAIL_SYNTAX,
    "FROM:  <a@b>": MAIL_SYNTAX,
    "FROM:<@relay.test a@b>": MAIL_SYNTAX,
    "FROM:<@-bad-:a@b>": MAIL_SYNTAX,
    "FROM:<postmaster>": BAD_SENDER,
  };
  for (const [argument, reply] of Object.entries(cases)) assertEquals(mailReply(argument), reply, argument);
});

Deno.test("every relay form comes through as a plain address for the router to judge (S13)", () => {
  const cases: Record<string, string> = {
    "TO:<a%b@us.test>": "? checkRecipient a%b@us.test 0",
    "TO:<@us.test:a@b.test>": "? checkRecipient a@b.test 0",
    "TO:<b!a@us.test>": "? checkRecipient b!a@us.test 0",
    'TO:<"a@b"@us.test>': '? checkRecipient "a@b"@us.test 0',
    'TO:<"a%b"@us.test>': "? checkRecipient a%b@us.test 0",
    "TO:<a@b@us.test>": BAD_RECIPIENT,
    'TO:<"a@b">': BAD_RECIPIENT,
    "TO:<a@[127.0.0.1]>": "? checkRecipient a@[127.0.0.1] 0",
    "TO:<a@us.test.>": BAD_RECIPIENT,
    "TO:<A@US.TEST>": "? checkRecipient A@us.test 0",
    "TO:<@us.test,@b.test:a@c.test>": "? checkRecipient a@c.test 0",
  };
  for (const [argument, reply] of Object.entries(cases)) assertEquals(rcptReply(argument), reply, argument);
});

Deno.test("a recipient without a name, a domain or within the lengths is refused (S14)", () => {
  const local64 = "l".repeat(64);
  const domain = (length: number) => `${"d".repeat(60)}.`.repeat(10).slice(0, length - 1) + "e";
  const cases: Record<string, string> = {
    "TO:<>": BAD_RECIPIENT,
    "TO:<@>": RCPT_SYNTAX,
    'TO:<""@us.test>': BAD_RECIPIENT,
    "TO:<us.test>": BAD_RECIPIENT,
    "TO:<@us.test>": RCPT_SYNTAX,
    "TO:": RCPT_SYNTAX,
    "TO": RCPT_SYNTAX,
    [`TO:<${local64}@us.test>`]: `? checkRecipient ${local64}@us.test 0`,
    [`TO:<${local64}l@us.test>`]: BAD_RECIPIENT,
    [`TO:<${"l".repeat(1_500)}@us.test>`]: RCPT_SYNTAX,
    [`TO:<${local64}@${domain(189)}>`]: `? checkRecipient ${local64}@${domain(189)} 0`,
    [`TO:<${local64}@${domain(190)}>`]: BAD_RECIPIENT,
    [`TO:<${"@a.test,".repeat(62)}@bbbb:a@b.test>`]: "? checkRecipient a@b.test 0", // 512 characters.
    [`TO:<${"@a.test,".repeat(62)}@bbbbb:a@b.test>`]: RCPT_SYNTAX,
    "TO:<a@us.test> NOTICE=NEVER": "555 5.5.4 Parameter not recognized",
  };
  for (const [argument, reply] of Object.entries(cases)) assertEquals(rcptReply(argument), reply, argument);
});

Deno.test("postmaster needs no domain, in any case of letters", () => {
  assertEquals(rcptReply("TO:<postmaster>"), "? checkRecipient postmaster@mx.test 0");
  assertEquals(rcptReply("TO:<PostMaster>"), "? checkRecipient PostMaster@mx.test 0");
});

Deno.test("a client names itself by domain or literal", () => {
  const reply = (name: string) => drive(smtp()(), [bytes(`HELO ${name}\r\n`)]).text.split("\r\n").at(-2)!;
  for (const name of ["c.test", "localhost", "[192.0.2.1]", "[IPv6:2001:db8::1]"]) {
    assertEquals(reply(name), "250 mx.test", name);
  }
  const bad = ["a b", "<script>", 'x"', "a;b", "a(b)", "x".repeat(256)];
  assertEquals(reply("x".repeat(255)), "250 mx.test"); // RFC 5321 §4.5.3.1.2
  for (const name of bad) assertEquals(reply(name), "501 5.5.4 A domain or address literal is needed", name);
});

Deno.test("quirk spaceAfterColon: a space before the path is forgiven, unless the quirk is off", () => {
  assert("spaceAfterColon" in QUIRKS);
  assertEquals(mailReply("FROM: <a@b>"), SENDER_OK);
  assertEquals(rcptReply("TO: <a@us.test>"), "? checkRecipient a@us.test 0");
  const { text } = drive(smtp({}, { quirks: new Set() })(), [bytes("HELO c\r\nMAIL FROM: <a@b>\r\n")]);
  assert(text.endsWith(`${MAIL_SYNTAX}\r\n`));
});

Deno.test("quirk looseHeloName: underscores and bare addresses are forgiven, unless the quirk is off", () => {
  assert("looseHeloName" in QUIRKS);
  const dialogue = (reply: string) => `
    S: 220 mx.test ESMTP
    C: HELO MY_PC
    S: ${reply}
    C: HELO 192.0.2.1
    S: ${reply}`;
  transcript(smtp(), dialogue("250 mx.test"));
  transcript(smtp({}, { quirks: new Set() }), dialogue("501 5.5.4 A domain or address literal is needed"));
});

Deno.test("letters that only become a verb in capitals make no verb", () => {
  for (const verb of ["R\u017fET", "NOOP\u0131", "\u017fTARTTLS", "HELP\u0301"]) {
    const { text } = drive(smtp()(), [new TextEncoder().encode(`${verb}\r\n`)]);
    assertEquals(text, "220 mx.test ESMTP\r\n500 5.5.1 Unknown command\r\n");
  }
});

Deno.test("a connection that began with TLS offers no STARTTLS and is named in the trace", () => {
  const { text, mails } = drive(smtp({}, { tls: "active" })(), [
    bytes("EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<r@mx.test>\r\nDATA\r\n.\r\nHELP\r\n"),
  ]);
  assertEquals(mails[0]!.protocol, "ESMTPS");
  assert(!text.includes("STARTTLS"));
});

Deno.test("an extension that adds a verb has it in the command table", () => {
  for (const { verb } of EXTENSIONS) if (verb !== undefined) assert(COMMANDS.has(verb), verb);
});
