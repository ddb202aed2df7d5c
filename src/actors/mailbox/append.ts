import { type Answer, answerLater, type Asked, type State } from "./state.ts";

/** APPEND (RFC 9051 §6.3.12, RFC 3502), all or none. */
export function append(state: State, request: Asked<"mailbox.append">, reply: Answer<"mailbox.append">): void {
  const { shard, clock } = state;
  const { opId, account, name, quotaBytes } = request;
  const node = shard.mailboxNamed(account, name);
  if (node === null || node.mailbox === 0) return reply.ok({ type: "missing" });
  const savedMs = clock.wallMs();
  const messages = request.messages.map((message) => ({
    ...message,
    internalDateMs: message.internalDateMs ?? savedMs,
  }));
  const input = { opId, account, mailbox: node.mailbox, quotaBytes, messages, savedMs };
  answerLater(state, shard.append(input), reply);
}
