import { type Cancel, type Clock, Failure } from "../../base/mod.ts";
import type { AccountId } from "../../mail/account.ts";
import type { MailboxName } from "../../mail/mailbox_name.ts";
import type { MailboxChange } from "../../mail/mailbox_state.ts";
import { othersName } from "../../mail/other_users.ts";
import { hasRights } from "../../mail/rights.ts";
import type { WatchGroup } from "../../mail/watch.ts";
import type { MailboxSubscriberProtocol, ViewOwner } from "../../messages/mod.ts";
import type { ActorAddress, Ref } from "../../runtime/types.ts";
import type { MailboxRef, ShardStore } from "../../storage/mod.ts";
import { rightsIn, type Shares } from "./shared/mod.ts";
import type { ViewBook, ViewBudget } from "./view_book.ts";
import { Atlases, EVENT, type EventBits, MESSAGE_EVENTS, Pending, WatchScope } from "./watches/mod.ts";

/** Watches of one session: a new one begins before the one that it replaces ends. */
const WATCHES_PER_SESSION_MAX = 2;
/** Watches of one account: a few dozen devices, each with several connections. */
const WATCHES_PER_ACCOUNT_MAX = 250;
/** Views and watches in one worker. */
const PER_WORKER_MAX = 50_000;
/** A session is told of tidings so often at most, in ms: a burst of mail is told at its beginning and at its end. */
const STIR_MS_MIN = 100;

/** What a session watches, and what it was not told of. */
export interface OpenWatch {
  readonly id: number;
  readonly account: AccountId;
  readonly session: string;
  readonly scope: WatchScope;
  readonly pending: Pending;
  readonly subscriber: Subscriber;
  /** It was told that there is something, and did not ask yet. */
  stirred: boolean;
  /** It is not told before, monotonic, in ms. */
  quietUntilMs: number;
  /** More happened than is kept, or the account is gone. */
  over: boolean;
  closed: boolean;
  /** A change of the session's own is under way. */
  own: OwnChange | null;
}

interface OwnChange {
  readonly to: MailboxRef;
  /** Messages that came meanwhile. */
  arrived: number;
  /** Something else happened, too. */
  mixed: boolean;
}

interface Subscriber {
  readonly key: string;
  readonly ref: Ref<MailboxSubscriberProtocol>;
  readonly unwatch: () => void;
  readonly watches: Set<OpenWatch>;
}

export interface WatchBookOptions {
  readonly shard: ShardStore;
  readonly shares: Shares;
  readonly views: ViewBook;
  readonly budget: ViewBudget;
  readonly clock: Clock;
  readonly ref: (address: ActorAddress) => Ref<MailboxSubscriberProtocol>;
  readonly watch: (address: ActorAddress, gone: () => void) => () => void;
}

export interface NewWatch extends Omit<ViewOwner, "quotaBytes"> {
  readonly account: AccountId;
  readonly groups: readonly WatchGroup[];
}

/** All watches of one actor. Without any, a change costs one look at a counter. */
export class WatchBook {
  readonly #watches = new Map<number, OpenWatch>();
  readonly #ofAccount = new Map<AccountId, Set<OpenWatch>>();
  /** Those that can see mailboxes of other accounts. */
  readonly #ofOthers = new Set<OpenWatch>();
  readonly #subscribers = new Map<string, Subscriber>();
  readonly #untold = new Set<OpenWatch>();
  readonly #atlases: Atlases;
  #tellLater: Cancel | null = null;
  readonly #unsubscribe: () => void;

  constructor(private readonly options: WatchBookOptions) {
    this.#atlases = new Atlases(options.shard);
    this.#unsubscribe = options.shard.onChange((account, mailbox, change) => this.#changed(account, mailbox, change));
  }
  get size(): number {
    return this.#watches.size;
  }
  find(account: AccountId, id: number): OpenWatch | null {
    const found = this.#watches.get(id);
    return found?.account === account ? found : null;
  }
  /** Throws Failure `not_found`. */
  get(account: AccountId, id: number): OpenWatch {
    const found = this.find(account, id);
    if (found === null) throw new Failure("not_found", "no such watch");
    return found;
  }
  /** Null when the session, the account or the worker has too many. */
  add({ account, session, groups, subscriber: address }: NewWatch): OpenWatch | null {
    const { budget, views } = this.options;
    const ofAccount = this.#ofAccount.get(account) ?? new Set();
    const ofSession = [...ofAccount].filter((watch) => watch.session === session).length;
    if (ofSession >= WATCHES_PER_SESSION_MAX || ofAccount.size >= WATCHES_PER_ACCOUNT_MAX) return null;
    if (budget.views >= PER_WORKER_MAX) return null;
    const subscriber = this.#subscriberAt(address);
    const [scope, pending] = [new WatchScope(groups), new Pending()];
    const watch: OpenWatch = {
      ...{ id: views.number(), account, session, scope, pending, subscriber },
      ...{ stirred: false, quietUntilMs: 0, over: false, closed: false, own: null },
    };
    this.#watches.set(watch.id, watch);
    this.#ofAccount.set(account, ofAccount.add(watch));
    if (scope.others) this.#ofOthers.add(watch);
    subscriber.watches.add(watch);
    budget.views++;
    return watch;
  }
  close(watch: OpenWatch): void {
    if (watch.closed) return;
    watch.closed = true;
    this.options.budget.views--;
    this.#watches.delete(watch.id);
    this.#untold.delete(watch);
    this.#ofOthers.delete(watch);
    const { account, subscriber } = watch;
    const ofAccount = this.#ofAccount.get(account);
    ofAccount?.delete(watch);
    if (ofAccount?.size === 0) this.#ofAccount.delete(account);
    if (this.#watches.size === 0) this.#atlases.clear();
    subscriber.watches.delete(watch);
    if (subscriber.watches.size > 0) return;
    subscriber.unwatch();
    this.#subscribers.delete(subscriber.key);
  }
  /** All mailboxes of an account are gone: who watched them has nothing to watch. */
  endAccount(account: AccountId): void {
    this.#atlases.forget(account);
    for (const watch of this.of(account)) this.#end(watch);
  }
  /** Ends all watches; nobody is told. */
  stop(): void {
    this.#unsubscribe();
    for (const watch of [...this.#watches.values()]) this.close(watch);
    this.#tellLater?.();
  }

  /** The watches of an account's own sessions. */
  of(account: AccountId): Iterable<OpenWatch> {
    return this.#ofAccount.get(account) ?? NOBODY;
  }
  /** Watches of other accounts that may see mailboxes of this one. */
  *ofOthers(owner: AccountId): Generator<OpenWatch> {
    for (const watch of this.#ofOthers) if (watch.account !== owner) yield watch;
  }
  /** Names or subscriptions of an account are other than before. */
  treeChanged(account: AccountId): void {
    this.#atlases.forget(account);
  }
  /** What a name, as the watching account sees it, is watched for. */
  eventsOf({ scope, account }: OpenWatch, name: MailboxName): EventBits {
    return scope.eventsOf(name, scope.bySubscription && this.#atlases.of(account).subscribed.has(name));
  }
  /** The name under which a watching account sees a mailbox; null when it is gone. */
  nameOf({ account }: OpenWatch, owner: AccountId, mailbox: number): MailboxName | null {
    const node = this.#atlases.node(owner, mailbox);
    if (node === null || account === owner) return node?.name ?? null;
    const address = this.options.shares.addressOf(owner);
    return address === null ? null : othersName(address, node.name);
  }
  /** Whether the session has the mailbox open: of that it is told by news of its view (RFC 5465 §3.1). */
  hasOpen({ session, subscriber }: OpenWatch, { account, mailbox }: MailboxRef): boolean {
    return this.options.views.isOpenIn(account, mailbox, subscriber.key, session);
  }
  /** Adds to what is to be told, and tells the session that there is something. */
  note(watch: OpenWatch, add: (pending: Pending) => void): void {
    if (watch.over || watch.closed) return;
    add(watch.pending);
    if (watch.pending.isOver) this.#end(watch);
    else this.#stir(watch);
  }
  /** The session asks: it is not told again for a while. */
  asked(watch: OpenWatch): void {
    watch.stirred = false;
    watch.quietUntilMs = this.options.clock.monotonicMs() + STIR_MS_MIN;
  }
  /** A change by the session that watches: what it alone brings into a mailbox is no tidings for it. */
  async during<T>(
    { account, by }: { readonly account: AccountId; readonly by?: number },
    to: MailboxRef,
    work: Promise<T>,
    arrivals: (outcome: T) => number,
  ): Promise<T> {
    const watch = by === undefined ? undefined : this.#watches.get(by);
    if (watch === undefined || watch.account !== account || watch.own !== null) return await work;
    const own: OwnChange = { to, arrived: 0, mixed: false };
    watch.own = own;
    let brought = -1;
    try {
      const outcome = await work;
      brought = arrivals(outcome);
      return outcome;
    } finally {
      watch.own = null;
      if (own.mixed || own.arrived !== Math.max(0, brought)) this.#mark(watch, to, MESSAGE_EVENTS);
    }
  }

  #end(watch: OpenWatch): void {
    watch.over = true;
    watch.pending.clear();
    this.#stir(watch);
  }
  /** Nothing is read of messages here: the store shows all changes of a group already while they are told one by one. */
  #changed(account: AccountId, mailbox: number, change: MailboxChange): void {
    if (this.#watches.size === 0) return;
    const { kind } = change;
    if (kind === "ended") this.#atlases.forget(account);
    const events = eventsIn(change);
    const of = { account, mailbox };
    for (const watch of this.of(account)) this.#happened(watch, of, events, kind);
    // Private annotations are the owner's alone (RFC 5257 §3.1).
    if (kind === "flags" && change.annotations?.every(({ scope }) => scope === "priv") === true) return;
    if (this.#ofOthers.size === 0 || !this.options.shares.has(account, mailbox)) return;
    for (const watch of this.ofOthers(account)) this.#happened(watch, of, events, kind);
  }
  #happened(watch: OpenWatch, of: MailboxRef, events: EventBits, kind: MailboxChange["kind"]): void {
    const { own } = watch;
    if (own !== null && own.to.mailbox === of.mailbox && own.to.account === of.account) {
      if (kind === "delivered") own.arrived++;
      else own.mixed = true;
      return;
    }
    this.#mark(watch, of, events);
  }
  #mark(watch: OpenWatch, of: MailboxRef, events: EventBits): void {
    const { account: owner, mailbox } = of;
    const marked = watch.pending.marked(owner, mailbox);
    if (watch.over || (marked & events) === events) return;
    const name = this.nameOf(watch, owner, mailbox);
    const wanted = name === null ? 0 : this.eventsOf(watch, name) & events;
    if (wanted === 0 || this.hasOpen(watch, of)) return;
    if (owner !== watch.account && !hasRights(rightsIn(this.options, watch.account, of), "lr")) return;
    this.note(watch, (pending) => pending.mark(owner, mailbox, wanted));
  }
  #stir(watch: OpenWatch): void {
    if (watch.stirred || watch.closed) return;
    const { clock } = this.options;
    const { account, id: view, subscriber } = watch;
    if (clock.monotonicMs() >= watch.quietUntilMs && subscriber.ref.tell("mailbox.stirred", { account, view })) {
      watch.stirred = true;
      this.#untold.delete(watch);
      return;
    }
    this.#untold.add(watch);
    this.#tellLater ??= clock.after(STIR_MS_MIN, () => {
      this.#tellLater = null;
      for (const each of [...this.#untold]) this.#stir(each);
    });
  }
  #subscriberAt(address: ActorAddress): Subscriber {
    const key = `${address.node}/${address.worker}/${address.actor}`;
    const known = this.#subscribers.get(key);
    if (known !== undefined) return known;
    const unwatch = this.options.watch(address, () => {
      for (const watch of [...subscriber.watches]) this.close(watch);
    });
    const subscriber: Subscriber = { key, ref: this.options.ref(address), unwatch, watches: new Set() };
    this.#subscribers.set(key, subscriber);
    return subscriber;
  }
}

const NOBODY: ReadonlySet<OpenWatch> = new Set();

function eventsIn(change: MailboxChange): EventBits {
  switch (change.kind) {
    case "flags":
      return change.annotations === undefined ? EVENT.flags : EVENT.annotations;
    case "ended":
      return MESSAGE_EVENTS;
    default:
      return EVENT.messages;
  }
}
