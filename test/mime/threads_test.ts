import { assert, assertEquals, assertLess } from "@std/assert";
import fc from "fast-check";
import {
  type Thread,
  threadByReferences,
  threadByRefs,
  threadBySubject,
  type ThreadedMessage,
} from "../../src/mime/mod.ts";

const SEED = 5_256;

/** `2 < 1 "subject"`: message 2 with the id 2, whose references are "1"; `re` marks a reply. Dates rise with the numbers. */
function letters(...lines: readonly string[]): ThreadedMessage[] {
  return lines.map((line) => {
    const [, number = "", ids = "", reply, subject = ""] = /^(\d+) ?<? ?([\w ]*?) ?(re)? ?"(.*)"$/.exec(line)!;
    return {
      number: Number(number),
      sentMs: Number(number),
      arrivedMs: Number(number),
      baseSubject: subject,
      reply: reply !== undefined,
      messageId: number,
      references: ids === "" ? [] : ids.split(" "),
    };
  });
}

/** Threads as THREAD would show them. */
function show(threads: readonly Thread[]): string {
  const inner = ({ number, children }: Thread): string => {
    const below = children.length === 1 ? inner(children[0]!) : children.map((each) => `(${inner(each)})`).join("");
    return number === null ? below : below === "" ? `${number}` : `${number} ${below}`;
  };
  return threads.map((thread) => `(${inner(thread)})`).join("");
}

const byReferences = (...lines: readonly string[]) => show(threadByReferences(letters(...lines)));

Deno.test("replies hang below what they answer, whichever comes first", () => {
  assertEquals(byReferences('1 "a"', '2 < 1 re "a"', '3 < 1 2 re "a"', '4 < 1 re "a"', '5 "b"'), "(1 (2 3)(4))(5)");
  assertEquals(byReferences('3 < 1 2 "a"', '2 < 1 "a"', '1 "a"'), "(1 2 3)");
});

Deno.test("messages that are not there hold their replies together, and are left out below others", () => {
  assertEquals(byReferences('2 < 9 "a"', '3 < 9 "b"'), "((2)(3))");
  assertEquals(byReferences('2 < 9 "a"'), "(2)");
  assertEquals(byReferences('1 "a"', '2 < 1 8 9 "a"', '3 < 1 8 "a"'), "(1 (2)(3))");
});

Deno.test("a loop of references is cut, and every message is still there once", () => {
  assertEquals(byReferences('1 < 2 "a"', '2 < 1 "b"'), "(2 1)");
  assertEquals(byReferences('1 < 1 "a"'), "(1)");
  assertEquals(byReferences('1 < 2 3 "a"', '2 < 3 1 "b"', '3 < 1 2 "c"').match(/\d/g)?.length, 3);
});

Deno.test("threads of one subject become one: a reply below what it answers, others beside each other", () => {
  assertEquals(byReferences('1 "a"', '2 re "a"'), "(1 2)");
  assertEquals(byReferences('1 re "a"', '2 "a"'), "(2 1)");
  assertEquals(byReferences('1 "a"', '2 "a"', '3 "a"'), "((1)(2)(3))");
  assertEquals(byReferences('1 ""', '2 ""'), "(1)(2)");
  assertEquals(byReferences('1 < 8 "a"', '2 < 8 "x"', '3 < 9 "a"', '4 < 9 "y"'), "((1)(2)(3)(4))");
});

Deno.test("of two messages with one id the first has it", () => {
  const messages = letters('1 "a"', '2 "b"', '3 < 1 "c"').map((each, at) =>
    at === 1 ? { ...each, messageId: "1" } : each
  );
  assertEquals(show(threadByReferences(messages)), "(1 3)(2)");
});

Deno.test("by REFS threads of one subject stay apart, and the one to which a message came last is the last", () => {
  const messages = letters('1 "a"', '2 "a"', '3 < 9 "a"', '4 < 1 re "a"', '5 < 9 "b"');
  assertEquals(show(threadByRefs(messages)), "(2)(1 4)((3)(5))");
  // Below the top it is the date of sending that counts, as in REFERENCES.
  const late = messages.map((each) => each.number === 2 ? { ...each, arrivedMs: 9, sentMs: 0 } : each);
  assertEquals(show(threadByRefs(late)), "(1 4)((3)(5))(2)");
  const below = letters('1 "a"', '2 < 1 "a"', '3 < 1 "a"').map((each) => ({ ...each, arrivedMs: -each.number }));
  assertEquals(show(threadByRefs(below)), "(1 (2)(3))");
  assertEquals(show(threadByRefs(letters('1 < 8 "a"', '2 "b"'))), "(1)(2)");
});

Deno.test("by subject the first message stands above all others of its subject", () => {
  assertEquals(show(threadBySubject(letters('1 "a"', '2 "b"', '3 "a"', '4 "a"', '5 "b"'))), "(1 (3)(4))(2 5)");
});

Deno.test("whatever messages say of each other, each is in one place", () => {
  const id = fc.integer({ min: 1, max: 12 }).map(String);
  const messages = fc.array(fc.tuple(fc.array(id, { maxLength: 4 }), fc.constantFrom("", "a", "b"), fc.boolean(), id), {
    maxLength: 14,
  });
  fc.assert(
    fc.property(messages, (list) => {
      const given = list.map(([references, baseSubject, reply, messageId], at): ThreadedMessage => ({
        ...{ number: at + 1, sentMs: (at * 7) % 5, arrivedMs: at, baseSubject, reply, messageId, references },
      }));
      for (const threads of [threadByReferences(given), threadByRefs(given), threadBySubject(given)]) {
        const numbers = show(threads).match(/\d+/g)?.map(Number).sort((a, b) => a - b) ?? [];
        assertEquals(numbers, given.map(({ number }) => number));
        for (const { number, children } of threads) assert(number !== null || children.length > 1);
      }
    }),
    { seed: SEED, numRuns: 2_000 },
  );
});

Deno.test("a hundred thousand messages in one line, in any order, cost little more than their number", () => {
  const count = 100_000;
  const line = Array.from({ length: count }, (_, at): ThreadedMessage => ({
    ...{ number: at + 1, sentMs: at, arrivedMs: at, baseSubject: "a", reply: true, messageId: `${at}` },
    references: at === 0 ? [] : [`${at - 1}`],
  }));
  for (const messages of [line, line.toReversed()]) {
    const started = performance.now();
    for (const [head, ...others] of [threadByReferences(messages), threadByRefs(messages)]) {
      assertEquals([head?.number, others.length], [1, 0]);
    }
    assertLess(performance.now() - started, 5_000);
  }
});
