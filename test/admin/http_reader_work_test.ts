import { assert, assertEquals } from "@std/assert";
import { utf8 } from "../../src/base/mod.ts";
import { HEAD_BYTES_MAX, HttpReader } from "../../src/admin/http_reader.ts";

/** How long it takes, in ms, without what the machine does besides: the best of three. */
function bestMs(run: () => void): number {
  return Math.min(...[1, 2, 3].map(() => {
    const from = performance.now();
    run();
    return performance.now() - from;
  }));
}

function readByteByByte(bodyBytes: number): void {
  const reader = new HttpReader();
  reader.push(utf8(`POST / HTTP/1.1\r\ncontent-length: ${bodyBytes}\r\n\r\n`));
  for (let i = 1; i < bodyBytes; i++) assertEquals(reader.push(new Uint8Array([97])), null);
  assertEquals(reader.push(new Uint8Array([97])), {
    type: "request",
    method: "POST",
    path: "/",
    body: "a".repeat(bodyBytes),
  });
}

Deno.test("a body that comes byte by byte costs work by its size, not by its square", () => {
  const [small, large] = [10_000, 80_000].map((bytes) => bestMs(() => readByteByByte(bytes)));
  // Eight times the bytes: linear is 8, quadratic 64.
  assert(large! < 32 * small! + 50, `${small} ms for 10,000 bytes, ${large} ms for 80,000`);
});

Deno.test("blanks inside a field of the largest head cost no more than other characters there", () => {
  const head = (filling: string) => {
    const [start, end] = ["GET / HTTP/1.1\r\na: x", "y\r\n\r\n"];
    return utf8(start + filling.repeat(HEAD_BYTES_MAX - start.length - end.length) + end);
  };
  const read = (filling: string) => bestMs(() => assertEquals(new HttpReader().push(head(filling))?.type, "request"));
  const [letters, blanks, tabs] = [read("x"), read(" "), read("\t")];
  assert(
    Math.max(blanks, tabs) < 20 * letters + 50,
    `${letters} ms for letters, ${blanks} for blanks, ${tabs} for tabs`,
  );
});
