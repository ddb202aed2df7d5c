import type { Clock } from "../../base/mod.ts";
import type { BanRecord } from "../../messages/mod.ts";
import {
  BanTable,
  isWithin,
  type Network,
  originOf,
  parseNetworkList,
  RateLimits,
  type RateLimitsConfig,
} from "../../policy/mod.ts";
import type { BanHolder } from "../router.ts";
import type { Counters } from "./counters.ts";
import { Meter } from "./meter.ts";

/** Why a connection is not served. */
export type Refusal = "banned" | "rate" | "errors" | "overloaded";

/** Whom a listener worker admits. */
export interface AdmissionConfig {
  /** Networks that are free of rates, bans and greylisting. */
  readonly exempt: readonly string[];
  readonly rates: RateLimitsConfig;
}

/** What admission hangs on besides its config. */
export interface AdmissionParts {
  readonly clock: Clock;
  readonly counters: Counters;
  /** Whether the worker has too much to do already. */
  overloaded(): boolean;
}

/** Decides who may connect, and how much each may do: the bans of the directory, and rates that each worker counts for itself. */
export class Admission implements BanHolder {
  readonly #bans = new BanTable();
  readonly #limits: RateLimits;
  readonly #exempt: readonly Network[];
  /** Called when somebody has been banned who may be connected. */
  onBan: () => void = () => {};

  /** Throws Failure `invalid` for an exempt network that is none. */
  constructor({ exempt, rates }: AdmissionConfig, private readonly parts: AdmissionParts) {
    this.#limits = new RateLimits(rates);
    this.#exempt = parseNetworkList(exempt);
  }

  /** Whether a new connection is served; counts it. Null: it is. `trusted`: a server of the operator's, free of rates. */
  admit(address: string, trusted = false): Refusal | null {
    const refusal = this.#refusal(address, trusted);
    if (refusal !== null) this.parts.counters.refusedConnections[refusal]++;
    return refusal;
  }

  #refusal(address: string, trusted: boolean): Refusal | null {
    const { clock, overloaded } = this.parts;
    if (overloaded()) return "overloaded";
    if (this.isExempt(address)) return null;
    if (this.#bans.isBanned(address, clock.wallMs())) return "banned";
    if (trusted) return null;
    const origin = originOf(address);
    const now = clock.monotonicMs();
    if (!this.#limits.has("errors", origin, now)) return "errors";
    return this.#limits.take("connections", origin, now) ? null : "rate";
  }

  isBanned(address: string): boolean {
    return !this.isExempt(address) && this.#bans.isBanned(address, this.parts.clock.wallMs());
  }

  /** Counts what one session does. `trusted` as above. */
  meter(address: string, trusted = false): Meter {
    const origin = trusted || this.isExempt(address) ? null : originOf(address);
    return new Meter({ origin, limits: this.#limits, clock: this.parts.clock, counters: this.parts.counters });
  }

  reset(bans: readonly BanRecord[]): void {
    this.#bans.reset(bans);
    this.onBan();
  }

  set(network: string, ban: BanRecord | null): void {
    this.#bans.set(network, ban);
    if (ban !== null) this.onBan();
  }

  /** Whether the address is free of rates, bans and greylisting. */
  isExempt(address: string): boolean {
    return isWithin(this.#exempt, address);
  }
}
