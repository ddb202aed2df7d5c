import { type Cancel, type Clock, Failure } from "../../base/mod.ts";
import type { AccountId } from "../../mail/account.ts";
import { type AnnotationRef, ANNOTATIONS_PER_MESSAGE_MAX } from "../../mail/message_annotation.ts";
import type { MailboxChange } from "../../mail/mailbox_state.ts";
import { limitsOf, type Quota } from "../../mail/quota.ts";
import type { Rights } from "../../mail/rights.ts";
import type { Uid } from "../../mail/uid.ts";
import type { MailboxSubscriberProtocol, ViewOwner } from "../../messages/mod.ts";
import type { ActorAddress, Ref } from "../../runtime/types.ts";
import type { ChangesSince, ShardStore } from "../../storage/mod.ts";
import { numbersIn, type Ranges } from "../../mail/ranges.ts";
import { BLOCK_UIDS, GHOSTS_MAX, RowOrder, View, type ViewStart } from "./views/mod.ts";
import { type LiveBudget, LiveSearch, LiveSearches, type LiveStart } from "./live_searches/mod.ts";

/** Views of one session: IMAP selects one mailbox, others may look at some more. */
const VIEWS_PER_SESSION_MAX = 16;
/** Views of one account: a few dozen devices, each with several connections. */
const VIEWS_PER_ACCOUNT_MAX = 250;
/** Views in one worker. */
const VIEWS_PER_WORKER_MAX = 50_000;
/** Mailboxes whose \Recent is remembered; of others nothing is recent. */
const RECENTS_MAX = 20_000;
/** Messages gone that all views of one account together were not told of. 16 MB. */
const GHOSTS_PER_ACCOUNT_MAX = 4_000_000;
/** Ranges of UIDs that all views of one account together keep for "$". 8 MB. */
const SAVED_PER_ACCOUNT_MAX = 500_000;
/** The same, of one view. */
const SAVED_RANGES_MAX = 50_000;
/** Searches of one view whose changes are told; clients have one or two. */
const LIVE_PER_VIEW_MAX = 16;
/** Bytes that such searches and their results take, of one view, of all views of one account, in one worker. */
const LIVE_BYTES_PER_VIEW_MAX = 2 * 1024 * 1024;
const LIVE_BYTES_PER_ACCOUNT_MAX = 8 * 1024 * 1024;
const LIVE_BYTES_PER_WORKER_MAX = 64 * 1024 * 1024;
/** Who could not be told is told after this long, in ms. */
const STIR_AGAIN_MS = 1_000;

/** Messages of one view of which is remembered what entries were changed. */
const ANNOTATED_MAX = 1_000;

/** How many views there are in a worker, over all of its actors, and what their searches take. */
export interface ViewBudget extends LiveBudget {
  views: number;
}

/** One mailbox, while at least one view of it is open. */
export interface OpenMailbox {
  readonly account: AccountId;
  readonly mailbox: number;
  readonly order: RowOrder;
  readonly views: Set<OpenView>;
  /** Keywords in use, as they were read last. */
  keywords: readonly string[];
  /** The last answer to "what changed since": several pages are read of one. */
  changes: { readonly since: number; readonly modSeq: number; readonly answer: ChangesSince | null } | null;
}

/** A view and whom it belongs to; the limits are those of the account that looks. */
export interface OpenView extends Quota {
  readonly id: number;
  /** Who looks; whose mailbox it is stands in `of`. */
  readonly account: AccountId;
  readonly session: string;
  readonly of: OpenMailbox;
  readonly view: View;
  readonly readOnly: boolean;
  readonly owner: Owner;
  /** What the session was told that it may do. */
  rights: Rights;
  /** The account's key for the mailbox was made anew, and the session does not know yet. */
  keyReset: boolean;
  /** It was told that there is news, and did not ask yet. */
  stirred: boolean;
  /** What goes on for it must not. */
  closed: boolean;
  /** Searches whose results are told as they change; null: none. */
  live: LiveSearches | null;
  /** Entries of annotations that were changed and not told, by UID (RFC 5257 §4.4); null: none. */
  annotated: Map<number, Set<string>> | null;
  /** So were those of more messages. */
  annotatedMore: boolean;
}

interface Owner {
  readonly key: string;
  readonly ref: Ref<MailboxSubscriberProtocol>;
  readonly unwatch: () => void;
  readonly views: Set<OpenView>;
}

export interface ViewBookOptions {
  readonly shard: ShardStore;
  readonly budget: ViewBudget;
  readonly clock: Clock;
  /** Numbers of views begin here, so that those of an earlier life are not taken for new ones. */
  readonly firstView: number;
  readonly ref: (address: ActorAddress) => Ref<MailboxSubscriberProtocol>;
  readonly watch: (address: ActorAddress, gone: () => void) => () => void;
}

export interface NewView extends ViewOwner {
  readonly account: AccountId;
  readonly mailbox: number;
  readonly readOnly: boolean;
  readonly rights: Rights;
}

/** All views of one actor: who has which, what happened to their mailboxes, who is to be told. */
export class ViewBook {
  readonly #views = new Map<number, OpenView>();
  readonly #open = new Map<AccountId, Map<number, OpenMailbox>>();
  /** Views by who looks. */
  readonly #ofAccount = new Map<AccountId, Set<OpenView>>();
  readonly #owners = new Map<string, Owner>();
  /** UIDs from here on were shown to no session that may write: by "mailbox/account", opened last at the end. */
  readonly #recents = new Map<string, number>();
  readonly #untold = new Set<OpenView>();
  #stirAgain: Cancel | null = null;
  #next: number;
  readonly #unsubscribe: () => void;

  constructor(private readonly options: ViewBookOptions) {
    this.#next = options.firstView;
    this.#unsubscribe = options.shard.onChange((account, mailbox, change) => this.#changed(account, mailbox, change));
  }
  get size(): number {
    return this.#views.size;
  }
  /** A number that no view has or will have. */
  number(): number {
    return this.#next++;
  }
  /** The view, also when its mailbox is gone. Throws Failure `not_found`. */
  get(account: AccountId, id: number): OpenView {
    const found = this.find(account, id);
    if (found === null) throw new Failure("not_found", "no such view");
    return found;
  }
  find(account: AccountId, id: number): OpenView | null {
    const found = this.#views.get(id);
    return found?.account === account ? found : null;
  }
  /** The view of a mailbox that is there. Throws Failure `not_found`. */
  live(account: AccountId, id: number): OpenView {
    const found = this.get(account, id);
    if (found.view.gone) throw new Failure("not_found", "the mailbox of the view is gone");
    return found;
  }
  /** The same for a change of its messages. Throws Failure `refused` when the view is read-only (EXAMINE). */
  writable(account: AccountId, id: number): OpenView {
    const found = this.live(account, id);
    if (found.readOnly) throw new Failure("refused", "the view is read-only");
    return found;
  }
  /** Throws Failure `busy` when the session, the account or the worker has too many views. */
  checkRoom(account: AccountId, session: string): void {
    const ofAccount = [...this.#viewsOf(account)];
    if (ofAccount.length >= VIEWS_PER_ACCOUNT_MAX) throw new Failure("busy", "too many views of one account");
    if (ofAccount.filter((view) => view.session === session).length >= VIEWS_PER_SESSION_MAX) {
      throw new Failure("busy", "too many views of one session");
    }
    if (this.options.budget.views >= VIEWS_PER_WORKER_MAX) throw new Failure("busy", "too many views");
  }
  /** What all views of the mailbox share. */
  mailbox(account: AccountId, mailbox: number): OpenMailbox {
    return this.#open.get(account)?.get(mailbox) ??
      { account, mailbox, order: this.#orderOf(account, mailbox), views: new Set(), keywords: [], changes: null };
  }
  /** The views of a mailbox, of whomever. */
  of(account: AccountId, mailbox: number): OpenView[] {
    return [...this.#open.get(account)?.get(mailbox)?.views ?? []];
  }
  /** Whether a session, by the key of its worker's actor and its name there, has the mailbox open. */
  isOpenIn(account: AccountId, mailbox: number, owner: string, session: string): boolean {
    for (const open of this.#open.get(account)?.get(mailbox)?.views ?? NO_VIEWS) {
      if (open.session === session && open.owner.key === owner) return true;
    }
    return false;
  }
  add(of: OpenMailbox, input: NewView, start: ViewStart): OpenView {
    const { account, session, readOnly, rights } = input;
    const owner = this.#ownerOf(input.subscriber);
    const view = new View(of.order, start);
    const added = { id: this.#next++, account, session, of, view, readOnly, rights, ...limitsOf(input), owner };
    const nothing = {
      keyReset: false,
      stirred: false,
      closed: false,
      live: null,
      annotated: null,
      annotatedMore: false,
    };
    const open: OpenView = { ...added, ...nothing };
    const mailboxes = this.#open.get(of.account) ?? new Map<number, OpenMailbox>();
    this.#open.set(of.account, mailboxes.set(of.mailbox, of));
    of.views.add(open);
    this.#ofAccount.set(account, (this.#ofAccount.get(account) ?? new Set()).add(open));
    owner.views.add(open);
    this.#views.set(open.id, open);
    this.options.budget.views++;
    return open;
  }
  close(open: OpenView): void {
    if (open.closed) return;
    open.closed = true;
    this.options.budget.views--;
    this.#views.delete(open.id);
    this.#untold.delete(open);
    this.#endLive(open);
    open.of.views.delete(open);
    const others = this.#ofAccount.get(open.account);
    others?.delete(open);
    if (others?.size === 0) this.#ofAccount.delete(open.account);
    if (open.of.views.size === 0) this.#forget(open.of);
    const { owner } = open;
    owner.views.delete(open);
    if (owner.views.size > 0) return;
    owner.unwatch();
    this.#owners.delete(owner.key);
  }
  /** All mailboxes of an account are gone; their views say so when they are asked. */
  endAccount(account: AccountId): void {
    const ofAccount = this.#open.get(account);
    this.#open.delete(account);
    for (const { views } of ofAccount?.values() ?? []) {
      for (const open of views) {
        open.view.end();
        this.#endLive(open);
        this.stir(open);
      }
    }
  }
  /** Ends all views; nobody is told. */
  stop(): void {
    this.#unsubscribe();
    this.#stirAgain?.();
    for (const open of [...this.#views.values()]) this.close(open);
  }
  /** The UID from which on messages are recent (RFC 3501 §2.3.2), and for whoever comes next, when this one may write. */
  takeRecent(
    { account, mailbox, readOnly }: Pick<NewView, "account" | "mailbox" | "readOnly">,
    uidNext: number,
  ): number {
    const key = `${mailbox}/${account}`;
    const from = this.#recents.get(key) ?? uidNext;
    if (readOnly) return from;
    this.#recents.delete(key);
    this.#recents.set(key, uidNext);
    if (this.#recents.size > RECENTS_MAX) this.#recents.delete(this.#recents.keys().next().value!);
    return from;
  }
  /** The same without taking it: what a session that opened the mailbox now would be told (STATUS RECENT). */
  recentFrom(account: AccountId, mailbox: number, uidNext: number): number {
    return this.#recents.get(`${mailbox}/${account}`) ?? uidNext;
  }
  /** Tells the owner that there is news, once until it asks. */
  stir(open: OpenView): void {
    if (open.stirred || open.closed || open.view.ownWork) return;
    const { account, id: view } = open;
    if (open.owner.ref.tell("mailbox.stirred", { account, view })) {
      open.stirred = true;
      this.#untold.delete(open);
      return;
    }
    this.stirSoon(open);
  }
  /** The same, but in a while. */
  stirSoon(open: OpenView): void {
    if (open.closed) return;
    this.#untold.add(open);
    this.#stirAgain ??= this.options.clock.after(STIR_AGAIN_MS, () => {
      this.#stirAgain = null;
      const untold = [...this.#untold];
      this.#untold.clear();
      for (const each of untold) this.stir(each);
    });
  }
  /** Keeps a result for "$" (RFC 5182). Throws Failure `refused` when it is in too many pieces (NOTSAVED). */
  save({ account, view }: OpenView, uids: Ranges): void {
    const rangesMax = Math.min(SAVED_RANGES_MAX, SAVED_PER_ACCOUNT_MAX / Math.max(1, this.#viewsOf(account).size));
    if (uids.length / 2 > rangesMax) throw new Failure("refused", "the result is too long to be kept");
    view.saved = uids;
  }
  /** From now on what may change results of searches is noted. */
  followed(open: OpenView): LiveSearches {
    return open.live ??= new LiveSearches(this.options.budget, open.view.uidNext);
  }
  /** Keeps a search and its results, to tell what changes in them; false when there is no room. */
  keepLive(open: OpenView, start: LiveStart): boolean {
    const live = this.followed(open);
    live.removeWaiting();
    live.remove(start.tag);
    const search = new LiveSearch(start);
    if (open.closed || open.view.gone || live.size >= LIVE_PER_VIEW_MAX || search.bytes > this.liveRoom(open)) {
      this.forgetLive(open);
      return false;
    }
    live.add(search);
    return true;
  }
  /** Bytes that searches of a view may still take. */
  liveRoom({ account, live }: OpenView): number {
    let ofAccount = 0;
    for (const open of this.#viewsOf(account)) ofAccount += open.live?.bytes ?? 0;
    return Math.min(
      LIVE_BYTES_PER_VIEW_MAX - (live?.bytes ?? 0),
      LIVE_BYTES_PER_ACCOUNT_MAX - ofAccount,
      LIVE_BYTES_PER_WORKER_MAX - this.options.budget.liveBytes,
    );
  }
  /** Lets go of the largest searches of a view as long as there is no room for all; answers their tags. */
  endTooLarge(open: OpenView): string[] {
    const ended: string[] = [];
    while (open.live !== null && open.live.size > 0 && this.liveRoom(open) < 0) {
      const [largest] = [...open.live.searches].sort((a, b) => b.bytes - a.bytes);
      open.live.remove(largest!.tag);
      ended.push(largest!.tag);
    }
    this.forgetLive(open);
    return ended;
  }
  /** Nothing is noted where no search is left. */
  forgetLive(open: OpenView): void {
    if (open.live?.size === 0) open.live = null;
  }
  /** Keywords in use in a mailbox: the same list as long as they are the same. */
  keywordsOf(of: OpenMailbox): readonly string[] {
    const now = this.options.shard.keywords(of.account, of.mailbox);
    if (now === of.keywords) return now;
    const same = now.length === of.keywords.length && now.every((keyword, i) => keyword === of.keywords[i]);
    return same ? of.keywords : of.keywords = now;
  }
  /** Whether the session does not know all yet. */
  hasNews({ of, view, keyReset }: OpenView): boolean {
    if (keyReset || view.gone || view.ghosts > 0 || view.hasChanged) return true;
    if (this.options.shard.status(of.account, of.mailbox).uidNext > view.uidNext) return true;
    return this.newKeywords({ of, view }) !== null;
  }
  /** Keywords in use, when there are some that the session was not told of. */
  newKeywords({ of, view }: Pick<OpenView, "of" | "view">): readonly string[] | null {
    const keywords = this.keywordsOf(of);
    if (keywords === view.keywords || keywords.every((keyword) => view.keywords.includes(keyword))) return null;
    return keywords;
  }

  #endLive(open: OpenView): void {
    open.live?.end();
    open.live = null;
  }
  /** By who looks: what an account's views cost counts for it, whosever mailboxes they show. */
  #viewsOf(account: AccountId): ReadonlySet<OpenView> {
    return this.#ofAccount.get(account) ?? NO_VIEWS;
  }
  #orderOf(account: AccountId, mailbox: number): RowOrder {
    const { shard } = this.options;
    return new RowOrder({
      counts: () => shard.blockCounts(account, mailbox),
      uidsOf(block) {
        const end = (block + 1) * BLOCK_UIDS;
        const { rows } = shard.rowsAt(account, mailbox, block * BLOCK_UIDS - 1, { limit: BLOCK_UIDS, index: false });
        return rows.map(({ uid }) => uid as number).filter((uid) => uid < end);
      },
    });
  }
  #ownerOf(address: ActorAddress): Owner {
    const key = `${address.node}/${address.worker}/${address.actor}`;
    const known = this.#owners.get(key);
    if (known !== undefined) return known;
    const unwatch = this.options.watch(address, () => {
      for (const open of [...owner.views]) this.close(open);
    });
    const owner: Owner = { key, ref: this.options.ref(address), unwatch, views: new Set() };
    this.#owners.set(key, owner);
    return owner;
  }
  #forget({ account, mailbox, order }: OpenMailbox): void {
    const ofAccount = this.#open.get(account);
    if (ofAccount?.get(mailbox)?.order !== order) return;
    ofAccount.delete(mailbox);
    if (ofAccount.size === 0) this.#open.delete(account);
  }
  /** Nothing is read here: the store shows all changes of a group already while they are told one by one. */
  #changed(account: AccountId, mailbox: number, change: MailboxChange): void {
    const of = this.#open.get(account)?.get(mailbox);
    if (of === undefined) return;
    if (change.kind === "delivered") of.order.added([change.uid]);
    else if (change.kind === "expunged") of.order.removed(change.uids);
    else if (change.kind === "ended") this.#forget(of);
    const told = change.kind === "expunged" ? { ...change, uids: rising(change.uids) } : change;
    for (const open of [...of.views]) {
      const ghostsMax = Math.min(GHOSTS_MAX, Math.floor(GHOSTS_PER_ACCOUNT_MAX / this.#viewsOf(open.account).size));
      open.live?.note(told);
      if (told.kind === "flags" && told.annotations !== undefined) noteAnnotated(open, told.uids, told.annotations);
      if (isNews(open.view, told, ghostsMax)) this.stir(open);
      if (open.view.gone) this.#endLive(open);
    }
  }
}

/** Notes which entries were changed, of so many messages as are told one by one. */
function noteAnnotated(open: OpenView, uids: Ranges, annotations: readonly AnnotationRef[]): void {
  const seen = annotations.filter(({ scope }) => scope === "shared" || open.account === open.of.account);
  if (seen.length === 0) return;
  const annotated = open.annotated ??= new Map();
  for (const uid of numbersIn(uids)) {
    if (uid >= open.view.uidNext) return;
    const entries = annotated.get(uid) ?? new Set<string>();
    if (annotated.size === ANNOTATED_MAX && entries.size === 0) {
      open.annotatedMore = true;
      return;
    }
    for (const { entry } of seen) if (entries.size < ANNOTATIONS_PER_MESSAGE_MAX) entries.add(entry);
    annotated.set(uid, entries);
  }
}

const NO_VIEWS: ReadonlySet<OpenView> = new Set();

/** UIDs in the order in which views keep them; the store names them so already, mostly. */
function rising(uids: readonly Uid[]): readonly Uid[] {
  for (let i = 1; i < uids.length; i++) if (uids[i - 1]! > uids[i]!) return [...uids].sort((a, b) => a - b);
  return uids;
}

/** Notes a change in a view; whether its session should ask. */
function isNews(view: View, change: MailboxChange, ghostsMax: number): boolean {
  switch (change.kind) {
    case "delivered":
      return true;
    case "expunged":
      return view.expunged(change.uids, ghostsMax) || view.gone;
    case "flags":
      return view.flagsChanged(change.uids, change.modSeq);
    case "ended":
      view.end();
      return true;
  }
}
