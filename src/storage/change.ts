import { byteLength, Failure } from "../base/mod.ts";
import type { AccountId } from "../mail/account.ts";
import { checkAccount, checkMailbox, checkOpId } from "./keys.ts";
import type { StoreLimits } from "./limits.ts";
import { checksum } from "./segments.ts";
import type { DeliverInput, DeliveryTarget, FlagChange } from "./types.ts";

/** A change that was asked for and has not been numbered yet. */
export type Change =
  | DeliverChange
  | { readonly kind: "withdraw"; readonly opId: string }
  | {
    readonly kind: "expunge";
    readonly account: AccountId;
    readonly mailbox: number;
    readonly uids: readonly number[];
  }
  | {
    readonly kind: "flags";
    readonly account: AccountId;
    readonly mailbox: number;
    readonly uids: readonly number[];
    readonly add: number;
    readonly remove: number;
  }
  | { readonly kind: "purge"; readonly account: AccountId; readonly limit: number };

export interface DeliverChange {
  readonly kind: "deliver";
  readonly opId: string;
  readonly targets: readonly DeliveryTarget[];
  readonly mailbox: number;
  readonly flags: number;
  readonly internalDateMs: number;
  readonly parts: readonly Uint8Array[];
  readonly size: number;
  readonly crc: number;
}

/** Messages one step of a purge removes. */
export const PURGE_STEP_MESSAGES = 1_000;

const FLAGS_MAX = 31;
const DATE_MAX = 2 ** 47;

/** A delivery within all limits, with its size and checksum. Throws Failure `invalid`. */
export function deliverChange(input: DeliverInput, limits: StoreLimits): DeliverChange {
  const { opId, targets, mailbox, flags, parts } = input;
  checkOpId(opId);
  checkMailbox(mailbox);
  if (targets.length < 1 || targets.length > limits.targetsMax) {
    invalid(`a delivery has 1 to ${limits.targetsMax} targets`);
  }
  for (const { account, quotaBytes } of targets) {
    checkAccount(account);
    if (!(quotaBytes >= 0)) invalid("a quota is 0 or more bytes");
  }
  checkFlags(flags);
  const size = byteLength(parts);
  if (size > limits.messageBytesMax) invalid(`a message has at most ${limits.messageBytesMax} bytes`);
  const internalDateMs = Math.min(DATE_MAX, Math.max(0, Math.floor(input.internalDateMs) || 0));
  return { kind: "deliver", opId, targets, mailbox, flags, internalDateMs, parts, size, crc: checksum(parts) };
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
): Change {
  return { kind: "expunge", account, mailbox, uids: namedUids(account, mailbox, uids, limits) };
}

export function flagsChange(
  at: { account: AccountId; mailbox: number; uids: readonly number[] },
  change: FlagChange,
  limits: StoreLimits,
): Change {
  checkFlags(change.add);
  checkFlags(change.remove);
  const { account, mailbox } = at;
  return { kind: "flags", account, mailbox, uids: namedUids(account, mailbox, at.uids, limits), ...change };
}

export function purgeChange(account: AccountId): Change {
  checkAccount(account);
  return { kind: "purge", account, limit: PURGE_STEP_MESSAGES };
}

/** The UIDs rising and once each; numbers that cannot be UIDs name nothing. */
function namedUids(account: string, mailbox: number, uids: readonly number[], limits: StoreLimits): number[] {
  checkAccount(account);
  checkMailbox(mailbox);
  if (uids.length > limits.uidsMax) invalid(`at most ${limits.uidsMax} UIDs are changed at once`);
  const sorted = uids.filter((uid) => Number.isInteger(uid) && uid >= 1 && uid <= 0xffff_ffff).sort((a, b) => a - b);
  return sorted.filter((uid, i) => uid !== sorted[i - 1]);
}

function checkFlags(flags: number): void {
  if (!Number.isInteger(flags) || flags < 0 || flags > FLAGS_MAX) invalid("flags are a sum of the five system flags");
}

function invalid(message: string): never {
  throw new Failure("invalid", message);
}
