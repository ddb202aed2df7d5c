import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { CommandFramer, FRAME_LIMITS, type ImapCommand, parseCommand } from "../../../src/protocol/imap/mod.ts";
import { commands } from "./support/arbitrary_commands.ts";
import { writeCommand } from "./support/command_writer.ts";
import { bytes, cut, frames, Wholes } from "./support/frames.ts";

/** The commands that come out of a stream. */
function parsedFrom(chunks: readonly Uint8Array[], utf8: boolean): ImapCommand[] {
  const framer = new CommandFramer(FRAME_LIMITS);
  const wholes = new Wholes();
  const found: ImapCommand[] = [];
  for (const chunk of chunks) {
    framer.push(chunk);
    for (let frame = framer.next(); frame !== null; frame = framer.next()) {
      assert(frame.type !== "bad" && frame.type !== "lost", JSON.stringify(frame));
      if (frame.type !== "command" && frame.type !== "literal") continue;
      const parsed = parseCommand(frame.type === "literal" ? wholes.of(frame) : frame.command, { utf8 });
      assert(parsed.type === "command", `${frame.command.text}: ${JSON.stringify(parsed)}`);
      if (frame.type === "literal") framer.accept();
      else found.push(parsed.command);
    }
  }
  return found;
}

Deno.test("what is written is parsed to what it was, and written the same again", () => {
  fc.assert(
    fc.property(
      fc.array(commands, { minLength: 1, maxLength: 3 }),
      fc.boolean(),
      fc.boolean(),
      (list, utf8, synchronizing) => {
        const wire = list.map((command) => `a ${writeCommand(command, { utf8, synchronizing })}\r\n`).join("");
        const found = parsedFrom([bytes(wire)], utf8);
        assertEquals(found, list);
        assertEquals(found.map((command) => `a ${writeCommand(command, { utf8, synchronizing })}\r\n`).join(""), wire);
      },
    ),
    { seed: 9051, numRuns: 4_000 },
  );
});

Deno.test("commands come out the same by line, by byte and pipelined", () => {
  const limits = FRAME_LIMITS;
  fc.assert(
    fc.property(fc.array(commands, { maxLength: 3 }), fc.array(fc.nat(400), { maxLength: 5 }), (list, positions) => {
      const wire = list.map((command) => `a ${writeCommand(command, { utf8: true, synchronizing: false })}\r\n`).join(
        "",
      );
      const whole = frames([bytes(wire)], { limits, accepts: () => true });
      for (const chunks of [cut(bytes(wire), positions), Array.from(wire, bytes), wire.split(/(?<=\n)/).map(bytes)]) {
        assertEquals(frames(chunks, { limits, accepts: () => true }), whole);
      }
    }),
    { seed: 9052, numRuns: 500 },
  );
});
