import { rmSync } from "node:fs";
import { FakeClock, SILENT, utf8 } from "../../../src/base/mod.ts";
import { NO_PARAMETERS, type OutgoingEnvelope, type OutgoingRecipient } from "../../../src/mail/envelope.ts";
import {
  createMemoryQueueStore,
  type EnqueueInput,
  type ItemState,
  openQueueStore,
  type QueueLimits,
  type QueueProblem,
  type QueueStore,
  type QueueStoreOptions,
  type StoredItem,
} from "../../../src/storage/mod.ts";
import { account, temporaryDirectory } from "../support.ts";

/** A queue under test with the clock it runs by. */
export interface OpenedQueue {
  readonly store: QueueStore;
  readonly clock: FakeClock;
  close(): Promise<void>;
}

export type OpenQueue = (limits?: Partial<QueueLimits>) => Promise<OpenedQueue>;

export const openMemoryQueue: OpenQueue = (limits = {}) => {
  const clock = new FakeClock();
  const store = createMemoryQueueStore({ clock, limits });
  return Promise.resolve({ store, clock, close: () => store.close() });
};

export const openDiskQueue: OpenQueue = async (limits = {}) => {
  const dir = temporaryDirectory();
  const clock = new FakeClock();
  const store = await openQueueStore(queueOptions(dir, { clock, limits }));
  const close = async () => {
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  };
  return { store, clock, close };
};

export function queueOptions(dir: string, options: Partial<QueueStoreOptions> = {}): QueueStoreOptions {
  return { dir: `${dir}/queue`, clock: new FakeClock(), log: SILENT, ...options };
}

/** Runs with a directory that is removed afterwards. */
export async function inDirectory(run: (dir: string) => Promise<void>): Promise<void> {
  const dir = temporaryDirectory();
  try {
    await run(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

let opNumber = 0;

export function envelope(id: string, more: Partial<OutgoingEnvelope> = {}): OutgoingEnvelope {
  return { ...NO_PARAMETERS, id, sender: "anna@here.test", account: account("anna"), ...more };
}

export function recipient(address: string, more: Partial<OutgoingRecipient> = {}): OutgoingRecipient {
  return { address, notify: null, orcpt: null, ...more };
}

/** A mail to bert@there.test, due at 1,000, unless told otherwise. */
export function outgoing(text: string | Uint8Array, more: Partial<EnqueueInput> = {}): EnqueueInput {
  const number = opNumber++;
  return {
    opId: `op-${number}`,
    envelope: envelope(`mail-${number}`),
    parts: [typeof text === "string" ? utf8(text) : text],
    items: [to("there.test")],
    ...more,
  };
}

/** One item: the destination, when it is due, and to whom. */
export function to(destination: string, dueMs = 1_000, locals: readonly string[] = ["bert"]): EnqueueInput["items"][0] {
  return { destination, dueMs, recipients: locals.map((local) => recipient(`${local}@${destination}`)) };
}

/** The state of an item with something changed. */
export function next(item: StoredItem, more: Partial<ItemState> = {}): ItemState {
  const { dueMs, held, attempts, warned, recipients, notes } = item;
  return { dueMs, held, attempts, warned, recipients, notes, ...more };
}

export async function enqueued(store: QueueStore, input: EnqueueInput): Promise<readonly StoredItem[]> {
  return (await store.enqueue(input)).items;
}

export function bodyText(store: QueueStore, message: number): string {
  return new TextDecoder().decode(store.body(message));
}

export async function problems(store: QueueStore): Promise<QueueProblem[]> {
  const found: QueueProblem[] = [];
  for await (const problem of store.verify()) found.push(problem);
  return found;
}
