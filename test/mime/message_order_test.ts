import { assertEquals } from "@std/assert";
import { casemap, compareValues, type MessageFacts, orderValue } from "../../src/mime/mod.ts";

const ROW = { internalDateMs: 5, size: 7 };

function facts(subject: string): MessageFacts {
  const nobody = { mailbox: "", display: "" };
  return {
    ...{ sentMs: null, baseSubject: casemap(subject), reply: false, messageId: null, inReplyTo: null, references: [] },
    ...{ subjectText: "", fromText: "", toText: "", ccText: "", bccText: "", complete: true, attachment: false },
    ...{ from: { mailbox: "ANNA", display: "ANNA SMITH" }, to: nobody, cc: nobody },
  };
}

function inOrder(subjects: readonly string[]): string[] {
  const value = (subject: string) => [orderValue("subject", ROW, facts(subject))];
  return subjects.toSorted((a, b) => compareValues(value(a), value(b), [false]));
}

Deno.test("texts are in order by their characters, those beyond U+FFFF last of those that could be decoded", () => {
  const subjects = ["", "a b", "A C", "äb", "z", "Ωmega", "день", "猫", "\ue000", "\ufffc", "𝌆", "😀", "\u{10ffff}"];
  // Letters are large, and an accent stands behind its letter.
  assertEquals(inOrder(subjects.toReversed()), [
    "",
    "a b",
    "A C",
    "äb",
    "z",
    "Ωmega",
    "день",
    "猫",
    "\ue000",
    "\ufffc",
    "𝌆",
    "😀",
    "\u{10ffff}",
  ]);
  const random = ["\ud83d", "\ufffc", "x", "\udc00"];
  assertEquals(inOrder(random), ["x", "\ufffc", "\ud83d", "\udc00"]);
});

Deno.test("texts that could not be decoded come behind all others (RFC 5255 §4.6)", () => {
  assertEquals(inOrder(["\ufffdb", "😀", "a\ufffd", "", "\u{10ffff}"]), ["", "😀", "\u{10ffff}", "a\ufffd", "\ufffdb"]);
});

Deno.test("a message without facts is in order as one without a header", () => {
  const keys = ["arrival", "size", "date", "subject", "from", "to", "cc", "displayFrom", "displayTo"] as const;
  assertEquals(keys.map((key) => orderValue(key, ROW, null)), [5, 7, 5, "", "", "", "", "", ""]);
  assertEquals(keys.map((key) => orderValue(key, ROW, facts("x"))), [5, 7, 5, "X", "ANNA", "", "", "ANNA SMITH", ""]);
  assertEquals([[1, 2], [2, 1], [1, 1]].map(([a, b]) => compareValues([a!], [b!], [true])), [1, -1, 0]);
});
