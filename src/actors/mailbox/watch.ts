import type { AccountId } from "../../mail/account.ts";
import type { MailboxEntry } from "../../mail/mailbox_entry.ts";
import type { Tidings, WatchedMailbox, WatchedName } from "../../mail/watch.ts";
import { type MailboxName, parentsOf } from "../../mail/mailbox_name.ts";
import { isOthers } from "../../mail/other_users.ts";
import { hasRights } from "../../mail/rights.ts";
import { rightsIn } from "./shared/mod.ts";
import { type Answer, type Asked, type State } from "./state.ts";
import { type Seen, seenBy } from "./tree.ts";
import type { OpenWatch } from "./watch_book.ts";
import { EVENT, type Mark, MESSAGE_EVENTS, type NameEvent, namesOfEvents } from "./watches/mod.ts";

/** Mailboxes, names and sets of annotations in one answer. */
const PAGE = 250;

/** Begins a watch (NOTIFY SET, RFC 5465 §3.1). What is not there, or may not be looked up, is passed over. */
export function watch(state: State, request: Asked<"mailbox.watch">, reply: Answer<"mailbox.watch">): void {
  const opened = state.watches.add(request);
  if (opened === null) return reply.ok({ type: "tooMany" });
  const looks = request.status || opened.scope.others;
  reply.ok({ type: "watching", watch: opened.id, mailboxes: looks ? firstLook(state, opened, request.status) : [] });
}

/** The state of mailboxes whose messages are watched, if it is wanted; of those that may not be read, that it is so. */
function firstLook(state: State, opened: OpenWatch, status: boolean): WatchedMailbox[] {
  const found: WatchedMailbox[] = [];
  for (const { owner, entry } of seenBy(state, opened.account, status)) {
    if (entry.mailbox === 0) continue;
    const events = opened.scope.eventsOf(entry.name, entry.subscribed);
    if (events === 0) continue;
    const isTold = status && (events & MESSAGE_EVENTS) !== 0 &&
      !state.watches.hasOpen(opened, { account: owner, mailbox: entry.mailbox });
    if (isTold || !mayRead(entry)) found.push({ entry, events: namesOfEvents(events) });
  }
  return found;
}

/** What happened since it was asked last: read as it is now, not as it was when it happened. */
export function tidings(
  state: State,
  { account, watch: id }: Asked<"mailbox.tidings">,
  reply: Answer<"mailbox.tidings">,
): void {
  const { watches } = state;
  const open = watches.get(account, id);
  watches.asked(open);
  if (open.over) {
    watches.close(open);
    return reply.ok(OVERFLOW);
  }
  const { names, metadata, marks } = open.pending.take(PAGE);
  reply.ok({
    names: names.length === 0 ? [] : namesNow(state, open, names),
    metadata: metadata.map(({ name, entries }) => ({ name, entries: [...entries] })),
    mailboxes: marks.flatMap((mark) => mailboxNow(state, open, mark)),
    more: !open.pending.isEmpty,
    overflow: false,
  });
}

const OVERFLOW: Tidings = { names: [], metadata: [], mailboxes: [], more: false, overflow: true };

function namesNow(state: State, open: OpenWatch, events: readonly NameEvent[]): WatchedName[] {
  const seen = seenBy(state, open.account, false);
  const entries = new Map<string, MailboxEntry>(seen.map(({ entry }) => [entry.name, entry]));
  const parents = parentsIn(seen);
  return events.map(({ name, oldName }) => {
    const entry = entries.get(name) ?? { mailbox: 0, name, objectId: "", specialUse: null, subscribed: false };
    const named = (state.watches.eventsOf(open, name) & EVENT.names) !== 0;
    // RFC 5465 §5.9: who watches no names is told that a mailbox is out of reach, not that it is gone.
    const noAccess = entry.mailbox === 0 ? isOthers(name) && !named && !entry.subscribed : !mayRead(entry);
    return { entry, hasChildren: parents.has(name), oldName, noAccess };
  });
}

function parentsIn(seen: readonly Seen[]): ReadonlySet<MailboxName> {
  const parents = new Set<MailboxName>();
  for (const { entry } of seen) if (entry.mailbox > 0) { for (const name of parentsOf(entry.name)) parents.add(name); }
  return parents;
}

/** A mailbox as it is now; nothing when it is gone, or the session has it open, or may not read it any more. */
function mailboxNow(state: State, open: OpenWatch, { owner, mailbox, events: happened }: Mark): WatchedMailbox[] {
  const { shard, watches } = state;
  const of = { account: owner, mailbox };
  const name = watches.nameOf(open, owner, mailbox);
  const events = name === null ? 0 : watches.eventsOf(open, name);
  if (name === null || (events & happened) === 0 || watches.hasOpen(open, of)) return [];
  const rights = rightsIn(state, open.account, of);
  if (!hasRights(rights, "lr")) return [];
  const entry: MailboxEntry = {
    ...{ mailbox, name, objectId: "", specialUse: null, subscribed: false, rights },
    status: shard.status(owner, mailbox),
  };
  // Flags of messages that came count as well: what is told of either is told of both.
  return [{ entry, events: namesOfEvents(events & MESSAGE_EVENTS) }];
}

function mayRead({ rights }: MailboxEntry): boolean {
  return rights?.includes("r") !== false;
}

/** Ends a watch; whether there was one of this number. */
export function unwatch({ watches }: State, account: AccountId, id: number): boolean {
  const found = watches.find(account, id);
  if (found !== null) watches.close(found);
  return found !== null;
}
