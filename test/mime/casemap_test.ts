import { assert, assertEquals } from "@std/assert";
import { casemap } from "../../src/mime/mod.ts";

Deno.test("texts that differ in case, composition or compatibility forms are alike (RFC 5051)", () => {
  for (
    const [a, b] of [
      ["ABC", "abc"],
      ["Grüße", "GRU\u0308ße"],
      ["Å", "å"],
      ["ΟΔΟΣ", "οδος"],
      ["ſ", "S"],
      ["ａ", "A"],
      ["ǆ", "Ǆ"],
      ["ǅ", "Ǆ"],
      ["ᾀ", "ᾈ"],
      ["ῳ", "ῼ"],
    ] as const
  ) {
    assertEquals(casemap(a), casemap(b), a);
  }
  for (const [a, b] of [["ß", "ss"], ["é", "e"], ["ſs", "ß"], ["a b", "ab"]] as const) {
    assert(casemap(a) !== casemap(b), a);
  }
});

Deno.test("letters become large one by one, before they are taken apart: what has no large letter of its own stays small (RFC 5051 §2)", () => {
  for (
    const [text, mapped] of [
      ["ﬁﬀ", "fiff"],
      ["ª", "a"],
      ["ŉ", "ʼn"],
      ["ΐ", "ι\u0308\u0301"],
      ["ῶ", "ω\u0342"],
      ["ᾳ", "Α\u0345"],
      ["აᲐ", "აᲐ"],
      ["ßẞ", "ßẞ"],
      ["ǉǈǇǲ", "LjLjLjDz"],
      ["օև", "Օեւ"],
    ] as const
  ) assertEquals(casemap(text), mapped, text);
});

Deno.test("each character is mapped by itself, whatever stands beside it", () => {
  const large = /^[ა-ჿ\u01c4-\u01cc\u01f1-\u01f3]$/;
  for (let code = 0; code < 0x1_1000; code++) {
    if (code >= 0xd800 && code < 0xe000) continue;
    const character = String.fromCodePoint(code);
    const mapped = casemap(character);
    // Marks are put in order among themselves.
    if (!/^\p{M}/u.test(mapped)) assertEquals(casemap(`ß${character}ß`), `ß${mapped}ß`, code.toString(16));
    const upper = character.toUpperCase();
    if ([...upper].length === 1 && !large.test(character)) {
      assertEquals(mapped, upper.normalize("NFKD"), code.toString(16));
    }
  }
});

Deno.test("what is in a text is in its mapped text, wherever a word ends", () => {
  assert(casemap("ΟΔΟΣΑ").includes(casemap("ΟΔΟΣ")));
  assert(casemap("Cafés").includes(casemap("CAFÉ")));
});

Deno.test("letters sort before brackets, as large ones do", () => {
  assertEquals(["_", "b", "[", "A", "1"].map(casemap).sort(), ["1", "A", "B", "[", "_"]);
});

Deno.test("marks by the hundred thousand are sorted in pieces, else this takes minutes", () => {
  for (const marks of ["\u0301\u0327".repeat(500_000), "\u0301".repeat(500_000) + "\u0327".repeat(500_000)]) {
    assertEquals(casemap(`a${marks}b`).replaceAll("\u034f", "").length, 1_000_002);
  }
  assertEquals(casemap("ß".repeat(500_000)).length, 500_000);
});
