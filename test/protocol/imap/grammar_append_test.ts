import { assert, assertEquals } from "@std/assert";
import { Flag } from "../../../src/mail/mod.ts";
import {
  CommandFramer,
  type Frame,
  FRAME_LIMITS,
  type MessagesBefore,
  parseAnnounced,
  parseCommand,
} from "../../../src/protocol/imap/mod.ts";
import { announcesMessage } from "../../../src/protocol/imap/frame/literal.ts";
import { bytes, Wholes } from "./support/frames.ts";
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

type Announcement = Extract<Frame, { readonly type: "literal" }>;

/** What a client's text is cut into for each message that it announces. */
function announcements(text: string): Announcement[] {
  const framer = new CommandFramer(FRAME_LIMITS);
  framer.push(bytes(text));
  const found: Announcement[] = [];
  for (let frame = framer.next(); frame !== null; frame = framer.next()) {
    assert(frame.type === "literal" || frame.type === "data" || frame.type === "command", frame.type);
    if (frame.type !== "literal") continue;
    found.push(frame);
    framer.accept();
  }
  return found;
}

const ROWS = [
  "{1+}\r\nx",
  '(\\Seen $Junk) "17-Jul-1996 02:44:25 -0700" {1+}\r\nx',
  "(\\Seen) ~{1+}\r\nx",
  "ANNOTATION (/comment (value.priv {1+}\r\nx)) {1+}\r\nx",
  "CATENATE (TEXT {1+}\r\nx URL {2+}\r\n/y TEXT {1+}\r\nx)",
  "UTF8 (~{1+}\r\ny)",
];

/** Reads each frame once, going on from the one before; what is read of the last message, and how many there are. */
function readOnce(frames: readonly Announcement[]) {
  let before: MessagesBefore | null = null;
  return frames.map(({ command }) => {
    const read: ReturnType<typeof parseAnnounced> = parseAnnounced(command, { utf8: true }, before);
    before = read.before;
    return read;
  });
}

/** Reads the same from its beginning, as often as something comes. */
function readAgain(frames: readonly Announcement[]) {
  const wholes = new Wholes();
  return frames.map((frame) => parseCommand(wholes.of(frame), { utf8: true }));
}

Deno.test("of each message that an APPEND announces the same is read, whether those before are read again or not", () => {
  for (const mailbox of ["x", "{3+}\r\nBox"]) {
    const all = ROWS.flatMap((one) => ROWS.map((other) => `${one} ${other}`)).join(" ");
    const frames = announcements(`a APPEND ${mailbox} ${all}\r\n`);
    const again = readAgain(frames);
    for (const [i, { parsed, before }] of readOnce(frames).entries()) {
      const whole = again[i]!;
      assert(parsed.type === "command" && whole.type === "command" && whole.command.verb === "APPEND");
      const { messages } = whole.command;
      assert(parsed.tag === whole.tag && before !== null);
      assertEquals(before.command, { ...whole.command, messages: messages.slice(-1) });
      assertEquals(before.count, messages.length);
    }
    assertEquals(again.at(-1)?.type === "command" && frames.length, 84);
  }
});

Deno.test("a REPLACE by what is catenated is read once, too, and takes one message", () => {
  const parts = "CATENATE (TEXT {1+}\r\nx URL {2+}\r\n/y UTF8 (~{1+}\r\nx) TEXT {1+}\r\nx)";
  const frames = announcements(`a UID REPLACE 4 x ${parts}\r\n`);
  const read = readOnce(frames);
  const whole = readAgain(frames).at(-1)!;
  assert(whole.type === "command");
  assertEquals(read.at(-1)?.before, { tag: "a", verb: "UID REPLACE", command: whole.command as never, count: 1 });
  const more = readOnce(announcements(`a UID REPLACE 4 x ${parts} TEXT {1+}\r\nx\r\n`)).at(-1)!;
  assertEquals(more.parsed.type === "bad" && more.parsed.verb, "UID REPLACE");
});

Deno.test("a problem in a later message is found as it would be if all were read again", () => {
  for (
    const [first, second] of [
      ["{1+}\r\nx", "(oops {1+}\r\nx"],
      ["{1+}\r\nx", " {1+}\r\nx"],
      ["CATENATE (TEXT {1+}\r\nx", "{1+}\r\nx"],
      ["CATENATE (TEXT {1+}\r\nx)", "TEXT {1+}\r\nx"],
      ["UTF8 (~{1+}\r\nx", "{1+}\r\nx"],
      ["CATENATE (UTF8 (~{1+}\r\nx", "TEXT {1+}\r\nx"],
    ]
  ) {
    const frames = announcements(`a APPEND x {1+}\r\nx ${first} ${second}\r\n`);
    assertEquals(frames.length, 3);
    const bad = readOnce(frames).at(-1)!.parsed;
    assertEquals(bad, readAgain(frames).at(-1)!, `${first} ${second}`);
    assertEquals(bad.type, "bad");
  }
});

Deno.test("a line that was looked through is not looked through again when the next one comes: no command costs its square", () => {
  const { so } = announcesMessage("a APPEND x {1+}", 11, null);
  assertEquals(announcesMessage(" (\\Seen) {1+}", 9, so), {
    message: true,
    so: { ofMessages: true, depth: 0, annotation: false },
  });
  // What was open before is open.
  const within = announcesMessage("a APPEND x ANNOTATION (/comment (value.priv {1+}", 44, null);
  assertEquals(within, { message: false, so: { ofMessages: true, depth: 2, annotation: true } });
  assertEquals(announcesMessage(" value.shared {1+}", 14, within.so).message, false);
  assertEquals(announcesMessage(")) {1+}", 3, within.so).message, true);
});
