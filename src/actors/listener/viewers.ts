import type { AccountId } from "../../mail/account.ts";
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

/** Which session of this worker shows which view. */
export class Viewers {
  readonly #shown = new Map<string, Viewer>();
  /** Heard of before they were shown, oldest first. */
  readonly #early = new Set<string>();
  /** `address`: the actor that is told of news. */
  constructor(private readonly address: ActorAddress) {}

  /** What the owner of a mailbox is told of the asker; `quotaBytes` is the account's. */
  owner(session: string, quotaBytes: number): ViewOwner {
    return { subscriber: this.address, session, quotaBytes };
  }
  add(name: ViewName, viewer: Viewer): void {
    const key = keyOf(name);
    this.#shown.set(key, viewer);
    if (this.#early.delete(key)) queueMicrotask(() => this.stirred(name));
  }
  remove(name: ViewName): void {
    this.#shown.delete(keyOf(name));
  }
  /** There is news for a view: for one that nobody shows yet it is kept until somebody does. */
  stirred(name: ViewName): void {
    const key = keyOf(name);
    const viewer = this.#shown.get(key);
    if (viewer !== undefined) return viewer.stirred(name.view);
    this.#early.add(key);
    if (this.#early.size <= EARLY_MAX) return;
    for (const oldest of this.#early) {
      this.#early.delete(oldest);
      break;
    }
  }
}

function keyOf({ account, view }: ViewName): string {
  return `${view}/${account}`;
}

type ViewersProtocol = Pick<MailboxSubscriberProtocol, "mailbox.stirred">;

const accepts: Accepts<ViewersProtocol> = {
  "mailbox.stirred": fields(({ account, view }) => isName(account, ACCOUNT_CHARS_MAX) && isWhole(view, 1, VIEW_MAX)),
};

/** Hears of news for views, and tells the sessions that show them. */
export const viewersActor = defineActor<ViewersProtocol, Viewers, Viewers>({
  restart: "permanent",
  inboxMax: INBOX_MAX,
  accepts,
  mayAsk,
  init: (viewers) => viewers,
  receive: {
    "mailbox.stirred": (viewers, name) => viewers.stirred(name),
  },
});
