import type { Clock, Log } from "../base/mod.ts";
import type { ClusterConfig, ReloadPlan } from "../config/mod.ts";
import type {
  AccountRecord,
  DirectoryProtocol,
  ListProtocol,
  MailboxProtocol,
  PolicyProtocol,
  QueueProtocol,
  RouteVerdict,
  SessionRow,
  TraceProtocol,
  VerifyProblem,
} from "../messages/mod.ts";
import type { ActorStats, Ref } from "../runtime/types.ts";

/** One worker, as `worker.list` shows it. */
export interface WorkerRow {
  readonly name: string;
  /** `up` takes work; `starting`; `resting` waits before it is started again; `stopped`; `failed` for good. */
  readonly state: "up" | "starting" | "resting" | "stopped" | "failed";
  readonly restarts: number;
  /** When its present life began, RFC 3339; null when it does not live. */
  readonly startedAt: string | null;
  /** Why its last life ended. */
  readonly lastError: string | null;
}

/** What became of one shard that was read through. */
export interface ShardVerdict {
  readonly messages: number;
  readonly problems: readonly VerifyProblem[];
}

/** What the control methods may do with the running server; `main` joins it together. */
export interface ControlContext {
  readonly log: Log;
  readonly clock: Clock;
  /** Version of the program. */
  readonly version: string;
  readonly pid: number;
  /** When the server started, ms since 1970 UTC. */
  readonly startedAtMs: number;
  readonly directory: Ref<DirectoryProtocol>;
  readonly queue: Ref<QueueProtocol>;
  /** Looks up names. */
  readonly policy: Ref<PolicyProtocol>;
  readonly lists: Ref<ListProtocol>;
  /** The mailbox actor that holds an account's mail. */
  mailboxOf(account: Pick<AccountRecord, "address">): Ref<MailboxProtocol>;
  /** Asks a routing actor. */
  resolve(address: string): Promise<RouteVerdict>;
  readonly shardCount: number;
  /** Reads every body of one shard. */
  verifyShard(shard: number): Promise<ShardVerdict>;
  config(): ClusterConfig;
  /** Reads and validates a config file, the server's own when null. Throws ConfigError. */
  readConfig(file: string | null): Promise<ClusterConfig>;
  reload(): Promise<ReloadPlan>;
  /** Stops taking new work. */
  drain(): Promise<void>;
  /** Drains and ends the process. Answers before the end, so it must not be waited for. */
  stop(): void;
  workers(): readonly WorkerRow[];
  /** Rejects with Failure `not_found`. */
  restartWorker(name: string): Promise<void>;
  /** Breaks a worker on purpose; null unless `debug.faultInjection` is set. */
  readonly injectFault: ((name: string, kind: string) => void) | null;
  actors(): Promise<readonly ActorStats[]>;
  /** What each worker counts; null for one that does not answer. */
  stats(): Promise<readonly { readonly name: string; readonly stats: unknown }[]>;
  /** Who is connected: at most `limit`, the oldest first. */
  sessions(limit: number): Promise<{ readonly total: number; readonly sessions: readonly SessionRow[] }>;
  /** Ends a session; false when there is none of that id. */
  kick(id: string): Promise<boolean>;
  /** What all workers remember of the mails that one of the words names. */
  trace(words: readonly string[]): Promise<TraceProtocol["trace.find"]["reply"]>;
}
