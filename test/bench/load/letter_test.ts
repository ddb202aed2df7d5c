import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { Letter } from "../../../bench/load/letter.ts";

function letter(messageBytes: number, template?: Letter): Letter {
  const options = { messageBytes, domain: "bench.test", idPrefix: "t-0" };
  return new Letter(template ? { ...options, template } : options);
}

const text = (of: Letter) => of.bytes.toString("latin1");

Deno.test("A letter has exactly the size asked for, whatever its last line's length has to be", () => {
  for (let size = 512; size < 700; size++) assertEquals(letter(size).bytes.length, size + 3);
  for (const size of [4_096, 102_400]) assertEquals(letter(size).bytes.length, size + 3);
});

Deno.test("A letter ends in its only dot line, and its lines end in CRLF and are short", () => {
  for (let size = 4_096; size < 4_096 + 80; size++) {
    const lines = text(letter(size)).split("\r\n");
    assertEquals(lines.slice(-2), [".", ""]);
    for (const line of lines.slice(0, -2)) {
      assert(!line.startsWith(".") && !line.includes("\n") && !line.includes("\r"), line);
      assert(line.length <= 78, line);
    }
  }
});

Deno.test("A new number changes the id in place and nothing else", () => {
  const one = letter(4_096);
  one.renumber(7);
  const before = text(one);
  one.renumber(1_234_567_890);
  assertEquals(one.id, "t-0-1234567890");
  assertEquals(text(one), before.replace("t-0-0000000007", "t-0-1234567890"));
  assert(text(one).startsWith("Message-ID: <t-0-1234567890@load.bench.test>\r\n"));
});

Deno.test("Letters made after a template share its text and not its buffer", () => {
  const first = letter(512);
  const second = letter(512, first);
  second.renumber(9);
  first.renumber(8);
  assertNotEquals(text(first), text(second));
  assertEquals(text(second).replace("0000000009", "0000000008"), text(first));
});
