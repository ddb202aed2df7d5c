import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  baseSubject,
  MESSAGE_ID_CHARS_MAX,
  readMessageIds,
  REFERENCES_MAX,
  SUBJECT_CHARS_MAX,
} from "../../src/mime/mod.ts";

const SUBJECTS: readonly (readonly [subject: string, base: string, reply: boolean])[] = [
  ["hello", "hello", false],
  ["Re: hello", "hello", true],
  ["RE : re:FW: Fwd : hello", "hello", true],
  ["  hello \t world  ", "hello world", false],
  ["hello (fwd) (FWD)  ", "hello", true],
  ["[list] hello", "hello", false],
  ["[list] Re: [list] [x] hello", "hello", true],
  ["Re[2]: hello", "hello", true],
  ["re [list] : hello", "hello", true],
  ["[fwd: hello]", "hello", true],
  ["Re: [Fwd: [Fwd: Re: hello (fwd)]]", "hello", true],
  ["[fwd: hello", "[fwd: hello", false],
  // A blob stays where nothing would be left
  ["[list]", "[list]", false],
  ["[a] [b]", "[b]", false],
  ["Re: [list]", "[list]", true],
  ["Re:", "", true],
  ["", "", false],
  ["(fwd)", "", true],
  ["region: x", "region: x", false],
  ["forward: x", "forward: x", false],
  ["fwd x", "fwd x", false],
  ["[a[b]] x", "[a[b]] x", false],
  ["re: [a re: x", "[a re: x", true],
];

for (const [subject, text, reply] of SUBJECTS) {
  Deno.test(`the base of the subject ${JSON.stringify(subject)} (RFC 5256 §2.1)`, () =>
    assertEquals(baseSubject(subject), { text, reply }));
}

Deno.test("a base has no base but itself, and is never longer (seeded)", () => {
  const piece = fc.constantFrom("re:", "fwd: ", "[a]", "[fwd: ", "]", " ", "(fwd)", "x", "[", ":", "Re [b]:");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const subject = pieces.join("");
      const { text } = baseSubject(subject);
      assert(text.length <= subject.length);
      assertEquals(baseSubject(text).text, text);
    }),
    { seed: 25, numRuns: 5_000 },
  );
});

Deno.test("ATTACKS M9: of long subjects made of what replies are made of the first characters count", () => {
  for (const run of ["re: ", "[a]", "[fwd:", "(fwd)", "[", "re[", " ", "fw"]) {
    assert(baseSubject(run.repeat(1_000_000 / run.length)).text.length <= SUBJECT_CHARS_MAX);
  }
});

Deno.test("message ids are found, and compared without quotes (RFC 5256 §3)", () => {
  assertEquals(readMessageIds(" <a@b>\r\n\t<c@d> text <e@f>"), ["a@b", "c@d", "e@f"]);
  assertEquals(readMessageIds('<"a.quoted.one"@mail.example.test>'), ["a.quoted.one@mail.example.test"]);
  assertEquals(readMessageIds('<"a\\"b"@c> <a b@c> <>'), ['a"b@c', "ab@c"]);
  assertEquals(readMessageIds("a@b <no end"), []);
});

Deno.test("ATTACKS M11: an id of the limit's length is kept, a longer one is none; of many ids the first and the last", () => {
  const id = (chars: number) => `<${"x".repeat(chars)}>`;
  assertEquals(readMessageIds(id(MESSAGE_ID_CHARS_MAX))[0]?.length, MESSAGE_ID_CHARS_MAX);
  assertEquals(readMessageIds(id(MESSAGE_ID_CHARS_MAX + 1)), []);
  const many = (count: number) => readMessageIds(Array.from({ length: count }, (_, i) => `<${i}@a>`).join(" "));
  assertEquals(many(REFERENCES_MAX).length, REFERENCES_MAX);
  const kept = many(REFERENCES_MAX + 50);
  assertEquals([kept.length, kept[0], kept[1], kept.at(-1)], [REFERENCES_MAX, "0@a", "51@a", "149@a"]);
});
