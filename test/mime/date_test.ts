import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { formatDate, parseDate } from "../../src/mime/mod.ts";

/** The time in UTC, or null. */
const ROWS: readonly (readonly [field: string, expected: string | null])[] = [
  // RFC 5322 appendix A
  ["Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T15:55:06Z"],
  ["Tue, 1 Jul 2003 10:52:37 +0200", "2003-07-01T08:52:37Z"],
  [
    "Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n               -0330 (Newfoundland Time)",
    "1969-02-14T03:02:00Z",
  ],
  ["21 Nov 97 09:55:06 GMT", "1997-11-21T09:55:06Z"],
  ["Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", "1997-11-21T15:55:06Z"],
  // RFC 5322 §4.3: years of two and three digits, zones by name
  ["1 Jan 49 00:00 UT", "2049-01-01T00:00:00Z"],
  ["1 Jan 50 00:00 EST", "1950-01-01T05:00:00Z"],
  ["1 Jan 100 00:00 PDT", "2000-01-01T07:00:00Z"],
  ["Sun, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37Z"],
  ["29 Feb 2024 23:59:60 +0000", "2024-03-01T00:00:00Z"],
  // RFC 5256 §2.2: without a valid zone UTC, without a valid time midnight
  ["1 Jan 2026 10:00", "2026-01-01T10:00:00Z"],
  ["1 Jan 2026 10:00 Z", "2026-01-01T10:00:00Z"],
  ["1 Jan 2026 10:00 +9999", "2026-01-01T10:00:00Z"],
  ["1 Jan 2026 25:00 +0100", "2026-01-01T00:00:00Z"],
  ["1 Jan 2026", "2026-01-01T00:00:00Z"],
  ["1 January 2026 10:00 +0000", "2026-01-01T10:00:00Z"],
  // ATTACKS M11: no dates
  ["", null],
  ["yesterday", null],
  ["31 Feb 2026 10:00", null],
  ["29 Feb 2023 10:00", null],
  ["0 Jan 2026 10:00", null],
  ["1 Jan 0000 10:00", null],
  ["1 Jan 10000 10:00", null],
  ["1 Foo 2026 10:00", null],
  ["1 Jan 1", null],
  ["31 Dec 9999 23:59:59 -2359", "+010000-01-01T23:58:59Z"],
  ["1 Jan 0001 00:00 +0100", "0000-12-31T23:00:00Z"],
  ["(1 Jan 2026 10:00", null],
];

for (const [field, expected] of ROWS) {
  Deno.test(`the date of ${JSON.stringify(field)}`, () => {
    const ms = parseDate(` ${field}`);
    assertEquals(
      ms === null ? null : new Date(ms).toISOString().replace(".000Z", "Z"),
      expected === null ? null : expected,
    );
  });
}

Deno.test("a date that was written is read, to the second (seeded)", () => {
  fc.assert(
    fc.property(fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }), (seconds) => {
      assertEquals(parseDate(formatDate(seconds * 1_000)), seconds * 1_000);
    }),
    { seed: 23, numRuns: 5_000 },
  );
});

Deno.test("ATTACKS M11: of a field its first 256 characters are read", () => {
  const date = "Fri, 21 Nov 1997 09:55:06 +0000";
  const after = (blanks: number) => parseDate(" ".repeat(blanks) + date);
  assertEquals(after(256 - date.length), Date.UTC(1997, 10, 21, 9, 55, 6));
  assertEquals(after(256), null);
});

Deno.test("ATTACKS M11: whatever the field, it is no date or one with a number of milliseconds (seeded)", () => {
  const word = fc.oneof(
    fc.constantFrom("1", "31", "Jan", "Feb", "2026", "26", "0", "99", ":", ",", "-", "(", ")", "+0100", "10:00", " "),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 12 }), (words) => {
      const ms = parseDate(words.join(" "));
      assert(ms === null || Number.isSafeInteger(ms));
    }),
    { seed: 24, numRuns: 10_000 },
  );
});
