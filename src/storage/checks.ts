import { Failure } from "../base/mod.ts";
import type { Quota } from "../mail/quota.ts";
import type { StoreLimits } from "./limits.ts";

/** All five system flags. */
const FLAGS_MAX = 31;
const DATE_MAX = 2 ** 47;

/** The nearest date that a row can hold. */
export function checkDateMs(dateMs: number): number {
  return Math.min(DATE_MAX, Math.max(0, Math.floor(dateMs) || 0));
}

/** The UIDs rising and once each; numbers that cannot be UIDs name nothing. Throws Failure `invalid` when there are too many. */
export function checkUids(uids: readonly number[], limits: StoreLimits): number[] {
  if (uids.length > limits.uidsMax) invalid(`at most ${limits.uidsMax} UIDs are changed at once`);
  if (areRising(uids)) return uids.slice();
  const sorted = uids.filter((uid) => Number.isInteger(uid) && uid >= 1 && uid <= 0xffff_ffff).sort((a, b) => a - b);
  return sorted.filter((uid, i) => uid !== sorted[i - 1]);
}

/** Most who name UIDs have them in order. */
function areRising(uids: readonly number[]): boolean {
  let last = 0;
  for (const uid of uids) {
    if (!Number.isInteger(uid) || uid <= last || uid > 0xffff_ffff) return false;
    last = uid;
  }
  return true;
}

/** Throws Failure `invalid` unless the number is a set of system flags. */
export function checkFlags(flags: number): void {
  if (!Number.isInteger(flags) || flags < 0 || flags > FLAGS_MAX) invalid("flags are a sum of the five system flags");
}

/** Throws Failure `invalid` unless limits are numbers from 0 on. */
export function checkQuota({ quotaBytes, quotaMessages = 0 }: Quota): void {
  if (!(quotaBytes >= 0)) invalid("a quota is 0 or more bytes");
  if (!(quotaMessages >= 0)) invalid("a quota is 0 or more messages");
}

/** Throws Failure `invalid`. */
export function invalid(message: string): never {
  throw new Failure("invalid", message);
}
