import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "../../../src/base/mod.ts";
import { commandOf, installed, run } from "../child.ts";
import { COUNT_A_ROUND } from "../numbered.ts";
import { checkLeft, CHILD } from "./child.ts";
import { inDirectory } from "./support.ts";

const ROUNDS = Number(process.env["STORE_KILLS"] ?? 20);

Deno.test(`killed without warning ${ROUNDS} times, the queue has every acknowledged mail once`, () =>
  inDirectory(async (dir) => {
    const random = seededRandom(20261126);
    const acked = new Map<number, number>();
    const done = new Set<number>();
    for (let round = 0; round < ROUNDS; round++) {
      // Begins with mails that were handed in before: they keep their items.
      const from = Math.max(0, Math.max(-1, ...acked.keys()) + 1 - 3 * COUNT_A_ROUND);
      const left = await run(commandOf([dir, String(from)], CHILD), 1 + Math.floor(random.next() * 200));
      assert(left.acked.size > 0, left.errors);
      for (const [number, item] of left.acked) {
        assertEquals(acked.get(number) ?? item, item, `mail ${number} keeps its item`);
        acked.set(number, item);
      }
      for (const number of left.done) done.add(number);
      await checkLeft(dir, { acked, done });
    }
    assert(acked.size > ROUNDS && done.size > 0);
  }));

const missing = !installed("bun");

Deno.test({
  name: `a queue written under Bun is read under this runtime${missing ? " (skipped: bun is not installed)" : ""}`,
  ignore: missing,
  fn: () =>
    inDirectory(async (dir) => {
      const left = await run(["bun", CHILD, dir, "0", "20"]);
      assertEquals([left.code, left.failed.size], [0, 0], left.errors);
      assert(left.acked.size > 100);
      assertEquals(await checkLeft(dir, left), left.acked.size - left.done.size);
    }),
});
