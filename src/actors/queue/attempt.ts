import { asFailure, describeError } from "../../base/mod.ts";
import { parseMailbox } from "../../mail/address.ts";
import { isDeliveryReport } from "./accepts.ts";
import type { Attempt, AttemptResult } from "./attempt_types.ts";
import { personal } from "./list_delivery.ts";
import { deliverHere } from "./local_delivery.ts";
import type { QueueServices } from "./services.ts";
import { doubtfulAddress, sameForAll } from "./settle.ts";

/** Longest attempt, in ms: a large mail over a slow line to the last of several hosts. */
const ATTEMPT_MS_MAX = 4 * 3_600_000;

const LATER: AttemptResult = { type: "later" };

/** Tries an item once: in the mailboxes here when the domain is ours, else by a delivery worker. Never throws for the world's sake. */
export function tryOnce(attempt: Attempt, services: QueueServices): Promise<AttemptResult> {
  const first = parseMailbox(attempt.item.recipients[0]!.address, { utf8: true });
  if (first === null) return deliverHere(attempt, services); // Where it is refused, as no server can be asked.
  const verdict = services.routes.resolve(first);
  if (verdict === null) return Promise.resolve(LATER);
  const made = personal(attempt, services);
  return verdict.type === "relayDenied" ? deliverElsewhere(made, services) : deliverHere(made, services);
}

async function deliverElsewhere({ item, message, parts }: Attempt, services: QueueServices): Promise<AttemptResult> {
  const { destination } = item;
  const recipients = item.recipients.map(({ address, notify, orcpt }) => ({ address, notify, orcpt }));
  const doubtful = doubtfulAddress(item);
  const request = {
    destination,
    envelope: message.envelope,
    recipients,
    parts,
    ...(doubtful === null ? {} : { doubtfulAddress: doubtful }),
  };
  const worker = services.deliveries[hash(destination) % services.deliveries.length]!;
  try {
    const report = await worker.ask("delivery.attempt", request, { deadlineMs: ATTEMPT_MS_MAX });
    // A delivery worker reads what strangers say: its word is taken for what it is worth.
    if (isDeliveryReport(report, recipients.length)) return { type: "report", report, forwards: [] };
    services.log.error("report refused", { id: message.envelope.id, destination });
    return internal(recipients.length, "the delivery worker's report made no sense");
  } catch (error) {
    const failure = asFailure(error);
    if (failure === null) throw error;
    if (failure.kind === "down" || failure.kind === "closed" || failure.kind === "busy") return LATER;
    services.log.warn("attempt failed", { id: message.envelope.id, destination, error: describeError(failure) });
    const tooLong = failure.kind === "deadline";
    return internal(recipients.length, tooLong ? "the attempt took too long" : "no delivery worker would try it");
  }
}

/** What is said of an item that no delivery worker took for a while: perhaps it is the mail that ends them. */
export const NOT_TAKEN = {
  action: "deferred",
  code: null,
  status: "4.3.0",
  text: "no delivery worker could try it",
} as const;

function internal(count: number, text: string): AttemptResult {
  const outcome = { action: "deferred", code: null, status: "4.3.0", text } as const;
  return { type: "report", report: sameForAll(count, outcome), forwards: [] };
}

/** One destination always goes to the same worker, which may still have a connection there. */
function hash(text: string): number {
  let value = 0;
  for (let i = 0; i < text.length; i++) value = (Math.imul(value, 31) + text.charCodeAt(i)) >>> 0;
  return value;
}
