import { rmSync } from "node:fs";
import type { AccountId } from "../../../src/mail/account.ts";
import { mailboxActor, mailboxShare } from "../../../src/actors/mailbox/actor.ts";
import { type FakeClock, utf8 } from "../../../src/base/mod.ts";
import type { MailboxChange, MailboxProtocol, MailboxSubscriberProtocol } from "../../../src/messages/mod.ts";
import { defineActor, type HostedSystem, type Ref } from "../../../src/runtime/mod.ts";
import { createMemoryStore, openMailStore } from "../../../src/storage/mod.ts";
import type { ShardStore } from "../../../src/storage/types.ts";
import type { TextSearch } from "../../../src/actors/mailbox/search/mod.ts";
import { NO_TEXTS } from "../../support/no_texts.ts";
import { settle, testSystem } from "../../runtime/support/system.ts";
import { diskOptions, temporaryDirectory } from "../../storage/support.ts";

export type Shard = ShardStore;

export const JOHN = "john1" as AccountId;
export const MARY = "mary1" as AccountId;
export const MAIL = utf8("Subject: hello\r\n\r\nHello Mary.\r\n");

/** One mailbox actor, started by its first message as in a worker, over a disk that flushes when told to. */
export interface MailboxWorld {
  readonly system: HostedSystem;
  readonly clock: FakeClock;
  readonly mailbox: Ref<MailboxProtocol>;
  readonly shard: Shard;
  /** Set to hold changes back until `flush`. */
  hold: boolean;
  flush(): void;
}

export interface WorldOptions {
  readonly wrap?: (shard: Shard) => Shard;
  readonly texts?: TextSearch;
  /** Whether the store is the real one, on the disk. */
  readonly disk?: boolean;
}

export async function inMailbox(
  run: (world: MailboxWorld) => Promise<void>,
  { wrap = (shard) => shard, texts = NO_TEXTS, disk = false }: WorldOptions = {},
): Promise<void> {
  const { system, clock } = testSystem();
  const waiting: (() => void)[] = [];
  const defer = (write: () => void) => {
    if (world.hold) waiting.push(write);
    else queueMicrotask(write);
  };
  const dir = disk ? temporaryDirectory() : null;
  const store = dir === null ? createMemoryStore({ defer }) : await openMailStore(diskOptions(dir, { defer }));
  const shard = wrap(store.shard(0));
  const share = mailboxShare(clock);
  system.onDemand("domain/", () => ({ definition: mailboxActor, args: { shard, texts, share } }));
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
    if (dir !== null) rmSync(dir, { recursive: true, force: true });
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

/** What a listener was told. */
export interface Listener {
  readonly ref: Ref<MailboxSubscriberProtocol>;
  readonly told: { account: AccountId; change: MailboxChange }[];
  /** Views with news. */
  readonly stirred: number[];
}

/** Somebody that subscribes, or holds a lock, and can be stopped. */
export async function spawnListener(
  { system }: Pick<MailboxWorld, "system">,
  name: string,
): Promise<Listener> {
  const told: Listener["told"] = [];
  const stirred: number[] = [];
  const definition = defineActor<MailboxSubscriberProtocol, null>({
    restart: "temporary",
    inboxMax: 100,
    init: () => null,
    receive: {
      "mailbox.changed": (_state, { account, change }) => void told.push({ account, change }),
      "mailbox.stirred": (_state, { view }) => void stirred.push(view),
    },
  });
  return { ref: await system.spawn(definition, { name, args: undefined }), told, stirred };
}

export { settle };
