import { Failure } from "../../base/mod.ts";
import type { QueueProtocol } from "../../messages/mod.ts";
import type { StoredItem } from "../../storage/mod.ts";
import { destinationOf } from "./destination_name.ts";
import type { QueueEngine } from "./engine.ts";

type Request<K extends keyof QueueProtocol> = QueueProtocol[K]["request"];

/** Addresses under which mail waits for a list's moderators or its digest: the list actor sees that mail and no other. */
const WAITING = /^[a-z0-9._-]{1,64}\+(?:held|kept)-[a-z0-9-]{1,40}@[^@]{1,253}$/;

/** What waits under such an address, by rising number, in pages of what is looked at. */
export function waitingUnder(
  { services: { store } }: QueueEngine,
  { address, after, limit }: Request<"queue.listWaiting">,
): QueueProtocol["queue.listWaiting"]["reply"] {
  checkAddress(address);
  const numbers = store.itemsOf(destinationOf(address), after, limit);
  const items = numbers.map((number) => store.item(number)).filter((item) => isUnder(item, address));
  const mails = items.flatMap((item) => {
    const message = store.message(item.message);
    return message === null ? [] : [{ id: message.envelope.id, size: message.size }];
  });
  return { mails, next: numbers.length < limit ? null : numbers[numbers.length - 1]! };
}

/** Throws Failure `not_found`, or what keeps the disk from being read. */
export function fetchWaiting(
  engine: QueueEngine,
  { id, address }: Request<"queue.listFetch">,
): QueueProtocol["queue.listFetch"]["reply"] {
  const { store } = engine.services;
  const item = waitingItem(engine, id, address);
  const message = item === null ? null : store.message(item.message);
  if (message === null) throw new Failure("not_found", `no mail ${id} waits`);
  return { envelope: message.envelope, parts: [store.body(message.message)] };
}

/** Whether the mail was there for the verb; durable when it resolves. */
export async function decideWaiting(
  engine: QueueEngine,
  { id, address, verb }: Request<"queue.listDecide">,
): Promise<{ done: boolean }> {
  const item = waitingItem(engine, id, address);
  if (!engine.isLoaded) throw new Failure("busy", "the queue is being loaded");
  return { done: item !== null && await engine.operate(item.item, verb) };
}

function waitingItem({ services: { store } }: QueueEngine, id: string, address: string): StoredItem | null {
  checkAddress(address);
  const [number] = store.itemsOfMail(id);
  const item = number === undefined ? null : store.item(number);
  return isUnder(item, address) ? item : null;
}

function isUnder(item: StoredItem | null, address: string): item is StoredItem {
  return item?.recipients[0]?.address === address;
}

function checkAddress(address: string): void {
  if (!WAITING.test(address)) throw new Failure("invalid", "no mail of a list waits under that address");
}
