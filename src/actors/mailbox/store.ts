import type { StoreWish } from "../../mail/store_wish.ts";
import { type ModSeq, UID_MAX } from "../../mail/uid.ts";
import type { FlagStore } from "../../storage/mod.ts";
import { type ChangedStep, changeSet } from "./change_set.ts";
import { areAllFree, type FreeFlags, freeFlags, viewWith, wanting } from "./shared/mod.ts";
import { type Answer, answerLater, type Asked, type State } from "./state.ts";
import type { OpenView } from "./view_book.ts";
import { between, countOf, type Ranges } from "../../mail/ranges.ts";
import type { View } from "./views/mod.ts";

/** Messages whose flags change in one change of the store, and so with one flush: some ms of its time. */
const STORE_MESSAGES_MAX = 100_000;

/** Of more the change is made by itself: a group of many such changes would keep all others waiting. */
const TOGETHER_UIDS_MAX = 10_000;

/** Messages of a conditional STORE: those left alone are all named in one answer. */
const CONDITIONAL_UIDS_MAX = 100_000;

type Stored = Parameters<Answer<"mailbox.store">["ok"]>[0];

/** STORE (RFC 9051 §6.4.6, RFC 7162 §3.1.3). A large set changes step by step; each message changes as a whole. */
export function store(state: State, request: Asked<"mailbox.store">, reply: Answer<"mailbox.store">): void {
  const { open, rights } = viewWith(state, request, { writes: true });
  const free = freeFlags(rights);
  if (!changesAny(request, free)) throw wanting();
  answerLater(state, storeIn(state, open, { ...request, ...(areAllFree(free) ? {} : { within: free }) }), reply);
}

/** RFC 4314 §4 STORE: refused only when nothing of it may be done; else what may not be changed stays as it is. */
export function changesAny({ how, flags, keywords }: StoreWish, free: FreeFlags): boolean {
  if (how === "replace") return free.flags !== 0;
  if (flags === 0 && keywords.length === 0) return true;
  return (flags & free.flags) !== 0 || (free.keywords && keywords.length > 0);
}

type Storing = StoreWish & Pick<Asked<"mailbox.store">, "news"> & {
  readonly within?: FreeFlags;
};

async function storeIn(state: State, open: OpenView, request: Storing): Promise<Stored> {
  const { view } = open;
  const { set, flags, keywords, how, unchangedSince, within, silent = false, news } = request;
  const change = { flags, keywords, how, unchangedSince, ...(within === undefined ? {} : { within }) };
  const nothing = () => ({ ...NOTHING_STORED, highestModSeq: modSeqOf(view), missing: view.namesGhosts(set) });
  if (unchangedSince !== null && isLarge(view, view.uidsOf(set))) return nothing();
  const stored = await changeSet(state, open, {
    ...{ set, silent, news },
    change: (uids, after) => flagged(state, open, { uids, after, change }),
  });
  return stored ?? nothing();
}

const NOTHING_STORED = { type: "limit", rows: [], modified: [], next: null } as const;

interface Flagging {
  readonly uids: Ranges;
  readonly after: number;
  readonly change: FlagStore;
}

/** As many of the messages as change at once, counted by blocks of UIDs: none of them is looked up for that. */
async function flagged(state: State, open: OpenView, { uids, after, change }: Flagging): Promise<ChangedStep | null> {
  const { of: { account, mailbox }, view } = open;
  const end = view.order.endOf(uids, after, STORE_MESSAGES_MAX);
  const some = between(uids, after + 1, end ?? UID_MAX);
  const store = () => {
    const work = state.shard.storeRanges(account, mailbox, some, change);
    return state.flagWork.during(account, mailbox, work);
  };
  const result = await (countOf(some) > TOGETHER_UIDS_MAX ? state.largeChanges.run(store) : store());
  if (result.type === "limit") return null;
  const { changed, modified, missing, modSeq } = result;
  return { modSeq: changed.length > 0 ? modSeq : null, modified, missing, next: end };
}

function modSeqOf(view: View): ModSeq {
  return view.modSeq as ModSeq;
}

/** Whether so many messages are named that an answer could not name them all. */
function isLarge({ order }: View, uids: Ranges): boolean {
  if (countOf(uids) <= CONDITIONAL_UIDS_MAX) return false;
  let messages = 0;
  for (let i = 0; i < uids.length; i += 2) messages += order.rank(uids[i + 1]! + 1) - order.rank(uids[i]!);
  return messages > CONDITIONAL_UIDS_MAX;
}
