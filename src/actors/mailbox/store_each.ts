import { Failure } from "../../base/mod.ts";
import { countOf, type Ranges, without } from "../../mail/ranges.ts";
import { eachStore, type StoreAnswer, type StoreDone, type StoreWish } from "../../mail/store_wish.ts";
import type { ModSeq } from "../../mail/uid.ts";
import type { RangesStoreResult } from "../../storage/mod.ts";
import { changeEach } from "./change_set.ts";
import { readFlags } from "./flag_rows.ts";
import { areAllFree, type FreeFlags, freeFlags, viewWith } from "./shared/mod.ts";
import { type Answer, answerLater, type Asked, type State } from "./state.ts";
import { changesAny } from "./store.ts";
import type { OpenView } from "./view_book.ts";

/**
 * STOREs of a pipeline (RFC 9051 §5.5), in one change of the store: nothing is done for each of them but what is its own. Their order
 * is that of their MODSEQs (RFC 7162 §3.1).
 */
export function storeEach(
  state: State,
  request: Asked<"mailbox.storeEach">,
  reply: Answer<"mailbox.storeEach">,
): void {
  const { open, rights } = viewWith(state, request, { writes: true });
  const { view } = open;
  const wanted = eachStore(request.stores).map((wish) => {
    return { wish, uids: view.uidsOf(wish.set), missing: view.namesGhosts(wish.set) };
  });
  const answers = () => answersTo(state, open, wanted, freeFlags(rights));
  answerLater(state, changeEach(state, open, { news: request.news, answers }), reply);
}

/** A STORE, and what it names. */
interface Wanted {
  readonly wish: StoreWish;
  readonly uids: Ranges;
  readonly missing: boolean;
}

async function answersTo(
  state: State,
  open: OpenView,
  wanted: readonly Wanted[],
  free: FreeFlags,
): Promise<readonly StoreAnswer[]> {
  const { of: { account, mailbox }, view } = open;
  const within = areAllFree(free) ? {} : { within: free };
  const allowed = wanted.filter(({ wish }) => changesAny(wish, free));
  const stores = allowed.map(({ wish: { how, flags, keywords, unchangedSince }, uids }) => {
    return { how, flags, keywords, unchangedSince, uids, ...within };
  });
  const stored = await state.flagWork.during(account, mailbox, state.shard.storeRangesEach(account, mailbox, stores));
  for (const each of stored) {
    if (!(each instanceof Failure) && each.type === "stored" && each.changed.length > 0) view.ownWas(each.modSeq);
  }
  let next = 0;
  return wanted.map((each) => {
    return each === allowed[next] ? answerOf(state, open, each, stored[next++]!) : { type: "failed", kind: "refused" };
  });
}

function answerOf(
  { shard }: State,
  open: OpenView,
  { wish, uids, missing }: Wanted,
  stored: RangesStoreResult | Failure,
): StoreAnswer {
  const { view } = open;
  if (stored instanceof Failure) return { type: "failed", kind: stored.kind };
  const highestModSeq = view.modSeq as ModSeq;
  if (stored.type === "limit") return { type: "limit", rows: [], modified: [], next: null, highestModSeq, missing };
  const { modified } = stored;
  const isMissing = missing || (wish.set.by === "sequence" && view.hasGhostIn(stored.missing));
  const tellsRows = wish.silent !== true && countOf(stored.missing) < countOf(uids);
  if (!tellsRows && modified.length === 0 && !isMissing) return null;
  const { rows, next } = tellsRows
    ? readFlags(shard, open, { uids: without(uids, modified), after: 0 })
    : { rows: [], next: null };
  return {
    ...{ type: "stored", rows, next: next as StoreDone["next"], highestModSeq, missing: isMissing },
    modified: modified.map((uid) => ({ sequence: view.sequenceOf(uid), uid })),
  };
}
