/** When failed logins lead to a ban. */
export interface StrikePolicy {
  /** Failed logins within the window; 0: never. */
  readonly strikesMax: number;
  /** In ms. */
  readonly windowMs: number;
}

/** Sites remembered; the one that failed longest ago goes first. */
const SITES_MAX = 10_000;

/** Counts the failed logins of each site within a sliding window, whichever accounts they were for. */
export class Strikes {
  /** When the last failures were, oldest first: never more than `strikesMax` of them. */
  readonly #failures = new Map<string, number[]>();
  constructor(private readonly policy: StrikePolicy) {}

  /** Notes a failure; true when it is the one that leads to a ban, and counting begins anew. Time is monotonic, in ms. */
  failed(site: string, nowMs: number): boolean {
    const { strikesMax, windowMs } = this.policy;
    if (strikesMax === 0) return false;
    const recent = (this.#failures.get(site) ?? []).filter((atMs) => nowMs - atMs < windowMs);
    recent.push(nowMs);
    this.#failures.delete(site);
    if (recent.length >= strikesMax) return true;
    this.#failures.set(site, recent);
    if (this.#failures.size > SITES_MAX) {
      const oldest = this.#failures.keys().next().value;
      if (oldest !== undefined) this.#failures.delete(oldest);
    }
    return false;
  }
}
