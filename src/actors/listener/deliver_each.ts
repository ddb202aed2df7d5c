import type { AccountRecord } from "../../messages/mod.ts";
import type { DeliveryOutcome, ReceivedRecipient } from "../../protocol/smtp/mod.ts";
import { domainOfAccount } from "../mailbox_refs.ts";
import { deliver, type Delivery } from "./delivery.ts";
import type { FrontServices } from "./services.ts";

interface Routed {
  readonly index: number;
  readonly recipient: ReceivedRecipient;
  readonly accounts: readonly AccountRecord[];
}

/**
 * Stores one mail for as many of its recipients as can be: an outcome for each, in their order, as LMTP tells them (RFC 2033 §4.2).
 * `accepted` means durable for that recipient in all its mailboxes. Recipients who share a domain share one delivery, and
 * so one copy of the bytes; a full mailbox among them leaves the others theirs.
 */
export async function deliverEach(delivery: Delivery, services: FrontServices): Promise<DeliveryOutcome[]> {
  const { id, mail } = delivery;
  const outcomes: DeliveryOutcome[] = mail.recipients.map(() => ({ type: "failed" }));
  const routed = mail.recipients.map((recipient, index): Routed => {
    const verdict = services.routes.resolve(recipient.address);
    return { index, recipient, accounts: verdict?.type === "local" ? verdict.accounts : [] };
  });
  let parts = 0;
  const put = async (group: readonly Routed[]) => {
    // Each part has an id of its own: the shares of two parts are two deliveries to a mailbox.
    const part = {
      ...delivery,
      id: `${id}/${parts++}`,
      mail: { ...mail, recipients: group.map(({ recipient }) => recipient) },
    };
    const outcome = await deliver(part, services);
    for (const { index } of group) outcomes[index] = outcome.type === "accepted" ? { type: "accepted", id } : outcome;
    return outcome;
  };
  await Promise.all(
    connected(routed, ({ accounts }) => accounts.map(domainOfAccount)).map(async (group) => {
      const { type } = await put(group);
      if (type !== "mailboxFull") return;
      // Nothing was kept for anybody. Recipients of one account stay together, as it gets one copy.
      const smaller = connected(group, ({ accounts }) => accounts.map((account) => account.id));
      if (smaller.length > 1) await Promise.all(smaller.map(put));
    }),
  );
  return outcomes;
}

/** The items in groups, such that no key is in two groups. */
function connected<T>(items: readonly T[], keysOf: (item: T) => readonly string[]): T[][] {
  const parents = items.map((_, i) => i);
  const rootOf = (i: number): number => {
    let at = i;
    while (parents[at] !== at) at = parents[at] = parents[parents[at]!]!;
    return at;
  };
  const firstOf = new Map<string, number>();
  for (const [i, item] of items.entries()) {
    for (const key of keysOf(item)) {
      const first = firstOf.get(key);
      if (first === undefined) firstOf.set(key, i);
      else parents[rootOf(i)] = rootOf(first);
    }
  }
  return [...Map.groupBy(items.entries(), ([i]) => rootOf(i)).values()].map((group) => group.map(([, item]) => item));
}
