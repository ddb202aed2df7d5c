import type { Clock } from "../../base/mod.ts";
import { isWithin, originOf, Strikes } from "../../policy/mod.ts";
import type { BanPolicy, BanRequest } from "./edit_bans.ts";

/** Says which addresses are to be banned for their failed logins, whichever accounts those were for. */
export class LoginBans {
  readonly #strikes: Strikes;
  constructor(readonly policy: BanPolicy, private readonly clock: Clock) {
    this.#strikes = new Strikes(policy);
  }

  /** Notes a failed login; the ban it leads to, or null. */
  failed(remote: string): BanRequest | null {
    const { strikesMax, windowMs, banMs: forMs, exempt } = this.policy;
    if (isWithin(exempt, remote)) return null;
    const network = originOf(remote).site;
    if (!this.#strikes.failed(network, this.clock.monotonicMs())) return null;
    const reason = `${strikesMax} failed logins within ${Math.round(windowMs / 60_000)} minutes`;
    return { network, forMs, reason, by: "login" };
  }
}
