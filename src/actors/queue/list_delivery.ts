import { asFailure, describeError, latin1, utf8 } from "../../base/mod.ts";
import { parseMailbox } from "../../mail/address.ts";
import type { ListTarget, RecipientOutcome } from "../../messages/mod.ts";
import { MEMBER_MARK } from "../../policy/list/mod.ts";
import type { Attempt } from "./attempt_types.ts";
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
 * The attempt as it is made: a list that wants it has a reverse-path for each member (VERP), and an address at which he alone
 * leaves. Both are put in here, so that a mail to thousands is kept once.
 */
export function personal(attempt: Attempt, { routes, listKeys, clock }: QueueServices): Attempt {
  const { item, message, parts } = attempt;
  const { envelope } = message;
  const [recipient, another] = item.recipients;
  if (envelope.sender === "" || recipient === undefined || another !== undefined) return attempt;
  const path = parseMailbox(envelope.sender, { utf8: true });
  const verdict = path === null ? null : routes.resolve(path);
  const target = verdict?.type === "local" ? verdict.lists[0] : undefined;
  if (target === undefined || target.role !== "bounces" || !target.verp) return attempt;
  const named = { list: target.list, member: recipient.address };
  const wallMs = clock.wallMs();
  const sender = listKeys.memberPath(target.list, recipient.address, wallMs) ?? envelope.sender;
  const marked = withMember(parts, listKeys.leavePath(named, wallMs));
  return { item, message: { ...message, envelope: { ...envelope, sender } }, parts: marked };
}

/** Bytes in which the list's own fields stand, at the top: below its signatures, which may name hundreds of fields. */
const HEAD_BYTES = 32_768;

/** The mail with the member's name in the list's List-Unsubscribe: the list has taken out every other field of that name. */
function withMember(parts: readonly Uint8Array[], name: string): readonly Uint8Array[] {
  const [first, ...rest] = parts;
  if (first === undefined) return parts;
  // What stands below the header is not the list's, whatever it looks like.
  const [head = ""] = latin1(first.subarray(0, HEAD_BYTES)).split("\r\n\r\n", 1);
  const field = head.indexOf("\r\nList-Unsubscribe: <https://");
  const at = field < 0 ? -1 : head.indexOf(MEMBER_MARK, field);
  if (at < 0 || head.slice(field + 2, at).includes("\r\n")) return parts;
  return [first.subarray(0, at), utf8(name), first.subarray(at + MEMBER_MARK.length), ...rest];
}
