/** What is read to show a mailbox does not grow with its messages. */
import { assert, assertEquals } from "@std/assert";
import { fill, withShard } from "./counting_shard.ts";
import { ANNA, mail } from "./support.ts";

Deno.test("opening, counting and paging a mailbox of 100,000 messages reads as few rows as one of 1,000", () =>
  withShard(async (shard, index) => {
    const cost = (ask: () => unknown) => {
      [index.rows, index.bytes] = [0, 0];
      ask();
      return [index.rows, index.bytes] as const;
    };
    const looks = () => {
      // What is above the index is in memory, and bounded.
      shard.state.checkpoint();
      return {
        open:
          cost(() => [shard.mailboxNamed(ANNA, "INBOX" as never), shard.status(ANNA, 1), shard.keywords(ANNA, 1)])[0],
        page: cost(() => shard.rowsAt(ANNA, 1, 500, { limit: 50, index: false }))[0],
        one: cost(() => shard.fetch(ANNA, 1, { uid: 700, offset: 0, length: 10 }))[0],
        changes: cost(() => shard.changes(ANNA, 1, shard.status(ANNA, 1).highestModSeq))[0] > 30,
      };
    };
    await fill(shard, 1_000);
    await shard.deliver(mail("last"));
    const small = looks();
    await fill(shard, 99_000);
    await shard.deliver(mail("last"));
    assertEquals(looks(), small);
    const { blocks, rows } = shard.blockCounts(ANNA, 1);
    assertEquals([blocks.length, rows.reduce((sum, each) => sum + each, 0)], [1_563, 100_002]);
    const [read, bytes] = cost(() => shard.blockCounts(ANNA, 1));
    assert(read <= 4 && bytes < 2_000, `${read} rows of ${bytes} bytes`);
  }));

Deno.test("a delivery into a large mailbox touches no row of its old messages", () =>
  withShard(async (shard, index) => {
    await fill(shard, 20_000);
    const cost = async (body: string) => {
      [index.rows, index.bytes] = [0, 0];
      await shard.deliver(mail(body));
      return index.bytes;
    };
    for (let i = 0; i < 70; i++) assert(await cost(`${i}`) < 9_000);
  }));
