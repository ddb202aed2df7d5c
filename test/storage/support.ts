import { assert } from "@std/assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asFailure, FakeClock, seededRandom, SILENT, utf8 } from "../../src/base/mod.ts";
import type { AccountId } from "../../src/mail/account.ts";
import type { MailboxName } from "../../src/mail/mailbox_name.ts";
import {
  createMemoryStore,
  type DeliverInput,
  type DeliverResult,
  type MailStore,
  type MailStoreOptions,
  openMailStore,
  type ShardStore,
  type StoreLimits,
} from "../../src/storage/mod.ts";

/** A store under test, and how to put its files away. */
export interface Opened {
  readonly store: MailStore;
  readonly shard: ShardStore;
  close(): Promise<void>;
}

/** Makes a store with the limits given; one for each implementation. */
export type Open = (limits?: Partial<StoreLimits>) => Promise<Opened>;

export const openMemory: Open = (limits = {}) => {
  const store = createMemoryStore({ limits });
  return Promise.resolve({ store, shard: store.shard(0), close: () => store.close() });
};

export const openDisk: Open = async (limits = {}) => {
  const dir = temporaryDirectory();
  const store = await openMailStore(diskOptions(dir, { limits }));
  const close = async () => {
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  };
  return { store, shard: store.shard(0), close };
};

export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), "store-test-"));
}

/** Options of a store with one shard and a clock that stands still. */
export function diskOptions(dir: string, options: Partial<MailStoreOptions> = {}): MailStoreOptions {
  const clock = new FakeClock();
  return { dir, shards: [0], shardCount: 1, clock, random: seededRandom(1), log: SILENT, ...options };
}

export function account(name: string): AccountId {
  return name as AccountId;
}

export const ANNA = account("anna");
export const BERT = account("bert");

let opNumber = 0;

/** A delivery to anna's INBOX unless told otherwise. */
export function mail(text: string | Uint8Array, more: Partial<DeliverInput> = {}): DeliverInput {
  return {
    opId: `op-${opNumber++}`,
    targets: [{ account: ANNA, quotaBytes: 0 }],
    mailbox: 1,
    flags: 0,
    parts: [typeof text === "string" ? utf8(text) : text],
    internalDateMs: 1_700_000_000_000,
    ...more,
  };
}

export function targets(...accounts: AccountId[]): DeliverInput["targets"] {
  return accounts.map((account) => ({ account, quotaBytes: 0 }));
}

/** The UIDs of a delivery that was stored. */
export function uids(result: DeliverResult): number[] {
  if (result.type !== "delivered") throw new Error(`stored nothing: ${result.type}`);
  return [...result.uids];
}

/** The whole message as text. */
export function text(shard: ShardStore, uid: number, of = ANNA, mailbox = 1): string {
  return new TextDecoder().decode(shard.fetch(of, mailbox, { uid, offset: 0, length: 1e9 }).bytes);
}

/** The kind of Failure that `run` ends with, or "ok". */
export async function kindOf(run: () => unknown): Promise<string> {
  try {
    await run();
    return "ok";
  } catch (error) {
    const failure = asFailure(error);
    if (failure === null) throw error;
    return failure.kind;
  }
}

/** One case of a contract, for whichever store. */
export type Test = (behaviour: string, run: (opened: Opened) => Promise<void>, limits?: object) => void;

/** Registers the cases of a contract for one store, each over a fresh one. */
export function casesOf(store: string, open: Open): Test {
  return (behaviour, run, limits = {}) => {
    Deno.test(`${store}: ${behaviour}`, async () => {
      const opened = await open(limits);
      try {
        await run(opened);
      } finally {
        await opened.close();
      }
    });
  };
}

/** Makes a mailbox of anna's; answers its number. */
export async function made(shard: ShardStore, mailbox: string): Promise<number> {
  const outcome = await shard.createMailbox(ANNA, mailbox as MailboxName, null);
  assert(outcome.type === "done", outcome.type);
  return outcome.mailbox;
}
