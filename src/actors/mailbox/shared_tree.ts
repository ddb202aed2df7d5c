import type { AccountId } from "../../mail/account.ts";
import type { MailboxEntry } from "../../mail/mailbox_entry.ts";
import { type MailboxName, parentsOf } from "../../mail/mailbox_name.ts";
import { othersName } from "../../mail/other_users.ts";
import { rightsIn } from "./shared/mod.ts";
import type { State } from "./state.ts";

/** A mailbox of another account, or a name above one; then its owner is nobody in particular. */
export interface OthersEntry {
  readonly owner: AccountId;
  readonly entry: MailboxEntry;
}

/** What an account sees below the namespace of other users: what it may look up, names above that, and its subscriptions there. */
export function othersIn(
  state: Pick<State, "shard" | "shares">,
  account: AccountId,
  subscriptions: readonly MailboxName[],
): OthersEntry[] {
  const subscribed = new Set<string>(subscriptions);
  const entries = new Map<string, OthersEntry>();
  for (const shown of sharedWith(state, account)) {
    const { name } = shown.entry;
    entries.set(name, { ...shown, entry: { ...shown.entry, subscribed: subscribed.has(name) } });
  }
  const above = [...entries.keys()].flatMap((name) => parentsOf(name as MailboxName));
  for (const name of [...above, ...subscriptions]) {
    if (!entries.has(name)) entries.set(name, { owner: account, entry: nameOnly(name, subscribed.has(name)) });
  }
  return [...entries.values()].sort((a, b) => a.entry.name < b.entry.name ? -1 : 1);
}

function* sharedWith({ shard, shares }: Pick<State, "shard" | "shares">, account: AccountId): Generator<OthersEntry> {
  for (const { owner, address, mailboxes } of shares.all()) {
    if (owner === account) continue;
    for (const node of shard.mailboxes(owner)) {
      if (!mailboxes.has(node.mailbox)) continue;
      const rights = rightsIn({ shard, shares }, account, { account: owner, mailbox: node.mailbox });
      const name = othersName(address, node.name);
      // What a mailbox is for is so for its owner (RFC 6154 §2).
      if (rights.includes("l") && name !== null) {
        yield { owner, entry: { ...node, name, specialUse: null, subscribed: false, rights } };
      }
    }
  }
}

function nameOnly(name: MailboxName, subscribed: boolean): MailboxEntry {
  return { mailbox: 0, name, objectId: "", specialUse: null, subscribed };
}
