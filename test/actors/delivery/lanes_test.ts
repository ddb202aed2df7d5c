import { assertEquals } from "@std/assert";
import { Lanes } from "../../../src/actors/delivery/lanes.ts";

function lanes(widthMax: number): { readonly lanes: Lanes; readonly begun: string[]; enter(name: string): void } {
  const [made, begun] = [new Lanes(widthMax), [] as string[]];
  let count = 0;
  return {
    lanes: made,
    begun,
    enter(name) {
      const label = `${name}${++count}`;
      made.enter(name, () => begun.push(label));
    },
  };
}

Deno.test("so many begin at one destination, the others wait in their order, and no destination holds up another", () => {
  const { lanes: made, begun, enter } = lanes(2);
  for (const name of ["a", "a", "a", "b", "a"]) enter(name);
  assertEquals(begun, ["a1", "a2", "b4"]);
  made.leave("a");
  assertEquals(begun.at(-1), "a3");
  made.leave("a");
  made.leave("a");
  assertEquals(begun, ["a1", "a2", "b4", "a3", "a5"]);
  made.leave("a");
  enter("a");
  enter("a");
  assertEquals(begun.slice(5), ["a6", "a7"]);
});

Deno.test("those that wait when all is let go of never begin", () => {
  const { lanes: made, begun, enter } = lanes(1);
  enter("a");
  enter("a");
  made.clear();
  made.leave("a");
  assertEquals(begun, ["a1"]);
});
