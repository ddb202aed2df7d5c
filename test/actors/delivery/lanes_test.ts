import { assertEquals } from "@std/assert";
import type { Conversation } from "../../../src/actors/delivery/conversation.ts";
import { Lanes, type Place } from "../../../src/actors/delivery/lanes.ts";

/** No lane looks into it. */
const CONVERSATION = {} as Conversation;

/** Lanes, and what happened in them. */
function lanes(widthMax: number) {
  const [made, told, count] = [new Lanes(widthMax), [] as string[], { value: 0 }];
  const enter = (name: string): Place => {
    const label = `${name}${++count.value}`;
    const place = made.enter(name);
    place.whenOwn(() => told.push(label));
    return place;
  };
  /** One that would follow to a target. */
  const wanting = (name: string, key: string): Place => {
    const place = enter(name);
    const label = `${name}${count.value} follows`;
    place.want(key, () => told.push(label));
    return place;
  };
  return { lanes: made, told, enter, wanting };
}

Deno.test("so many begin at one destination, the others wait in their order, and no destination holds up another", () => {
  const { lanes: made, told, enter } = lanes(2);
  const [a1, a2, a3, , a5] = ["a", "a", "a", "b", "a"].map(enter);
  assertEquals(told, ["a1", "a2", "b4"]);
  made.leave("a", a1!);
  assertEquals(told.at(-1), "a3");
  made.leave("a", a3!);
  made.leave("a", a2!);
  assertEquals(told, ["a1", "a2", "b4", "a3", "a5"]);
  made.leave("a", a5!);
  enter("a");
  enter("a");
  assertEquals(told.slice(5), ["a6", "a7"]);
});

Deno.test("the first that wants the same target follows, and has the place of the one before it", () => {
  const { lanes: made, told, enter, wanting } = lanes(1);
  const first = enter("a");
  const [second, third, fourth] = [wanting("a", "x"), wanting("a", "y"), wanting("a", "y")];
  assertEquals(first.lend("y", CONVERSATION), true);
  assertEquals(told, ["a1", "a3 follows"]);
  assertEquals([first, second, third, fourth].map(({ own }) => own), [false, false, true, false]);
  // What was lent is the other's to lend; a key that nobody wants is lent to nobody.
  assertEquals([first.lend("y", CONVERSATION), third.lend("z", CONVERSATION)], [false, false]);
  made.leave("a", first);
  assertEquals(told.length, 2);
  made.leave("a", third);
  assertEquals(told.at(-1), "a2");
  assertEquals(second.lend("x", CONVERSATION), false);
  assertEquals(second.lend("y", CONVERSATION), true);
  assertEquals(told.at(-1), "a4 follows");
});

Deno.test("one that has lent its place waits for another as all do, and leaves without one", () => {
  const { lanes: made, told, enter, wanting } = lanes(1);
  const first = enter("a");
  const second = wanting("a", "x");
  const third = enter("a");
  first.lend("x", CONVERSATION);
  first.whenOwn(() => told.push("a1 again"));
  made.leave("a", second);
  assertEquals(told, ["a1", "a2 follows", "a3"]);
  made.leave("a", third);
  assertEquals(told.at(-1), "a1 again");
  made.leave("a", first);
  enter("a");
  assertEquals(told.at(-1), "a4");
});

Deno.test("one that has lent its place finds another one when all the others have left", () => {
  const { lanes: made, told, enter, wanting } = lanes(1);
  const first = enter("a");
  const second = wanting("a", "x");
  first.lend("x", CONVERSATION);
  made.leave("a", second);
  first.whenOwn(() => told.push("a1 again"));
  const third = enter("a");
  assertEquals([told.at(-1), first.own, third.own], ["a1 again", true, false]);
  made.leave("a", first);
  assertEquals([told.at(-1), third.own], ["a3", true]);
});

Deno.test("those that wait when all is let go of never begin", () => {
  const { lanes: made, told, enter } = lanes(1);
  const first = enter("a");
  enter("a");
  made.clear();
  made.leave("a", first);
  assertEquals(told, ["a1"]);
});
