import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../../src/base/mod.ts";
import { openQueueStore } from "../../../src/storage/mod.ts";
import type { ChildRun } from "../child.ts";
import { numberOf } from "../numbered.ts";
import { bodyText, problems, queueOptions } from "./support.ts";

/** The program that hands in mails. */
export const CHILD = fileURLToPath(new URL("../children/enqueue.ts", import.meta.url));

/** What a child acknowledged is there once, byte for byte, under its number; what it was told to be done is gone. */
export async function checkLeft(dir: string, { acked, done }: Pick<ChildRun, "acked" | "done">): Promise<number> {
  const store = await openQueueStore(queueOptions(dir, { clock: systemClock() }));
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
