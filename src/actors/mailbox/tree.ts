import type { MailboxEntry } from "../../mail/mailbox_ask.ts";
import type { AccountId } from "../../mail/account.ts";
import type { MailboxNode } from "../../storage/mod.ts";
import { type Answer, answerLater, type Asked, type State } from "./state.ts";

/** All mailboxes and subscriptions of an account, in the order of their names (LIST, RFC 9051 §6.3.9). */
export function tree(
  state: State,
  { account, status }: Asked<"mailbox.tree">,
  reply: Answer<"mailbox.tree">,
): void {
  const entries = state.shard.mailboxes(account).map((node) => entryOf(state, account, node, status));
  reply.ok({ entries });
}

/** STATUS (RFC 9051 §6.3.11), O(1) for each name. */
export function statusOf(
  state: State,
  { account, names }: Asked<"mailbox.statusOf">,
  reply: Answer<"mailbox.statusOf">,
): void {
  const entries = names.map((name) => {
    const node = state.shard.mailboxNamed(account, name);
    return node === null ? null : entryOf(state, account, node, true);
  });
  reply.ok({ entries });
}

function entryOf({ shard }: State, account: AccountId, node: MailboxNode, status: boolean): MailboxEntry {
  return status && node.mailbox > 0 ? { ...node, status: shard.status(account, node.mailbox) } : node;
}

/** CREATE (RFC 9051 §6.3.4, RFC 6154 §3). */
export function create(state: State, request: Asked<"mailbox.create">, reply: Answer<"mailbox.create">): void {
  const { account, name, specialUse } = request;
  answerLater(state, state.shard.createMailbox(account, name, specialUse), reply);
}

/** DELETE (RFC 9051 §6.3.5): views of the mailbox are told that it is gone. */
export function remove(
  state: State,
  { account, name }: Asked<"mailbox.remove">,
  reply: Answer<"mailbox.remove">,
): void {
  answerLater(state, state.shard.removeMailbox(account, name), reply);
}

/** RENAME (RFC 9051 §6.3.6): views stay, as a mailbox keeps its number. */
export function rename(state: State, request: Asked<"mailbox.rename">, reply: Answer<"mailbox.rename">): void {
  const { account, from, to } = request;
  answerLater(state, state.shard.renameMailbox(account, from, to), reply);
}

/** SUBSCRIBE and UNSUBSCRIBE (RFC 9051 §6.3.7, §6.3.8). */
export function subscription(
  state: State,
  { account, name, subscribed }: Asked<"mailbox.subscription">,
  reply: Answer<"mailbox.subscription">,
): void {
  answerLater(state, state.shard.subscribe(account, name, subscribed), reply);
}
