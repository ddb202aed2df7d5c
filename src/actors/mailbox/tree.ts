import type { MailboxEntry, TreeOutcome } from "../../mail/mailbox_entry.ts";
import type { AccountId } from "../../mail/account.ts";
import { INBOX_NAME, type MailboxName, parentsOf } from "../../mail/mailbox_name.ts";
import { isOthers } from "../../mail/other_users.ts";
import { hasAnyRight } from "../../mail/rights.ts";
import { inheritAcl } from "./acl.ts";
import {
  type By,
  missingAmong,
  nameChanged,
  nameLost,
  namesMade,
  onlookersOf,
  subscriptionChanged,
} from "./name_news.ts";
import { countFrom } from "./recent.ts";
import { nearestParent, placeOf, placeWith, type Spot, spotFor } from "./shared/mod.ts";
import { type OthersEntry, othersIn } from "./shared_tree.ts";
import { type Answer, answerLater, type Asked, type State } from "./state.ts";

/** All mailboxes and subscriptions of an account, in the order of their names, then those that others share with it (LIST, RFC 9051 §6.3.9). */
export function tree(
  state: State,
  { account, status, recent = false }: Asked<"mailbox.tree">,
  reply: Answer<"mailbox.tree">,
): void {
  const seen = seenBy(state, account, status);
  reply.ok({ entries: seen.map(({ owner, entry }) => recent ? withRecent(state, owner, entry) : entry) });
}

/** A mailbox that an account sees, and whose it is. */
export type Seen = OthersEntry;

/** All that an account sees, in the order of LIST. */
export function seenBy(state: State, account: AccountId, status: boolean): Seen[] {
  const nodes = state.shard.mailboxes(account);
  const own = nodes.filter(({ name }) => !isOthers(name))
    .map((node) => ({ owner: account, entry: status ? withStatus(state, account, node) : node }));
  const subscribed = nodes.filter(({ name }) => isOthers(name)).map(({ name }) => name);
  const others = othersIn(state, account, subscribed).map(({ owner, entry }) => ({
    owner,
    entry: status && mayRead(entry) ? withStatus(state, owner, entry) : entry,
  }));
  return [...own, ...others];
}

/** STATUS (RFC 9051 §6.3.11), O(1) for each name, and what MYRIGHTS tells (RFC 4314 §3.5): of it, who may do nothing learns nothing. */
export function statusOf(
  state: State,
  { account, names, recent = false }: Asked<"mailbox.statusOf">,
  reply: Answer<"mailbox.statusOf">,
): void {
  reply.ok({ entries: names.map((name) => entryOf(state, { account, recent }, name)) });
}

function entryOf(
  state: State,
  { account, recent }: { readonly account: AccountId; readonly recent: boolean },
  name: MailboxName,
): MailboxEntry | null {
  const place = placeOf(state, account, name);
  // A name that is only subscribed is the account's own affair.
  if (place === null) return isOthers(name) ? null : state.shard.mailboxNamed(account, name);
  const { owner, node, rights } = place;
  const told = (entry: MailboxEntry) => recent ? withRecent(state, owner, entry) : entry;
  if (owner === account) return told(withStatus(state, account, node));
  // RFC 4314 §4 MYRIGHTS: "any of the following rights".
  if (!hasAnyRight(rights, "lrikxa")) return null;
  const subscribed = state.shard.mailboxNamed(account, name)?.subscribed ?? false;
  const entry = { ...node, name, specialUse: null, subscribed, rights };
  return mayRead(entry) ? told(withStatus(state, owner, entry)) : entry;
}

function mayRead({ mailbox, rights }: MailboxEntry): boolean {
  return mailbox > 0 && rights?.includes("r") !== false;
}

function withStatus({ shard }: State, owner: AccountId, entry: MailboxEntry): MailboxEntry {
  return entry.mailbox === 0 ? entry : { ...entry, status: shard.status(owner, entry.mailbox) };
}

/** With what a session that opened it now would be told to be recent; O(1) where nothing came since somebody looked. */
function withRecent(state: State, account: AccountId, entry: MailboxEntry): MailboxEntry {
  const { mailbox, status } = entry;
  if (status === undefined) return entry;
  const from = state.views.recentFrom(account, mailbox, status.uidNext);
  return { ...entry, recent: countFrom(state, { of: state.views.mailbox(account, mailbox), status }, from) };
}

/** CREATE (RFC 9051 §6.3.4, RFC 6154 §3). */
export function create(state: State, request: Asked<"mailbox.create">, reply: Answer<"mailbox.create">): void {
  const { account, name, specialUse, by } = request;
  const spot = spotFor(state, account, name);
  const parent = nearestParent(state, spot);
  const isShared = parent !== null && state.shares.has(spot.owner, parent.mailbox);
  const work = isShared
    ? createBelow(state, spot, { parent: parent.mailbox, specialUse })
    : state.shard.createMailbox(spot.owner, spot.name, specialUse);
  answerLater(state, noteMade(state, spot, work, by), reply);
}

/** Who watches is told of all that was made. */
async function noteMade(state: State, { owner, name }: Spot, work: Promise<TreeOutcome>, by: By): Promise<TreeOutcome> {
  const missing = missingAmong(state, owner, [...parentsOf(name), name]);
  const outcome = await work;
  if (outcome.type === "done") namesMade(state, owner, missing, by);
  return outcome;
}

async function createBelow(
  state: State,
  { owner, name }: Spot,
  { parent, specialUse }: { readonly parent: number; readonly specialUse: Asked<"mailbox.create">["specialUse"] },
): Promise<TreeOutcome> {
  const { shard, shares } = state;
  const numberOf = (each: MailboxName) => shard.mailboxNamed(owner, each)?.mailbox ?? 0;
  const missing = [...parentsOf(name), name].filter((each) => numberOf(each) === 0);
  const outcome = await shard.createMailbox(owner, name, specialUse);
  if (outcome.type !== "done") return outcome;
  const made = missing.map(numberOf).filter((mailbox) => mailbox > 0);
  await shares.inTurn(() => inheritAcl(state, { owner, parent, made }));
  return outcome;
}

/** DELETE (RFC 9051 §6.3.5): views of the mailbox are told that it is gone. */
export function remove(
  state: State,
  { account, name, by }: Asked<"mailbox.remove">,
  reply: Answer<"mailbox.remove">,
): void {
  const place = placeWith(state, account, name, "x");
  if (place === null) return reply.ok({ type: "missing" });
  const { owner, node } = place;
  const onlookers = onlookersOf(state, owner, node);
  const removed = state.shard.removeMailbox(owner, node.name).then((outcome) => {
    if (outcome.type !== "done") return outcome;
    state.shares.forget(owner, node.mailbox);
    nameLost(state, { owner, name: node.name, onlookers }, by);
    return outcome;
  });
  answerLater(state, removed, reply);
}

/** RENAME (RFC 9051 §6.3.6): views stay, as a mailbox keeps its number, and so do rights. */
export function rename(state: State, request: Asked<"mailbox.rename">, reply: Answer<"mailbox.rename">): void {
  const { account, from, to, by } = request;
  if (!isOthers(from) && !isOthers(to)) {
    return answerLater(state, renameIn(state, { owner: account, from, to }, by), reply);
  }
  // RFC 4314 §4 RENAME: x on the mailbox, k on the parent that it gets.
  const place = placeWith(state, account, from, "x");
  if (place === null) return reply.ok({ type: "missing" });
  const spot = spotFor(state, account, to);
  // A mailbox stays its owner's; that of new mail is not for others to empty.
  if (spot.owner !== place.owner || place.node.name === INBOX_NAME) return reply.ok({ type: "cannot" });
  answerLater(state, renameIn(state, { owner: place.owner, from: place.node.name, to: spot.name }, by), reply);
}

async function renameIn(
  state: State,
  renaming: { readonly owner: AccountId; readonly from: MailboxName; readonly to: MailboxName },
  by: By,
): Promise<TreeOutcome> {
  const { owner, from, to } = renaming;
  const missing = missingAmong(state, owner, parentsOf(to));
  const outcome = await state.shard.renameMailbox(owner, from, to);
  if (outcome.type !== "done") return outcome;
  namesMade(state, owner, missing, by);
  nameChanged(state, renaming, by);
  return outcome;
}

/** SUBSCRIBE and UNSUBSCRIBE (RFC 9051 §6.3.7, §6.3.8): also to what is not there, or not for this account. */
export function subscription(
  state: State,
  { account, name, subscribed, by }: Asked<"mailbox.subscription">,
  reply: Answer<"mailbox.subscription">,
): void {
  const before = state.shard.mailboxNamed(account, name)?.subscribed ?? false;
  const work = state.shard.subscribe(account, name, subscribed).then((outcome) => {
    if (outcome.type === "done" && before !== subscribed) subscriptionChanged(state, account, name, by);
    return outcome;
  });
  answerLater(state, work, reply);
}
