import { assert, assertEquals, assertLess } from "@std/assert";
import fc from "fast-check";
import { CommandFramer, FRAME_LIMITS, parseCommand, toSearchProgram } from "../../../src/protocol/imap/mod.ts";
import { commands } from "./support/arbitrary_commands.ts";
import { writeCommand } from "./support/command_writer.ts";
import { bytes, cut, frames, SMALL, Wholes } from "./support/frames.ts";

const PROBLEM_CHARACTERS_MAX = 100;

/** Reads everything of a stream; whatever it is, there is an answer of bounded length to each frame. */
function answersTo(wire: string, utf8: boolean): number {
  const framer = new CommandFramer(FRAME_LIMITS);
  const wholes = new Wholes();
  let commands = 0;
  for (const chunk of cut(bytes(wire), [7, 40])) {
    framer.push(chunk);
    for (let frame = framer.next(); frame !== null; frame = framer.next()) {
      if (frame.type !== "command" && frame.type !== "literal") continue;
      const parsed = parseCommand(frame.type === "literal" ? wholes.of(frame) : frame.command, { utf8 });
      if (parsed.type === "bad") {
        assert(parsed.problem.text.length > 0 && parsed.problem.text.length < PROBLEM_CHARACTERS_MAX);
        assert(/^[ -~]+$/.test(parsed.problem.text));
      } else {
        commands++;
        const isPlain = !/FILTER/i.test(frame.command.text);
        if (parsed.command.verb === "SEARCH" && isPlain) toSearchProgram(parsed.command.criteria.keys);
      }
      if (frame.type === "literal") parsed.type === "bad" ? framer.refuse() : framer.accept();
    }
  }
  return commands;
}

const token = fc.constantFrom(
  ..."a FETCH|a UID |a SEARCH|a SORT|a THREAD|a LIST|a APPEND|a STORE|a SELECT|a NOTIFY SET|a GETMETADATA|a ESEARCH IN"
    .split("|"),
  ...' |(|)|[|]|<|>|"|\\|{3}\r\nabc|{3+}\r\nabc|~{2+}\r\n\0\xff|\r\n|*|%|$|1|1:*|0|,|.|:|-|NIL|é|\0'.split("|"),
  ..." OR | NOT | ALL | HEADER | UID | RETURN (|PARTIAL -1:-5| CHARSET UTF-8 |BODY[|HEADER.FIELDS (|MODSEQ ".split("|"),
  ...' INBOX| (SUBSCRIBED)| STATUS (|QRESYNC (1 2 | CATENATE (| TEXT | URL x|\\Seen| "17-Jul-1996 02:44:25 -0700"'
    .split("|"),
);

Deno.test("whatever comes is a command or a short problem, and nothing throws", () => {
  let met = 0;
  fc.assert(
    fc.property(fc.array(token, { maxLength: 25 }), fc.boolean(), (tokens, utf8) => {
      met += answersTo(`${tokens.join("")}\r\n`, utf8);
    }),
    { seed: 4, numRuns: 20_000 },
  );
  assert(met > 0);
});

Deno.test("sound commands with a wrong character or two are commands or problems", () => {
  const change = fc.tuple(
    fc.nat(300),
    fc.constantFrom("", " ", '"', "(", ")", "{", "}", "\\", "\0", "\xff", "0", "9999999999"),
  );
  let met = 0;
  fc.assert(
    fc.property(commands, fc.array(change, { maxLength: 2 }), fc.boolean(), (command, changes, utf8) => {
      let wire = writeCommand(command, { utf8, synchronizing: false });
      for (const [at, text] of changes) wire = wire.slice(0, at) + text + wire.slice(at + 1);
      met += answersTo(`a ${wire}\r\n`, utf8);
    }),
    { seed: 5, numRuns: 10_000 },
  );
  assert(met > 1_000);
});

Deno.test("under small limits, streams of sound and broken commands frame the same however they are cut", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          token,
          commands.map((command) => {
            return `a ${writeCommand(command, { utf8: false, synchronizing: false })}\r\n`;
          }),
        ),
        { maxLength: 8 },
      ),
      fc.array(fc.nat(500), { maxLength: 5 }),
      (pieces, positions) => {
        const stream = bytes(pieces.join(""));
        const whole = frames([stream], { limits: SMALL });
        assertEquals(frames(cut(stream, positions), { limits: SMALL }), whole);
        assertEquals(frames(Array.from(stream, (byte) => Uint8Array.of(byte)), { limits: SMALL }), whole);
      },
    ),
    { seed: 6, numRuns: 3_000 },
  );
});

Deno.test("long hostile lines are read in time that grows with their length (I2, I3)", () => {
  const hostile = [
    "a SEARCH " + "(".repeat(60_000),
    "a SEARCH " + "NOT ".repeat(15_000),
    "a SEARCH " + "OR ".repeat(20_000),
    'a LOGIN "' + '\\"'.repeat(30_000),
    "a LOGIN " + "{".repeat(60_000),
    "a FETCH " + "1,".repeat(30_000),
    "a FETCH 1 BODY[" + "1.".repeat(30_000),
    "a FETCH 1 (" + "BODY[HEADER.FIELDS (".repeat(3_000),
    'a LIST "" ("' + '" "'.repeat(20_000),
    "a STORE 1 FLAGS " + "x ".repeat(30_000),
    "a APPEND " + "x".repeat(60_000),
    "a ID (" + '"x" NIL '.repeat(7_000),
    "a AUTHENTICATE PLAIN " + "=".repeat(60_000),
    "x".repeat(60_000),
    " ".repeat(60_000),
  ];
  const started = performance.now();
  for (const text of hostile) assertEquals(parseCommand({ text, literals: [] }, { utf8: true }).type, "bad");
  assertLess(performance.now() - started, 1_000);
});
