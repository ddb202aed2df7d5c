import type { ModSeq, Uid } from "../../mail/uid.ts";
import type { FlagStore } from "../../storage/mod.ts";
import { readPage, readUids } from "./row_pages.ts";
import { areAllFree, type FreeFlags, freeFlags, viewWith, wanting } from "./shared/mod.ts";
import { type Answer, answerLater, type Asked, type State } from "./state.ts";
import type { OpenView } from "./view_book.ts";
import { countOf, type Ranges, type View, without } from "./views/mod.ts";

/** Messages whose flags change in one change of the store: some ms of its time. Fewer than a view remembers one by one. */
const STORE_UIDS_MAX = 5_000;

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
function changesAny({ how, flags, keywords }: Asked<"mailbox.store">, free: FreeFlags): boolean {
  if (how === "replace") return free.flags !== 0;
  if (flags === 0 && keywords.length === 0) return true;
  return (flags & free.flags) !== 0 || (free.keywords && keywords.length > 0);
}

type Storing = Asked<"mailbox.store"> & { readonly within?: FreeFlags };

async function storeIn(state: State, open: OpenView, request: Storing): Promise<Stored> {
  const { shard, views } = state;
  const { of: { account, mailbox }, view } = open;
  const { set, flags, keywords, how, unchangedSince, within } = request;
  const uids = view.uidsOf(set);
  const missing = view.namesGhosts(set);
  if (unchangedSince !== null && isLarge(view, uids)) {
    return { ...NOTHING_STORED, highestModSeq: modSeqOf(view), missing };
  }
  const modified: Uid[] = [];
  let gone = false;
  view.ownBegins();
  try {
    for (let after: number | null = 0; after !== null && !open.closed;) {
      const step = readUids(shard, open, { uids, after, limit: STORE_UIDS_MAX });
      const result = await flagged(state, open, step.uids, {
        ...{ flags, keywords, how, unchangedSince },
        ...(within === undefined ? {} : { within }),
      });
      if (result.type === "limit") return { ...NOTHING_STORED, highestModSeq: modSeqOf(view), missing };
      modified.push(...result.modified);
      if (result.changed.length > 0) view.ownWas(result.modSeq);
      gone ||= result.missing.length > 0;
      after = step.next;
    }
  } finally {
    view.ownEnds();
    if (!open.closed && !view.gone) view.settle(shard.status(account, mailbox).highestModSeq);
    if (views.hasNews(open)) views.stir(open);
  }
  const { rows, next } = readPage(shard, open, { uids: without(uids, modified), after: 0, index: false });
  return {
    type: "stored",
    rows,
    next: next as Uid | null,
    modified: modified.map((uid) => ({ sequence: view.sequenceOf(uid), uid })),
    highestModSeq: modSeqOf(view),
    missing: missing || (gone && set.by === "sequence"),
  };
}

const NOTHING_STORED = { type: "limit", rows: [], modified: [], next: null } as const;

function flagged({ shard, flagWork }: State, { of }: OpenView, uids: readonly number[], change: FlagStore) {
  const { account, mailbox } = of;
  return flagWork.during(account, mailbox, shard.storeFlags(account, mailbox, uids, change));
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
