import type { AccountId } from "../../../src/mail/account.ts";
import { mailboxActor } from "../../../src/actors/mailbox/actor.ts";
import { type FakeClock, utf8 } from "../../../src/base/mod.ts";
import type { MailboxChange, MailboxProtocol, MailboxSubscriberProtocol } from "../../../src/messages/mod.ts";
import { defineActor, type HostedSystem, type Ref } from "../../../src/runtime/mod.ts";
import { createMemoryStore } from "../../../src/storage/memory_store.ts";
import type { ShardStore } from "../../../src/storage/types.ts";
import { settle, testSystem } from "../../runtime/support/system.ts";

export const JOHN = "john1" as AccountId;
export const MARY = "mary1" as AccountId;
export const MAIL = utf8("Subject: hello\r\n\r\nHello Mary.\r\n");

/** One mailbox actor, started by its first message as in a worker, over a disk that flushes when told to. */
export interface MailboxWorld {
  readonly system: HostedSystem;
  readonly clock: FakeClock;
  readonly mailbox: Ref<MailboxProtocol>;
  readonly shard: ShardStore;
  /** Set to hold changes back until `flush`. */
  hold: boolean;
  flush(): void;
}

export async function inMailbox(
  run: (world: MailboxWorld) => Promise<void>,
  wrap: (shard: ShardStore) => ShardStore = (shard) => shard,
): Promise<void> {
  const { system, clock } = testSystem();
  const waiting: (() => void)[] = [];
  const store = createMemoryStore({
    defer: (write) => {
      if (world.hold) waiting.push(write);
      else queueMicrotask(write);
    },
  });
  const shard = wrap(store.shard(0));
  system.onDemand("domain/", () => ({ definition: mailboxActor, args: { shard } }));
  const world: MailboxWorld = {
    system,
    clock,
    shard,
    mailbox: system.ref<MailboxProtocol>({ node: "local", worker: "w", actor: "domain/smith.test" }),
    hold: false,
    flush: () => waiting.splice(0).forEach((write) => write()),
  };
  try {
    await run(world);
  } finally {
    await system.shutdown();
    world.hold = false;
    await store.close();
  }
}

/** Delivers one mail and answers its UIDs; a full mailbox is an error. */
export async function put(
  { mailbox }: Pick<MailboxWorld, "mailbox">,
  opId: string,
  accounts: readonly AccountId[] = [JOHN],
): Promise<readonly number[]> {
  const targets = accounts.map((account) => ({ account, quotaBytes: 0 }));
  const answer = await mailbox.ask("mailbox.deliver", { opId, targets, parts: [MAIL] });
  if (answer.type !== "delivered") throw new Error("the mailbox is full");
  return answer.uids;
}

/** What an ask has come to so far. */
export function watchAnswer<T>(ask: Promise<T>): { answer: T | Error | null } {
  const seen: { answer: T | Error | null } = { answer: null };
  ask.then((value) => seen.answer = value, (error) => seen.answer = error);
  return seen;
}

/** Somebody that subscribes, or holds a lock, and can be stopped. */
export async function spawnListener(
  { system }: Pick<MailboxWorld, "system">,
  name: string,
): Promise<{ ref: Ref<MailboxSubscriberProtocol>; told: { account: AccountId; change: MailboxChange }[] }> {
  const told: { account: AccountId; change: MailboxChange }[] = [];
  const definition = defineActor<MailboxSubscriberProtocol, null>({
    restart: "temporary",
    inboxMax: 100,
    init: () => null,
    receive: {
      "mailbox.changed": (_state, { account, change }) => void told.push({ account, change }),
    },
  });
  return { ref: await system.spawn(definition, { name, args: undefined }), told };
}

export { settle };
