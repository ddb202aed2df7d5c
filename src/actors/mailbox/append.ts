import type { AppendOutcome } from "../../mail/mailbox_ask.ts";
import { freeFlags, placeWith } from "./shared/mod.ts";
import { type Answer, answerLater, type Asked, type State } from "./state.ts";

/** APPEND (RFC 9051 §6.3.12, RFC 3502), all or none. */
export function append(state: State, request: Asked<"mailbox.append">, reply: Answer<"mailbox.append">): void {
  const { shard, clock } = state;
  const { opId, account, name, quotaBytes } = request;
  const place = placeWith(state, account, name, "i");
  if (place === null) return reply.ok({ type: "missing" });
  // RFC 4314 §4: flags that may not be set are left out.
  const free = freeFlags(place.rights);
  const savedMs = clock.wallMs();
  const messages = request.messages.map((message) => ({
    ...message,
    flags: message.flags & free.flags,
    keywords: free.keywords ? message.keywords : [],
    internalDateMs: message.internalDateMs ?? savedMs,
  }));
  const input = { opId, account: place.owner, mailbox: place.node.mailbox, quotaBytes, messages, savedMs };
  const to = { account: place.owner, mailbox: place.node.mailbox };
  const arrivals = (outcome: AppendOutcome) => outcome.type === "appended" ? outcome.uids.length : 0;
  answerLater(state, state.watches.during(request, to, shard.append(input), arrivals), reply);
}
