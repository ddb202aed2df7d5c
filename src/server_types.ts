import type { Clock, Log, Random } from "./base/mod.ts";
import type { ClusterConfig, ReloadPlan } from "./config/mod.ts";
import type { Supervisor } from "./runtime/mod.ts";

/** What the server is made of, given by `main.ts`. */
export interface ServerOptions {
  readonly config: ClusterConfig;
  /** Whether the operator says that the data were put back from a copy. */
  readonly restored?: boolean;
  /** Whether the operator says that the data were moved, and are all there is. */
  readonly moved?: boolean;
  /** Reads the config anew for a reload. Throws when it is not valid: the running one stays. */
  readonly reread: () => Promise<ClusterConfig>;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  /** The process's environment, where the config may refer to secrets. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A running server. */
export interface Server {
  readonly supervisor: Supervisor;
  /** The config in force. */
  readonly config: ClusterConfig;
  /** Takes no new connections; sessions finish what they do. */
  drain(): Promise<void>;
  /** Re-reads config and certificate; all or nothing. */
  reload(): Promise<ReloadPlan>;
  /** Drains, stops and resolves `ended` with 0. Calling it again does nothing. */
  stop(): Promise<void>;
  /** The exit code, once the server has stopped or failed for good. */
  readonly ended: Promise<number>;
}
