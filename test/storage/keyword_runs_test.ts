/** Keywords are changed in runs of messages that have the same: what is counted of a run is counted once. */
import { assertEquals } from "@std/assert";
import { CHECKPOINT_MS, inDirectory, open, problems } from "./log_support.ts";
import { ANNA, mail } from "./support.ts";

Deno.test("a keyword is in use as long as a message has it, in whatever runs it was given and taken", () =>
  inDirectory(async (dir) => {
    const { shard, clock } = await open(dir);
    for (let i = 0; i < 12; i++) await shard.deliver(mail(`${i}`));
    const change = (how: "add" | "remove", keywords: readonly string[], uids: readonly number[]) =>
      shard.storeFlags(ANNA, 1, uids as never, { how, flags: 0, keywords, unchangedSince: null });
    const all = Array.from({ length: 12 }, (_, i) => i + 1);
    const used = () => [...shard.keywords(ANNA, 1)].sort();
    for (let round = 0; round < 2; round++) {
      await change("add", ["a"], [1, 2, 3, 7, 8]);
      await change("add", ["b"], [3, 4, 5, 6, 12]);
      await change("add", ["x"], all);
      await change("add", ["x"], all);
      assertEquals(used(), ["a", "b", "x"]);
      clock.advance(CHECKPOINT_MS * round);
      assertEquals(await problems(shard), []);
      await change("remove", ["x"], all.slice(0, -1));
      assertEquals(used(), ["a", "b", "x"]);
      await change("remove", ["x"], all);
      assertEquals(used(), ["a", "b"]);
      await change("remove", ["a", "b"], all.slice(1));
      assertEquals(used(), ["a"]);
      await change("remove", ["a"], [1]);
      clock.advance(CHECKPOINT_MS * round);
      assertEquals([used(), await problems(shard)], [[], []]);
    }
    await shard.close();
  }));
