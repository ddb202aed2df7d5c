import { createHmac, timingSafeEqual } from "node:crypto";
import type { Clock, Random } from "../../base/mod.ts";
import type { AccountId } from "../../mail/mod.ts";

/** Logins remembered at a time; the oldest goes first. */
const ENTRIES_MAX = 10_000;
/** How long a login is remembered, in ms: short, so that what the memory holds is worth little. */
const KEPT_MS_MAX = 300_000;

/**
 * Remembers which password was right a moment ago, as a keyed hash, so that programs that log in every minute do not cost
 * an argon2 check each. The key lives and dies with the process.
 */
export class LoginCache {
  readonly #key: Uint8Array;
  readonly #entries = new Map<AccountId, { mac: Uint8Array; expiresMs: number }>();
  constructor(private readonly clock: Clock, random: Random) {
    this.#key = random.bytes(32);
  }

  /** Whether this password was right within the last five minutes. Unknown accounts (null) cost the same time. */
  knows(account: AccountId | null, password: string): boolean {
    const mac = this.#mac(account ?? "", password);
    const entry = account === null ? undefined : this.#entries.get(account);
    const same = timingSafeEqual(mac, entry?.mac ?? mac);
    return entry !== undefined && same && entry.expiresMs > this.clock.monotonicMs();
  }
  remember(account: AccountId, password: string): void {
    this.#entries.delete(account);
    this.#entries.set(account, {
      mac: this.#mac(account, password),
      expiresMs: this.clock.monotonicMs() + KEPT_MS_MAX,
    });
    if (this.#entries.size <= ENTRIES_MAX) return;
    const oldest = this.#entries.keys().next().value;
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
  /** After the password changed, or the account was disabled or removed. */
  forget(account: AccountId): void {
    this.#entries.delete(account);
  }
  #mac(account: string, password: string): Uint8Array {
    return createHmac("sha256", this.#key).update(`${account}\0${password}`).digest();
  }
}
