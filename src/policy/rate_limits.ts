import type { Origin } from "./network.ts";
import { TokenBuckets } from "./token_buckets.ts";

/** What clients may take. Every number is a bucket's size: so many at once, and as many again in each minute or hour. 0: no limit. */
export interface RateLimitsConfig {
  readonly connectionsPerMinute: number;
  readonly messagesPerMinute: number;
  readonly recipientsPerMinute: number;
  readonly errorsPerMinute: number;
  /** How many times as much the network around an address may take. 0: no limit. */
  readonly networkFactor: number;
  readonly accountMessagesPerHour: number;
  readonly accountRecipientsPerHour: number;
}

/** What is counted. */
export type RateKind = "connections" | "messages" | "recipients" | "errors";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** Keys remembered in each table: 10 MB at most in all. */
const KEYS_MAX = 10_000;

/** Counts by address, by network and by account. Whoever has logged in is counted by the account, wherever it comes from. */
export class RateLimits {
  readonly #sites: Readonly<Record<RateKind, TokenBuckets>>;
  readonly #networks: Readonly<Record<RateKind, TokenBuckets>>;
  readonly #accounts: Readonly<Record<"messages" | "recipients", TokenBuckets>>;

  constructor(config: RateLimitsConfig) {
    const table = (tokensMax: number, windowMs: number) => new TokenBuckets({ tokensMax, windowMs, keysMax: KEYS_MAX });
    const tables = (factor: number) => ({
      connections: table(factor * config.connectionsPerMinute, MINUTE_MS),
      messages: table(factor * config.messagesPerMinute, MINUTE_MS),
      recipients: table(factor * config.recipientsPerMinute, MINUTE_MS),
      errors: table(factor * config.errorsPerMinute, MINUTE_MS),
    });
    this.#sites = tables(1);
    this.#networks = tables(config.networkFactor);
    this.#accounts = {
      messages: table(config.accountMessagesPerHour, HOUR_MS),
      recipients: table(config.accountRecipientsPerHour, HOUR_MS),
    };
  }

  /** Whether one more would be allowed. */
  has(kind: RateKind, { site, network }: Origin, nowMs: number): boolean {
    return this.#sites[kind].has(site, nowMs) && this.#networks[kind].has(network, nowMs);
  }

  /** Counts one; false, and the network pays nothing, when it is too many. */
  take(kind: RateKind, { site, network }: Origin, nowMs: number): boolean {
    return this.#sites[kind].take(site, nowMs) && this.#networks[kind].take(network, nowMs);
  }

  /** The same for an account. */
  accountHas(kind: "messages" | "recipients", account: string, nowMs: number): boolean {
    return this.#accounts[kind].has(account, nowMs);
  }

  /** The same for an account. */
  accountTake(kind: "messages" | "recipients", account: string, nowMs: number): boolean {
    return this.#accounts[kind].take(account, nowMs);
  }
}
