import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { seededRandom } from "../../../src/base/mod.ts";
import { openQueueStore } from "../../../src/storage/mod.ts";
import { commandOf, installed, run } from "../child.ts";
import { COUNT_A_ROUND, numberOf } from "../numbered.ts";
import { bodyText, inDirectory, problems, queueOptions } from "./support.ts";

const CHILD = fileURLToPath(new URL("../children/enqueue.ts", import.meta.url));
const ROUNDS = Number(process.env["STORE_KILLS"] ?? 20);

/** What a child acknowledged is there once, byte for byte, under its number; what it was told to be done is gone. */
async function checkLeft(dir: string, acked: ReadonlyMap<number, number>, done: ReadonlySet<number>): Promise<number> {
  const store = await openQueueStore(queueOptions(dir));
  try {
    assertEquals(await problems(store), []);
    const found = new Map<number, number>();
    for (let after = 0;;) {
      const rows = store.schedule(after, 10_000);
      for (const { item } of rows) {
        const number = numberOf(bodyText(store, store.item(item)!.message));
        assert(number !== null, `the mail of item ${item} is not what was handed in`);
        assert(!found.has(number), `mail ${number} is there twice`);
        assert(!done.has(number), `mail ${number} was done`);
        found.set(number, item);
        after = item;
      }
      if (rows.length === 0) break;
    }
    for (const [number, item] of acked) {
      // Of every third the end may have been under way.
      if (number % 3 > 0 || found.has(number)) assertEquals(found.get(number), item, `mail ${number} was acknowledged`);
    }
    return found.size;
  } finally {
    await store.close();
  }
}

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
      await checkLeft(dir, acked, done);
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
      assertEquals(await checkLeft(dir, left.acked, left.done), left.acked.size - left.done.size);
    }),
});
