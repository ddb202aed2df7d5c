import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { LineFramer } from "../../../src/protocol/smtp/framer.ts";
import { transcript } from "../../support/transcript.ts";
import { bytes, cut, drive, smtp } from "./support/session.ts";

/** Everything a framer makes of its input: a line's text, or the reply it costs. */
function frames(
  chunks: readonly Uint8Array[],
  limits = { lineBytesMax: 40, authLineBytesMax: 40, lineSkipBytesMax: 60 },
): string[] {
  const framer = new LineFramer(limits);
  const found: string[] = [];
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      const frame = framer.next(chunk, at);
      at = framer.at;
      if (frame === null) continue;
      if (frame.type === "lost") return [...found, "lost"];
      found.push(frame.type === "line" ? `line ${frame.text}` : frame.reply.wire);
    }
    assertLessOrEqual(framer.bufferedBytes, limits.lineBytesMax);
  }
  return found;
}

const LINE_ENDING = "500 5.5.2 Lines must end in CRLF and hold no other CR or LF\r\n";
const TOO_LONG = "500 5.5.2 Line too long\r\n";

Deno.test("lines come out the same however their bytes are cut", () => {
  const token = fc.constantFrom(
    "\r",
    "\n",
    "\r\n",
    "NOOP",
    "\0",
    "\t",
    " ",
    "é",
    "\xff",
    "x".repeat(17),
    "x".repeat(38),
  );
  const stream = fc.array(token, { maxLength: 20 }).map((tokens) => bytes(tokens.join("")));
  fc.assert(
    fc.property(stream, fc.array(fc.nat(200), { maxLength: 6 }), (whole, positions) => {
      const expected = frames([whole]);
      assertEquals(frames(cut(whole, positions)), expected);
      assertEquals(frames(Array.from(whole, (byte) => Uint8Array.of(byte))), expected);
    }),
    { seed: 2321, numRuns: 10_000 },
  );
});

Deno.test("a bad line costs one reply, and its rest is never read as a command (S11)", () => {
  assertEquals(frames([bytes("NOOP\nRSET\r\nQUIT\r\n")]), [LINE_ENDING, "line QUIT"]);
  assertEquals(frames([bytes("NOOP\n\n\nRSET\n")]), [LINE_ENDING]);
  assertEquals(frames([bytes("NOOP\rRSET\r\nQUIT\r\n")]), [LINE_ENDING, "line QUIT"]);
  assertEquals(frames([bytes("NOOP\r\r\nQUIT\r\n")]), [LINE_ENDING, "line QUIT"]);
  assertEquals(frames([bytes("NO\0OP\r\n")]), ["500 5.5.2 NUL is not allowed\r\n"]);
  assertEquals(frames([bytes("NO\x1bOP\r\n")]), ["500 5.5.2 Control characters are not allowed\r\n"]);
  assertEquals(frames([bytes("NOOP \xff\xfe\r\n")]), ["500 5.5.2 Not valid UTF-8\r\n"]);
  assertEquals(frames([bytes("NOOP \xed\xa0\x80\r\n")]), ["500 5.5.2 Not valid UTF-8\r\n"]);
  assertEquals(frames([bytes("NOOP \t \r\n")]), ["line NOOP"]);
  assertEquals(frames([bytes("\r\n")]), ["line "]);
});

Deno.test("a line of the limit is read, one byte more is too long, and what follows is in step (S9)", () => {
  assertEquals(frames([bytes(`${"x".repeat(38)}\r\n`)]), [`line ${"x".repeat(38)}`]);
  assertEquals(frames([bytes(`${"x".repeat(39)}\r\nNOOP\r\n`)]), [TOO_LONG, "line NOOP"]);
  assertEquals(frames([bytes(`${"x".repeat(98)}\r\nNOOP\r\n`)]), [TOO_LONG, "line NOOP"]);
  assertEquals(frames([bytes(`${"x".repeat(102)}\r\nNOOP\r\n`)]), [TOO_LONG, "lost"]);
});

Deno.test("a line of a megabyte costs two kilobytes and is not echoed (S9)", () => {
  for (const end of ["", "\r\nNOOP\r\n"]) {
    const chunks = Array.from({ length: 260 }, () => new Uint8Array(4_096).fill(0x41));
    const { text, bufferedMax, events } = drive(smtp()(), [...chunks, bytes(end)]);
    assert(!text.includes("AAAA"));
    assertLessOrEqual(bufferedMax, 2_048);
    assertEquals(events, ["close"]);
    assertEquals(text, `220 mx.test ESMTP\r\n${TOO_LONG}421 4.7.0 Too much input\r\n`);
  }
});

Deno.test("bad lines in a session keep client and server in step", () => {
  transcript(
    smtp(),
    `
    S: 220 mx.test ESMTP
    R: "NOOP\\nMAIL FROM:<a@b>\\r\\n"
    S: ${LINE_ENDING.trimEnd()}
    R: "NOOP \\u00ff\\r\\n"
    S: 500 5.5.2 Not valid UTF-8
    R: "EHLO a\\u0000b\\r\\n"
    S: 500 5.5.2 NUL is not allowed
    C: NOOP
    S: 250 2.0.0 OK`,
  );
});
