import { assertEquals } from "@std/assert";
import { SortedUids } from "../../../../src/actors/mailbox/views/sorted_uids.ts";
import { dice } from "../../../support/dice.ts";

Deno.test("a sorted set of UIDs behaves as a set that is sorted", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = dice(seed);
    const uids = new SortedUids();
    let model: number[] = [];
    for (let i = 0; i < 300; i++) {
      const some = rising(Array.from({ length: random.below(8) }, () => 1 + random.below(120)));
      const one = 1 + random.below(120);
      switch (random.below(4)) {
        case 0:
        case 1:
          uids.addAll(some);
          model = rising([...model, ...some]);
          break;
        case 2:
          assertEquals(uids.remove(one), model.includes(one));
          assertEquals(
            uids.removeIf((uid) => some.includes(uid)),
            model.filter((uid) => some.includes(uid) && uid !== one).length,
          );
          model = model.filter((uid) => uid !== one && !some.includes(uid));
          break;
        case 3:
          assertEquals(uids.takeFirst(random.below(3)).length <= model.length, true);
          model = model.slice(model.length - uids.length);
      }
      assertEquals(uids.length, model.length);
      assertEquals(Array.from({ length: uids.length }, (_, at) => uids.at(at)), model);
      assertEquals(uids.has(one), model.includes(one));
      assertEquals(uids.countBelow(one), model.filter((uid) => uid < one).length);
    }
  }
});

function rising(uids: readonly number[]): number[] {
  return [...new Set(uids)].sort((a, b) => a - b);
}
