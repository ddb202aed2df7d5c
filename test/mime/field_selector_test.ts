import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { latin1 } from "../../src/base/mod.ts";
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

/** The fields of a header as text, each with its folds; the empty line is one, too. */
function fieldsOf(header: string): string[] {
  return header.split(/(?<=\n)(?![ \t])/).filter((field) => field !== "");
}

/** The same, looked up field by field as text: what is selected, in its order. */
function selected(header: string, names: readonly string[], keep: boolean): string {
  const wanted = names.map((name) => name.toLowerCase());
  return fieldsOf(header).filter((field) => {
    if (/^\r?\n/.test(field)) return true;
    const colon = field.slice(0, 999).indexOf(":");
    return wanted.includes(colon < 0 ? "" : field.slice(0, colon).trimEnd().toLowerCase()) === keep;
  }).join("");
}

Deno.test("fields are selected by name as they stand in the header, folds and empty line included", () => {
  fc.assert(
    fc.property(headers, fc.subarray(NAMES), fc.boolean(), fc.nat(5), (text, names, keep, offset) => {
      const header = latin1Bytes(text);
      const around = latin1Bytes(`${"z".repeat(offset)}${text}\r\n more`);
      const ends: number[] = [];
      const total = new FieldSelector(names, keep).select(around, { offset, length: header.length }, ends);
      const ranges = Array.from({ length: ends.length / 2 }, (_, i) => [ends[2 * i]!, ends[2 * i + 1]!] as const);
      const found = ranges.map(([from, to]) => latin1(around.subarray(from, to))).join("");
      assertEquals([found, total], [selected(text, names, keep), found.length]);
      // Neighbours are one range.
      assert(ranges.every(([from, to], i) => from < to && (i === 0 || from > ranges[i - 1]![1])));
      const alone = selectFields(header, names, keep).map((
        { offset: at, length },
      ) => [offset + at, offset + at + length]);
      assertEquals(alone, ranges.map((each) => [...each]));
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
