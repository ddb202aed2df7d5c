import { assert, assertEquals } from "@std/assert";
import { rmSync } from "node:fs";
import { seededRandom } from "../../src/base/mod.ts";
import { checkLeft, commandOf, run } from "./child.ts";
import { COUNT_A_ROUND } from "./numbered.ts";
import { temporaryDirectory } from "./support.ts";

const ROUNDS = Number(process.env["STORE_KILLS"] ?? 20);

Deno.test(`killed without warning ${ROUNDS} times, the store has every acknowledged message once`, async () => {
  const dir = temporaryDirectory();
  const random = seededRandom(20261122);
  const acked = new Map<number, number>();
  try {
    for (let round = 0; round < ROUNDS; round++) {
      // Begins with messages that were sent before: they keep their UIDs.
      const from = Math.max(0, Math.max(-1, ...acked.keys()) + 1 - 3 * COUNT_A_ROUND);
      // With checkpoints among the groups, and without any.
      const unindexedMs = round % 2 === 0 ? ["1000000", "0", "20"] : [];
      const left = await run(commandOf([dir, String(from), ...unindexedMs]), 1 + Math.floor(random.next() * 200));
      assert(left.acked.size > 0, left.errors);
      for (const [number, uid] of left.acked) {
        assertEquals(acked.get(number) ?? uid, uid, `message ${number} keeps its UID`);
        acked.set(number, uid);
      }
      await checkLeft(dir, acked);
    }
    assert(acked.size > ROUNDS);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
