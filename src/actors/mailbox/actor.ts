import { type Clock, Failure } from "../../base/mod.ts";
import type { AccountId } from "../../mail/account.ts";
import { INBOX_ID } from "../../mail/account.ts";
import type { MailboxProtocol, MailboxSubscriberProtocol } from "../../messages/mod.ts";
import type { ActorAddress, Context, Ref, Reply } from "../../runtime/types.ts";
import { defineActor } from "../../runtime/mod.ts";
import type { ShardStore } from "../../storage/mod.ts";
import { mailboxAccepts } from "./accepts.ts";
import { mayAsk } from "../rights.ts";

/** Messages that may wait for one domain; beyond it listeners are told "busy" and SMTP answers 451. */
const INBOX_MAX = 20_000;

/** A domain that nobody asked for anything in this long is put to sleep. */
const IDLE_STOP_MS = 300_000;

/** Subscribers of one account: one per session that shows it. */
const SUBSCRIBERS_PER_ACCOUNT_MAX = 1_000;

/** Accounts whose last login is remembered; beyond it the oldest may log in again at once. */
const LAST_LOCKS_MAX = 10_000;

/** What a mailbox actor is started with: the shard its domain lives in. */
export interface MailboxArgs {
  readonly shard: ShardStore;
}

interface Lock {
  readonly session: string;
  readonly unwatch: () => void;
}

interface Subscriber {
  readonly ref: Ref<MailboxSubscriberProtocol>;
  readonly unwatch: () => void;
}

interface State {
  readonly shard: ShardStore;
  readonly clock: Clock;
  readonly locks: Map<AccountId, Lock>;
  /** When each account was locked last, where a delay between logins is asked for; oldest first. */
  readonly lastLocks: Map<AccountId, number>;
  readonly subscribers: Map<AccountId, Map<string, Subscriber>>;
  readonly unsubscribe: () => void;
  /** Changes handed to the store that are not durable yet. */
  pending: number;
}

function addressKey(address: ActorAddress): string {
  return `${address.node}/${address.worker}/${address.actor}`;
}

/** Answers when the store says durable; the next message is handled meanwhile, so that all that wait form one group. */
function answerLater<T>(state: State, work: Promise<T>, reply: Reply<T>): void {
  state.pending++;
  work.then(
    (value) => {
      state.pending--;
      reply.ok(value);
    },
    (error) => {
      state.pending--;
      reply.fail(error);
    },
  );
}

function dropLock(state: State, account: AccountId, session: string): void {
  const lock = state.locks.get(account);
  if (lock?.session !== session) return;
  lock.unwatch();
  state.locks.delete(account);
}

function dropSubscriber(state: State, account: AccountId, key: string): void {
  const ofAccount = state.subscribers.get(account);
  ofAccount?.get(key)?.unwatch();
  ofAccount?.delete(key);
  if (ofAccount?.size === 0) state.subscribers.delete(account);
}

/** Tells the account's subscribers what became durable. */
function publish(subscribers: State["subscribers"], shard: ShardStore): () => void {
  return shard.onChange((account, mailbox, change) => {
    const ofAccount = subscribers.get(account);
    if (ofAccount === undefined) return;
    for (const { ref } of ofAccount.values()) ref.tell("mailbox.changed", { account, mailbox, change });
  });
}

/** Owner of a domain's mailboxes: the only one who changes them. */
export const mailboxActor = defineActor<MailboxProtocol, State, MailboxArgs>({
  restart: "permanent",
  inboxMax: INBOX_MAX,
  accepts: mailboxAccepts,
  mayAsk,
  idleStopMs: IDLE_STOP_MS,
  mayStop: (state) => state.pending === 0 && state.locks.size === 0 && state.subscribers.size === 0,
  init({ shard }, { clock }) {
    const subscribers: State["subscribers"] = new Map();
    const unsubscribe = publish(subscribers, shard);
    return { shard, clock, subscribers, locks: new Map(), lastLocks: new Map(), unsubscribe, pending: 0 };
  },
  stopped(state) {
    state.unsubscribe();
    for (const lock of state.locks.values()) lock.unwatch();
    for (const ofAccount of state.subscribers.values()) for (const { unwatch } of ofAccount.values()) unwatch();
  },
  receive: {
    "mailbox.deliver"(state, { opId, targets, parts, flags, mailbox }, reply) {
      const internalDateMs = state.clock.wallMs();
      const input = { opId, targets, parts, flags: flags ?? 0, mailbox: mailbox ?? INBOX_ID, internalDateMs };
      answerLater(state, state.shard.deliver(input), reply);
    },
    "mailbox.withdraw"(state, { opId }, reply) {
      answerLater(state, state.shard.withdraw(opId).then(() => null), reply);
    },
    "mailbox.room"(state, { target, size }, reply) {
      const fits = target.quotaBytes === 0 || state.shard.usage(target.account).bytes + size <= target.quotaBytes;
      reply.ok({ fits });
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
    "mailbox.setFlags"(state, { account, mailbox, uids, add, remove }, reply) {
      answerLater(state, state.shard.setFlags(account, mailbox, uids, { add, remove }), reply);
    },
    "mailbox.lock": lock,
    "mailbox.unlock"(state, { account, session }, reply) {
      dropLock(state, account, session);
      reply.ok(null);
    },
    "mailbox.usage": (state, { account }, reply) => reply.ok(state.shard.usage(account)),
    "mailbox.subscribe": subscribe,
    "mailbox.unsubscribe"(state, { account, subscriber }, reply) {
      dropSubscriber(state, account, addressKey(subscriber));
      reply.ok(null);
    },
    "mailbox.purge": (state, { account }, reply) => answerLater(state, state.shard.purge(account), reply),
  },
});

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

function subscribe(
  state: State,
  { account, subscriber }: MailboxProtocol["mailbox.subscribe"]["request"],
  reply: Reply<null>,
  context: Context<MailboxProtocol>,
): void {
  const ofAccount = state.subscribers.get(account) ?? new Map<string, Subscriber>();
  const key = addressKey(subscriber);
  if (!ofAccount.has(key) && ofAccount.size >= SUBSCRIBERS_PER_ACCOUNT_MAX) {
    reply.fail(new Failure("busy", "too many subscribers of one account"));
    return;
  }
  if (!ofAccount.has(key)) {
    const unwatch = context.watch(subscriber, () => dropSubscriber(state, account, key));
    ofAccount.set(key, { ref: context.system.ref<MailboxSubscriberProtocol>(subscriber), unwatch });
    state.subscribers.set(account, ofAccount);
  }
  reply.ok(null);
}
