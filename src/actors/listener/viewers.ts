import type { AccountId } from "../../mail/account.ts";
import { limitsOf, type Quota } from "../../mail/quota.ts";
import type { MailboxSubscriberProtocol, ViewOwner } from "../../messages/mod.ts";
import { defineActor } from "../../runtime/define_actor.ts";
import type { ActorAddress } from "../../runtime/types.ts";
import { mayAsk } from "../rights.ts";
import { type Accepts, fields, isName, isWhole } from "../shape.ts";

/** Name of the actor that hears of news for the views of a listener worker's sessions. */
export const VIEWERS_ACTOR = "viewers";

/** Views whose news may come before the answer that opened them. */
const EARLY_MAX = 1_000;
/** News that may wait: one for each view of each session. */
const INBOX_MAX = 100_000;

const ACCOUNT_CHARS_MAX = 64;
const VIEW_MAX = Number.MAX_SAFE_INTEGER;

interface ViewName {
  readonly account: AccountId;
  readonly view: number;
}

/** Whoever shows a view. */
export interface Viewer {
  stirred(view: number): void;
}

interface Shown {
  readonly name: ViewName;
  readonly viewer: Viewer;
  /** Key of the owner of the mailbox. */
  readonly owner: string;
}

type Watch = (address: ActorAddress, gone: () => void) => () => void;

/** Which session of this worker shows which view. */
export class Viewers {
  readonly #shown = new Map<string, Shown>();
  /** Owners of mailboxes whose views are shown here. */
  readonly #owners = new Map<string, { views: number; readonly unwatch: () => void }>();
  #watch: Watch = () => () => {};
  /** Heard of before they were shown, oldest first. */
  readonly #early = new Set<string>();
  /** `address`: the actor that is told of news. */
  constructor(private readonly address: ActorAddress) {}

  /** What the owner of a mailbox is told of the asker; the limits are the account's. */
  owner(session: string, quota: Quota): ViewOwner {
    return { subscriber: this.address, session, ...limitsOf(quota) };
  }
  /** Called by the actor that is told: by whom the owners of mailboxes are watched. */
  watchBy(watch: Watch): void {
    this.#watch = watch;
  }
  add(name: ViewName, viewer: Viewer, owner: ActorAddress): void {
    const key = keyOf(name);
    this.#shown.set(key, { name, viewer, owner: this.#hold(owner) });
    if (this.#early.delete(key)) queueMicrotask(() => this.stirred(name));
  }
  remove(name: ViewName): void {
    const shown = this.#shown.get(keyOf(name));
    if (shown === undefined) return;
    this.#shown.delete(keyOf(name));
    const owner = this.#owners.get(shown.owner);
    if (owner === undefined || --owner.views > 0) return;
    owner.unwatch();
    this.#owners.delete(shown.owner);
  }
  /** There is news for a view: for one that nobody shows yet it is kept until somebody does. */
  stirred(name: ViewName): void {
    const key = keyOf(name);
    const shown = this.#shown.get(key);
    if (shown !== undefined) return shown.viewer.stirred(name.view);
    this.#early.add(key);
    if (this.#early.size <= EARLY_MAX) return;
    for (const oldest of this.#early) {
      this.#early.delete(oldest);
      break;
    }
  }
  #hold(address: ActorAddress): string {
    const key = `${address.node}/${address.worker}/${address.actor}`;
    const owner = this.#owners.get(key);
    if (owner !== undefined) owner.views++;
    else this.#owners.set(key, { views: 1, unwatch: this.#watch(address, () => this.#lost(key)) });
    return key;
  }
  /** The owner of mailboxes is gone, and has forgotten the views: their sessions ask, and learn it. */
  #lost(owner: string): void {
    this.#owners.delete(owner);
    for (const { name, viewer, owner: own } of [...this.#shown.values()]) if (own === owner) viewer.stirred(name.view);
  }
}

function keyOf({ account, view }: ViewName): string {
  return `${view}/${account}`;
}

const accepts: Accepts<MailboxSubscriberProtocol> = {
  "mailbox.stirred": fields(({ account, view }) => isName(account, ACCOUNT_CHARS_MAX) && isWhole(view, 1, VIEW_MAX)),
};

/** Hears of news for views, and tells the sessions that show them. */
export const viewersActor = defineActor<MailboxSubscriberProtocol, Viewers, Viewers>({
  restart: "permanent",
  inboxMax: INBOX_MAX,
  accepts,
  mayAsk,
  init(viewers, context) {
    viewers.watchBy((address, gone) => context.watch(address, gone));
    return viewers;
  },
  receive: {
    "mailbox.stirred": (viewers, name) => viewers.stirred(name),
  },
});
