import { Failure } from "../../base/mod.ts";
import { eachStore, type StoreAnswer, type StoreDone, type StoreWish } from "../../mail/store_wish.ts";
import type { ModSeq } from "../../mail/uid.ts";
import type { RangesStoreResult } from "../../storage/mod.ts";
import { among } from "./among.ts";
import { changeEach } from "./change_set.ts";
import { readFlags } from "./flag_rows.ts";
import { areAllFree, type FreeFlags, freeFlags, viewWith, wanting } from "./shared/mod.ts";
import { type Answer, answerLater, type Asked, type State } from "./state.ts";
import { changesAny, storeIn } from "./store.ts";
import type { OpenView } from "./view_book.ts";
import { countOf, type Ranges, without } from "../../mail/ranges.ts";

/** Messages of one set that are changed in one change of the store; of more than that the set goes step by step. */
const NAMED_MAX = 1_000;

/** STOREs of a pipeline (RFC 9051 §5.5): begun in their order and in one turn, so that one flush makes all of them durable. */
export function storeEach(
  state: State,
  request: Asked<"mailbox.storeEach">,
  reply: Answer<"mailbox.storeEach">,
): void {
  const { open, rights } = viewWith(state, request, { writes: true });
  const { stores, news } = request;
  const free = freeFlags(rights);
  const wishes = eachStore(stores);
  const answers = () => answersTo(state, open, wishes, free);
  answerLater(state, changeEach(state, open, { news, answers }), reply);
}

/** Their order is that of their MODSEQs (RFC 7162 §3.1): all are handed to the store together, or one behind the other. */
function answersTo(
  state: State,
  open: OpenView,
  stores: readonly StoreWish[],
  free: FreeFlags,
): Promise<readonly StoreAnswer[]> {
  const named = areAllFree(free) ? namedBy(open, stores) : null;
  if (named !== null) return storeNamed(state, open, named);
  return Promise.all(stores.map((store) => storeAmong(state, open, store, free)));
}

/** A STORE, and what it names. */
interface Named {
  readonly wish: StoreWish;
  readonly uids: Ranges;
  readonly missing: boolean;
}

/** Null: at least one of them names so many that it has to go step by step. */
function namedBy({ view }: OpenView, stores: readonly StoreWish[]): Named[] | null {
  const named: Named[] = [];
  for (const wish of stores) {
    const uids = view.uidsOf(wish.set);
    if (countOf(uids) > NAMED_MAX) return null;
    named.push({ wish, uids, missing: view.namesGhosts(wish.set) });
  }
  return named;
}

/** In one change of the store: nothing is done for each of them but what is its own. */
async function storeNamed(state: State, open: OpenView, named: readonly Named[]): Promise<StoreAnswer[]> {
  const { of: { account, mailbox }, view } = open;
  const stores = named.map(({ wish: { how, flags, keywords, unchangedSince }, uids }) => {
    return { how, flags, keywords, unchangedSince, uids };
  });
  const stored = await state.flagWork.during(account, mailbox, state.shard.storeRangesEach(account, mailbox, stores));
  for (const each of stored) {
    if (!(each instanceof Failure) && each.type === "stored" && each.changed.length > 0) view.ownWas(each.modSeq);
  }
  return named.map((each, i) => answerOf(state, open, each, stored[i]!));
}

function answerOf(
  { shard }: State,
  open: OpenView,
  { wish, uids, missing }: Named,
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

/** What one of several comes to, which is its own. */
function storeAmong(state: State, open: OpenView, wish: StoreWish, free: FreeFlags): Promise<StoreAnswer> {
  return among(async () => {
    if (!changesAny(wish, free)) throw wanting();
    const done = await storeIn(state, open, { ...wish, among: true, ...(areAllFree(free) ? {} : { within: free }) });
    return isPlain(done) ? null : done;
  });
}

/** Whether there is nothing to tell of it. */
function isPlain({ type, rows, next, modified, missing }: StoreDone): boolean {
  return type === "stored" && rows.length === 0 && next === null && modified.length === 0 && !missing;
}
