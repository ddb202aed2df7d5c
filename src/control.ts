import {
  DIRECTORY_ACTOR,
  FAULT_ACTOR,
  LIST_ACTOR,
  MailboxRefs,
  placementOf,
  POLICY_ACTOR,
  QUEUE_ACTOR,
  ROUTER_ACTOR,
  STORE_ACTOR,
  TRACE_ACTOR,
  workerOfShard,
} from "./actors/mod.ts";
import type { ControlContext, WorkerRow } from "./admin/control_context.ts";
import { CONTROL_CONNECTIONS_MAX, serveControl } from "./admin/control_socket.ts";
import { REGISTRY } from "./admin/methods/mod.ts";
import { asFailure, Failure } from "./base/mod.ts";
import { type ClusterConfig, loadConfig } from "./config/mod.ts";
import type {
  DirectoryProtocol,
  FaultKind,
  FaultProtocol,
  ListProtocol,
  PolicyProtocol,
  QueueProtocol,
  RouterProtocol,
  StoreProtocol,
  TraceProtocol,
} from "./messages/mod.ts";
import { type Listener, listenUnix } from "./net/mod.ts";
import type { Ref, Supervisor, WorkerStats } from "./runtime/mod.ts";
import type { Server, ServerOptions } from "./server_types.ts";
import { kickSession, listSessions } from "./session_control.ts";
import { VERSION } from "./version.ts";

/** Longest walk through one shard, in ms: reading 100 GB takes about this long. */
const VERIFY_MS_MAX = 3_600_000;

/** How long a worker may take to say what it remembers of a mail, in ms. */
const TRACE_MS_MAX = 5_000;

/** How long after its answer a stop begins, in ms: the client is to read the answer first. */
const STOP_AFTER_MS = 50;

/** Where the control socket of a data directory is. */
export function controlPath(dataDir: string): string {
  return `${dataDir}/control.sock`;
}

/** Serves JSON-RPC at `control.sock` in the data directory; the file's mode is the authentication. */
export function openControlSocket(context: ControlContext): Promise<Listener> {
  const { log, clock } = context;
  return listenUnix(controlPath(context.config().dataDir), {
    limits: { connectionsMax: CONTROL_CONNECTIONS_MAX },
    log: log.child({ service: "control" }),
    clock,
    connection: (connection) => serveControl(connection, { registry: REGISTRY, context }),
  });
}

/** What the control methods may do, as this process does it. */
export function controlContext(server: Server, options: ServerOptions): ControlContext {
  const { supervisor } = server;
  const { system } = supervisor;
  const { log, clock, config } = options;
  const at = (worker: string, actor: string) => ({ node: config.node, worker, actor });
  const placement = placementOf(config);
  const mailboxes = new MailboxRefs(system, placement);
  return {
    log,
    clock,
    version: VERSION,
    pid: process.pid,
    startedAtMs: clock.wallMs(),
    directory: system.ref<DirectoryProtocol>(at("directory", DIRECTORY_ACTOR)),
    queue: system.ref<QueueProtocol>(at("queue", QUEUE_ACTOR)),
    lists: system.ref<ListProtocol>(at("policy", LIST_ACTOR)),
    policy: system.ref<PolicyProtocol>(at("policy", POLICY_ACTOR)),
    mailboxOf: (account) => mailboxes.forAccount(account),
    resolve(address) {
      const router = system.ref<RouterProtocol>(at(runningListener(supervisor), ROUTER_ACTOR));
      return router.ask("router.resolve", { address });
    },
    shardCount: config.shards,
    verifyShard(shard) {
      const store = system.ref<StoreProtocol>(at(workerOfShard(shard, placement), STORE_ACTOR));
      return store.ask("store.verify", { shard }, { deadlineMs: VERIFY_MS_MAX });
    },
    config: () => server.config,
    readConfig: (file): Promise<ClusterConfig> => file === null ? options.reread() : loadConfig({ file }),
    reload: () => server.reload(),
    drain: () => server.drain(),
    stop: () => void clock.after(STOP_AFTER_MS, () => void server.stop()),
    workers: () => supervisor.list().map(workerRow),
    restartWorker: (name) => supervisor.restart(name),
    injectFault: config.debug.faultInjection
      ? (name, kind) => {
        const fault = system.ref<FaultProtocol>(at(name, FAULT_ACTOR));
        if (!fault.tell("fault.inject", { kind: kind as FaultKind })) {
          throw new Failure("down", `worker ${name} does not run`);
        }
      }
      : null,
    actors: () => supervisor.actors(),
    stats: () => supervisor.stats(),
    sessions: (limit) => listSessions(supervisor, { node: config.node, limit }),
    kick: (id) => kickSession(supervisor, { node: config.node, id }),
    trace: (words) => traceAll(supervisor, words, (worker) => system.ref<TraceProtocol>(at(worker, TRACE_ACTOR))),
  };
}

/** Asks every worker that remembers mails; one that does not answer has forgotten them. */
async function traceAll(
  supervisor: Supervisor,
  words: readonly string[],
  refOf: (worker: string) => Ref<TraceProtocol>,
): Promise<TraceProtocol["trace.find"]["reply"]> {
  const names = supervisor.list().map(({ name }) => name).filter((name) => /^(listener-\d+|queue)$/.test(name));
  const answers = await Promise.all(
    names.map((name) =>
      refOf(name).ask("trace.find", { words }, { deadlineMs: TRACE_MS_MAX }).catch((error) => {
        if (asFailure(error) === null) throw error;
        return { ids: [], events: [] };
      })
    ),
  );
  return { ids: [...new Set(answers.flatMap(({ ids }) => ids))], events: answers.flatMap(({ events }) => events) };
}

/** Any routing actor has the whole table. */
function runningListener(supervisor: Supervisor): string {
  const listener = supervisor.list().find(({ name, state }) => name.startsWith("listener-") && state === "running");
  if (listener === undefined) throw new Failure("down", "no listener runs");
  return listener.name;
}

function workerRow({ name, state, restarts, startedAtMs, lastError }: WorkerStats): WorkerRow {
  return {
    name,
    state: state === "running" ? "up" : state === "stopping" ? "stopped" : state,
    restarts,
    startedAt: startedAtMs === null ? null : new Date(startedAtMs).toISOString(),
    lastError,
  };
}
