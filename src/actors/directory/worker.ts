import type { WorkerHooks, WorkerHost } from "../../runtime/mod.ts";
import { openDirectoryStore } from "../../storage/directory_store.ts";
import { type GreylistPolicy, parseNetworkList } from "../../policy/mod.ts";
import { type BanPolicy, type CheckLimits, DIRECTORY_ACTOR, directoryActor, type TokenIssuer } from "../directory.ts";
import { FAULT_ACTOR, faultActor } from "../fault.ts";
import { GREYLIST_ACTOR, greylistActor } from "./greylist.ts";
import { STS_POLICIES_ACTOR, stsPoliciesActor } from "./sts_policies.ts";
import { TLS_COUNTS_ACTOR, tlsCountsActor } from "./tls_counts.ts";

/** What the directory worker is started with. */
export interface DirectoryWorkerConfig {
  /** The data directory; the directory lies in `directory/` below it. */
  readonly dataDir: string;
  readonly login: CheckLimits;
  /** Whose tokens let people in. */
  readonly issuers: readonly TokenIssuer[];
  readonly bans: Omit<BanPolicy, "exempt"> & { readonly exempt: readonly string[] };
  /** Who is put off the first time; null: nobody is. Kept in `greylist/` below the data directory. */
  readonly greylist: GreylistPolicy | null;
  /** Whether MTA-STS policies are kept, in `policies/` below the data directory: they are strangers' words, apart from the directory. */
  readonly stsPolicies: boolean;
  /** Whether counts for reports on TLS are, in `tls_counts/`. */
  readonly tlsCounts: boolean;
  /** Whether the worker can be broken on purpose. */
  readonly faultInjection: boolean;
}

/** Opens the directory and starts its actor, which closes the store when it stops. */
export async function startDirectory(
  { system, config }: WorkerHost<DirectoryWorkerConfig>,
): Promise<WorkerHooks<unknown>> {
  const store = openDirectoryStore(`${config.dataDir}/directory`);
  const { login, issuers } = config;
  const bans = { ...config.bans, exempt: parseNetworkList(config.bans.exempt) };
  await system.spawn(directoryActor, { name: DIRECTORY_ACTOR, args: { store, login, issuers, bans } });
  if (config.faultInjection) await system.spawn(faultActor, { name: FAULT_ACTOR, args: undefined });
  const grey = config.greylist === null ? null : openDirectoryStore(`${config.dataDir}/greylist`);
  if (grey !== null && config.greylist !== null) {
    await system.spawn(greylistActor, { name: GREYLIST_ACTOR, args: { store: grey, policy: config.greylist } });
  }
  const policies = config.stsPolicies ? openDirectoryStore(`${config.dataDir}/policies`) : null;
  if (policies !== null) await system.spawn(stsPoliciesActor, { name: STS_POLICIES_ACTOR, args: { store: policies } });
  const counts = config.tlsCounts ? openDirectoryStore(`${config.dataDir}/tls_counts`) : null;
  if (counts !== null) await system.spawn(tlsCountsActor, { name: TLS_COUNTS_ACTOR, args: { store: counts } });
  return {
    async stop() {
      await store.close();
      await grey?.close();
      await policies?.close();
      await counts?.close();
    },
  };
}
