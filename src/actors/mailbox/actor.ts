import type { Clock } from "../../base/mod.ts";
import type { AccountId } from "../../mail/account.ts";
import { INBOX_ID } from "../../mail/account.ts";
import { fits } from "../../mail/quota.ts";
import type { MailboxProtocol } from "../../messages/mod.ts";
import type { Context, Reply } from "../../runtime/types.ts";
import { defineActor } from "../../runtime/mod.ts";
import type { ShardStore } from "../../storage/mod.ts";
import { MAILBOX_ACTOR_PREFIX } from "../mailbox_refs.ts";
import { mayAsk } from "../rights.ts";
import { mailboxAccepts } from "./accepts/accepts.ts";
import { acl, setAcl } from "./acl.ts";
import { annotate } from "./annotate.ts";
import { append, appendEach } from "./append.ts";
import { batches } from "./batches.ts";
import { copy } from "./copy.ts";
import { deletedBytes } from "./deleted_bytes.ts";
import { expungeDeleted } from "./expunge.ts";
import { readAuthorized, readNamed } from "./excerpt.ts";
import { FlagWork } from "./flag_work.ts";
import { cancelUpdates, keepOrder } from "./keep_order.ts";
import { lastOf } from "./last_of.ts";
import { metadata, setMetadata } from "./metadata.ts";
import { news } from "./news.ts";
import { close, open } from "./open.ts";
import { OneByOne } from "./one_by_one.ts";
import { page } from "./page.ts";
import { read, rows } from "./rows.ts";
import { Searches, type TextSearch, Turns } from "./search/mod.ts";
import { search } from "./search.ts";
import { Shares } from "./shared/mod.ts";
import { newKey, removeKeys, resetKey, urlToken } from "./access_keys.ts";
import { answerLater, type MailboxContext, type State } from "./state.ts";
import { store } from "./store.ts";
import { storeEach } from "./store_each.ts";
import { create, remove, rename, statusOf, subscription, tree } from "./tree.ts";
import { ViewBook, type ViewBudget } from "./view_book.ts";
import { tidings, watch } from "./watch.ts";
import { WatchBook } from "./watch_book.ts";

/** Messages that may wait for one domain; beyond it listeners are told "busy" and SMTP answers 451. */
const INBOX_MAX = 20_000;

/** A domain that nobody asked for anything in this long is put to sleep. */
const IDLE_STOP_MS = 300_000;

/** Accounts whose last login is remembered; beyond it the oldest may log in again at once. */
const LAST_LOCKS_MAX = 10_000;

/** What all mailbox actors of a worker share. */
export interface MailboxShare {
  readonly budget: ViewBudget;
  readonly turns: Turns;
  readonly largeChanges: OneByOne;
}

/** What a worker's mailbox actors share, at its start. */
export function mailboxShare(clock: Clock): MailboxShare {
  return { budget: { views: 0, liveBytes: 0 }, turns: new Turns(clock), largeChanges: new OneByOne() };
}

/** What a mailbox actor is started with: the shard its domain lives in. */
export interface MailboxArgs {
  readonly shard: ShardStore;
  readonly texts: TextSearch;
  readonly share: MailboxShare;
}

function dropLock(state: State, account: AccountId, session: string): void {
  const lock = state.locks.get(account);
  if (lock?.session !== session) return;
  lock.unwatch();
  state.locks.delete(account);
}

/** Owner of a domain's mailboxes: the only one who changes them. */
export const mailboxActor = defineActor<MailboxProtocol, State, MailboxArgs>({
  restart: "permanent",
  inboxMax: INBOX_MAX,
  accepts: mailboxAccepts,
  mayAsk,
  idleStopMs: IDLE_STOP_MS,
  mayStop: ({ pending, locks, views, watches }) =>
    pending === 0 && locks.size === 0 && views.size === 0 && watches.size === 0,
  init: ({ shard, texts, share: { budget, turns, largeChanges } }, context) => {
    const { clock, log, random } = context;
    const shares = new Shares(shard, context.self.address.actor.slice(MAILBOX_ACTOR_PREFIX.length));
    const views = viewBook(shard, budget, context);
    return {
      shard,
      clock,
      log,
      random,
      plausibleKey: newKey(random),
      locks: new Map(),
      lastLocks: new Map(),
      views,
      watches: new WatchBook({ shard, shares, views, budget, clock, ...toldBy(context) }),
      shares,
      flagWork: new FlagWork(),
      searches: new Searches(),
      turns,
      largeChanges,
      texts,
      pending: 0,
    };
  },
  stopped(state) {
    state.views.stop();
    state.watches.stop();
    for (const lock of state.locks.values()) lock.unwatch();
  },
  receive: {
    "mailbox.deliver"(state, { opId, targets, parts, index = null, flags = 0, mailbox = INBOX_ID }, reply) {
      const internalDateMs = state.clock.wallMs();
      const input = { opId, targets, parts, index, flags, mailbox, internalDateMs };
      answerLater(state, state.shard.deliver(input), reply);
    },
    "mailbox.withdraw"(state, { opId }, reply) {
      answerLater(state, state.shard.withdraw(opId).then(() => null), reply);
    },
    "mailbox.room"(state, { target, size }, reply) {
      const more = { bytes: size, messages: 1 };
      reply.ok({ fits: fits(target, state.shard.usage(target.account), more) });
    },
    "mailbox.status": (state, { account, mailbox }, reply) => reply.ok(state.shard.status(account, mailbox)),
    "mailbox.list"(state, { account, mailbox, after, limit }, reply) {
      reply.ok(state.shard.list(account, mailbox, after, limit));
    },
    "mailbox.fetch"(state, { account, mailbox, uid, offset, length }, reply) {
      reply.ok(state.shard.fetch(account, mailbox, { uid, offset, length }));
    },
    "mailbox.expunge"(state, { account, mailbox, uids }, reply) {
      answerLater(state, state.shard.expunge(account, mailbox, uids), reply);
    },
    "mailbox.lock": lock,
    "mailbox.unlock"(state, { account, session }, reply) {
      dropLock(state, account, session);
      reply.ok(null);
    },
    "mailbox.usage": (state, { account }, reply) => reply.ok(state.shard.usage(account)),
    "mailbox.purge"(state, { account }, reply) {
      const purged = state.shard.purge(account).then(async (done) => {
        // UIDs begin anew: what sessions were told is over.
        state.views.endAccount(account);
        state.watches.endAccount(account);
        state.texts.forget(account);
        state.shares.forget(account);
        await state.shares.inTurn(() => removeKeys(state, account));
        return done;
      });
      answerLater(state, purged, reply);
    },
    "mailbox.tree": tree,
    "mailbox.create": create,
    "mailbox.remove": remove,
    "mailbox.rename": rename,
    "mailbox.subscription": subscription,
    "mailbox.statusOf": statusOf,
    "mailbox.deletedBytes": deletedBytes,
    "mailbox.open": open,
    "mailbox.close": close,
    "mailbox.news": news,
    "mailbox.watch": watch,
    "mailbox.tidings": tidings,
    "mailbox.rows": rows,
    "mailbox.page": page,
    "mailbox.batches": batches,
    "mailbox.lastOf": lastOf,
    "mailbox.read": read,
    "mailbox.store": store,
    "mailbox.storeEach": storeEach,
    "mailbox.annotate": annotate,
    "mailbox.expungeDeleted": expungeDeleted,
    "mailbox.copy": copy,
    "mailbox.append": append,
    "mailbox.appendEach": appendEach,
    "mailbox.search": search,
    "mailbox.keepOrder": keepOrder,
    "mailbox.cancelUpdates": cancelUpdates,
    "mailbox.acl": acl,
    "mailbox.setAcl": setAcl,
    "mailbox.metadata": metadata,
    "mailbox.setMetadata": setMetadata,
    "mailbox.readNamed": readNamed,
    "mailbox.readAuthorized": readAuthorized,
    "mailbox.urlToken": urlToken,
    "mailbox.resetKey": resetKey,
  },
});

/** Numbers of views begin anywhere: those of an earlier life of the actor are unknown to it. */
function viewBook(shard: State["shard"], budget: ViewBudget, context: MailboxContext): ViewBook {
  const { clock, random } = context;
  return new ViewBook({
    shard,
    budget,
    clock,
    firstView: Math.floor(random.next() * 2 ** 50) + 1,
    ...toldBy(context),
  });
}

/** How sessions are told that there is something, and how it is known that they are gone. */
function toldBy(context: MailboxContext): Pick<ConstructorParameters<typeof ViewBook>[0], "ref" | "watch"> {
  return {
    ref: (address) => context.system.ref(address),
    watch: (address, gone) => context.watch(address, gone),
  };
}

/** RFC 1939 §4: the maildrop is locked for one session. Asking again from that session changes nothing. */
function lock(
  state: State,
  { account, owner, session, delayMs }: MailboxProtocol["mailbox.lock"]["request"],
  reply: Reply<MailboxProtocol["mailbox.lock"]["reply"]>,
  context: Context<MailboxProtocol>,
): void {
  const held = state.locks.get(account);
  if (held !== undefined) return reply.ok({ locked: held.session === session, tooSoon: false });
  if (delayMs > 0 && !delayIsOver(state, account, delayMs)) return reply.ok({ locked: false, tooSoon: true });
  const unwatch = context.watch(owner, () => dropLock(state, account, session));
  state.locks.set(account, { session, unwatch });
  reply.ok({ locked: true, tooSoon: false });
}

/** Notes this login; false when the last one is too near (RFC 2449 §6.5). Forgotten when the actor sleeps. */
function delayIsOver({ clock, lastLocks }: State, account: AccountId, delayMs: number): boolean {
  const now = clock.monotonicMs();
  const last = lastLocks.get(account);
  if (last !== undefined && now - last < delayMs) return false;
  lastLocks.delete(account);
  lastLocks.set(account, now);
  if (lastLocks.size > LAST_LOCKS_MAX) {
    for (const oldest of lastLocks.keys()) {
      lastLocks.delete(oldest);
      break;
    }
  }
  return true;
}
