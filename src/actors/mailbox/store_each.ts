import { asFailure, Failure } from "../../base/mod.ts";
import { eachStore, type StoreAnswer, type StoreDone, type StoreWish } from "../../mail/store_wish.ts";
import type { ModSeq } from "../../mail/uid.ts";
import type { FlagStoreResult } from "../../storage/mod.ts";
import { changeEach } from "./change_set.ts";
import { readFlags } from "./flag_rows.ts";
import { areAllFree, type FreeFlags, freeFlags, viewWith, wanting } from "./shared/mod.ts";
import { type Answer, answerLater, type Asked, type State } from "./state.ts";
import { changesAny, storeIn } from "./store.ts";
import type { OpenView } from "./view_book.ts";
import { type Ranges, singlesOf, without } from "../../mail/ranges.ts";

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

/** A STORE whose set names each message by itself. */
interface Named {
  readonly wish: StoreWish;
  readonly ranges: Ranges;
  readonly uids: readonly number[];
  readonly missing: boolean;
}

/** Null: at least one of them has to look up what it names. */
function namedBy({ view }: OpenView, stores: readonly StoreWish[]): Named[] | null {
  const named: Named[] = [];
  for (const wish of stores) {
    const ranges = view.uidsOf(wish.set);
    const uids = singlesOf(ranges, NAMED_MAX);
    if (uids === null) return null;
    named.push({ wish, ranges, uids, missing: view.namesGhosts(wish.set) });
  }
  return named;
}

/** In one change of the store: nothing is done for each of them but what is its own. */
async function storeNamed(state: State, open: OpenView, named: readonly Named[]): Promise<StoreAnswer[]> {
  const { of: { account, mailbox }, view } = open;
  const stores = named.map(({ wish: { how, flags, keywords, unchangedSince }, uids }) => {
    return { how, flags, keywords, unchangedSince, uids };
  });
  const stored = await state.flagWork.during(account, mailbox, state.shard.storeFlagsEach(account, mailbox, stores));
  for (const each of stored) {
    if (!(each instanceof Failure) && each.type === "stored" && each.changed.length > 0) view.ownWas(each.modSeq);
  }
  return named.map((each, i) => answerOf(state, open, each, stored[i]!));
}

function answerOf(
  { shard }: State,
  open: OpenView,
  { wish, ranges, missing }: Named,
  stored: FlagStoreResult | Failure,
): StoreAnswer {
  const { view } = open;
  if (stored instanceof Failure) return { type: "failed", kind: stored.kind };
  const highestModSeq = view.modSeq as ModSeq;
  if (stored.type === "limit") return { type: "limit", rows: [], modified: [], next: null, highestModSeq, missing };
  const { modified } = stored;
  const isMissing = missing || (stored.missing.length > 0 && wish.set.by === "sequence");
  const tellsRows = wish.silent !== true && stored.missing.length < ranges.length / 2;
  if (!tellsRows && modified.length === 0 && !isMissing) return null;
  const uids = modified.length === 0 ? ranges : without(ranges, modified);
  const { rows, next } = tellsRows ? readFlags(shard, open, { uids, after: 0 }) : { rows: [], next: null };
  return {
    ...{ type: "stored", rows, next: next as StoreDone["next"], highestModSeq, missing: isMissing },
    modified: modified.map((uid) => ({ sequence: view.sequenceOf(uid), uid })),
  };
}

/** What one of several comes to, which is its own. */
async function storeAmong(state: State, open: OpenView, wish: StoreWish, free: FreeFlags): Promise<StoreAnswer> {
  try {
    if (!changesAny(wish, free)) throw wanting();
    const done = await storeIn(state, open, { ...wish, among: true, ...(areAllFree(free) ? {} : { within: free }) });
    return isPlain(done) ? null : done;
  } catch (error) {
    const failure = asFailure(error);
    if (failure === null) throw error;
    return { type: "failed", kind: failure.kind };
  }
}

/** Whether there is nothing to tell of it. */
function isPlain({ type, rows, next, modified, missing }: StoreDone): boolean {
  return type === "stored" && rows.length === 0 && next === null && modified.length === 0 && !missing;
}
