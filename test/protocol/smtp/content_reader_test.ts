import { assert, assertEquals, assertLess, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { byteLength } from "../../../src/base/bytes.ts";
import { latin1 } from "../../../src/base/latin1.ts";
import { ContentReader } from "../../../src/protocol/smtp/content_reader.ts";
import { SMTP_LIMITS, type SmtpLimits } from "../../../src/protocol/smtp/limits.ts";
import { bytes, cut } from "./support/session.ts";

/** What a reader made of its input: null while the end has not come. */
type Verdict = { consumed: number; content: string | "refused" } | null;

type Read = (chunks: readonly Uint8Array[]) => Verdict;

/** RFC 5321 said again, without any regard to speed. */
function oracle(text: string): Verdict {
  const found = text.indexOf("\r\n.\r\n");
  const end = text.startsWith(".\r\n") ? 0 : found < 0 ? -1 : found + 2;
  if (end < 0) return null;
  const body = text.slice(0, end);
  const bare = /(^|[^\r])\n|\r(?!\n)/.test(body);
  return { consumed: end + 3, content: bare ? "refused" : body.replace(/(^|\n)\./g, "$1") };
}

function reading(limits: Partial<SmtpLimits> = {}): Read {
  return (chunks) => {
    const reader = new ContentReader({ ...SMTP_LIMITS, ...limits });
    let consumed = 0;
    for (const chunk of chunks) {
      consumed += reader.push(chunk);
      if (reader.ended) break;
    }
    if (!reader.ended) return null;
    return { consumed, content: reader.refusal() === null ? reader.takePieces().map(latin1).join("") : "refused" };
  };
}

const token = fc.constantFrom(
  "\r",
  "\n",
  ".",
  "\0",
  "a",
  " ",
  "\r\n",
  "\r\n.",
  "\r\n.\r\n",
  "\n.\r\n",
  "Received: x",
  "é",
);
const stream = fc.array(token, { maxLength: 24 }).map((tokens) => tokens.join(""));
const cuts = fc.array(fc.nat(120), { maxLength: 8 });

function agrees(read: Read) {
  return fc.property(stream, cuts, (text, positions) => {
    assertEquals(read(cut(bytes(text), positions)), oracle(text));
  });
}

Deno.test("content in any chunking is what RFC 5321 says of it", () => {
  fc.assert(agrees(reading()), { seed: 5321, numRuns: 20_000 });
});

Deno.test("canary: the same property catches a reader that ends at LF.CRLF", () => {
  const lenient: Read = (chunks) => {
    const text = chunks.map(latin1).join("");
    const match = /(^|\r?\n)\.\r?\n/.exec(text);
    if (match === null) return null;
    const body = text.slice(0, match.index + match[1]!.length);
    return { consumed: match.index + match[0].length, content: body.replace(/(^|\n)\./g, "$1") };
  };
  assert(fc.check(agrees(lenient), { seed: 5321, numRuns: 20_000 }).failed, "the fuzzer does not see a smuggler");
});

Deno.test("canary: the same property catches a reader that forgets a CR between two chunks", () => {
  const forgetful: Read = (chunks) => {
    const read = reading();
    return chunks.map((chunk) => read([chunk])).find((verdict) => verdict !== null) ?? null;
  };
  assert(fc.check(agrees(forgetful), { seed: 5321, numRuns: 20_000 }).failed, "the fuzzer does not see a lost CR");
});

/** The verdict on the content at exactly a limit and one beyond it, for every chunk size of a few. */
function verdictOf(text: string, limits: Partial<SmtpLimits>): string {
  const verdicts = [1, 7, 64, text.length + 3].map((size) => {
    const reader = new ContentReader({ ...SMTP_LIMITS, ...limits });
    const whole = bytes(`${text}.\r\n`);
    for (let at = 0; at < whole.length; at += size) reader.push(whole.slice(at, at + size));
    assert(reader.ended);
    return reader.refusal()?.wire ?? "accepted";
  });
  assertEquals(new Set(verdicts).size, 1, "the verdict hangs on the chunking");
  return verdicts[0]!;
}

Deno.test("content of the limit's size is taken, one byte more is refused (S16)", () => {
  assertEquals(verdictOf("h: x\r\n\r\n12\r\n", { messageBytesMax: 12 }), "accepted");
  assertEquals(verdictOf("h: x\r\n\r\n123\r\n", { messageBytesMax: 12 }), "552 5.3.4 Message too big\r\n");
});

Deno.test("a dot that is unstuffed does not count", () => {
  assertEquals(verdictOf("..\r\n", { messageBytesMax: 3 }), "accepted");
});

Deno.test("a header of the limit's bytes or lines is taken, one more is refused (S17)", () => {
  assertEquals(verdictOf("a: b\r\n\r\nbody\r\n", { headerBytesMax: 6 }), "accepted");
  assertEquals(verdictOf("a: bc\r\n\r\nbody\r\n", { headerBytesMax: 6 }), "552 5.3.4 Message header too big\r\n");
  assertEquals(verdictOf("a: b\r\n c\r\n\r\nb\r\nb\r\n", { headerLinesMax: 2 }), "accepted");
  assertEquals(verdictOf("a: b\r\n c\r\n d\r\n\r\n", { headerLinesMax: 2 }), "552 5.3.4 Message header too big\r\n");
});

Deno.test("of a message that is refused already nothing is kept, however much of it comes (S17)", () => {
  const refused: readonly (readonly [start: string, limits: Partial<SmtpLimits>])[] = [
    ["a: bc\r\n", { headerBytesMax: 6 }],
    ["a:\r\nb:\r\n", { headerLinesMax: 1 }],
    ["\r\na\nb", {}],
    ["\r\n.\rx", {}],
    [`\r\n${"x".repeat(100)}\r\n`, { messageBytesMax: 64 }],
  ];
  for (const [start, limits] of refused) {
    const reader = new ContentReader({ ...SMTP_LIMITS, ...limits });
    reader.push(bytes(start));
    for (let i = 0; i < 100; i++) reader.push(bytes(`${"x".repeat(998)}\r\n`));
    assertEquals(reader.bufferedBytes, 0, JSON.stringify(start));
  }
});

Deno.test("a content line of the limit is taken, one byte more is refused", () => {
  assertEquals(verdictOf("12345678\r\n", { contentLineBytesMax: 10 }), "accepted");
  assertEquals(verdictOf("\r\n12345678\r\n", { contentLineBytesMax: 10 }), "accepted");
  assertEquals(verdictOf("\r\n123456789\r\n", { contentLineBytesMax: 10 }), "554 5.6.0 Message line too long\r\n");
  assertEquals(verdictOf("123456789\r\n", { contentLineBytesMax: 10 }), "554 5.6.0 Message line too long\r\n");
});

Deno.test("more Received fields than the limit are a mail loop, in the header only (S18)", () => {
  const loop = "554 5.4.6 Too many Received fields: mail loop\r\n";
  assertEquals(verdictOf("Received: a\r\nRECEIVED: b\r\n", { receivedFieldsMax: 2 }), "accepted");
  assertEquals(verdictOf("Received: a\r\nRECEIVED: b\r\nreceived: c\r\n", { receivedFieldsMax: 2 }), loop);
  assertEquals(verdictOf("Received: a\r\nX-Received: b\r\n Received: c\r\n", { receivedFieldsMax: 1 }), "accepted");
  assertEquals(verdictOf("Received: a\r\n\r\nReceived: b\r\n", { receivedFieldsMax: 1 }), "accepted");
  assertEquals(verdictOf("Received: a\r\n \r\nReceived: b\r\n", { receivedFieldsMax: 1 }), loop);
  assertEquals(verdictOf(".Received: a\r\n.received: b\r\n", { receivedFieldsMax: 1 }), loop);
  assertEquals(verdictOf("Received: x\r\n".repeat(51) + "\r\n", {}), loop);
});

Deno.test("a message that never ends is given up after the bytes that may be thrown away", () => {
  const limits = { messageBytesMax: 100, messageSkipBytesMax: 50 };
  for (const size of [1, 33, 151]) {
    const reader = new ContentReader({ ...SMTP_LIMITS, ...limits });
    let sent = 0;
    while (!reader.exhausted) sent += reader.push(bytes("x".repeat(Math.min(size, 151 - sent))));
    assertEquals(sent, 151);
    assertEquals(reader.bufferedBytes, 0);
  }
});

Deno.test("a large chunk is kept without a copy, small ones are copied together", () => {
  const large = bytes(`${"x".repeat(76)}\r\n`.repeat(1_000));
  const views = new ContentReader(SMTP_LIMITS);
  views.push(large);
  assertEquals(views.takePieces()[0]!.buffer, large.buffer);

  const small = new ContentReader(SMTP_LIMITS);
  for (const byte of large) small.push(Uint8Array.of(byte));
  small.push(bytes(".\r\n"));
  assertLessOrEqual(small.bufferedBytes, large.length * 2);
  const pieces = small.takePieces();
  assertEquals(byteLength(pieces), large.length);
  assertLess(pieces.length, 12);
});

Deno.test("large and small pieces keep their order", () => {
  const reader = new ContentReader(SMTP_LIMITS);
  const line = (letter: string) => `${letter.repeat(78)}\r\n`;
  const chunks = ["a\r\n", line("b").repeat(60), "c\r\n", "..d\r\n", line("e").repeat(60), "f\r\n"];
  for (const chunk of chunks) reader.push(bytes(chunk));
  assertEquals(reader.takePieces().map(latin1).join(""), chunks.join("").replace("..d", ".d"));
});

Deno.test("a few bytes of a large buffer do not keep the buffer", () => {
  const read = new Uint8Array(1_000_000);
  read.fill(0x61, 0, 5_000);
  const reader = new ContentReader(SMTP_LIMITS);
  reader.push(read.subarray(0, 5_000));
  assert(reader.takePieces().every((piece) => piece.buffer.byteLength <= 65_536));
});

Deno.test("bytes of any kind in the content stay what they are", () => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => byte !== 10 && byte !== 13);
  const reader = new ContentReader(SMTP_LIMITS);
  reader.push(all);
  reader.push(bytes("\r\n.\r\n"));
  assertEquals(reader.takePieces().map(latin1).join(""), `${latin1(all)}\r\n`);
});
