import { assert, assertEquals } from "@std/assert";
import { casemap } from "../../src/mime/mod.ts";

Deno.test("texts that differ in case, composition or compatibility forms are alike (RFC 5051)", () => {
  for (
    const [a, b] of [["ABC", "abc"], ["Grüße", "GRU\u0308ße"], ["ﬁ", "FI"], ["Å", "å"], ["ΟΔΟΣ", "οδος"], [
      "ſ",
      "S",
    ]] as const
  ) {
    assertEquals(casemap(a), casemap(b), a);
  }
  for (const [a, b] of [["ß", "ss"], ["é", "e"], ["ſs", "ß"], ["a b", "ab"]] as const) {
    assert(casemap(a) !== casemap(b), a);
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
