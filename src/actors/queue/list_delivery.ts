import { asFailure, describeError } from "../../base/mod.ts";
import { parseMailbox } from "../../mail/address.ts";
import type { OutgoingEnvelope } from "../../mail/envelope.ts";
import type { ListTarget, RecipientOutcome } from "../../messages/mod.ts";
import type { Attempt } from "./attempt.ts";
import type { QueueServices } from "./services.ts";

/** Longest time that a list with many members may take, in ms. */
const TAKE_MS_MAX = 600_000;

/** Hands a mail to the lists that it is for; delivered when all of it is durable. Null: nobody is there, later again. */
export async function toLists(
  { message: { envelope }, parts }: Attempt,
  { id, lists: targets }: { readonly id: string; readonly lists: readonly ListTarget[] },
  { lists, log }: QueueServices,
): Promise<RecipientOutcome | null> {
  for (const [i, target] of targets.entries()) {
    try {
      const request = { id: `${id}/${i}`, target, envelope, parts };
      const outcome = await lists.ask("list.take", request, { deadlineMs: TAKE_MS_MAX });
      if (outcome.type === "refused") {
        return { action: "failed", code: null, status: outcome.status, text: outcome.text };
      }
    } catch (error) {
      const failure = asFailure(error);
      if (failure === null) throw error;
      if (failure.kind === "down" || failure.kind === "closed" || failure.kind === "busy") return null;
      log.warn("list failed", { id: envelope.id, list: target.list, error: describeError(failure) });
      return { action: "deferred", code: null, status: "4.3.0", text: "the list could not take it" };
    }
  }
  return { action: "delivered", code: null, status: "2.0.0", text: "the list has it" };
}

/**
 * The envelope as it goes out: a list that wants it has a reverse-path for each member (VERP). That is made here, so that a mail to
 * thousands is kept once.
 */
export function addressed(
  { item, message: { envelope } }: Pick<Attempt, "item" | "message">,
  { routes, listKeys, clock }: QueueServices,
): OutgoingEnvelope {
  const [recipient, another] = item.recipients;
  if (envelope.sender === "" || recipient === undefined || another !== undefined) return envelope;
  const sender = parseMailbox(envelope.sender, { utf8: true });
  const verdict = sender === null ? null : routes.resolve(sender);
  const target = verdict?.type === "local" ? verdict.lists[0] : undefined;
  if (target === undefined || target.role !== "bounces" || !target.verp) return envelope;
  return {
    ...envelope,
    sender: listKeys.memberPath(target.list, recipient.address, clock.wallMs()) ?? envelope.sender,
  };
}
