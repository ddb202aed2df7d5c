import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { FieldSelector, headerLength, parseStructure, selectFields } from "../../src/mime/mod.ts";
import { latin1Bytes } from "../support/latin1.ts";

const NAMES = ["From", "SUBJECT", "x", "", "À", "a\r\n b", "to", "cc", "\u0130"];
const token = fc.constantFrom(
  ...[
    "From",
    "from ",
    "Subject\t",
    "x",
    "à",
    "to",
    "TO",
    "a",
    "b",
    ":",
    ": ",
    " ",
    "\t",
    "\r",
    "\n",
    "\r\n",
    "\r\n",
    "\r\n ",
  ],
  ...["\xa0", "--b", "y".repeat(1_000), "Content-Type: multipart/mixed; boundary=b\r\n"],
);
const headers = fc.array(token, { maxLength: 30 }).map((tokens) => tokens.join(""));

Deno.test("fields are selected of bytes as they are of a header alone", () => {
  fc.assert(
    fc.property(headers, fc.subarray(NAMES), fc.boolean(), fc.nat(5), (text, names, keep, offset) => {
      const header = latin1Bytes(text);
      const expected = selectFields(header, names, keep);
      const around = latin1Bytes(`${"z".repeat(offset)}${text}\r\n more`);
      const ranges: number[] = [];
      const total = new FieldSelector(names, keep).select(around, { offset, length: header.length }, ranges);
      assertEquals(ranges, expected.flatMap((each) => [offset + each.offset, offset + each.offset + each.length]));
      assertEquals(total, expected.reduce((sum, { length }) => sum + length, 0));
    }),
    { seed: 5322, numRuns: 5_000 },
  );
});

Deno.test("a header ends where the body of its message begins", () => {
  fc.assert(
    fc.property(headers, headers, fc.nat(5), (head, rest, offset) => {
      const message = latin1Bytes(`${head}${rest}`);
      const { root } = parseStructure(message);
      const around = latin1Bytes(`${"\n".repeat(offset)}${head}${rest}\n\n`);
      const found = headerLength(around, offset, offset + message.length);
      assertEquals(found < 0 ? message.length : found, root.bodyStart);
    }),
    { seed: 5322, numRuns: 5_000 },
  );
});
