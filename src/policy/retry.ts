import type { Random } from "../base/mod.ts";

/** When mail that could not be delivered is tried again, and when it is given up. */
export interface RetryPolicy {
  /** Pauses after the first, second … attempt, in ms; the last one repeats (RFC 5321 §4.5.4.1 asks 30 minutes at least in the long run). */
  readonly pausesMs: readonly number[];
  /** Age at which mail is given up, in ms (RFC 5321 §4.5.4.1: 4 to 5 days at least). */
  readonly lifetimeMs: number;
  /** Age at which the sender is told of a delay, in ms; 0: never. */
  readonly warnAfterMs: number;
}

/** Part of a pause by which it may be longer, so that what failed together does not come again together. */
const JITTER = 0.1;

/** The pause before the next attempt, in ms; `attempts` have been made, one at least. Up to a tenth longer than the policy says. */
export function pauseMs(policy: RetryPolicy, attempts: number, random: Random): number {
  const { pausesMs } = policy;
  const pause = pausesMs[Math.min(Math.max(1, attempts), pausesMs.length) - 1] ?? policy.lifetimeMs;
  return Math.round(pause * (1 + JITTER * random.next()));
}

/** Whether mail of this age has had its last attempt: the next one would come after its time. */
export function isExpired(policy: RetryPolicy, ageMs: number): boolean {
  return ageMs >= policy.lifetimeMs;
}

/** Whether the sender is to be told now that it takes longer. */
export function isLate(policy: RetryPolicy, ageMs: number): boolean {
  return policy.warnAfterMs > 0 && ageMs >= policy.warnAfterMs;
}
