import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { concat, utf8 } from "../../src/base/mod.ts";
import { HttpReader } from "../../src/admin/http_reader.ts";
import { parseLine } from "../../src/admin/json_rpc.ts";
import { type Framed, LineFramer } from "../../src/admin/line_framer.ts";
import { Conversation, fakeServer, settle } from "./support.ts";

const RUNS = { numRuns: 300, seed: 20_261_122 };

/** Cuts bytes at random places. */
function cut(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const at = [...new Set(cuts.map((n) => n % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, i) => bytes.slice(from, at[i] ?? bytes.length));
}

Deno.test("fuzz: lines are the same however the stream is cut", () => {
  const stream = fc.array(fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constant(new Uint8Array([0x0a]))), {
    maxLength: 20,
  });
  fc.assert(
    fc.property(stream, fc.array(fc.nat(), { maxLength: 10 }), (parts, cuts) => {
      const bytes = concat(parts);
      const read = (chunks: Uint8Array[]): Framed[] => {
        const framer = new LineFramer(64);
        return chunks.flatMap((chunk) => framer.push(chunk));
      };
      assertEquals(read(cut(bytes, cuts)), read([bytes]));
    }),
    RUNS,
  );
});

Deno.test("fuzz: any JSON is a request or an error, never a throw", () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const { calls } = parseLine(text);
      assert(calls.length > 0);
    }),
    RUNS,
  );
});

Deno.test("fuzz: HTTP requests end the same way however they are cut", () => {
  const line = fc.constantFrom(
    "GET / HTTP/1.1",
    "POST /rpc HTTP/1.1",
    "garbage",
    "Content-Length: 3",
    "X: y",
    "",
    "{}",
    ":",
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 6 }), (lines, cuts) => {
      const bytes = utf8(lines.join("\r\n"));
      const read = (chunks: Uint8Array[]) => {
        const reader = new HttpReader();
        for (const chunk of chunks) {
          const result = reader.push(chunk);
          if (result !== null) return result;
        }
        return null;
      };
      assertEquals(read(cut(bytes, cuts))?.type, read([bytes])?.type);
    }),
    RUNS,
  );
});

Deno.test("fuzz: whatever a session is sent, it answers in whole JSON lines and goes on or closes", async () => {
  await using server = await fakeServer();
  const piece = fc.oneof(
    fc.constantFrom("{", "}", "[", "]", "\n", '"', '{"jsonrpc":"2.0","id":1,"method":"health"}\n', "[{}]\n", "\u0000"),
    fc.constant('{"jsonrpc":"2.0","id":[],"method":"rpc.cancel","params":{"id":1}}\n'),
    fc.string({ maxLength: 20 }),
    fc.json().map((json) => `${json}\n`),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 20 }), async (pieces) => {
      const conversation = new Conversation(server);
      conversation.send("{");
      for (const text of pieces) conversation.send(text);
      conversation.session.end();
      await settle();
      assert(conversation.closed);
      for (const line of conversation.text.join("").split("\n").filter((line) => line !== "")) JSON.parse(line);
    }),
    { ...RUNS, numRuns: 100 },
  );
});
