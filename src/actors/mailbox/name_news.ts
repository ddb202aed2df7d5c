import type { AccountId } from "../../mail/account.ts";
import { scopeOf } from "../../mail/annotation.ts";
import { INBOX_NAME, isBelow, type MailboxName, parentsOf } from "../../mail/mailbox_name.ts";
import { othersName } from "../../mail/other_users.ts";
import { hasRights, type Rights } from "../../mail/rights.ts";
import type { MailboxNode, MailboxRef } from "../../storage/mod.ts";
import { rightsIn } from "./shared/mod.ts";
import type { State } from "./state.ts";
import type { OpenWatch } from "./watch_book.ts";
import { EVENT } from "./watches/mod.ts";

/** Who changed something: its own watch is not told (RFC 5465 §5). */
export type By = number | undefined;

/** A watch of another account that may look a mailbox up, and the name that it sees. */
interface Onlooker {
  readonly watch: OpenWatch;
  readonly name: MailboxName;
}

/** Names of an account that have no mailbox: those that CREATE or RENAME will make. Nothing is looked up when nobody watches. */
export function missingAmong(
  { shard, watches }: State,
  owner: AccountId,
  names: readonly MailboxName[],
): MailboxName[] {
  if (watches.size === 0) return [];
  return names.filter((name) => (shard.mailboxNamed(owner, name)?.mailbox ?? 0) === 0);
}

/** Other accounts' watches that may look a mailbox up now. */
export function onlookersOf(state: State, owner: AccountId, node: MailboxNode): Onlooker[] {
  const { shares, watches } = state;
  if (watches.size === 0 || !shares.has(owner, node.mailbox)) return [];
  const address = shares.addressOf(owner);
  const name = address === null ? null : othersName(address, node.name);
  if (name === null) return [];
  const of = { account: owner, mailbox: node.mailbox };
  return [...watches.ofOthers(owner)]
    .filter((watch) => rightsIn(state, watch.account, of).includes("l"))
    .map((watch) => ({ watch, name }));
}

/** Mailboxes were made (RFC 5465 §5.4): each affects the name above it, too. */
export function namesMade(state: State, owner: AccountId, names: readonly MailboxName[], by: By): void {
  const { shard, watches } = state;
  watches.treeChanged(owner);
  for (const name of names) {
    for (const watch of watches.of(owner)) tellName(state, { watch, name }, by);
    const node = shard.mailboxNamed(owner, name);
    if (node !== null) { for (const each of onlookersOf(state, owner, node)) tellName(state, each, by); }
  }
}

/** A mailbox was removed; `onlookers` saw it until then. */
export function nameLost(
  state: State,
  { owner, name, onlookers }: {
    readonly owner: AccountId;
    readonly name: MailboxName;
    readonly onlookers: readonly Onlooker[];
  },
  by: By,
): void {
  state.watches.treeChanged(owner);
  for (const watch of state.watches.of(owner)) tellName(state, { watch, name }, by);
  for (const each of onlookers) tellName(state, each, by);
}

/** A mailbox has another name, and so have those below it, of which nothing is told (RFC 5465 §5.4). */
export function nameChanged(
  state: State,
  { owner, from, to }: { readonly owner: AccountId; readonly from: MailboxName; readonly to: MailboxName },
  by: By,
): void {
  const { shard, shares, watches } = state;
  watches.treeChanged(owner);
  for (const watch of watches.of(owner)) tellRename(state, { watch, name: to }, { oldName: from, by });
  const address = shares.addressOf(owner);
  if (watches.size === 0 || address === null || from === INBOX_NAME) return;
  const told = new Map<OpenWatch, MailboxName[]>();
  for (const node of shard.mailboxes(owner)) {
    if (node.name !== to && !isBelow(node.name, to)) continue;
    const oldName = othersName(address, (from + node.name.slice(to.length)) as MailboxName);
    for (const each of onlookersOf(state, owner, node)) {
      const above = told.get(each.watch) ?? [];
      if (oldName === null || above.some((name) => isBelow(each.name, name))) continue;
      told.set(each.watch, [...above, each.name]);
      tellRename(state, each, { oldName, by });
    }
  }
}

/** SUBSCRIBE and UNSUBSCRIBE: "subscribed" means names that are so now, or were until now (RFC 5465 §5.5, §6.4). */
export function subscriptionChanged({ watches }: State, account: AccountId, name: MailboxName, by: By): void {
  watches.treeChanged(account);
  for (const watch of watches.of(account)) {
    if (watch.id === by || (watch.scope.eventsOf(name, true) & EVENT.subscriptions) === 0) continue;
    watches.note(watch, (pending) => pending.name(name));
  }
}

/** Annotations of a mailbox changed, or of the account (""): others see only those that are shared. */
export function annotationsChanged(
  state: State,
  { owner, node }: { readonly owner: AccountId; readonly node: MailboxNode | null },
  entries: readonly string[],
  by: By,
): void {
  const { watches } = state;
  for (const watch of watches.of(owner)) {
    const events = node === null ? watch.scope.ofAccount : watches.eventsOf(watch, node.name);
    if (watch.id === by || (events & (EVENT.metadata | EVENT.accountMetadata)) === 0) continue;
    if (node !== null && (events & EVENT.metadata) === 0) continue;
    watches.note(watch, (pending) => pending.annotated(node?.name ?? "", entries));
  }
  const shared = entries.filter((entry) => scopeOf(entry) === "shared");
  if (node === null || shared.length === 0) return;
  for (const { watch, name } of onlookersOf(state, owner, node)) {
    const mayRead = rightsIn(state, watch.account, { account: owner, mailbox: node.mailbox }).includes("r");
    if (watch.id === by || !mayRead || (watches.eventsOf(watch, name) & EVENT.metadata) === 0) continue;
    watches.note(watch, (pending) => pending.annotated(name, shared));
  }
}

/** Rights changed: what an account may look up is as good as made for it, or removed (RFC 5465 §5.4, §5.9). */
export function accessChanged(
  state: State,
  of: MailboxRef,
  { address, before }: { readonly address: string; readonly before: (account: AccountId) => Rights },
): void {
  const { watches } = state;
  for (const watch of watches.size === 0 ? [] : watches.ofOthers(of.account)) {
    const [had, has] = [before(watch.account), rightsIn(state, watch.account, of)];
    const own = had === has ? null : state.shard.mailboxes(of.account).find(({ mailbox }) => mailbox === of.mailbox);
    const name = own ? othersName(address, own.name) : null;
    if (name === null || (hasRights(had, "l") === hasRights(has, "l") && hasRights(had, "r") === hasRights(has, "r"))) {
      continue;
    }
    const events = watches.eventsOf(watch, name);
    if ((events & EVENT.names) !== 0 && had.includes("l") !== has.includes("l")) {
      tellName(state, { watch, name }, undefined);
    } else if (events !== 0) watches.note(watch, (pending) => pending.name(name));
  }
}

function tellName({ watches }: State, { watch, name }: Onlooker, by: By): void {
  if (watch.id === by) return;
  for (const affected of [...parentsOf(name).slice(-1), name]) {
    if ((watches.eventsOf(watch, affected) & EVENT.names) === 0) continue;
    watches.note(watch, (pending) => pending.name(affected));
  }
}

function tellRename(
  { watches }: State,
  { watch, name }: Onlooker,
  { oldName, by }: { readonly oldName: MailboxName; readonly by: By },
): void {
  const events = watches.eventsOf(watch, name) | watches.eventsOf(watch, oldName);
  if (watch.id === by || (events & EVENT.names) === 0) return;
  watches.note(watch, (pending) => pending.name(name, oldName));
}
