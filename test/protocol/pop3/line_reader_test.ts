import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { utf8 } from "../../../src/base/bytes.ts";
import { LineReader } from "../../../src/protocol/pop3/line_reader.ts";

const SEED = 1939;
const LIMIT = 8;

interface Reader {
  push(chunk: Uint8Array): void;
  next(limit: () => number): { readonly type: string; readonly bytes?: Uint8Array } | null;
}

/** Every line that comes out, "tooLong" being the last. */
function readAll(reader: Reader, chunks: readonly Uint8Array[]): string[] {
  const lines: string[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let frame = reader.next(() => LIMIT); frame !== null; frame = reader.next(() => LIMIT)) {
      if (frame.type === "tooLong") return [...lines, "tooLong"];
      lines.push(new TextDecoder().decode(frame.bytes));
    }
  }
  return lines;
}

/** The same by the plainest means. */
function reference(text: string): string[] {
  const parts = text.split("\r\n");
  const rest = parts.pop()!;
  const long = parts.findIndex((line) => line.length + 2 > LIMIT);
  if (long >= 0) return [...parts.slice(0, long), "tooLong"];
  return rest.length >= LIMIT ? [...parts, "tooLong"] : parts;
}

function compare(makeReader: () => Reader): void {
  const text = fc.array(fc.constantFrom("\r", "\n", "\r\n", "a", "bc", "\0"), { maxLength: 30 }).map((parts) =>
    parts.join("")
  );
  fc.assert(
    fc.property(text, fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 8 }), (given, steps) => {
      const bytes = utf8(given);
      const chunks: Uint8Array[] = [];
      for (let at = 0, turn = 0; at < bytes.length; at += steps[turn++ % steps.length]!) {
        chunks.push(bytes.slice(at, at + steps[turn % steps.length]!));
      }
      assertEquals(readAll(makeReader(), chunks), reference(given));
    }),
    { seed: SEED, numRuns: 3_000 },
  );
}

Deno.test("lines come out the same however the bytes are cut, and never longer than the limit", () => {
  compare(() => new LineReader());
});

Deno.test("canary: the fuzzer finds a reader that splits at a bare LF", () => {
  class Lenient extends LineReader {
    override push(chunk: Uint8Array): void {
      super.push(utf8(new TextDecoder().decode(chunk).replace(/(?<!\r)\n/g, "\r\n")));
    }
  }
  assertThrows(() => compare(() => new Lenient()), Error, "Property failed");
});

Deno.test("canary: the fuzzer finds a reader that misses a CRLF cut in two", () => {
  class Forgetful extends LineReader {
    override push(chunk: Uint8Array): void {
      super.push(chunk[0] === 0x0a ? Uint8Array.of(0x20, ...chunk) : chunk);
    }
  }
  assertThrows(() => compare(() => new Forgetful()), Error, "Property failed");
});

Deno.test("the limit may differ from line to line", () => {
  const reader = new LineReader();
  reader.push(utf8("Ab\r\nlong line\r\nAbc"));
  const limit = (pending: Uint8Array) => pending[0] === 0x41 ? 4 : 100;
  assertEquals(reader.next(limit)?.type, "line");
  assertEquals(reader.next(limit)?.type, "line");
  assertEquals(reader.next(limit), null);
  reader.push(utf8("d"));
  assertEquals(reader.next(limit), { type: "tooLong" });
  reader.clear();
  assertEquals(reader.bufferedBytes, 0);
});
