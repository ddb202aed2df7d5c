/** RFC 7162 §3.1.1: MODSEQs have 63 bits, so they go on beyond 32. */
import { assertEquals } from "@std/assert";
import { mailboxKey } from "../../src/storage/layout/keys.ts";
import { decodeMailbox, encodeMailbox } from "../../src/storage/layout/values.ts";
import { CHECKPOINT_MS, crashed, inDirectory, open, problems } from "./log_support.ts";
import { ANNA, mail } from "./support.ts";

const BEYOND = 2 ** 32;

Deno.test("MODSEQs beyond 32 bits are told as they are, and compared as a whole, in the log and in the index", () =>
  inDirectory(async (dir) => {
    const { shard, clock, index } = await open(dir);
    for (const text of ["one", "two", "three", "four"]) await shard.deliver(mail(text));
    clock.advance(CHECKPOINT_MS);
    const key = mailboxKey(ANNA, 1);
    const counters = decodeMailbox(index.get(key)!);
    index.commit(() => index.put(key, encodeMailbox({ ...counters, highestModSeq: BEYOND - 2 })));
    const flag = (uids: number[], flags: number, unchangedSince: number | null = null) =>
      shard.storeFlags(ANNA, 1, uids as never, { how: "replace", flags, keywords: [], unchangedSince });
    const modSeqs = (one = shard) => one.list(ANNA, 1, 0, 9).rows.map(({ modSeq }) => modSeq as number);
    for (const uid of [1, 2, 3]) await flag([uid], uid);
    const told = [BEYOND - 1, BEYOND, BEYOND + 1, modSeqs()[3]!];
    assertEquals(modSeqs(), told);
    const left = await open(crashed(dir));
    assertEquals([modSeqs(left.shard), await problems(left.shard)], [told, []]);
    await left.shard.close();
    clock.advance(CHECKPOINT_MS);
    assertEquals(modSeqs(), told);
    const { modified } = await flag([1, 2, 3, 4], 8, BEYOND) as unknown as { modified: readonly number[] };
    assertEquals(modified, [3]);
    assertEquals(modSeqs(), [BEYOND + 2, BEYOND + 2, BEYOND + 1, BEYOND + 2]);
    clock.advance(CHECKPOINT_MS);
    assertEquals([shard.status(ANNA, 1).highestModSeq as number, await problems(shard)], [BEYOND + 2, []]);
    await shard.close();
  }));
