import {
  assert,
  type Cancel,
  type Clock,
  describeError,
  Failure,
  type Log,
  type LogLevel,
  type Random,
} from "../base/mod.ts";
import { createActorSystem, type HostedSystem } from "./actor_system.ts";
import { Bell, channelLink, makeChannel } from "./channel/mod.ts";
import { nextRestart, type RestartPolicy } from "./restart_policy.ts";
import type { WorkerPermissions } from "./spawn_worker.ts";
import type { ActorStats, ActorSystem } from "./types.ts";
import { WorkerLife } from "./worker_life.ts";

/** One line of the table of workers. */
export interface WorkerSpec {
  readonly name: string;
  /** The entry module in `workers/`. */
  readonly url: string | URL;
  readonly permissions: WorkerPermissions;
  /** Plain data for the entry's `start`. */
  readonly config: unknown;
  readonly restart: RestartPolicy;
  /** `one-for-one`: it alone starts again; `rest-for-one`: those after it in the table as well. */
  readonly strategy: "one-for-one" | "rest-for-one";
  /** Ms that its start may take (recovery of data included); 60,000 unless given. */
  readonly startMsMax?: number;
}

export type WorkerState = "starting" | "running" | "stopping" | "resting" | "stopped" | "failed";

/** What `cluster status` shows of a worker. */
export interface WorkerStats {
  readonly name: string;
  readonly state: WorkerState;
  readonly restarts: number;
  /** When its present life began, ms since 1970 UTC; null when it does not live. */
  readonly startedAtMs: number | null;
  /** Why its last life ended. */
  readonly lastError: string | null;
}

/** Is told what becomes of workers, by name. */
export interface WorkerWatcher {
  /** It is about to be started. */
  starting(name: string): void;
  /** It runs. */
  started(name: string): void;
  /** It did not come to run. */
  failed(name: string): void;
  /** It was silent for too long and has been given up; its thread may run on. */
  hung(name: string): void;
}

export interface SupervisorOptions {
  readonly specs: readonly WorkerSpec[];
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  /** A worker failed more often than its policy allows: the process should end. */
  readonly onFatal: (error: Failure) => void;
  /** Name of this machine; "local" unless given. */
  readonly node?: string;
  /** Level of the workers' own logs; "info" unless given. */
  readonly logLevel?: LogLevel;
  readonly watcher?: WorkerWatcher;
  /** Ms of silence after which a running worker counts as hung; 1,950 unless given. */
  readonly silentMsMax?: number;
}

/** The main thread's hold on all workers. */
export interface Supervisor {
  /** Starts the workers in the order of the table. Rejects when one cannot start; those before it are stopped again. */
  start(): Promise<void>;
  /** Drains and stops the workers, last first, and ends those that take longer than `graceMs` in all. */
  stop(graceMs: number): Promise<void>;
  /** Asks all workers, last first, to stop taking work and to finish what was begun. */
  drain(): Promise<void>;
  /** Stops one worker in order and starts it again. */
  restart(name: string): Promise<void>;
  list(): WorkerStats[];
  /** The actors of all workers that answer, the main thread's included. */
  actors(): Promise<ActorStats[]>;
  /** What each worker's `stats` hook says; null for one that does not answer. */
  stats(): Promise<{ readonly name: string; readonly stats: unknown }[]>;
  /** Gives one worker a new config, kept for its later lives. Rejects, and keeps the old one, when the worker refuses. */
  reload(name: string, config: unknown): Promise<void>;
  /** The main thread's own actors, linked with all workers. */
  readonly system: ActorSystem;
}

/**
 * How often workers are asked for a sign of life, in ms: often while the process does something, as one that hangs shall be back
 * within three seconds, and seldom while it does nothing.
 */
const WATCH_EVERY_MS = 100;
const CALM_WATCH_EVERY_MS = 650;
/** Part of a core that a process uses which does nothing, and looks in a row that find it so. */
const CALM_CPU_PART = 0.05;
const CALM_AFTER = 20;
/** A timer of ours that came later than this says nothing about others. */
const LATE_MS_MAX = 200;
const SILENT_MS_MAX = 1_950;
const START_MS_MAX = 60_000;
const STATS_MS_MAX = 2_000;
/** What a worker that must go for another's sake, or for an operator's, may take for it. */
const ORDERLY_STOP_MS_MAX = 1_000;
const OPERATOR_STOP_MS_MAX = 10_000;

interface Slot {
  readonly spec: WorkerSpec;
  config: unknown;
  state: WorkerState;
  life: WorkerLife | null;
  restarts: number;
  restartTimes: number[];
  startedAtMs: number | null;
  lastError: string | null;
  rest: Cancel | null;
}

/** Makes the supervisor; nothing runs before `start`. */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  return new WorkerSupervisor(options);
}

class WorkerSupervisor implements Supervisor {
  readonly #slots: Slot[];
  readonly #node: string;
  readonly #system: HostedSystem;
  readonly #bellMemory = Bell.memory();
  readonly #bell = new Bell(this.#bellMemory);
  #stopping = false;
  #watching: Cancel | null = null;

  constructor(private readonly options: SupervisorOptions) {
    const names = options.specs.map(({ name }) => name);
    assert(new Set([...names, "main"]).size === names.length + 1, "two workers have the same name");
    this.#node = options.node ?? "local";
    const { clock, log, random } = options;
    const onFatal = (error: unknown) => options.onFatal(new Failure("down", describeError(error)));
    this.#system = createActorSystem({ node: this.#node, worker: "main", clock, log, random, onFatal });
    this.#slots = options.specs.map((spec) => ({
      spec,
      config: spec.config,
      state: "stopped",
      life: null,
      restarts: 0,
      restartTimes: [],
      startedAtMs: null,
      lastError: null,
      rest: null,
    }));
  }

  get system(): ActorSystem {
    return this.#system;
  }

  async start(): Promise<void> {
    this.#watch({ atMs: this.options.clock.monotonicMs(), cpuMs: cpuMsUsed(), quiet: 0 });
    try {
      for (const slot of this.#slots) await this.#begin(slot);
    } catch (error) {
      await this.stop(ORDERLY_STOP_MS_MAX);
      throw error;
    }
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    const until = this.options.clock.monotonicMs() + graceMs;
    for (const slot of [...this.#slots].reverse()) {
      slot.rest?.();
      slot.rest = null;
      await this.#end(slot, Math.max(1, until - this.options.clock.monotonicMs()));
      if (slot.state !== "failed") slot.state = "stopped";
    }
    this.#watching?.();
    this.#watching = null;
    await this.#bounded(this.#system.shutdown(), Math.max(1, until - this.options.clock.monotonicMs()));
    this.#bell.close();
  }

  async drain(): Promise<void> {
    for (const { life, spec } of [...this.#slots].reverse()) {
      await life?.drain(OPERATOR_STOP_MS_MAX).catch((error) => this.#warn("worker did not drain", spec.name, error));
    }
  }

  async restart(name: string): Promise<void> {
    const slot = this.#slotOf(name);
    if (slot.state === "starting" || slot.state === "stopping") {
      throw new Failure("busy", `worker ${name} is ${slot.state}`);
    }
    slot.rest?.();
    slot.rest = null;
    await this.#end(slot, OPERATOR_STOP_MS_MAX);
    slot.restarts++;
    try {
      await this.#begin(slot);
    } catch (error) {
      this.#startFailed(slot, error);
      throw error;
    }
  }

  list(): WorkerStats[] {
    return this.#slots.map(({ spec, state, restarts, startedAtMs, lastError }) => {
      return { name: spec.name, state, restarts, startedAtMs, lastError };
    });
  }

  async actors(): Promise<ActorStats[]> {
    const lists = this.#slots.map(({ life }) => life?.actors(STATS_MS_MAX).catch(() => []) ?? []);
    return [this.#system.stats(), ...await Promise.all(lists)].flat();
  }

  stats(): Promise<{ readonly name: string; readonly stats: unknown }[]> {
    return Promise.all(this.#slots.map(async ({ life, spec }) => {
      return { name: spec.name, stats: await life?.stats(STATS_MS_MAX).catch(() => null) ?? null };
    }));
  }

  async reload(name: string, config: unknown): Promise<void> {
    const slot = this.#slotOf(name);
    if (slot.life === null) throw new Failure("down", `worker ${name} does not run`);
    await slot.life.reload(config);
    slot.config = config;
  }

  #slotOf(name: string): Slot {
    const slot = this.#slots.find(({ spec }) => spec.name === name);
    if (!slot) throw new Failure("not_found", `there is no worker ${name}`);
    return slot;
  }

  /** Starts one worker and links it with all others before its own `start` runs. */
  async #begin(slot: Slot): Promise<void> {
    if (this.#stopping) throw new Failure("closed", "the supervisor is stopping");
    const { spec, config } = slot;
    const { clock, log, logLevel } = this.options;
    const life: WorkerLife = new WorkerLife({
      node: this.#node,
      name: spec.name,
      url: spec.url,
      permissions: spec.permissions,
      config,
      logLevel: logLevel ?? "info",
      clock,
      startMsMax: spec.startMsMax ?? START_MS_MAX,
      died: (reason) => this.#died(slot, life, reason),
    });
    slot.life = life;
    slot.state = "starting";
    this.options.watcher?.starting(spec.name);
    try {
      await life.boot();
      await this.#mesh(life);
      await life.start();
    } catch (error) {
      life.end(describeError(error));
      this.#lost(slot, life);
      slot.lastError = describeError(error);
      this.options.watcher?.failed(spec.name);
      throw error;
    }
    slot.state = "running";
    this.options.watcher?.started(spec.name);
    slot.startedAtMs = clock.wallMs();
    log.info("worker runs", { worker: spec.name });
  }

  /** Links the worker with the main thread and with every other that can be linked by now: each pair once. */
  async #mesh(life: WorkerLife): Promise<void> {
    const me = { node: this.#node, worker: life.name };
    const toMain = makeChannel(this.#bellMemory, life.bell);
    this.#system.connect(me, channelLink(toMain[0], this.#bell));
    const linked: Promise<unknown>[] = [life.connect({ node: this.#node, worker: "main" }, toMain[1])];
    for (const { life: other } of this.#slots) {
      if (other === null || other === life || !other.booted) continue;
      const [end1, end2] = makeChannel(life.bell, other.bell);
      linked.push(life.connect({ node: this.#node, worker: other.name }, end1));
      other.connect(me, end2).catch(() => {}); // A peer that dies meanwhile is linked again when it is back.
    }
    life.booted = true;
    await Promise.all(linked);
  }

  /** Stops one worker in order, or ends it when that takes too long. */
  async #end(slot: Slot, msMax: number): Promise<void> {
    const { life } = slot;
    if (life === null) return;
    const { clock } = this.options;
    const until = clock.monotonicMs() + msMax;
    const running = slot.state === "running";
    slot.state = "stopping";
    try {
      if (running) {
        await life.drain(msMax);
        await life.stop(Math.max(1, until - clock.monotonicMs()));
      }
    } catch (error) {
      this.#warn("worker did not stop in order", slot.spec.name, error);
    }
    life.end("stopped");
    this.#lost(slot, life);
    slot.state = "stopped";
  }

  /** Tells everybody that this life is over. */
  #lost(slot: Slot, life: WorkerLife): void {
    if (slot.life !== life) return;
    slot.life = null;
    slot.startedAtMs = null;
    this.#system.disconnect(life.name);
    for (const other of this.#slots) if (other.life?.booted) other.life.disconnect(life.name);
  }

  #died(slot: Slot, life: WorkerLife, reason: string): void {
    if (slot.life !== life) return;
    this.options.log.error("worker died", { worker: slot.spec.name, reason });
    slot.lastError = reason;
    const running = slot.state === "running";
    this.#lost(slot, life);
    // One that dies while it starts or stops fails that call, whose caller decides what follows.
    if (running && !this.#stopping) this.#rest(slot);
  }

  /** Waits for the back-off, then starts the worker again (and those after it, if the strategy says so). */
  #rest(slot: Slot): void {
    const { clock, random } = this.options;
    const delayMs = nextRestart(slot.restartTimes, clock.monotonicMs(), slot.spec.restart, random);
    if (delayMs === null) {
      slot.state = "failed";
      const why = `worker ${slot.spec.name} fails too often: ${slot.lastError}`;
      return this.options.onFatal(new Failure("down", why));
    }
    slot.state = "resting";
    slot.rest = clock.after(delayMs, () => {
      slot.rest = null;
      slot.restarts++;
      this.#again(slot).catch((error) => this.#startFailed(slot, error));
    });
  }

  async #again(slot: Slot): Promise<void> {
    if (slot.spec.strategy === "one-for-one") return await this.#begin(slot);
    const after = this.#slots.slice(this.#slots.indexOf(slot) + 1).filter(({ state }) => state === "running");
    for (const later of [...after].reverse()) await this.#end(later, ORDERLY_STOP_MS_MAX);
    await this.#begin(slot);
    for (const later of after) {
      if (this.#stopping) return;
      await this.#begin(later).catch((error) => this.#startFailed(later, error));
    }
  }

  #startFailed(slot: Slot, error: unknown): void {
    this.#warn("worker did not start", slot.spec.name, error);
    if (!this.#stopping) this.#rest(slot);
  }

  /**
   * Notices workers that hang or closed themselves. Silence counts only while this thread's own timer ran on time: when the
   * machine stood still, so did they.
   */
  #watch({ atMs, cpuMs, quiet }: Look): void {
    const everyMs = quiet >= CALM_AFTER ? CALM_WATCH_EVERY_MS : WATCH_EVERY_MS;
    this.#watching = this.options.clock.after(everyMs, () => {
      this.#bell.check();
      const now = { atMs: this.options.clock.monotonicMs(), cpuMs: cpuMsUsed() };
      const passedMs = now.atMs - atMs;
      const onTime = passedMs < everyMs + LATE_MS_MAX;
      let owed = false;
      for (const { life } of this.#slots) {
        if (!life?.watched || !onTime) continue;
        const silentMs = life.silentFor(passedMs);
        owed ||= silentMs > 0;
        if (silentMs < (this.options.silentMsMax ?? SILENT_MS_MAX)) continue;
        life.die(`silent for ${Math.round(silentMs)} ms`);
        this.options.watcher?.hung(life.name);
      }
      const isQuiet = !owed && now.cpuMs - cpuMs < CALM_CPU_PART * passedMs;
      this.#watch({ ...now, quiet: isQuiet ? quiet + 1 : 0 });
    });
  }

  /** Waits for `work`, but not longer than `msMax`. */
  #bounded(work: Promise<void>, msMax: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.options.clock.after(msMax, resolve);
      work.then(resolve, reject).finally(cancel);
    });
  }

  #warn(event: string, worker: string, error: unknown): void {
    this.options.log.warn(event, { worker, error: describeError(error) });
  }
}

/** When the workers were looked at, the CPU time of the process by then, and the looks in a row before that found it quiet. */
interface Look {
  readonly atMs: number;
  readonly cpuMs: number;
  readonly quiet: number;
}

function cpuMsUsed(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
