import { asFailure, describeError, Failure } from "./base/mod.ts";
import { networkInterfaces } from "node:os";
import { clusterTree, dataWereMoved, type DirectoryLock, takeDataDirectory, type TreeInput } from "./actors/mod.ts";
import { type ClusterConfig, describeReload, type ReloadPlan } from "./config/mod.ts";
import {
  type Connection,
  listen,
  type Listener,
  loadAuthorities,
  loadOrMakeCertificate,
  makePrivateDirectory,
} from "./net/mod.ts";
import { readIssuers } from "./issuer_keys.ts";
import { nameServers } from "./name_servers.ts";
import { orphanedPorts } from "./orphaned_ports.ts";
import { loadOrMakeKey, readSecret } from "./secrets.ts";
import { createSupervisor, type Supervisor } from "./runtime/mod.ts";
import { controlContext, openControlSocket } from "./control.ts";
import type { Server, ServerOptions } from "./server_types.ts";

/** How long workers may take to stop beyond the sessions' own grace, in ms. */
const STOP_MARGIN_MS = 5_000;

/** Exit codes of the server's process. */
const EXIT_DONE = 0;
const EXIT_FAILED = 1;

/** The certificate to serve with, as PEM text: workers that face strangers read no files. */
async function certificateOf(config: ClusterConfig): Promise<{ cert: string; key: string; clientCa: string | null }> {
  const { cert, key } = await loadOrMakeCertificate({
    dir: `${config.dataDir}/tls`,
    hostname: config.hostname,
    ...(config.tls.certFile === null ? {} : { certPath: config.tls.certFile }),
    ...(config.tls.keyFile === null ? {} : { keyPath: config.tls.keyFile }),
  });
  const { clientCaFile } = config.tls;
  return { cert, key, clientCa: clientCaFile === null ? null : loadAuthorities(clientCaFile) };
}

/** What the tree is built from; what it takes besides the config is read here. Throws a Failure that names what is missing. */
async function treeInput(config: ClusterConfig, { env, random }: ServerOptions): Promise<TreeInput> {
  const routes = config.outbound.routes.map(({ user, secret, ...route }) =>
    user === null || secret === null ? route : { ...route, user, secret: readSecret(secret, env) }
  );
  const password = config.scanners.rspamd?.password ?? null;
  return {
    config,
    tls: await certificateOf(config),
    issuers: await readIssuers(config),
    nameServers: nameServers(config),
    ownAddresses: ownAddresses(config),
    srsKey: loadOrMakeKey(`${config.dataDir}/keys`, "srs.key", random),
    listKey: loadOrMakeKey(`${config.dataDir}/keys`, "list.key", random),
    routes,
    rspamdPassword: password === null ? null : readSecret(password, env),
  };
}

const EVERY_ADDRESS: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/** Where this server listens at the port to which mail for others is sent: what goes there would come back. */
function ownAddresses({ listeners, outbound }: ClusterConfig): string[] {
  const hosts = listeners.filter(({ port }) => port === outbound.port).map(({ host }) => host);
  if (!hosts.some((host) => EVERY_ADDRESS.has(host))) return hosts;
  return Object.values(networkInterfaces()).flatMap((all) => all ?? []).map(({ address }) => address);
}

/**
 * Workers share each port, and so could another server: what half of the mail then went to would be chance. Binding once
 * without sharing shows that nobody else is there. Throws Failure `exists`, which names the port.
 */
async function portsFree({ config, log, clock }: ServerOptions): Promise<void> {
  for (const { host, port } of config.listeners) {
    try {
      const connection = (stranger: Connection) => stranger.destroy();
      const probe = await listen({ host, port, reusePort: false, tls: "none", log, clock, connection });
      probe.close();
    } catch (error) {
      throw new Failure(asFailure(error)?.kind ?? "invalid", `cannot listen on ${host}:${port}`, { cause: error });
    }
  }
}

/** Locks the data directory, starts the tree and opens the control socket. What fails on the way is undone. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { config, clock, log, random } = options;
  makePrivateDirectory(config.dataDir);
  const lock = takeDataDirectory(config.dataDir, { restored: options.restored ?? false });
  const undo: (() => Promise<void> | void)[] = [() => lock.release()];
  try {
    await portsFree(options);
    if (options.moved === true) await dataWereMoved(config.dataDir, config.shards, log);
    const { promise: ended, resolve: end } = Promise.withResolvers<number>();
    const supervisor = createSupervisor({
      node: config.node,
      specs: clusterTree(await treeInput(config, options)),
      logLevel: config.log.level,
      watcher: orphanedPorts(log),
      clock,
      log,
      random,
      onFatal(error) {
        log.error("a worker cannot be kept running", { error: describeError(error) });
        end(EXIT_FAILED);
      },
    });
    undo.push(() => supervisor.stop(0));
    await supervisor.start();
    const server = new RunningServer({ options, supervisor, ended, end, lock });
    server.control = await openControlSocket(controlContext(server, options));
    log.info("ready", {
      hostname: config.hostname,
      listeners: config.listeners.map(({ service, host, port, tls }) => `${service}://${host}:${port} ${tls}`),
      control: server.control.address,
    });
    return server;
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
}

interface Parts {
  readonly options: ServerOptions;
  readonly supervisor: Supervisor;
  readonly ended: Promise<number>;
  readonly end: (code: number) => void;
  readonly lock: DirectoryLock;
}

class RunningServer implements Server {
  config: ClusterConfig;
  control: Listener | null = null;
  #stopping: Promise<void> | null = null;

  constructor(private readonly parts: Parts) {
    this.config = parts.options.config;
  }

  get supervisor(): Supervisor {
    return this.parts.supervisor;
  }
  get ended(): Promise<number> {
    return this.parts.ended;
  }

  async drain(): Promise<void> {
    this.parts.options.log.info("draining");
    await this.supervisor.drain();
  }

  async reload(): Promise<ReloadPlan> {
    if (this.#stopping !== null) throw new Failure("closed", "the server is stopping");
    const wanted = await this.parts.options.reread();
    const config = { ...this.config, tls: wanted.tls };
    const input = await treeInput(config, this.parts.options);
    const plan = describeReload(this.config, wanted);
    for (const spec of clusterTree(input)) {
      if (spec.name.startsWith("listener-")) await this.supervisor.reload(spec.name, spec.config);
    }
    this.config = config;
    this.parts.options.log.info("reloaded", { live: plan.live, restart: plan.restart });
    return plan;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const { options, supervisor, lock, end } = this.parts;
    options.log.info("stopping");
    this.control?.close();
    await supervisor.stop(this.config.timeouts.drainMsMax + STOP_MARGIN_MS);
    this.control?.closeAll();
    lock.release();
    options.log.info("stopped");
    end(EXIT_DONE);
  }
}
