import type { Clock } from "../../base/mod.ts";
import type { Origin, RateLimits } from "../../policy/mod.ts";
import type { Counters } from "./counters.ts";

/** What a meter counts in. */
interface MeterParts {
  /** Null: free of the limits by address. */
  readonly origin: Origin | null;
  readonly limits: RateLimits;
  readonly clock: Clock;
  readonly counters: Counters;
}

/**
 * What one session takes of the rates of its address, or of its account once it has one: an office behind one address is not
 * stopped for the mail of all its people, nor is one of them freed by moving about.
 */
export class Meter {
  constructor(private readonly parts: MeterParts) {}

  /** One more recipient was named; false: too many, or no message would be taken anyway. `account` is its address, null: nobody's. */
  recipient(account: string | null): boolean {
    const now = this.parts.clock.monotonicMs();
    const ok = this.#has(account, now) && this.#take("recipients", account, now);
    if (!ok) this.parts.counters.limitedRecipients++;
    return ok;
  }

  /** One more message came; false: too many. */
  message(account: string | null): boolean {
    const ok = this.#take("messages", account, this.parts.clock.monotonicMs());
    if (!ok) this.parts.counters.limitedMessages++;
    return ok;
  }

  /** So many more commands were refused; false: too many. */
  errors(count: number): boolean {
    const { origin, limits, clock } = this.parts;
    if (origin === null) return true;
    let ok = true;
    for (let i = 0; i < count; i++) ok = limits.take("errors", origin, clock.monotonicMs()) && ok;
    return ok;
  }

  #has(account: string | null, now: number): boolean {
    const { origin, limits } = this.parts;
    if (account !== null) return limits.accountHas("messages", account, now);
    return origin === null || limits.has("messages", origin, now);
  }

  #take(kind: "messages" | "recipients", account: string | null, now: number): boolean {
    const { origin, limits } = this.parts;
    if (account !== null) return limits.accountTake(kind, account, now);
    return origin === null || limits.take(kind, origin, now);
  }
}
