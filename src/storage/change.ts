import { byteLength } from "../base/mod.ts";
import type { AccountId } from "../mail/account.ts";
import { type AccountChange, flagStoreChange, keptIndex, type KeywordChange } from "./account/change.ts";
import type { FlagStore } from "./account/types.ts";
import { checkDateMs, checkFlags, checkQuota, checkUids, invalid } from "./checks.ts";
import { type Ranges, rangesOfRising } from "../mail/ranges.ts";
import { checkAccount, checkMailbox, checkOpId } from "./layout/keys.ts";
import type { StoreLimits } from "./limits.ts";
import { checksum } from "./disk/segments.ts";
import type { DeliverInput, DeliveryTarget } from "./types.ts";

/** A change that was asked for and has not been numbered yet. */
export type Change =
  | DeliverChange
  | AccountChange
  | { readonly kind: "withdraw"; readonly opId: string }
  | ExpungeChange
  | FlagsChange
  | { readonly kind: "purge"; readonly account: AccountId; readonly limit: number };

export interface ExpungeChange {
  readonly kind: "expunge";
  readonly account: AccountId;
  readonly mailbox: number;
  readonly uids: Ranges;
}

export interface FlagsChange {
  readonly kind: "flags";
  readonly account: AccountId;
  readonly mailbox: number;
  readonly uids: Ranges;
  readonly add: number;
  readonly remove: number;
  readonly keywords: KeywordChange;
  readonly unchangedSince: number | null;
}

export interface DeliverChange {
  readonly kind: "deliver";
  readonly opId: string;
  readonly targets: readonly DeliveryTarget[];
  readonly mailbox: number;
  readonly flags: number;
  readonly internalDateMs: number;
  readonly parts: readonly Uint8Array[];
  readonly index: Uint8Array | null;
  readonly size: number;
  readonly crc: number;
}

/** Messages one step of a purge removes. */
export const PURGE_STEP_MESSAGES = 1_000;

/** A delivery within all limits, with its size and checksum. Throws Failure `invalid`. */
export function deliverChange(input: DeliverInput, limits: StoreLimits): DeliverChange {
  const { opId, targets, mailbox, flags, parts } = input;
  checkOpId(opId);
  checkMailbox(mailbox);
  if (targets.length < 1 || targets.length > limits.targetsMax) {
    invalid(`a delivery has 1 to ${limits.targetsMax} targets`);
  }
  for (const target of targets) {
    checkAccount(target.account);
    checkQuota(target);
  }
  checkFlags(flags);
  const size = byteLength(parts);
  if (size > limits.messageBytesMax) invalid(`a message has at most ${limits.messageBytesMax} bytes`);
  const internalDateMs = checkDateMs(input.internalDateMs);
  const index = keptIndex(input.index, limits);
  return { kind: "deliver", opId, targets, mailbox, flags, internalDateMs, parts, index, size, crc: checksum(parts) };
}

export function withdrawChange(opId: string): Change {
  checkOpId(opId);
  return { kind: "withdraw", opId };
}

export function expungeChange(
  account: AccountId,
  mailbox: number,
  uids: readonly number[],
  limits: StoreLimits,
): ExpungeChange {
  return { kind: "expunge", account, mailbox, uids: rangesOfRising(namedUids(account, mailbox, uids, limits)) };
}

export function storeFlagsChange(
  at: { account: AccountId; mailbox: number; uids: readonly number[] },
  store: FlagStore,
  limits: StoreLimits,
): FlagsChange {
  const { account, mailbox } = at;
  return storeRangesChange(
    { account, mailbox, uids: rangesOfRising(namedUids(account, mailbox, at.uids, limits)) },
    store,
  );
}

/** The same of ranges. */
export function storeRangesChange(
  { account, mailbox, uids }: { account: AccountId; mailbox: number; uids: Ranges },
  store: FlagStore,
): FlagsChange {
  checkAccount(account);
  checkMailbox(mailbox);
  return { kind: "flags", account, mailbox, uids, ...flagStoreChange(store), unchangedSince: store.unchangedSince };
}

export function purgeChange(account: AccountId): Change {
  checkAccount(account);
  return { kind: "purge", account, limit: PURGE_STEP_MESSAGES };
}

/** The UIDs rising and once each; numbers that cannot be UIDs name nothing. */
function namedUids(account: string, mailbox: number, uids: readonly number[], limits: StoreLimits): number[] {
  checkAccount(account);
  checkMailbox(mailbox);
  return checkUids(uids, limits);
}
