/** Words that are looked for with some tolerance (FUZZY, RFC 6203). */
import { assert, assertEquals } from "@std/assert";
import { seededRandom, utf8 } from "../../../src/base/mod.ts";
import { casemap } from "../../../src/mime/mod.ts";
import { foldedText, type FuzzyWord, gradeWords, wordsOf } from "../../../src/storage/text/mod.ts";

function run<T>(work: Generator<void, T>): { readonly value: T; readonly yields: number } {
  for (let yields = 0;; yields++) {
    const step = work.next();
    if (step.done) return { value: step.value, yields };
  }
}

function folded(text: string): string {
  return foldedText(utf8(casemap(text)));
}

function gradeOf(text: string, word: string): number {
  return run(gradeWords(folded(text), "body", [{ in: "body", word: folded(word) }])).value[0]!;
}

Deno.test("words are runs of letters and digits, each once, without accents", () => {
  const words = (text: string) => wordsOf(casemap(text));
  assertEquals(words("IMAP break, imap!"), ["IMAP", "BREAK"]);
  assertEquals(words("  naïve—café «Ünïcode» 2026 "), ["NAIVE", "CAFE", "UNICODE", "2026"]);
  assertEquals(words("день 吾輩は猫である。名前"), ["ДЕНЬ", "吾輩は猫である".normalize("NFKD"), "名前"]);
  assertEquals(words(" -- ,. "), []);
  assertEquals(words(""), []);
});

Deno.test("a word fits best where another begins with it, less within one, and less the more letters are wrong", () => {
  assertEquals(gradeOf("we are breaking it", "break"), 100);
  assertEquals(gradeOf("outbreak", "break"), 75);
  assertEquals(gradeOf("outbreak, breaks", "break"), 100);
  assertEquals(gradeOf("say hello there", "helo"), 45);
  assertEquals(gradeOf("say help there", "helo"), 45);
  assertEquals(gradeOf("recieve", "receive"), 45);
  assertEquals(gradeOf("wrod", "word"), 45);
  assertEquals(gradeOf("wroddy", "worddyx"), 20);
  assertEquals(gradeOf("Crème brûlée", "brulee"), 100);
  assertEquals(gradeOf("creme brulee", "Brûlée"), 100);
  assertEquals(gradeOf("吾輩は猫である", "猫"), 75);
});

Deno.test("what is too far off is not found", () => {
  for (
    const [text, word] of [
      ["cat", "cut"], // Short words are spelt as asked for.
      ["fork", "work"], // The first letter must agree.
      ["helicopter", "helo"],
      ["hero house", "helps"],
      ["word", "works"],
      ["", "word"],
      ["abcdefgh", "abdegijk"],
      ["x".repeat(40), `x${"y".repeat(35)}`],
    ] as const
  ) assertEquals(gradeOf(text, word), 0, `${word} in ${text}`);
  const long = "a".repeat(29);
  assertEquals(gradeOf(`${"a".repeat(28)}b`, long), 0);
  assertEquals(gradeOf(`${"a".repeat(27)}b`, "a".repeat(28)), 45);
});

Deno.test("wrong letters are counted as by Damerau and Levenshtein, from the second letter on", () => {
  const random = seededRandom(7);
  const letters = () =>
    Array.from({ length: 3 + Math.floor(random.next() * 8) }, () => "AB"[Math.floor(random.next() * 2)]).join("");
  let near = 0;
  for (let i = 0; i < 3_000; i++) {
    const [text, word] = [`X${letters()}`, `X${letters()}`];
    if (text.includes(word)) continue;
    const wrong = distance(text.slice(1), word.slice(1));
    const wrongMax = word.length <= 3 ? 0 : word.length <= 6 ? 1 : 2;
    const grade = gradeOf(`before ${text} behind`, word);
    assertEquals(grade, wrong > wrongMax ? 0 : wrong === 1 ? 45 : 20, `${word} in ${text}`);
    if (grade > 0) near++;
  }
  assert(near > 100);
});

/** Letters that are wrong, missing, too many, or in the place of the next. */
function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, i) => i)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const above = rows[i - 1]!;
      let best = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, rows[i - 2]![j - 2]! + 1);
      }
      row.push(best);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}

Deno.test("of a header the lines of a field count, and for the whole message its subject most", () => {
  const header = folded("\nSubject: Hello\nTo: Hallo <x@b.test>\nX-Subject: word\n");
  const grade = (word: FuzzyWord, part: "header" | "body" = "header", text = header) =>
    run(gradeWords(text, part, [word])).value[0];
  assertEquals(grade({ in: "header", field: "SUBJECT", word: "HELLO" }), 100);
  assertEquals(grade({ in: "header", field: "TO", word: "HELLO" }), 45);
  assertEquals(grade({ in: "header", field: "SUBJECT", word: "WORD" }), 0);
  assertEquals(grade({ in: "header", field: "CC", word: "HELLO" }), 0);
  assertEquals(grade({ in: "text", word: "HELLO" }), 100);
  assertEquals(grade({ in: "text", word: "WORD" }), 70);
  assertEquals(grade({ in: "text", word: "WORD" }, "body", "A WORD"), 80);
  assertEquals(grade({ in: "body", word: "HELLO" }), 0);
  assertEquals(grade({ in: "header", field: "SUBJECT", word: "HELLO" }, "body", "HELLO"), 0);
});

Deno.test("long texts of every kind take time that grows with their length, and give others their turn", () => {
  const word = `A${"B".repeat(27)}`;
  const kinds: readonly string[] = [
    "A".repeat(4_000_000),
    "A ".repeat(2_000_000),
    `${"AB".repeat(14)} `.repeat(140_000),
    `A${"B".repeat(26)} `.repeat(140_000),
    `X${word}`.repeat(130_000),
    "\nSUBJECT: A".repeat(300_000),
    "A\u0301\u0302".repeat(1_300_000),
  ];
  for (const kind of kinds) {
    const started = performance.now();
    const words: FuzzyWord[] = [{ in: "text", word }, { in: "header", field: "SUBJECT", word }];
    const { yields } = run(gradeWords(foldedText(utf8(kind)), "header", words));
    assert(performance.now() - started < 3_000, `${kind.slice(0, 30)} took ${performance.now() - started} ms`);
    assert(yields > 0);
  }
});
