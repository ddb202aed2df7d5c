/** One key's tokens, as of `atMs`. */
interface Bucket {
  tokens: number;
  atMs: number;
}

/** How much each key may take. */
export interface BucketLimits {
  /** Tokens of a full bucket: so much may be taken at once, and as much again in each window. 0: no limit. */
  readonly tokensMax: number;
  /** In which an empty bucket fills, in ms. */
  readonly windowMs: number;
  /** Keys remembered; the one that took longest ago goes first. Losing one only forgives it. */
  readonly keysMax: number;
}

/** A token bucket for every key. Time is the caller's, monotonic, in ms. */
export class TokenBuckets {
  readonly #buckets = new Map<string, Bucket>();
  constructor(private readonly limits: BucketLimits) {}

  /** Keys remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Whether one more could be taken. */
  has(key: string, nowMs: number): boolean {
    if (this.limits.tokensMax === 0) return true;
    const bucket = this.#buckets.get(key);
    return bucket === undefined || this.#filled(bucket, nowMs) >= 1;
  }

  /** Takes one; false, and nothing is taken, when there is none. */
  take(key: string, nowMs: number): boolean {
    const { tokensMax, keysMax } = this.limits;
    if (tokensMax === 0) return true;
    const bucket = this.#buckets.get(key) ?? { tokens: tokensMax, atMs: nowMs };
    bucket.tokens = this.#filled(bucket, nowMs);
    bucket.atMs = nowMs;
    // Refused ones count as use: a key that insists is the last to be forgiven.
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > keysMax) this.#forgetOldest();
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }

  #filled({ tokens, atMs }: Bucket, nowMs: number): number {
    const { tokensMax, windowMs } = this.limits;
    return Math.min(tokensMax, tokens + Math.max(0, nowMs - atMs) * tokensMax / windowMs);
  }

  #forgetOldest(): void {
    const oldest = this.#buckets.keys().next().value;
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}
