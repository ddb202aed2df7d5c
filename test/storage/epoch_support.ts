import { rmSync } from "node:fs";
import { FakeClock } from "../../src/base/mod.ts";
import type { MailboxName } from "../../src/mail/mailbox_name.ts";
import { type MailStore, type MailStoreOptions, openMailStore, type ShardStore } from "../../src/storage/mod.ts";
import { ANNA, BERT, diskOptions, mail, targets, temporaryDirectory } from "./support.ts";

const [NEWS, OLD] = ["News", "Old"] as MailboxName[];

/** A data directory whose server comes and goes. */
export interface Place {
  readonly dir: string;
  readonly clock: FakeClock;
}

/** Runs `run` in a directory of its own. */
export async function inPlace(run: (place: Place) => Promise<void>): Promise<void> {
  const root = temporaryDirectory();
  const clock = new FakeClock();
  try {
    await run({ dir: `${root}/data`, clock });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** What a run of the server does with the shard; its time goes on by an hour. */
export async function during<T>(
  { dir, clock }: Place,
  run: (shard: ShardStore) => Promise<T>,
  options: Partial<MailStoreOptions> = {},
): Promise<T> {
  clock.advance(3_600_000);
  const store: MailStore = await openMailStore(diskOptions(dir, { clock, ...options }));
  try {
    return await run(store.shard(0));
  } finally {
    await store.close();
  }
}

/** The UIDVALIDITYs of all mailboxes. */
export function epochs(shard: ShardStore): number[] {
  const of = (account: typeof ANNA) =>
    shard.mailboxes(account).filter(({ mailbox }) => mailbox > 0).map(({ mailbox }) =>
      shard.status(account, mailbox).uidValidity
    );
  return [...of(ANNA), ...of(BERT)];
}

/** Makes mail and mailboxes; answers the UIDVALIDITYs. */
export async function fill(shard: ShardStore): Promise<number[]> {
  await shard.deliver(mail("first", { targets: targets(ANNA, BERT) }));
  await shard.createMailbox(ANNA, NEWS!, null);
  await shard.createMailbox(ANNA, OLD!, null);
  await shard.removeMailbox(ANNA, OLD!);
  return epochs(shard);
}
