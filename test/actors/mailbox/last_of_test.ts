import { assertEquals } from "@std/assert";
import { Flag } from "../../../src/mail/flag.ts";
import type { MessageSet } from "../../../src/mail/mailbox_view.ts";
import type { SearchProgram } from "../../../src/mail/search_program.ts";
import { inGaps } from "./gaps.ts";
import { inTurns, openSession } from "./sessions.ts";
import { inMailbox, put } from "./support.ts";

const DELETED: SearchProgram = { type: "flags", flags: Flag.deleted };

for (const seed of [1, 2, 3]) {
  Deno.test(`the lowest of the last messages of a set is found as counting them finds it, also where some are gone (seed ${seed})`, () =>
    inGaps(seed, async ({ world, roll, expunge }) => {
      const session = await openSession(world);
      await session.ask("mailbox.store", {
        ...{ set: { by: "uid", pairs: Array.from({ length: 80 }, () => 1 + roll.below(300)) } },
        ...{ flags: Flag.deleted, keywords: [], how: "add", unchangedSince: null },
      });
      // What goes now is in the view until the session is told: it has numbers, but is not counted.
      await expunge();
      const sets: MessageSet[] = [
        { by: "sequence", pairs: [1, 0] },
        { by: "uid", pairs: [0, 1] },
        ...Array.from({ length: 12 }, (_, i): MessageSet => {
          const pairs = Array.from({ length: 2 * (1 + roll.below(6)) }, () => 1 + roll.below(200));
          return { by: i % 2 > 0 ? "uid" : "sequence", pairs };
        }),
      ];
      const ask = (program: SearchProgram, count: number, changedSince?: number) =>
        inTurns(
          world,
          session.ask("mailbox.lastOf", { program, count, ...(changedSince === undefined ? {} : { changedSince }) }),
        );
      for (const set of sets) {
        const rows = await session.rows(set);
        const deleted = rows.filter(({ flags }) => (flags & Flag.deleted) !== 0);
        const only: SearchProgram = { type: "set", set };
        const since = 150 + roll.below(160);
        const changed = rows.filter(({ modSeq }) => modSeq > since);
        for (
          const [program, found, changedSince] of [
            [only, rows, undefined],
            [{ type: "and", of: [only, DELETED] }, deleted, undefined],
            [only, changed, since],
            [{ type: "and", of: [only, DELETED] }, changed.filter((row) => deleted.includes(row)), since],
          ] as const
        ) {
          for (const count of [1, 2, found.length - 1, found.length, 1 + roll.below(found.length)]) {
            if (count < 1) continue;
            const lowest = found.length > count ? found.at(-count)! : null;
            const expected = lowest && { sequence: lowest.sequence, uid: lowest.uid };
            assertEquals((await ask(program, count, changedSince)).lowest, expected, JSON.stringify([program, count]));
          }
        }
      }
      const all = await session.rows({ by: "sequence", pairs: [1, 0] });
      assertEquals((await ask({ type: "all" }, 7)).lowest?.uid, all.at(-7)!.uid);
    }));
}

Deno.test("of a saved result those below a UID are left out", () =>
  inMailbox(async (world) => {
    await Promise.all([1, 2, 3, 4].map((i) => put(world, `op/${i}`)));
    const session = await openSession(world);
    const save = { type: "set", set: { by: "uid", pairs: [1, 2, 4, 4] } } as const;
    await inTurns(world, session.ask("mailbox.search", { program: save, save: "all", modSeq: false }));
    const uids = async (from?: number) =>
      (await session.rows({ by: "saved", ...(from === undefined ? {} : { from }) })).map(({ uid }) => Number(uid));
    assertEquals([await uids(), await uids(2), await uids(3), await uids(5)], [[1, 2, 4], [2, 4], [4], []]);
  }));

Deno.test("of an empty mailbox no message is the lowest", () =>
  inMailbox(async (world) => {
    const session = await openSession(world);
    assertEquals(await session.ask("mailbox.lastOf", { program: { type: "all" }, count: 1 }), { lowest: null });
  }));
