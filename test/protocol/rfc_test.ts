import { assert, assertEquals } from "@std/assert";
import { renderRfcTable, RFCS } from "../../src/protocol/rfc.ts";

Deno.test("the RFCs are listed once each, in order, and make a table", () => {
  const numbers = RFCS.map(({ number }) => number);
  assertEquals(numbers, [...new Set(numbers)].sort((a, b) => a - b));
  const lines = renderRfcTable().split("\n");
  assertEquals(lines.length, RFCS.length + 2);
  for (const line of lines) assertEquals(line.split("|").length, 6, line);
  assert(lines.some((line) => line.includes("rfc5321")));
});
