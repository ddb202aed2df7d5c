import { assertEquals, assertGreater } from "@std/assert";
import fc from "fast-check";
import { Flag } from "../../../src/mail/mod.ts";
import { parseFurther, type ReadBefore, readBefore } from "../../../src/protocol/imap/grammar/grammar.ts";
import { parseCommand } from "../../../src/protocol/imap/mod.ts";
import { commandOf, parsed, problemOf } from "./support/parse.ts";

const literal = (bytes: number, more: object = {}) => ({ type: "literal", bytes, binary: false, utf8: false, ...more });
const message = (more: object = {}) => ({
  flags: 0,
  keywords: [],
  internalDateMs: null,
  catenate: false,
  parts: [literal(1)],
  ...more,
});

Deno.test("APPEND brings messages with flags and dates (RFC 9051 §6.3.12, RFC 3502)", () => {
  const append = (text: string) => commandOf(`APPEND ${text}`);
  assertEquals(append("INBOX {1+}\r\nx"), { verb: "APPEND", mailbox: "INBOX", messages: [message()] });
  assertEquals(append('INBOX (\\Seen $Junk) "17-Jul-1996 02:44:25 -0700" {1}\r\nx'), {
    verb: "APPEND",
    mailbox: "INBOX",
    messages: [message({
      flags: Flag.seen,
      keywords: ["$Junk"],
      internalDateMs: Date.UTC(1996, 6, 17, 9, 44, 25),
    })],
  });
  assertEquals(append('x {1+}\r\ny () {1+}\r\nz " 1-Jan-2026 00:00:00 +0130" ~{1+}\r\n\0'), {
    verb: "APPEND",
    mailbox: "x",
    messages: [
      message(),
      message(),
      message({ internalDateMs: Date.UTC(2025, 11, 31, 22, 30), parts: [literal(1, { binary: true })] }),
    ],
  });
  assertEquals(append("{1+}\r\nx {0+}\r\n"), {
    verb: "APPEND",
    mailbox: "x",
    messages: [message({ parts: [literal(0)] })],
  });
});

Deno.test("a message may be made of parts, and be in UTF-8 (RFC 4469, RFC 6855 §4)", () => {
  assertEquals(
    commandOf('APPEND Drafts (\\Draft) CATENATE (URL "/Drafts;UIDVALIDITY=3" TEXT {1+}\r\nx URL {2+}\r\n/y)'),
    {
      verb: "APPEND",
      mailbox: "Drafts",
      messages: [message({
        flags: Flag.draft,
        catenate: true,
        parts: [{ type: "url", url: "/Drafts;UIDVALIDITY=3" }, literal(1), { type: "url", url: "/y" }],
      })],
    },
  );
  assertEquals(commandOf("APPEND x UTF8 (~{1+}\r\ny) CATENATE (UTF8 (~{1+}\r\nz) TEXT {1+}\r\nx)"), {
    verb: "APPEND",
    mailbox: "x",
    messages: [
      message({ parts: [literal(1, { binary: true, utf8: true })] }),
      message({ catenate: true, parts: [literal(1, { binary: true, utf8: true }), literal(1)] }),
    ],
  });
});

Deno.test("REPLACE names the message that goes (RFC 8508)", () => {
  assertEquals(commandOf("REPLACE 4 Drafts (\\Seen \\Draft) {1+}\r\nx"), {
    verb: "REPLACE",
    uid: false,
    number: 4,
    mailbox: "Drafts",
    messages: [message({ flags: Flag.seen | Flag.draft })],
  });
  assertEquals(commandOf("UID REPLACE * {1+}\r\nx {1+}\r\nx"), {
    verb: "REPLACE",
    uid: true,
    number: 0,
    mailbox: "x",
    messages: [message()],
  });
  for (const text of ["REPLACE 0 x {1+}\r\nx", "REPLACE 1:2 x {1+}\r\nx", "REPLACE 1 x {1+}\r\nx {1+}\r\ny"]) {
    assertEquals(parsed(text).type, "bad", text);
  }
});

Deno.test("what was announced so far can be judged before the message comes", () => {
  const head = (text: string, literals: (Uint8Array | null)[] = []) => {
    const result = parseCommand({ text, literals }, { utf8: false });
    return result.type === "command" ? result.command as unknown : result.problem.text;
  };
  assertEquals(head("a APPEND x (\\Seen) {1}\r\n"), {
    verb: "APPEND",
    mailbox: "x",
    messages: [message({ flags: Flag.seen })],
  });
  assertEquals(head("a APPEND x {1}\r\n CATENATE (TEXT {1}\r\n", [null]), {
    verb: "APPEND",
    mailbox: "x",
    messages: [message(), message({ catenate: true })],
  });
  assertEquals(head("a APPEND x UTF8 (~{1}\r\n"), {
    verb: "APPEND",
    mailbox: "x",
    messages: [message({ parts: [literal(1, { binary: true, utf8: true })] })],
  });
  assertEquals(head("a APPEND x (\\Foo) {1}\r\n"), "Unknown system flag");
  assertEquals(head("a APPEND x foo {1}\r\n"), "Missing a literal");
  // The same texts at the end of a command lack what closes them.
  assertEquals(head("a APPEND x CATENATE (TEXT {1}\r\n", [null]), "Missing a closing parenthesis");
  assertEquals(head("a APPEND x UTF8 (~{1}\r\n", [null]), "Missing a closing parenthesis");
});

Deno.test("messages that are none are refused (I9)", () => {
  for (
    const text of [
      "APPEND",
      "APPEND x",
      "APPEND x ",
      "APPEND x (\\Seen)",
      'APPEND x "y"',
      "APPEND x (\\Recent) {1+}\r\nx",
      "APPEND x (\\Seen){1+}\r\nx",
      "APPEND x  {1+}\r\nx",
      "APPEND x {1+}\r\nx ",
      "APPEND x {1+}\r\nxy",
      "APPEND x {1+}\r\nx (\\Seen)",
      "APPEND x CATENATE {1+}\r\nx",
      "APPEND x CATENATE ()",
      "APPEND x UTF8 ({1+}\r\nx)",
      "APPEND x UTF8 ~{1+}\r\nx",
    ]
  ) assertEquals(parsed(text).type, "bad", text);
  for (
    const date of [
      "32-Jan-2026 00:00:00 +0000",
      "29-Feb-2026 00:00:00 +0000",
      " 1-Jan-2026 24:00:00 +0000",
      " 1-Jan-2026 00:60:00 +0000",
      " 1-Jan-2026 00:00:61 +0000",
      " 1-Jan-2026 00:00:00 +2400",
      " 1-Jan-2026 00:00:00 0000",
      "1-Jan-2026 00:00:00 +0000",
      " 1-Jan-26 00:00:00 +0000",
      "",
    ]
  ) assertEquals(problemOf(`APPEND x "${date}" {1+}\r\nx`), "Not a date and time", date);
});

const piece = fc.constantFrom(
  ...[" {1+}\r\n", " {2}\r\n", " ~{3+}\r\n", " (\\Seen) {1+}\r\n", ' " 1-Jan-2026 00:00:00 +0130" {1+}\r\n'],
  ...[" UTF8 (~{1+}\r\n)", " CATENATE (TEXT {1+}\r\n)", " CATENATE (URL a TEXT {1+}\r\n", " TEXT {1+}\r\n", ")"],
  ...[" (\\Seen {1+}\r\n", "  {1+}\r\n", " x", "", " ANNOTATION (/comment (value.priv x)) {1+}\r\n"],
);
const start = fc.constantFrom(
  "a APPEND INBOX",
  "a APPEND {5+}\r\n",
  "a REPLACE 1 INBOX",
  "a UID REPLACE 1 INBOX",
  "a NOOP",
);

Deno.test("a command that is read on from where it was read before is what it is when read from its beginning", () => {
  let readOn = 0;
  fc.assert(
    fc.property(start, fc.array(piece, { maxLength: 8 }), (first, pieces) => {
      const literals: (Uint8Array | null)[] = first.includes("{5+}") ? [new TextEncoder().encode("Inbox")] : [];
      let text = first;
      let before: ReadBefore | null = null;
      for (const more of pieces) {
        text += more;
        const command = { text, literals: [...literals] };
        const parsed = parseFurther(command, { utf8: true }, before);
        assertEquals(parsed, parseCommand(command, { utf8: true }));
        if (before !== null) readOn++;
        if (parsed.type === "bad") return;
        before = more.endsWith("\r\n") ? readBefore(command, parsed) : null;
        if (more.includes("{")) literals.push(null);
      }
    }),
    { seed: 6_012, numRuns: 3_000 },
  );
  assertGreater(readOn, 400);
});
