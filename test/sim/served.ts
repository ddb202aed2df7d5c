import type { Random } from "../../src/base/mod.ts";
import type { Simulation } from "../../src/runtime/mod.ts";
import type { Ledger } from "./ledger.ts";
import type { Relay } from "./relay/relay.ts";
import type { SimPeer } from "./sim_connection.ts";

/** The password of every account. */
export const PASSWORD = "boxing match";

export type Service = "smtp" | "submission" | "pop3";

/** What clients know of the server they use, and where they note what it told them. */
export interface Served {
  readonly sim: Simulation;
  readonly ledger: Ledger;
  /** Null when no mail leaves. */
  readonly relay: Relay | null;
  /** Addresses that mail can be sent to, with the ids of the accounts they lead to. */
  readonly addresses: readonly (readonly [address: string, accounts: readonly string[]])[];
  /** Accounts that can be logged in to. */
  readonly logins: readonly (readonly [address: string, account: readonly [string]])[];
  /** Addresses here that lead to other servers, alone or beside accounts. */
  readonly forwards: readonly {
    readonly address: string;
    readonly accounts: readonly string[];
    readonly elsewhere: readonly string[];
  }[];
  /** A new connection to a listener; null while none lives. */
  connect(service: Service, random: Random): { peer: SimPeer; lost: () => boolean } | null;
}
