import { assertEquals, assertThrows } from "@std/assert";
import { replyBytesMax, ReplyReader, replyText } from "../../../bench/load/reply_reader.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function read(chunks: readonly Uint8Array[]): string[] {
  const replies: string[] = [];
  const reader = new ReplyReader((code, line, start, end) => replies.push(`${code}:${replyText(line, start, end)}`));
  for (const chunk of chunks) reader.feed(chunk);
  return replies;
}

const STREAM = "220 sink ESMTP\r\n250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n250 2.1.0 ok\r\n354 go on\r\n250\r\n";
const REPLIES = ["220:220 sink ESMTP", "250:250 8BITMIME", "250:250 2.1.0 ok", "354:354 go on", "250:250"];

Deno.test("Replies are the same whether they come at once, cut in two anywhere, or byte by byte", () => {
  assertEquals(read([bytes(STREAM)]), REPLIES);
  for (let at = 1; at < STREAM.length; at++) {
    assertEquals(read([bytes(STREAM.slice(0, at)), bytes(STREAM.slice(at))]), REPLIES);
  }
  assertEquals(read([...bytes(STREAM)].map((byte) => Uint8Array.of(byte))), REPLIES);
});

Deno.test("A held piece is the reader's own: the caller may overwrite its buffer", () => {
  const replies: number[] = [];
  const reader = new ReplyReader((code) => replies.push(code));
  const buffer = bytes("25");
  reader.feed(buffer);
  buffer.fill(0);
  reader.feed(bytes("0 ok\r\n"));
  assertEquals(replies, [250]);
});

Deno.test("What is no reply is an error", () => {
  for (const wrong of ["hello\r\n", "\r\n", "25\r\n", "199 no\r\n", "600 no\r\n", "2x0 no\r\n", "\n"]) {
    assertThrows(() => read([bytes(wrong)]), Error, "not an SMTP reply");
  }
});

Deno.test("A reply may take up to the limit and not a byte more", () => {
  const fits = `250-${"x".repeat(replyBytesMax - 4 - 2)}\r\n`;
  assertEquals(fits.length, replyBytesMax);
  assertEquals(read([bytes(fits), bytes("250 ok\r\n")]), ["250:250 ok"]);
  assertThrows(() => read([bytes(fits.replace("\r\n", "x\r\n"))]), Error, "too long");
  assertEquals(read([bytes("250 " + "x".repeat(replyBytesMax - 4)), bytes("\r\n")]).length, 1);
  assertThrows(() => read([bytes("250 " + "x".repeat(replyBytesMax - 3))]), Error, "too long");
});

Deno.test("The text of a reply has no control characters and a bounded length", () => {
  const line = bytes("550 \u0007no\u00e9\r");
  assertEquals(replyText(line, 0, line.length), "550 ?no??");
  assertEquals(replyText(bytes("x".repeat(300)), 0, 300).length, 100);
});
