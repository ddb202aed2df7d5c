import { assertEquals } from "@std/assert";
import { isUsableText } from "../../../src/protocol/sasl/mod.ts";

Deno.test("names and passwords of every script are usable, with spaces, joiners and emoji", () => {
  for (
    const text of [
      "anna@smith.test",
      "pass word",
      "jürgen",
      "Ёлка",
      "田中",
      "a\u00a0b",
      "می\u200cخواهم",
      "👩\u200d🚀",
      "a\u00adb",
    ]
  ) {
    assertEquals(isUsableText(text), true, JSON.stringify(text));
  }
});

Deno.test("what SASLprep prohibits is not usable", () => {
  const controls = ["\0", "\t", "\n", "\r", "\u001b", "\u007f", "\u0085", "\u2028", "\u2029", "\u06dd", "\u2061"];
  const others = [
    "\ue000",
    "\u{10fffd}",
    "\ufffe",
    "\u{1ffff}",
    "\ud800",
    "\ufffd",
    "\u2ff0",
    "\u202e",
    "\u200e",
    "\u{e0041}",
  ];
  for (const character of [...controls, ...others]) {
    assertEquals(isUsableText(`a${character}b`), false, JSON.stringify(character));
  }
});
