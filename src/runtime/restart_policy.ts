import type { Random } from "../base/mod.ts";

/** How often something may be started again, and how soon. */
export interface RestartPolicy {
  /** Restarts allowed in `periodMs`; one more is a failure of the whole. */
  readonly intensityMax: number;
  readonly periodMs: number;
  /** Shortest and longest wait before a restart, ms; it doubles with each restart in the period. */
  readonly backoffMs: readonly [min: number, max: number];
}

/** Five in ten seconds, as OTP's supervisors have it. */
export const DEFAULT_RESTART_POLICY: RestartPolicy = { intensityMax: 5, periodMs: 10_000, backoffMs: [20, 2_000] };

/**
 * Notes a restart at `now` in `times` (older ones than the period are dropped) and answers how long to wait, with jitter of
 * a half, or null when the intensity is exceeded.
 */
export function nextRestart(times: number[], now: number, policy: RestartPolicy, random: Random): number | null {
  while (times.length > 0 && times[0]! <= now - policy.periodMs) times.shift();
  if (times.length >= policy.intensityMax) return null;
  times.push(now);
  const [min, max] = policy.backoffMs;
  const delay = Math.min(max, min * 2 ** (times.length - 1));
  return delay / 2 + random.next() * delay / 2;
}
