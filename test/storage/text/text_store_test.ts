import { assert, assertEquals, assertThrows } from "@std/assert";
import { Failure, latin1, type Random, seededRandom, utf8 } from "../../../src/base/mod.ts";
import { type MessageText, placeBlock, PlaceColumn, type TextKey, TextStore } from "../../../src/storage/text/mod.ts";
import { SimDisk } from "../sim_disk.ts";

const DIR = "shard/texts";
const ACCOUNT = "a/../b";

function run<T>(work: Generator<void, T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

function text(content: number, header: string, body: string): MessageText {
  return { content, header: utf8(`\n${header}`), body: utf8(body) };
}

function key(where: "body" | "text", needle: string): TextKey {
  return { in: where, needle: latin1(utf8(needle)) };
}

function field(name: string, needle: string): TextKey {
  return { in: "header", field: name, needle: latin1(utf8(needle)) };
}

function found(store: TextStore, wanted: readonly number[], asked: TextKey): number[] {
  return [...run(store.find(ACCOUNT, wanted, [asked]))[0]!].sort((a, b) => a - b);
}

const LETTERS: readonly MessageText[] = [
  text(11, "subject: the cat\nfrom: anna@a.test\n", "sat on the mat"),
  text(12, "subject: 猫について\nx-subject: cat\n", "吾輩は猫である。subject: dog"),
  text(20, "from: bert\nto: the cat\n", ""),
];
const CONTENTS = LETTERS.map(({ content }) => content);

function open(disk: SimDisk): TextStore {
  return new TextStore(DIR, disk);
}

function withLetters(): TextStore {
  const store = open(new SimDisk(seededRandom(1)));
  run(store.add(ACCOUNT, LETTERS));
  return store;
}

Deno.test("a text is found as a substring in header or body, in any script", () => {
  const log = withLetters();
  const all = [11, 12, 20];
  assertEquals(found(log, all, key("text", "he cat")), [11, 20]);
  assertEquals(found(log, all, key("body", "he cat")), []);
  assertEquals(found(log, all, key("body", "at on")), [11]);
  assertEquals(found(log, all, key("text", "猫")), [12]);
  assertEquals(found(log, all, key("body", "輩は猫で")), [12]);
  assertEquals(found(log, all, key("text", "")), [11, 12, 20]);
});

Deno.test("a header key looks at the lines of its field alone", () => {
  const store = withLetters();
  assertEquals(found(store, CONTENTS, field("subject", "cat")), [11]);
  assertEquals(found(store, CONTENTS, field("subject", "dog")), []);
  assertEquals(found(store, CONTENTS, field("x-subject", "cat")), [12]);
  assertEquals(found(store, CONTENTS, field("to", "cat")), [20]);
  assertEquals(found(store, CONTENTS, field("from", "subject")), []);
  assertEquals(found(store, CONTENTS, field("subject", "")), [11, 12]);
  // What the name of the field holds, too.
  assertEquals(found(store, CONTENTS, field("subject", "e")), [11]);
  assertEquals(found(store, CONTENTS, field("to", "t")), [20]);
  assertEquals(found(store, CONTENTS, field("from", "m")), []);
  assertEquals(found(store, CONTENTS, field("to", "")), [20]);
});

Deno.test("several keys are looked for at once, each with its own answer", () => {
  const keys = [key("body", "mat"), field("to", "cat"), key("text", "cat"), key("text", "nowhere")];
  const sets = run(withLetters().find(ACCOUNT, CONTENTS, keys));
  assertEquals(sets.map((set) => [...set].sort()), [[11], [20], [11, 12, 20], []]);
});

Deno.test("only wanted contents are found, and those without a text are not", () => {
  const store = withLetters();
  assertEquals(found(store, [12, 20, 99], key("text", "cat")), [12, 20]);
  assertEquals(run(store.missing(ACCOUNT, [12, 99])), [99]);
});

Deno.test("rows are found by the places of their texts, copies of a message each, and in no other files than those", () => {
  const store = withLetters();
  const column = new PlaceColumn(run(store.opened(ACCOUNT)));
  const contents = [20, 11, 99, 12, 11];
  column.add(placeBlock([1, 2, 5, 7, 300], run(store.places(ACCOUNT, contents))));
  assertEquals([column.rows, column.last], [5, 300]);
  const keys = [key("text", "cat"), key("body", "mat"), key("text", "nowhere"), field("from", ""), key("body", "")];
  const rows = run(store.findAt(ACCOUNT, column, keys));
  assertEquals(rows, [[0, 1, 3, 4], [1, 4], [], [0, 1, 4], [0, 1, 3, 4]]);
  run(store.tidy(ACCOUNT, () => true));
  assertEquals(run(store.findAt(ACCOUNT, column, keys)), null);
  store.close();
  assert(run(store.opened(ACCOUNT)) !== column.files);
});

Deno.test("a needle is never found across two messages", () => {
  const store = open(new SimDisk(seededRandom(1)));
  run(store.add(ACCOUNT, [text(1, "a: b\n", "left"), text(2, "c: d\n", "right")]));
  assertEquals(found(store, [1, 2], key("text", "leftSPT1")), []);
  assertEquals(found(store, [1, 2], key("text", "SPT1")), []);
});

Deno.test("texts outlive closing; what a crash tore off or turned is cut, and the rest stays", () => {
  const disk = new SimDisk(seededRandom(3));
  run(open(disk).add(ACCOUNT, LETTERS));
  assertEquals(found(open(disk), CONTENTS, key("text", "cat")), CONTENTS);
  const path = `${DIR}/${disk.list(DIR).find((name) => name.endsWith(".header"))}`;
  const whole = disk.fileBytes(path)!;
  const fd = disk.open(path, "update");
  disk.truncate(fd, whole - 1);
  const again = open(disk);
  assertEquals(run(again.missing(ACCOUNT, CONTENTS)), [20]);
  assert(disk.fileBytes(path)! < whole - 1);
  run(again.add(ACCOUNT, [LETTERS[2]!]));
  assertEquals(found(again, CONTENTS, key("text", "cat")), CONTENTS);
  assertEquals(disk.fileBytes(path), whole);
  const middle = new Uint8Array(1);
  disk.read(fd, middle, 0, 1, 100);
  disk.write(fd, Uint8Array.of(middle[0]! ^ 1), 100);
  assertEquals(run(open(disk).missing(ACCOUNT, CONTENTS)), [12, 20]);
});

Deno.test("texts of another version are not there, and made anew in their place", () => {
  const disk = new SimDisk(seededRandom(1));
  const store = open(disk);
  run(store.add(ACCOUNT, LETTERS));
  store.close();
  // Records are told by their first bytes; the checksum is of what follows.
  for (const path of disk.list(DIR).map((name) => `${DIR}/${name}`)) {
    const file = disk.open(path, "update");
    disk.write(file, utf8("SPT1"), 0);
    disk.close(file);
  }
  const again = open(disk);
  assertEquals(run(again.missing(ACCOUNT, CONTENTS)), CONTENTS);
  run(again.add(ACCOUNT, LETTERS));
  assertEquals(found(again, CONTENTS, key("text", "cat")), [11, 12, 20]);
  assertEquals(run(again.missing(ACCOUNT, CONTENTS)), []);
});

Deno.test("a full disk refuses texts and leaves those that are there", () => {
  const disk = new SimDisk(seededRandom(4));
  const store = open(disk);
  run(store.add(ACCOUNT, [LETTERS[0]!]));
  disk.fault = (_step, name) => name === "write" ? "ENOSPC" : null;
  const failure = assertThrows(() => run(store.add(ACCOUNT, [LETTERS[1]!])), Failure);
  assertEquals(failure.kind, "disk_full");
  assertEquals(run(store.missing(ACCOUNT, CONTENTS)), [12, 20]);
  disk.fault = () => null;
  run(store.add(ACCOUNT, [LETTERS[2]!]));
  assertEquals(found(open(disk), CONTENTS, key("text", "cat")), [11, 20]);
});

Deno.test("texts of messages that are gone are thrown away, and what lives stays", () => {
  const disk = new SimDisk(seededRandom(5));
  const store = new TextStore(DIR, disk, { openMessagesMax: 10, deadMessagesMin: 1 });
  run(store.add(ACCOUNT, LETTERS));
  assertEquals(run(store.isWorthTidying(ACCOUNT, 2)), false);
  assertEquals(run(store.isWorthTidying(ACCOUNT, 1)), true);
  run(store.tidy(ACCOUNT, (content) => content === 12));
  assertEquals(run(store.missing(ACCOUNT, CONTENTS)), [11, 20]);
  run(store.add(ACCOUNT, [LETTERS[0]!]));
  assertEquals(found(store, CONTENTS, key("text", "cat")), [11, 12]);
  assertEquals(found(open(disk), CONTENTS, key("text", "cat")), [11, 12]);
});

Deno.test("the accounts that searched longest ago are closed, and opened again when asked", () => {
  const disk = new SimDisk(seededRandom(6));
  const store = new TextStore(DIR, disk, { openMessagesMax: 4, deadMessagesMin: 1 });
  for (const account of ["a/../b", "two", "three"]) run(store.add(account, LETTERS));
  for (const account of ["a/../b", "two", "three"]) {
    assertEquals(run(store.missing(account, [11, 12, 13])), [13]);
    assertEquals([...run(store.find(account, [11, 12, 20], [key("text", "dog")]))[0]!], [12]);
  }
  assert(disk.list(DIR).every((name) => /^[0-9a-f]+\.(header|body)$/.test(name)));
  run(store.tidy("two", (content) => content === 20));
  assertEquals(run(store.missing("two", [11, 12, 20])), [11, 12]);
  store.remove("two");
  assertEquals(run(store.missing("two", [20])), [20]);
});

/** What each message holds, looked at one by one. */
function model(texts: readonly MessageText[], wanted: ReadonlySet<number>, asked: TextKey): number[] {
  return texts.filter(({ content, header, body }) => {
    if (!wanted.has(content)) return false;
    if (asked.in === "header") {
      return latin1(header).split("\n").some((line) =>
        line.startsWith(`${asked.field}:`) && line.slice(asked.field.length + 1).includes(asked.needle)
      );
    }
    return latin1(body).includes(asked.needle) || (asked.in === "text" && latin1(header).includes(asked.needle));
  }).map(({ content }) => content).sort((a, b) => a - b);
}

function randomText(random: Random, length: number): string {
  let text = "";
  for (let i = 0; i < length; i++) text += "abcé猫 "[Math.floor(random.next() * 6)];
  return text;
}

Deno.test("searches agree with a model that looks at one message after the other", () => {
  for (let seed = 1; seed <= 8; seed++) {
    const random = seededRandom(seed);
    const upTo = (max: number) => Math.floor(random.next() * max);
    const texts = Array.from({ length: 300 }, (_, i) => {
      const lines = Array.from(
        { length: upTo(4) },
        () => `${["subject", "to"][upTo(2)]}: ${randomText(random, upTo(9))}\n`,
      );
      // Some are longer than what is read at once.
      const long = upTo(60) === 0 ? 400_000 : upTo(12_000);
      return text(i * 3, lines.join(""), randomText(random, long));
    });
    const disk = new SimDisk(random);
    const store = open(disk);
    for (let at = 0; at < texts.length; at += 50) run(store.add(ACCOUNT, texts.slice(at, at + 50)));
    const wanted = texts.map(({ content }) => content).filter(() => upTo(3) > 0);
    for (let i = 0; i < 12; i++) {
      const needle = randomText(random, 1 + upTo(5));
      for (const asked of [key("body", needle), key("text", needle), field("to", needle)]) {
        const expected = model(texts, new Set(wanted), asked);
        assertEquals(found(store, wanted, asked), expected);
        if (i === 0) assertEquals(found(open(disk), wanted, asked), expected);
      }
    }
  }
});
