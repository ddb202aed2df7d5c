import type { WorkerHooks, WorkerHost } from "../../runtime/mod.ts";
import { openDirectoryStore } from "../../storage/directory_store.ts";
import { type CheckLimits, DIRECTORY_ACTOR, directoryActor, type TokenIssuer } from "../directory.ts";
import { FAULT_ACTOR, faultActor } from "../fault.ts";

/** What the directory worker is started with. */
export interface DirectoryWorkerConfig {
  /** The data directory; the directory lies in `directory/` below it. */
  readonly dataDir: string;
  readonly login: CheckLimits;
  /** Whose tokens let people in. */
  readonly issuers: readonly TokenIssuer[];
  /** Whether the worker can be broken on purpose. */
  readonly faultInjection: boolean;
}

/** Opens the directory and starts its actor, which closes the store when it stops. */
export async function startDirectory(
  { system, config }: WorkerHost<DirectoryWorkerConfig>,
): Promise<WorkerHooks<unknown>> {
  const store = openDirectoryStore(`${config.dataDir}/directory`);
  await system.spawn(directoryActor, {
    name: DIRECTORY_ACTOR,
    args: { store, login: config.login, issuers: config.issuers },
  });
  if (config.faultInjection) await system.spawn(faultActor, { name: FAULT_ACTOR, args: undefined });
  return { stop: () => Promise.resolve(store.close()) };
}
