import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { concat, latin1, utf8 } from "../../../src/base/mod.ts";
import {
  HEADER_BYTES_MAX,
  HEADER_FIELDS_MAX,
  readHeader,
  readMessage,
  valueOf,
} from "../../../src/policy/header/mod.ts";

function read(...pieces: string[]) {
  const { head, fields, body, complete } = readMessage(pieces.map(utf8));
  assertEquals(readHeader(head), { fields, complete }, "the header alone says the same");
  return { fields: fields.map((field) => [field.name, valueOf(field)]), body: latin1(concat([...body])), complete };
}

Deno.test("fields are read with their folds, the body begins behind the first empty line", () => {
  assertEquals(read("A: 1\r\nSub Ject : x\r\n\ty\r\n\r\n\r\nbody\r\n\r\nB: 2"), {
    fields: [["a", " 1"], ["sub ject", " x\r\n\ty"]],
    body: "\r\nbody\r\n\r\nB: 2",
    complete: true,
  });
});

Deno.test("a message without header, without body, or with a line that is no field is read as well", () => {
  assertEquals(read("\r\nA: 1\r\n\r\n"), { fields: [], body: "A: 1\r\n\r\n", complete: true });
  assertEquals(read("A: 1\r\n"), { fields: [["a", " 1"]], body: "", complete: true });
  assertEquals(read(), { fields: [], body: "", complete: true });
  assertEquals(read("no field\r\n: x\r\nA:\r\n\r\nb").fields.map(([name]) => name), ["", "", "a"]);
});

Deno.test("the pieces of a message make no difference", () => {
  const text = "A: 1\r\nB: 2\r\n\tx\r\n\r\nbody\r\n\r\nmore\r";
  const whole = read(text);
  fc.assert(
    fc.property(fc.array(fc.nat(text.length), { maxLength: 6 }), (cuts) => {
      const places = [0, ...cuts.sort((a, b) => a - b), text.length];
      assertEquals(read(...places.slice(1).map((end, i) => text.slice(places[i], end))), whole);
    }),
    { seed: 2, numRuns: 1_000 },
  );
});

Deno.test("a header of the limit's bytes or fields is whole, a longer one is told as not complete", () => {
  const header = (bytes: number) => `A: ${"x".repeat(bytes - 5)}\r\n`;
  assertEquals(readMessage([utf8(header(HEADER_BYTES_MAX - 2) + "\r\n")]).complete, true);
  assertEquals(readMessage([utf8(header(HEADER_BYTES_MAX) + "\r\n")]).complete, false);
  assertEquals(readMessage([utf8("A:\r\n".repeat(HEADER_FIELDS_MAX - 1) + "\r\n")]).complete, true);
  assertEquals(readMessage([utf8("A:\r\n".repeat(HEADER_FIELDS_MAX) + "\r\n")]).complete, false);
  const complete = (head: string) => readHeader(utf8(head)).complete;
  assertEquals([complete(header(HEADER_BYTES_MAX - 1)), complete(header(HEADER_BYTES_MAX))], [true, false]);
  assertEquals([HEADER_FIELDS_MAX - 1, HEADER_FIELDS_MAX].map((count) => complete("A:\r\n".repeat(count))), [
    true,
    false,
  ]);
});

Deno.test("a header in a hundred thousand pieces costs no more than in one", () => {
  const startMs = performance.now();
  readMessage(Array.from({ length: 100_000 }, (_, i) => utf8(i % 8 === 0 ? "A:\r\n" : "\tx\r\n")));
  if (performance.now() - startMs > 2_000) throw new Error(`${performance.now() - startMs} ms`);
});
