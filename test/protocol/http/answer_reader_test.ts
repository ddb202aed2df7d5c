import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { latin1, utf8 } from "../../../src/base/mod.ts";
import { AnswerReader, type HttpAnswer } from "../../../src/protocol/http/mod.ts";

const LIMITS = { headBytesMax: 200, bodyBytesMax: 50 };

/** The outcome in words, the answer read in pieces of so many bytes. */
function read(text: string, pieceBytes = text.length): string {
  const reader = new AnswerReader(LIMITS);
  const bytes = utf8(text);
  let answer: HttpAnswer | null = null;
  for (let at = 0; at < bytes.length && answer === null; at += pieceBytes) {
    answer = reader.push(bytes.subarray(at, at + pieceBytes));
  }
  if (answer === null) return "more";
  return answer.type === "broken" ? answer.why : `${answer.status} ${latin1(answer.body)}`;
}

const answerOf = (fields: string, body = "hello") => `HTTP/1.1 200 OK\r\n${fields}\r\n${body}`;

Deno.test("an answer is whole when its stated length has come, however it is cut, and what follows is not looked at", () => {
  const whole = answerOf("Server: x\r\ncontent-length: 5\r\n");
  for (let bytes = 1; bytes <= whole.length; bytes++) assertEquals(read(whole, bytes), "200 hello");
  assertEquals(read(`${whole} and more`), "200 hello");
  assertEquals(read(whole.slice(0, -1)), "more");
  assertEquals(read(answerOf("Content-Length: 0\r\n", "")), "200 ");
  assertEquals(read("HTTP/1.0 503\r\nContent-Length: 2\r\n\r\nno"), "503 no");
  assertEquals(read(answerOf("Content-Length: 5\r\nContent-Length: 5\r\n")), "200 hello");
});

Deno.test("every limit of an answer holds at its value and not one beyond", () => {
  const head = (bytes: number) => {
    const bare = answerOf("Content-Length: 5\r\nX: \r\n", "").length;
    return answerOf(`Content-Length: 5\r\nX: ${"y".repeat(bytes - bare)}\r\n`);
  };
  assertEquals(read(head(200)), "200 hello");
  assertEquals(read(head(201)), "its head is too long");
  assertEquals(read(head(201), 1), "its head is too long");
  const body = (bytes: number) => answerOf(`Content-Length: ${bytes}\r\n`, "z".repeat(bytes));
  assertEquals(read(body(50)), `200 ${"z".repeat(50)}`);
  assertEquals(read(body(51)), "it is too long");
});

Deno.test("what has no safe end, is packed, or is no HTTP is refused", () => {
  for (
    const [text, why] of [
      [answerOf(""), "it does not say where it ends"],
      [answerOf("Transfer-Encoding: chunked\r\n"), "it comes in chunks"],
      [answerOf("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), "it comes in chunks"],
      [answerOf("Content-Encoding: gzip\r\nContent-Length: 5\r\n"), "it is packed"],
      [answerOf("Content-Length: 5\r\nContent-Length: 6\r\n"), "its length is malformed"],
      [answerOf("Content-Length: +5\r\n"), "its length is malformed"],
      [answerOf("Content-Length: 5, 5\r\n"), "its length is malformed"],
      [answerOf("Content-Length: 9999999999999999\r\n"), "its length is malformed"],
      [answerOf("Content-Length : 5\r\n"), "its head is malformed"],
      [answerOf("Content-Length: 5\r\n folded: 1\r\n"), "its head is malformed"],
      [answerOf("nonsense\r\n"), "its head is malformed"],
      ["HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n", "it is not HTTP"],
      ["HTTP/1.1 20 OK\r\n\r\n", "it is not HTTP"],
      ["stream: OK\0\r\n\r\n", "it is not HTTP"],
    ] as const
  ) {
    assertEquals(read(text), why, text);
  }
});

Deno.test("any bytes in any pieces give the same outcome, within the limits", () => {
  const token = fc.constantFrom(
    "HTTP/1.1 200 OK\r\n",
    "Content-Length: 3\r\n",
    "\r\n",
    "a: b\r\n",
    "abc",
    "\r",
    "\n",
    "\0",
  );
  fc.assert(
    fc.property(fc.array(token, { maxLength: 12 }), fc.integer({ min: 1, max: 30 }), (tokens, pieceBytes) => {
      const text = tokens.join("");
      if (text === "") return;
      const outcome = read(text);
      assertEquals(read(text, pieceBytes), outcome);
      assert(outcome.length <= 4 + LIMITS.bodyBytesMax);
    }),
    { seed: 9112, numRuns: 3_000 },
  );
});
