import fc from "fast-check";
import { assertEquals } from "@std/assert";
import { Inbox } from "../../src/runtime/inbox.ts";

Deno.test("an inbox gives back what it was given, in order, however it is filled and emptied", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat(200), fc.constantFrom("take", "all")), { maxLength: 40 }), (steps) => {
      const inbox = new Inbox<number>();
      const model: number[] = [];
      let next = 0;
      for (const step of steps) {
        if (step === "take") assertEquals(inbox.shift(), model.shift());
        else if (step === "all") assertEquals(inbox.takeAll(), model.splice(0));
        else {
          for (let i = 0; i < (step as number); i++) {
            inbox.push(next);
            model.push(next++);
          }
        }
        assertEquals(inbox.length, model.length);
      }
      assertEquals(inbox.takeAll(), model);
    }),
    { seed: 1, numRuns: 300 },
  );
});

Deno.test("an inbox that was very long is emptied and used again", () => {
  const inbox = new Inbox<number>();
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 5_000; i++) inbox.push(i);
    for (let i = 0; i < 5_000; i++) assertEquals(inbox.shift(), i);
    assertEquals([inbox.shift(), inbox.length], [undefined, 0]);
  }
});
