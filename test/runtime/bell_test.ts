import { assertEquals } from "@std/assert";
import { Bell } from "../../src/runtime/channel/bell.ts";
import { settle } from "./support/system.ts";

function bellAnd(): { bell: Bell; word: Int32Array } {
  const memory = Bell.memory();
  return { bell: new Bell(memory), word: new Int32Array(memory) };
}

/** A look that finds something so many times. */
function lookThat(found: number): { look: () => boolean; looks: () => number } {
  let looks = 0;
  return { look: () => ++looks <= found, looks: () => looks };
}

Deno.test("a bell that is rung wakes its thread once, however often it is rung before that looks", async () => {
  const { bell, word } = bellAnd();
  const { look, looks } = lookThat(1);
  bell.add(look);
  for (let i = 0; i < 5; i++) Bell.ring(word);
  await settle();
  // One that finds it, one that finds nothing more, one after the bell is quiet.
  assertEquals([looks(), word[0]], [3, 0]);
  Bell.ring(word);
  await settle();
  assertEquals([looks(), word[0]], [5, 0]);
  bell.close();
});

Deno.test("as long as looks find something the bell stays rung, so that nobody wakes a thread that is awake", async () => {
  const { bell, word } = bellAnd();
  const seen: number[] = [];
  bell.add(() => seen.push(word[0]!) < 10);
  Bell.ring(word);
  await settle();
  assertEquals(seen, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]);
  bell.close();
});

Deno.test("what is put in just when the bell becomes quiet is found", async () => {
  const { bell, word } = bellAnd();
  const finds = [true, false, true, false, true, false, false];
  let looks = 0;
  bell.add(() => finds[looks++] ?? false);
  Bell.ring(word);
  await settle();
  assertEquals([looks, word[0]], [7, 0]);
  bell.close();
});

Deno.test("a bell that rang before its thread waited is heard", async () => {
  const memory = Bell.memory();
  Bell.ring(new Int32Array(memory));
  const bell = new Bell(memory);
  const { look, looks } = lookThat(1);
  bell.add(look);
  await settle();
  assertEquals(looks(), 0, "nobody was there to look");
  Bell.ring(new Int32Array(memory));
  await settle();
  assertEquals(looks(), 3);
  bell.close();
});

Deno.test("a wake that was lost is found by a check, and the next one is heard again", async () => {
  const { bell, word } = bellAnd();
  const { look, looks } = lookThat(1);
  bell.add(look);
  bell.check();
  assertEquals(looks(), 0, "it was not rung");
  word[0] = 1; // Rung, but nobody was woken.
  await settle();
  assertEquals(looks(), 0);
  bell.check();
  bell.check();
  await settle();
  assertEquals([looks(), word[0]], [3, 0]);
  Bell.ring(word);
  await settle();
  assertEquals([looks(), word[0]], [5, 0]);
  bell.close();
});

Deno.test("a look that is taken away is called no more, and a closed bell calls none", async () => {
  const { bell, word } = bellAnd();
  const [gone, stays] = [lookThat(0), lookThat(0)];
  const end = bell.add(gone.look);
  bell.add(stays.look);
  end();
  Bell.ring(word);
  await settle();
  assertEquals([gone.looks(), stays.looks()], [0, 2]);
  bell.close();
  Bell.ring(word);
  await settle();
  bell.check();
  assertEquals(stays.looks(), 2);
});
