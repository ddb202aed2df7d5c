import type { FailureKind } from "../base/failure.ts";
import type { MessageFlags } from "./mailbox_entry.ts";
import type { FlagRow, MessageSet } from "./mailbox_view.ts";
import type { ModSeq, Uid } from "./uid.ts";

/** STOREs that are asked for together: their answers lie in memory until all are told. */
export const STORES_MAX = 100;

/** Numbers that the sets of one of them name: as many messages are changed at once, without a look at which they are. */
export const STORE_NUMBERS_MAX = 1_000;

/** What a STORE changes in messages. */
interface StoreChange extends MessageFlags {
  readonly how: "add" | "remove" | "replace";
  /** Messages with a higher MODSEQ are left alone; null: none are. */
  readonly unchangedSince: number | null;
  /** The rows are not wanted: there is none in the answer. */
  readonly silent?: boolean;
}

/** The same, and of which messages. */
export interface StoreWish extends StoreChange {
  readonly set: MessageSet;
}

/** STOREs that follow each other and change the same, of messages that are all named by numbers, or all by UIDs. */
export interface StoresAlike extends StoreChange {
  readonly by: "sequence" | "uid";
  /** The pairs of each set. */
  readonly sets: readonly (readonly number[])[];
}

/** What became of a STORE. */
export interface StoreDone {
  /** `limit`: too many keywords in the mailbox, or a condition for more messages than one answer names. */
  readonly type: "stored" | "limit";
  readonly rows: readonly FlagRow[];
  readonly next: Uid | null;
  readonly modified: readonly { readonly sequence: number; readonly uid: Uid }[];
  readonly highestModSeq: ModSeq;
  /** Some of the set was gone already. */
  readonly missing: boolean;
}

/** The same of one among others; null: it is done, and there is nothing to tell of it. */
export type StoreAnswer = StoreDone | { readonly type: "failed"; readonly kind: FailureKind } | null;

/** Gathers STOREs that follow each other and are alike, none of them of "$": as few words go to their owner as there may be. */
export function gatherStores(wishes: readonly StoreWish[]): StoresAlike[] {
  const gathered: (StoresAlike & { readonly sets: (readonly number[])[] })[] = [];
  for (const { set, ...change } of wishes) {
    if (set.by === "saved") continue;
    const { by, pairs } = set;
    const last = gathered.at(-1);
    if (last?.by === by && isSame(last, change)) last.sets.push(pairs);
    else gathered.push({ ...change, by, sets: [pairs] });
  }
  return gathered;
}

/** Each of them, in their order. */
export function eachStore(stores: readonly StoresAlike[]): StoreWish[] {
  return stores.flatMap(({ by, sets, ...change }) => sets.map((pairs) => ({ ...change, set: { by, pairs } })));
}

/** How many they are. */
export function countStores(stores: readonly Pick<StoresAlike, "sets">[]): number {
  let count = 0;
  for (const { sets } of stores) count += sets.length;
  return count;
}

function isSame(one: StoreChange, other: StoreChange): boolean {
  return one.flags === other.flags && one.how === other.how && one.silent === other.silent &&
    one.unchangedSince === other.unchangedSince && one.keywords.length === other.keywords.length &&
    one.keywords.every((keyword, i) => keyword === other.keywords[i]);
}
