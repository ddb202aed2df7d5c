import { assert, assertEquals } from "@std/assert";
import { INBOX_NAME } from "../../../src/mail/mailbox_name.ts";
import { inGaps } from "./gaps.ts";
import { openSession } from "./sessions.ts";
import { inMailbox, JOHN, put } from "./support.ts";

for (const seed of [1, 2, 3]) {
  Deno.test(`batches part a mailbox as counting its messages does, also those that the session still believes in (seed ${seed})`, () =>
    inGaps(seed, async ({ world, roll, expunge }) => {
      const session = await openSession(world);
      const shown = (await session.rows({ by: "uid", pairs: [1, 0] })).map(({ uid }) => uid as number);
      // What goes now is in the view until the session is told.
      await expunge();
      for (const size of [1, 7, 50, 128, shown.length, 1_000]) {
        const count = Math.ceil(shown.length / size);
        const { ranges } = await session.ask("mailbox.batches", { size, first: 1, last: count + 3 });
        assertEquals(ranges.length, 2 * count);
        assertEquals([ranges[0], ranges.at(-1)], [shown.at(-1), 1]);
        for (let i = 0; i < ranges.length; i += 2) {
          const within = shown.filter((uid) => uid <= ranges[i]! && uid >= ranges[i + 1]!);
          assertEquals(within.length, i + 2 < ranges.length ? size : shown.length - size * (count - 1));
          if (i > 0) assertEquals(ranges[i], ranges[i - 1]! - 1);
        }
        const first = 1 + roll.below(count);
        const part = await session.ask("mailbox.batches", { size, first, last: first + 1 });
        assertEquals(part.ranges, ranges.slice(2 * (first - 1), 2 * (first + 1)));
      }
    }));
}

Deno.test("of an empty mailbox there are no batches", () =>
  inMailbox(async (world) => {
    const session = await openSession(world);
    assertEquals(await session.ask("mailbox.batches", { size: 500, first: 1, last: 1 }), { ranges: [] });
    assert(session.opened.status.messages === 0);
  }));

Deno.test("of more messages than were asked for nothing is copied", () =>
  inMailbox(async (world) => {
    await Promise.all([1, 2, 3].map((i) => put(world, `op/${i}`)));
    const session = await openSession(world);
    const copy = (messagesMax: number) =>
      session.ask("mailbox.copy", { set: { by: "sequence", pairs: [1, 0] }, to: INBOX_NAME, move: false, messagesMax });
    assertEquals(await copy(2), { type: "tooMany", messagesMax: 2 });
    assertEquals(world.shard.status(JOHN, 1).messages, 3);
    assertEquals((await copy(3)).type, "copied");
  }));
