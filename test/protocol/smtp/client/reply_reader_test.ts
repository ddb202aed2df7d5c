import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { REPLY_LIMITS } from "../../../../src/protocol/smtp/client/mod.ts";
import { refusal } from "../../../../src/protocol/smtp/client/outcome.ts";
import { type ReplyRead, ReplyReader } from "../../../../src/protocol/smtp/client/reply_reader.ts";
import { bytes, cut } from "../support/session.ts";

const LIMITS = { lineBytesMax: 20, linesMax: 3, replyBytesMax: 40 };

function read(chunks: Iterable<Uint8Array>, limits = LIMITS): ReplyRead[] {
  const reader = new ReplyReader(limits);
  const found: ReplyRead[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let next = reader.next(); next !== null; next = reader.next()) {
      found.push(next);
      if (next.type === "broken") return found;
    }
  }
  return found;
}

function why(text: string): string {
  const last = read([bytes(text)]).at(-1);
  return last?.type === "broken" ? last.reason : last?.type ?? "nothing";
}

Deno.test("a reply is read whole: its code and the text of each line", () => {
  assertEquals(read([bytes("250-a\r\n250-\r\n250 b c\r\n354\r\n")]), [
    { type: "reply", reply: { code: 250, lines: ["a", "", "b c"] } },
    { type: "reply", reply: { code: 354, lines: [""] } },
  ]);
});

Deno.test("what is no reply breaks the session: garbage, mixed codes, bare line feeds", () => {
  for (
    const text of ["hello\r\n", "\r\n", "25 x\r\n", "2500 x\r\n", "150 x\r\n", "650 x\r\n", "250_x\r\n", " 250 x\r\n"]
  ) {
    assertEquals(why(text), "a reply is malformed", text);
  }
  assertEquals(why("250-a\n250 b\r\n"), "a reply is malformed");
  assertEquals(why("250-a\r\n251 b\r\n"), "the lines of a reply have different codes");
});

Deno.test("a reply may be as long as the limits say, and no longer", () => {
  assertEquals(why(`250 ${"x".repeat(14)}\r\n`), "reply");
  assertEquals(why(`250 ${"x".repeat(15)}\r\n`), "a reply line is too long");
  assertEquals(why("250-\r\n250-\r\n250 \r\n"), "reply");
  assertEquals(why("250-\r\n250-\r\n250-\r\n250 \r\n"), "a reply has too many lines");
  assertEquals(why("250-1234567890\r\n".repeat(2) + "250 12\r\n"), "reply");
  assertEquals(why("250-1234567890\r\n".repeat(2) + "250 123\r\n"), "a reply is too long");
});

Deno.test("a reply that never ends, in one line or in many, costs a bounded memory and ends the session", () => {
  for (const piece of ["2".repeat(1_000), "250-more\r\n".repeat(10), "\r".repeat(1_000)]) {
    const reader = new ReplyReader(REPLY_LIMITS);
    let fed = 0;
    let broken = false;
    while (!broken && fed < 10_000_000) {
      reader.push(bytes(piece));
      fed += piece.length;
      broken = reader.next()?.type === "broken";
    }
    assertLessOrEqual(fed, REPLY_LIMITS.replyBytesMax + 10 * piece.length);
    assert(broken);
    reader.push(bytes("250 ok\r\n"));
    assertEquals(reader.next()?.type, "broken");
  }
});

Deno.test("the text of a reply is one printable line, whatever the server put into it", () => {
  const reply = (code: number, ...lines: string[]) => refusal({ code, lines });
  assertEquals(reply(550, "5.1.1 no\rSubject: evil\x1b[2J\x00", "5.1.1 such\tuser \xe9"), {
    action: "failed",
    code: 550,
    status: "5.1.1",
    text: "no?Subject: evil?[2J? such?user ?",
  });
  assertEquals(reply(550, ...new Array(100).fill("x".repeat(4_000))).text.length, 512);
});

Deno.test("the class of the code decides, and no enhanced code of another class changes it", () => {
  const [soft, hard] = [refusal({ code: 450, lines: ["5.1.1 never"] }), refusal({ code: 550, lines: ["4.2.0 later"] })];
  assertEquals([soft.action, soft.status, soft.text], ["deferred", "4.0.0", "never"]);
  assertEquals([hard.action, hard.status], ["failed", "5.0.0"]);
  const statuses = [421, 451, 452, 499, 500, 552, 571].map((code) => refusal({ code, lines: ["x"] }).status);
  assertEquals(statuses, ["4.3.2", "4.3.0", "4.3.1", "4.0.0", "5.5.2", "5.2.2", "5.0.0"]);
  assertEquals(refusal({ code: 450, lines: ["4.2.1"] }).text, "");
  assertEquals(refusal({ code: 550, lines: ["5.1.1234 x"] }).status, "5.0.0");
  for (let code = 200; code < 600; code++) {
    const outcome = refusal({ code, lines: [`${Math.floor(code / 100)}.1.1 x`] });
    assertEquals(outcome.action, code >= 500 ? "failed" : "deferred");
    assertEquals(outcome.status[0], code >= 500 ? "5" : "4");
  }
});

const token = fc.oneof(
  fc.constantFrom("250 ok\r\n", "250-a\r\n", "354 go\r\n", "\r\n", "\r", "\n", "250", "550-x\r\n", "550 5.1.1 no\r\n"),
  fc.array(fc.nat(255), { maxLength: 30 }).map((codes) => String.fromCharCode(...codes)),
);
const stream = fc.array(token, { maxLength: 20 }).map((tokens) => bytes(tokens.join("")));

Deno.test("the reader finds the same replies however the bytes are cut, and never throws", () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat(200), { maxLength: 6 }), (whole, positions) => {
      const expected = read([whole]);
      assertEquals(read(cut(whole, positions)), expected);
      assertEquals(read(Array.from(whole, (byte) => Uint8Array.of(byte))), expected);
    }),
    { seed: 5321, numRuns: 4_000 },
  );
});

Deno.test("canary: the fuzzer finds a reader that loses bytes at the seam of two chunks", () => {
  const found = fc.check(
    fc.property(stream, fc.array(fc.nat(200), { maxLength: 6 }), (whole, positions) => {
      const lossy = cut(whole, positions).map((chunk, i) => i === 0 ? chunk : chunk.subarray(1));
      assertEquals(read(lossy), read([whole]));
    }),
    { seed: 5321, numRuns: 500 },
  );
  assert(found.failed);
});
