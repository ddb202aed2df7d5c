import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { latin1 } from "../../../../src/base/latin1.ts";
import { SMTP_LIMITS } from "../../../../src/protocol/smtp/mod.ts";
import { ContentReader } from "../../../../src/protocol/smtp/content_reader.ts";
import { examine, StuffedContent } from "../../../../src/protocol/smtp/client/content.ts";
import { bytes, cut } from "../support/session.ts";

function sent(parts: readonly Uint8Array[]): string {
  const content = new StuffedContent(parts, examine(parts));
  let text = "";
  for (let piece = content.next(); piece !== null; piece = content.next()) {
    text += typeof piece === "string" ? piece : latin1(piece);
  }
  assertEquals(content.next(), null);
  return text;
}

Deno.test("dots that begin a line are doubled wherever the pieces are cut, and the end is a line of its own", () => {
  const whole = ".\r\n..a\r\nb.\r\n.\r\n\r\n.";
  const expected = "..\r\n...a\r\nb.\r\n..\r\n\r\n..\r\n.\r\n";
  assertEquals(sent([bytes(whole)]), expected);
  assertEquals(sent(Array.from(bytes(whole), (byte) => Uint8Array.of(byte))), expected);
  assertEquals(sent([]), ".\r\n");
  assertEquals(sent([bytes("a")]), "a\r\n.\r\n");
});

Deno.test("content in pieces above 64 KiB goes out in smaller ones, its bytes unchanged and its array too", () => {
  const line = `${"x".repeat(70)}\r\n.`;
  const whole = bytes(line.repeat(3_000));
  const before = whole.slice();
  assertEquals(sent([whole]), `${line.repeat(3_000).replaceAll("\r\n.", "\r\n..")}\r\n.\r\n`);
  assertEquals(whole, before);
});

Deno.test("a lone CR or LF is seen wherever the pieces are cut", () => {
  for (const bad of ["a\nb\r\n", "\n", "a\r", "a\rb\r\n", "\r\r\n", "\n\r\n", "a\r\n\n", "a\r\n.\n"]) {
    assert(examine([bytes(bad)]).bareNewline, JSON.stringify(bad));
    assert(examine(Array.from(bytes(bad), (byte) => Uint8Array.of(byte))).bareNewline, JSON.stringify(bad));
  }
  for (const good of ["", "a", "\r\n", "a\r\n\r\nb"]) {
    assert(!examine([bytes(good)]).bareNewline, JSON.stringify(good));
    assert(!examine(Array.from(bytes(good), (byte) => Uint8Array.of(byte))).bareNewline, JSON.stringify(good));
  }
  const facts = { bytes: 3, eightBit: true, bareNewline: false, dots: false, endsLine: false };
  assertEquals(examine([bytes("a\x7f"), bytes("\x80")]), facts);
  assertEquals(examine([bytes("\x80"), bytes("a\x7f")]), facts);
  assertEquals(examine([bytes("a\x7f")]).eightBit, false);
});

Deno.test("what is stuffed in any pieces is unstuffed to the same content by the server's reader", () => {
  const text = fc.array(fc.constantFrom(".", "..", "\r\n", "\r\n.", "a", "\x00", "\xff"), { maxLength: 40 });
  fc.assert(
    fc.property(text, fc.array(fc.nat(80), { maxLength: 5 }), (tokens, positions) => {
      const whole = bytes(`${tokens.join("")}\r\n`);
      const reader = new ContentReader(SMTP_LIMITS);
      const wire = bytes(sent(cut(whole, positions)));
      assertEquals(reader.push(wire), wire.length);
      assert(reader.ended);
      assertEquals(reader.takePieces().map(latin1).join(""), latin1(whole));
    }),
    { seed: 4, numRuns: 2_000 },
  );
});
