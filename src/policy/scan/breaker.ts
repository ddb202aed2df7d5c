/** Pauses between attempts to reach a service that cannot be reached, in ms: the first, and the longest. */
export interface BreakerPauses {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * Keeps away from a service that cannot be reached: after each failure in a row for twice as long, and then one tries for all. Only
 * that nobody is there counts as failure: else a stranger could switch a scanner off by a mail that takes it too long.
 */
export class Breaker {
  #failures = 0;
  #closedUntilMs = -Infinity;
  #trying = false;

  constructor(private readonly pauses: BreakerPauses) {}

  /** Whether somebody may try now; he tells how it went by `reached` or `failed`. */
  mayTry(nowMs: number): boolean {
    if (this.#failures === 0) return true;
    if (this.#trying || nowMs < this.#closedUntilMs) return false;
    this.#trying = true;
    return true;
  }

  /** Somebody was there, whatever he said. */
  reached(): void {
    this.#failures = 0;
    this.#trying = false;
  }

  /** Nobody was there. */
  failed(nowMs: number): void {
    const { firstMs, maxMs } = this.pauses;
    this.#trying = false;
    // Those that set out together fail together, and count as one.
    if (this.#failures > 0 && nowMs < this.#closedUntilMs) return;
    this.#closedUntilMs = nowMs + Math.min(maxMs, firstMs * 2 ** Math.min(this.#failures, 30));
    this.#failures++;
  }
}
