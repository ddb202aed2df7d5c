import { Buffer } from "node:buffer";

/**
 * A word that is looked for with some tolerance (FUZZY, RFC 6203). `word` is case-folded like the texts and has no accents; it holds
 * letters and digits only. `field` as in a `TextKey`: only the lines of that field count.
 */
export type FuzzyWord =
  | { readonly in: "body" | "text"; readonly word: string }
  | { readonly in: "header"; readonly field: string; readonly word: string };

/** How well a word fits, from 1 to 100: where another word begins with it, or it stands within one. */
const BEGINS = 100;
const WITHIN = 75;
/** The same by letters that are wrong, missing, too many, or in the place of the next: 1, 2. */
const MISSPELT: readonly number[] = [BEGINS, 45, 20];
/** What the whole message is asked for counts less outside the subject, in percent: fields that few read, the body. */
const OTHER_FIELDS = 70;
const BODY = 80;

/** Letters of a word up to which it must be spelt as asked for; up to which one may be wrong; then two. */
const EXACT_LETTERS_MAX = 3;
const ONE_WRONG_LETTERS_MAX = 6;
/** Longer words must be spelt as asked for: one bit for each letter. */
const MISSPELT_LETTERS_MAX = 28;
/** Places within words that are looked at before it is said that the word begins none. */
const WITHIN_PLACES_MAX = 1_000;
/** Letters compared, or characters run through, between two yields. */
const STEPS_MAX = 32_768;

const SUBJECT = "SUBJECT";
/** Accents, which stand behind their letters in texts that are folded. */
const ACCENTS = /[\u0300-\u036f]+/g;

/** The words of a folded text, without accents, in order, each once. */
export function wordsOf(folded: string): string[] {
  const text = withoutAccents(folded);
  const words = new Set<string>();
  for (let from = 0, at = 0; at <= text.length; at++) {
    if (at < text.length && isLetter(text.charCodeAt(at))) continue;
    if (at > from) words.add(text.slice(from, at));
    from = at + 1;
  }
  return [...words];
}

/** A text that is kept, as words are looked for in it. What is damaged is a character that nobody looks for. */
export function foldedText(bytes: Uint8Array): string {
  return withoutAccents(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8"));
}

function withoutAccents(folded: string): string {
  return folded.replace(ACCENTS, "");
}

/**
 * How well a message's header or body has each word, from 1 to 100; 0: not at all. `text` is folded, without accents; a header is
 * lines as a `TextKey` has them. Linear in the text, for each word: a native search for it and, if it is not there, one for its
 * first letter, from which on each word of the text is compared at most once (the automaton of Wu and Manber). Yields now and
 * then.
 */
export function* gradeWords(
  text: string,
  part: "header" | "body",
  words: readonly FuzzyWord[],
): Generator<void, number[]> {
  const grades: number[] = [];
  for (const each of words) grades.push(yield* gradeOf(text, part, each));
  return grades;
}

function* gradeOf(text: string, part: "header" | "body", wanted: FuzzyWord): Generator<void, number> {
  if (wanted.in === "header") return part === "header" ? yield* gradeInField(text, wanted.field, wanted.word) : 0;
  if (part === "body") return percent(yield* gradeIn(text, wanted.word), wanted.in === "body" ? 100 : BODY);
  if (wanted.in === "body") return 0;
  const inSubject = yield* gradeInField(text, SUBJECT, wanted.word);
  return inSubject === BEGINS ? BEGINS : Math.max(inSubject, percent(yield* gradeIn(text, wanted.word), OTHER_FIELDS));
}

function percent(grade: number, of: number): number {
  return Math.ceil(grade * of / 100);
}

/** The best grade among the lines of a field. */
function* gradeInField(header: string, field: string, word: string): Generator<void, number> {
  const begin = `\n${field}:`;
  let best = 0;
  for (let at = header.indexOf(begin); at >= 0 && best < BEGINS;) {
    const from = at + begin.length;
    const found = header.indexOf("\n", from);
    const end = found < 0 ? header.length : found;
    best = Math.max(best, yield* gradeIn(header.slice(from, end), word));
    yield;
    at = header.indexOf(begin, end);
  }
  return best;
}

/** How well a text has a word. */
function* gradeIn(text: string, word: string): Generator<void, number> {
  const exact = gradeExact(text, word);
  yield;
  const wrongMax = wrongLettersMax(word);
  if (exact > 0 || wrongMax === 0) return exact;
  const wrong = yield* misspelt(text, word, wrongMax);
  return wrong > wrongMax ? 0 : MISSPELT[wrong]!;
}

function gradeExact(text: string, word: string): number {
  let at = text.indexOf(word);
  for (let places = 0; at >= 0 && places < WITHIN_PLACES_MAX; places++) {
    if (beginsWord(text, at)) return BEGINS;
    const next = text.indexOf(word, at + 1);
    if (next < 0) break;
    at = next;
  }
  return at < 0 ? 0 : WITHIN;
}

function wrongLettersMax({ length }: string): number {
  if (length <= EXACT_LETTERS_MAX || length > MISSPELT_LETTERS_MAX) return 0;
  return length <= ONE_WRONG_LETTERS_MAX ? 1 : 2;
}

/** The fewest wrong letters among the words that begin as the word does; more than `wrongMax` when there is none like it. */
function* misspelt(text: string, word: string, wrongMax: number): Generator<void, number> {
  const letters = bitsOf(word);
  let best = wrongMax + 1;
  let steps = 0;
  let last = 0;
  for (let at = text.indexOf(word[0]!); at >= 0 && best > 1;) {
    let next = at + 1;
    if (beginsWord(text, at)) {
      const end = endOfWord(text, at, word.length + wrongMax);
      if (end - at <= word.length + wrongMax) best = Math.min(best, wrongIn(text.slice(at, end), letters, word.length));
      next = end;
    }
    steps += next - last;
    last = next;
    if (steps > STEPS_MAX) {
      steps = 0;
      yield;
    }
    at = text.indexOf(word[0]!, next);
  }
  return best;
}

/** For each letter of a word the places at which it stands, as bits. */
function bitsOf(word: string): ReadonlyMap<number, number> {
  const bits = new Map<number, number>();
  for (let i = 0; i < word.length; i++) {
    const letter = word.charCodeAt(i);
    bits.set(letter, (bits.get(letter) ?? 0) | (1 << i));
  }
  return bits;
}

/**
 * How many letters of a word are wrong, missing, too many, or in the place of the next, both beginning with the same: 1, 2, or 3 for
 * more. Bit n of `none`, `one` and `two` says that so far the first n letters are there, with so many of them wrong.
 */
function wrongIn(word: string, letters: ReadonlyMap<number, number>, length: number): number {
  let [none, one, two] = [0b10, 0b110, 0b1110];
  // As they were a letter ago, and what that letter was.
  let [noneOnce, oneOnce, bitsOnce] = [0, 0, 0];
  for (let i = 1; i < word.length; i++) {
    const bits = letters.get(word.charCodeAt(i)) ?? 0;
    const swapped = bits & (bitsOnce >>> 1);
    const [noneBefore, oneBefore] = [none, one];
    none = (none & bits) << 1;
    one = ((one & bits) << 1) | noneBefore | (noneBefore << 1) | (none << 1) | ((noneOnce & swapped) << 2);
    two = ((two & bits) << 1) | oneBefore | (oneBefore << 1) | (one << 1) | ((oneOnce & swapped) << 2);
    [noneOnce, oneOnce, bitsOnce] = [noneBefore, oneBefore, bits];
  }
  const all = 1 << length;
  if (((none | one) & all) !== 0) return 1;
  return (two & all) !== 0 ? 2 : 3;
}

function beginsWord(text: string, at: number): boolean {
  return at === 0 || !isLetter(text.charCodeAt(at - 1));
}

/** Where the word at `at` ends; of one with more than `lettersMax` letters the place behind one more. */
function endOfWord(text: string, at: number, lettersMax: number): number {
  let end = at;
  while (end < text.length && end - at <= lettersMax && isLetter(text.charCodeAt(end))) end++;
  return end;
}

/** Letters and digits, of whatever script: all but the signs that stand between words. */
function isLetter(code: number): boolean {
  if (code < 0x80) {
    return (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
  }
  return code > 0xbf && code !== 0xd7 && code !== 0xf7 && !(code >= 0x2000 && code <= 0x206f) &&
    !(code >= 0x3000 && code <= 0x303f) && !(code >= 0xff00 && code <= 0xff0f);
}
