import type { Uid } from "../../../src/mail/uid.ts";
import { type Dice, dice } from "../../support/dice.ts";
import { inMailbox, JOHN, type MailboxWorld, put } from "./support.ts";

/** A mailbox of 300 messages, of which some are gone; `expunge` takes more away. */
export function inGaps(
  seed: number,
  run: (parts: { world: MailboxWorld; roll: Dice; expunge: () => Promise<void> }) => Promise<void>,
): Promise<void> {
  return inMailbox(async (world) => {
    const roll = dice(seed);
    await Promise.all(Array.from({ length: 300 }, (_, i) => put(world, `op/${i}`)));
    const expunge = async () => {
      const uids = Array.from({ length: 60 }, () => 1 + roll.below(300) as Uid);
      await world.mailbox.ask("mailbox.expunge", { account: JOHN, mailbox: 1, uids });
    };
    await expunge();
    await run({ world, roll, expunge });
  });
}
