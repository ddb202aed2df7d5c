import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { CommandFramer, FRAME_LIMITS } from "../../../src/protocol/imap/mod.ts";
import { bytes, cut, frames, SMALL } from "./support/frames.ts";

/** The frames of a text, which must be the same by line, by byte and all at once. */
function framed(text: string, framing: Parameters<typeof frames>[1] = {}): string[] {
  const whole = frames([bytes(text)], framing);
  assertEquals(frames(text.split(/(?<=\n)/).map(bytes), framing), whole, "by line");
  assertEquals(frames(Array.from(text, bytes), framing), whole, "by byte");
  return whole;
}

Deno.test("a command is a line that ends in CRLF", () => {
  assertEquals(framed("a NOOP\r\nb LOGOUT\r\n"), ["command a NOOP", "command b LOGOUT"]);
  assertEquals(framed("\r\n"), ["command "]);
  assertEquals(framed("a NOOP"), []);
});

Deno.test("a synchronizing literal is asked for, a non-synchronizing one comes by itself (RFC 9051 §4.3, RFC 7888)", () => {
  assertEquals(framed("a LOGIN {3}\r\njoe {2+}\r\nx\n\r\nb NOOP\r\n"), [
    "continue",
    "command a LOGIN {3}\\r\\n {2+}\\r\\n <joe> <x\\n>",
    "command b NOOP",
  ]);
  assertEquals(framed("a X ~{3+}\r\n\0\r\n\r\n"), ["command a X ~{3+}\\r\\n <\\u0000\\r\\n>"]);
  assertEquals(framed("a X {0}\r\n\r\n"), ["continue", "command a X {0}\\r\\n <>"]);
});

Deno.test("the message of APPEND is handed on, its mailbox's name is held", () => {
  assertEquals(framed("a APPEND {5}\r\nINBOX (\\Seen) {6}\r\na\r\nb\r\n\r\n"), [
    "continue",
    "literal 6 accepted",
    "data a\\r\\nb\\r\\n",
    "command a APPEND {5}\\r\\n (\\\\Seen) {6}\\r\\n <INBOX> <message>",
  ]);
  assertEquals(framed("a uid replace 4 {1+}\r\nx {3+}\r\nabc\r\n"), [
    "literal 3+ accepted",
    "data abc",
    "command a uid replace 4 {1+}\\r\\n {3+}\\r\\n <x> <message>",
  ]);
  assertEquals(framed("a APPEND x {0}\r\n\r\n"), [
    "literal 0 accepted",
    "data ",
    "command a APPEND x {0}\\r\\n <message>",
  ]);
});

Deno.test("several messages of one APPEND come one after the other, and URLs of CATENATE are held (RFC 3502, RFC 4469)", () => {
  assertEquals(framed("a APPEND x {1+}\r\na {1+}\r\nb\r\n"), [
    "literal 1+ accepted",
    "data a",
    "literal 1+ accepted",
    "data b",
    "command a APPEND x {1+}\\r\\n {1+}\\r\\n <message> <message>",
  ]);
  assertEquals(framed("a APPEND x CATENATE (URL {2+}\r\n/x TEXT {1+}\r\nb)\r\n"), [
    "literal 1+ accepted",
    "data b",
    "command a APPEND x CATENATE (URL {2+}\\r\\n TEXT {1+}\\r\\n) </x> <message>",
  ]);
});

Deno.test("after a bad flag or date in APPEND the bytes of the message are never read as a command (I9)", () => {
  for (const head of ["(\\Bad)", '"32-Jan-2026 00:00:00 +0000"', "(\\Seen"]) {
    assertEquals(framed(`a APPEND x ${head} {12+}\r\nx DELETE y\r\n\r\nb NOOP\r\n`), [
      "literal 12+ refused",
      "command b NOOP",
    ]);
    assertEquals(framed(`a APPEND x ${head} {12+}\r\nx DELETE y\r\n {8+}\r\nc NOOP\r\n\r\nb NOOP\r\n`), [
      "literal 12+ refused",
      "command b NOOP",
    ]);
    // Whoever waits for "+" sends nothing after a BAD.
    assertEquals(framed(`a APPEND x ${head} {12}\r\nb NOOP\r\n`), ["literal 12 refused", "command b NOOP"]);
  }
});

Deno.test("a refused command is over where it would wait for a plus", () => {
  assertEquals(framed(`a APPEND x (\\Bad) {3+}\r\nabc {8}\r\nb NOOP\r\n`), ["literal 3+ refused", "command b NOOP"]);
});

Deno.test("a message can be refused half way, and what follows it too", () => {
  const framer = new CommandFramer(SMALL);
  framer.push(bytes("a APPEND x {6+}\r\nabc"));
  assertEquals(framer.next()?.type, "literal");
  framer.accept();
  assertEquals(framer.next()?.type, "data");
  framer.refuse();
  framer.push(bytes("def {7+}\r\nx NOOP\n\r\nb NOOP\r\n"));
  assertEquals(framer.next(), { type: "command", command: { text: "b NOOP", literals: [] } });

  framer.push(bytes("c APPEND x {1+}\r\na"));
  framer.next();
  framer.accept();
  assertEquals(framer.next(), { type: "data", bytes: bytes("a"), left: 0 });
  framer.refuse();
  framer.push(bytes(" {7+}\r\nx NOOP\n\r\nd NOOP\r\n"));
  assertEquals(framer.next(), { type: "command", command: { text: "d NOOP", literals: [] } });
});

Deno.test("a literal that is too large is refused before the plus (I1)", () => {
  assertEquals(framed("a LOGIN {21}\r\nb NOOP\r\n"), ["bad a literalTooLarge", "command b NOOP"]);
  assertEquals(framed("a LOGIN {20}\r\n01234567890123456789\r\n"), [
    "continue",
    "command a LOGIN {20}\\r\\n <01234567890123456789>",
  ]);
  for (const size of ["4294967295", "18446744073709551616", "9".repeat(40)]) {
    assertEquals(framed(`a LOGIN {${size}}\r\nb NOOP\r\n`), ["bad a literalTooLarge", "command b NOOP"]);
    assertEquals(framed(`a LOGIN {${size}+}\r\nb NOOP\r\n`), ["lost literalTooLarge"]);
  }
  assertEquals(framed(`a APPEND x {${"9".repeat(40)}}\r\nb NOOP\r\n`), ["bad a literalTooLarge", "command b NOOP"]);
});

Deno.test("a literal that comes by itself and is too large is thrown away, up to a bound (I1)", () => {
  assertEquals(framed(`a LOGIN {30+}\r\n${"x".repeat(28)}\r\n y\r\nb NOOP\r\n`), [
    "bad a literalTooLarge",
    "command b NOOP",
  ]);
  assertEquals(framed(`a LOGIN {76+}\r\n${"x".repeat(76)} y\r\nb NOOP\r\n`), [
    "bad a literalTooLarge",
    "command b NOOP",
  ]);
  assertEquals(framed(`a LOGIN {77+}\r\n${"x".repeat(77)} y\r\nb NOOP\r\n`), ["bad a literalTooLarge", "lost tooLong"]);
  assertEquals(framed(`a LOGIN {81+}\r\n${"x".repeat(81)} y\r\nb NOOP\r\n`), ["lost literalTooLarge"]);
});

Deno.test("braces without a number are refused; where nobody knows what comes, the stream is lost (I1)", () => {
  for (const literal of ["{-1}", "{ 5}", "{}", "{5 }", "{0x5}", "{5-}"]) {
    assertEquals(framed(`a LOGIN ${literal}\r\nb NOOP\r\n`), ["bad a badLiteral", "command b NOOP"], literal);
  }
  for (const literal of ["{-1+}", "{ 5+}", "{+}"]) {
    assertEquals(framed(`a LOGIN ${literal}\r\nb NOOP\r\n`), ["lost badLiteral"], literal);
  }
  assertEquals(framed(`a LOGIN x ab}\r\n`), ["command a LOGIN x ab}"]);
  assertEquals(framed(`a LOGIN x "{5}"\r\n`), ['command a LOGIN x \\"{5}\\"']);
});

Deno.test("an announcement within quotes that do not end is no literal, and its bytes are no command", () => {
  assertEquals(framed(`a LOGIN x "y{6}\r\nb NOOP\r\n`), ["bad a badLiteral", "command b NOOP"]);
  assertEquals(framed(`a LOGIN x "y{8+}\r\nb NOOP\r\n\r\nc NOOP\r\n`), ["bad a badLiteral", "command c NOOP"]);
  assertEquals(framed(`a LOGIN "x\\"" {1+}\r\ny\r\n`), ['command a LOGIN \\"x\\\\\\"\\" {1+}\\r\\n <y>']);
});

Deno.test("a line of the limit is read, one byte more is too long, and what follows is in step", () => {
  assertEquals(framed(`a ${"x".repeat(56)}\r\n`), [`command a ${"x".repeat(56)}`]);
  assertEquals(framed(`a ${"x".repeat(57)}\r\nb NOOP\r\n`), ["bad a tooLong", "command b NOOP"]);
  assertEquals(framed(`a ${"x".repeat(60)} {8+}\r\nc NOOP\r\n\r\nb NOOP\r\n`), ["bad a tooLong", "command b NOOP"]);
  assertEquals(framed(`a ${"x".repeat(136)}\r\nb NOOP\r\n`), ["bad a tooLong", "command b NOOP"]);
  assertEquals(framed(`a ${"x".repeat(137)}\r\nb NOOP\r\n`), ["bad a tooLong", "lost tooLong"]);
  assertEquals(framed(`a ${"x".repeat(60)}{${"0".repeat(40)}8+}\r\nc NOOP\r\n\r\n`), [
    "bad a tooLong",
    "lost badLiteral",
  ]);
});

Deno.test("lines and literals of a command are bounded together (I2)", () => {
  const twenty = "{20+}\r\n01234567890123456789";
  assertEquals(framed(`a X ${twenty} ${twenty} ${twenty}\r\nb NOOP\r\n`).length, 2);
  assertEquals(framed(`a X ${twenty} ${twenty} ${twenty} {1+}\r\nx\r\nb NOOP\r\n`), [
    "bad a tooManyLiterals",
    "command b NOOP",
  ]);
  assertEquals(framed(`a X ${"y".repeat(30)} ${twenty} ${twenty} ${twenty}\r\nb NOOP\r\n`), [
    "bad a tooLong",
    "command b NOOP",
  ]);
  assertEquals(framed(`a X ${twenty} ${twenty} ${"y".repeat(57)}\r\nb NOOP\r\n`), ["bad a tooLong", "command b NOOP"]);
});

Deno.test("bare CR, bare LF and NUL cost one reply, and the rest of their line is no command (I4)", () => {
  assertEquals(framed("a NOOP\nb NOOP\r\nc NOOP\r\n"), ["bad a badCharacter", "command c NOOP"]);
  assertEquals(framed("a NOOP\n\n\nb NOOP\n"), ["bad a badCharacter"]);
  assertEquals(framed("a NOOP\rb NOOP\r\nc NOOP\r\n"), ["bad a badCharacter", "command c NOOP"]);
  assertEquals(framed("a NO\0OP\r\nc NOOP\r\n"), ["bad a badCharacter", "command c NOOP"]);
  assertEquals(framed("a X\0 {8+}\r\nb NOOP\r\n\r\nc NOOP\r\n"), ["bad a badCharacter", "command c NOOP"]);
  assertEquals(framed("a X\n {8+}\r\nb NOOP\r\n\r\nc NOOP\r\n"), ["bad a badCharacter", "command c NOOP"]);
});

Deno.test("a tag that cannot be sent back is refused before a literal is asked for (I5)", () => {
  assertEquals(framed("+ X {5}\r\nb NOOP\r\n"), ["bad null badTag", "command b NOOP"]);
  assertEquals(framed("a{5}\r\nb NOOP\r\n"), ["bad null badTag", "command b NOOP"]);
  assertEquals(framed("* X {8+}\r\nb NOOP\r\n\r\nc NOOP\r\n"), ["bad null badTag", "command c NOOP"]);
});

Deno.test("lines of an exchange are read as they are", () => {
  const exchange = /AUTHENTICATE|IDLE/;
  assertEquals(framed("a AUTHENTICATE PLAIN\r\nAGEAYg==\r\n{5+}\r\n*\r\nb NOOP\r\n", { exchange }), [
    "command a AUTHENTICATE PLAIN",
    "line AGEAYg==",
    "line {5+}",
    "line *",
    "command b NOOP",
  ]);
  assertEquals(framed(`a IDLE\r\n${"x".repeat(31)}\r\nDONE\nx\r\nDONE\r\nb NOOP\r\n`, { exchange }), [
    "command a IDLE",
    "bad null tooLong",
    "bad null badCharacter",
    "line DONE",
    "command b NOOP",
  ]);
});

Deno.test("what lies behind STARTTLS or COMPRESS can be taken out", () => {
  const framer = new CommandFramer(SMALL);
  framer.push(bytes("a STARTTLS\r\nb LOGIN"));
  assert(framer.next() !== null);
  assertEquals(framer.takeRest(), bytes("b LOGIN"));
  framer.push(bytes("c NOOP\r\n"));
  assertEquals(framer.next(), { type: "command", command: { text: "c NOOP", literals: [] } });
  assertEquals(framer.next(), null);
  assertEquals(framer.midCommand, false);
});

Deno.test("a stream that was lost stays lost, and keeps nothing", () => {
  const framer = new CommandFramer(SMALL);
  framer.push(bytes("a X {99999+}\r\n"));
  assertEquals(framer.next(), { type: "lost", problem: "literalTooLarge" });
  for (let i = 0; i < 3; i++) {
    framer.push(new Uint8Array(1_000));
    assertEquals(framer.next(), null);
    assertEquals(framer.bufferedBytes, 0);
  }
});

const token = fc.constantFrom(
  "\r\n",
  "\r\n",
  "\r",
  "\n",
  "\0",
  " ",
  '"',
  "\\",
  "a APPEND x (\\Seen) ",
  "a APPEND ",
  "b NOOP",
  "c UID REPLACE 4 x ",
  "CATENATE (TEXT ",
  "URL ",
  "IDLE",
  "DONE",
  "{3}\r\n",
  "{3+}\r\n",
  "~{5+}\r\n",
  "{25+}\r\n",
  "{90+}\r\n",
  "{000000000000000000000000000003+}\r\n",
  "{-1}\r\n",
  "x".repeat(17),
  "x".repeat(38),
  "\xff",
);

Deno.test("frames come out the same however the bytes are cut", () => {
  const stream = fc.array(token, { maxLength: 24 }).map((tokens) => bytes(tokens.join("")));
  const framing = { exchange: /IDLE/ };
  fc.assert(
    fc.property(stream, fc.array(fc.nat(300), { maxLength: 6 }), (whole, positions) => {
      const expected = frames([whole], framing);
      assertEquals(frames(cut(whole, positions), framing), expected);
      assertEquals(frames(Array.from(whole, (byte) => Uint8Array.of(byte)), framing), expected);
    }),
    { seed: 3501, numRuns: 5_000 },
  );
});

/** Bytes that are copied from one array into another meanwhile. */
function copied(run: () => void): number {
  const { set } = Uint8Array.prototype;
  let bytes = 0;
  Uint8Array.prototype.set = function (from, at) {
    bytes += from.length;
    set.call(this, from, at);
  };
  try {
    run();
  } finally {
    Uint8Array.prototype.set = set;
  }
  return bytes;
}

Deno.test("what comes in small chunks is copied a fixed number of times: as it is read, while it waits, and as a message that is looked at", () => {
  const message = "m".repeat(100_000);
  const behind = [
    `b NOOP ${"x".repeat(40_000)}`,
    `c X {40000+}\r\n${"y".repeat(40_000)}`,
    `d APPEND x {100000+}\r\n${message}`,
  ];
  const stream = bytes(`a APPEND x {3+}\r\nabc\r\n${behind.join("\r\n")}\r\n`);
  for (const size of [1, 7, 1_000]) {
    for (const waits of [false, true]) {
      const found: string[] = [];
      const work = copied(() => {
        const framer = new CommandFramer(FRAME_LIMITS);
        const read = () => {
          for (let frame = framer.next(); frame !== null; frame = framer.next()) {
            found.push(frame.type);
            if (frame.type !== "literal") continue;
            if (waits && frame.bytes > 3) assertEquals(framer.wholeMessage?.length, 100_000);
            framer.accept();
          }
        };
        // A message that was announced is one of the things that are waited for.
        if (waits) framer.push(stream.subarray(0, 17));
        if (waits) assertEquals(framer.next()?.type, "literal");
        for (let at = waits ? 17 : 0; at < stream.length; at += size) {
          framer.push(stream.subarray(at, at + size));
          if (!waits) read();
        }
        if (waits) framer.accept();
        read();
      });
      assertEquals(found.filter((type) => type === "command").length, 4);
      assert(work < 4 * stream.length, `${work} bytes are copied of ${stream.length} in chunks of ${size}`);
    }
  }
});

Deno.test("of a command with many literals nothing is handed on twice before its end, and everything at its end", () => {
  const rows = Array.from(
    { length: 400 },
    (_, i) => `CATENATE (URL {4+}\r\n/${1_000 + i} TEXT {1+}\r\nx)`.replace("/1", "/"),
  );
  const framer = new CommandFramer({ ...FRAME_LIMITS, literalsMax: 1_000 });
  framer.push(bytes(`a APPEND x ${rows.join(" ")}\r\n`));
  let [characters, literals, goingOn] = [0, 0, 0];
  for (let frame = framer.next(); frame !== null; frame = framer.next()) {
    if (frame.type === "literal") {
      characters += frame.command.text.length;
      literals += frame.command.literals.length;
      if (frame.goesOn) goingOn++;
      framer.accept();
    }
    if (frame.type !== "command") continue;
    assertEquals(frame.command.literals.length, 800);
    // What stands behind the last message is all that was not told before.
    assertEquals(frame.command.text.length - characters, ")".length);
  }
  assertEquals([literals, goingOn], [400, 399]);
});
