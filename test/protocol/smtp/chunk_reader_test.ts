import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { latin1 } from "../../../src/base/latin1.ts";
import { ChunkReader } from "../../../src/protocol/smtp/chunk_reader.ts";
import { SMTP_LIMITS } from "../../../src/protocol/smtp/limits.ts";
import { bytes, cut } from "./support/session.ts";

/** RFC 3030 and RFC 5321 §2.3.8 said again, without any regard to speed. */
function oracle(text: string, binary: boolean): string | null {
  const empty = text.startsWith("\r\n") ? 0 : text.indexOf("\r\n\r\n") < 0 ? -1 : text.indexOf("\r\n\r\n") + 2;
  const lined = binary && empty >= 0 ? text.slice(0, empty + 2) : text;
  if (/(^|[^\r])\n|\r(?!\n)/.test(lined)) return null;
  const fields = lined.slice(0, empty < 0 ? undefined : empty).split("\r\n").filter((line) => /^received:/i.test(line));
  if (fields.length > 2) return null;
  return binary || text === "" || text.endsWith("\r\n") ? text : `${text}\r\n`;
}

type Read = (chunks: readonly Uint8Array[], binary: boolean) => string | null;

const read: Read = (chunks, binary) => {
  const reader = new ChunkReader({ ...SMTP_LIMITS, receivedFieldsMax: 2 }, binary);
  for (const chunk of chunks) reader.push(chunk);
  reader.finish();
  if (reader.refusal() !== null) return null;
  const content = reader.takePieces().map(latin1).join("");
  assertEquals(reader.size, content.length);
  return content;
};

const token = fc.constantFrom("\r", "\n", ".", "\0", "a", "\r\n", "\r\n\r\n", "\r\n.\r\n", "Received: x", "rec", "é");
const stream = fc.array(token, { maxLength: 24 }).map((tokens) => tokens.join(""));
const cuts = fc.array(fc.nat(120), { maxLength: 8 });

function agrees(reading: Read) {
  return fc.property(stream, cuts, fc.boolean(), (text, positions, binary) => {
    assertEquals(reading(cut(bytes(text), positions), binary), oracle(text, binary));
  });
}

Deno.test("content in any chunks is what RFC 3030 says of it, text and binary", () => {
  fc.assert(agrees(read), { seed: 3030, numRuns: 20_000 });
});

Deno.test("canary: the same property catches a reader that looks at each chunk alone", () => {
  const forgetful: Read = (chunks, binary) => {
    const parts = chunks.map((chunk) => read([chunk], binary));
    return parts.includes(null) ? null : parts.join("");
  };
  assert(fc.check(agrees(forgetful), { seed: 3030, numRuns: 20_000 }).failed, "the fuzzer does not see a cut CRLF");
});

Deno.test("canary: the same property catches a reader that checks the lines of a binary body", () => {
  const strict: Read = (chunks) => read(chunks, false);
  assert(fc.check(agrees(strict), { seed: 3030, numRuns: 20_000 }).failed, "the fuzzer does not see a binary body");
});

Deno.test("of a message that is refused already nothing is kept, however much of it comes", () => {
  const refused = [
    ["a: bc\r\n", { headerBytesMax: 6 }],
    ["a: b\n", {}],
    [`\r\n${"x".repeat(100)}\r\n`, { messageBytesMax: 64 }],
  ] as const;
  for (const binary of [false, true]) {
    for (const [start, limits] of refused) {
      const reader = new ChunkReader({ ...SMTP_LIMITS, ...limits }, binary);
      for (let i = 0; i < 100; i++) reader.push(bytes(`${i === 0 ? start : ""}${"x".repeat(998)}\r\n`));
      assert(reader.refusal() !== null);
      assertEquals(reader.bufferedBytes, 0, JSON.stringify(start));
    }
  }
});
