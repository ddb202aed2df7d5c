import { setImmediate } from "node:timers";
import {
  assert,
  type Clock,
  describeError,
  FakeClock,
  type Log,
  type Random,
  seededRandom,
  SILENT,
} from "../base/mod.ts";
import { createActorSystem, type HostedSystem } from "./actor_system.ts";
import type { RestartPolicy } from "./restart_policy.ts";
import { SimLink } from "./sim_link.ts";
import type { ActorSystem } from "./types.ts";

/** Starts the actors of one simulated worker, at its first start and at every later one. */
export type SimBoot = (host: {
  readonly system: ActorSystem;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Whether the dependency named `point` fails this time, at the rate set by `faults`. */
  readonly fails: (point: string) => boolean;
}) => void | Promise<void>;

export interface SimulationOptions {
  readonly seed: number;
  readonly log?: Log;
  readonly restart?: RestartPolicy;
  /** Chances (0 to 1) that a named dependency fails: `{ "disk.flush": 0.1 }`. */
  readonly faults?: Readonly<Record<string, number>>;
}

interface SimWorker {
  readonly name: string;
  readonly boot: SimBoot;
  system: HostedSystem | null;
  turn: (() => void) | null;
  /** Grows with each life; what belongs to an earlier one does nothing. */
  life: number;
}

/** Steps of one `run` at most: a simulation that never comes to rest is a finding, too. */
const STEPS_MAX = 1_000_000;
/** Part of the steps that let time pass although something could happen at once: the latency of links. */
const LATENCY_CHANCE = 0.1;
const LATENCY_MS_MAX = 5;

/**
 * Several workers on one thread: a clock that is moved, an order of turns and deliveries drawn from a seed, workers that are
 * lost and come back, dependencies that fail. What crosses workers goes through the real wire. The same seed runs the same
 * way, as long as handlers wait only for messages, timers and each other.
 */
export class Simulation {
  readonly clock = new FakeClock();
  readonly random: Random;
  readonly seed: number;
  /** Chances that dependencies fail; may be changed on the way. */
  readonly faults: Record<string, number>;
  readonly #workers = new Map<string, SimWorker>();
  #links: SimLink[] = [];
  #notices: { readonly system: HostedSystem; readonly gone: string }[] = [];
  #errors: unknown[] = [];

  constructor(private readonly options: SimulationOptions) {
    this.seed = options.seed;
    this.random = seededRandom(options.seed);
    this.faults = { ...options.faults };
  }

  /** Adds a worker and starts it. */
  async worker(name: string, boot: SimBoot = () => {}): Promise<ActorSystem> {
    assert(!this.#workers.has(name), `worker ${name} is there already`);
    const worker: SimWorker = { name, boot, system: null, turn: null, life: 0 };
    this.#workers.set(name, worker);
    return await this.#begin(worker);
  }

  /** The system of a worker that lives. */
  system(name: string): ActorSystem {
    const system = this.#workers.get(name)?.system;
    assert(system, `worker ${name} does not live`);
    return system;
  }

  /** Ends a worker between two of its turns. A part of what it sent last still arrives; the others learn of it later. */
  kill(name: string): void {
    const worker = this.#workers.get(name);
    assert(worker?.system, `worker ${name} does not live`);
    worker.system = null;
    worker.turn = null;
    worker.life++;
    for (const link of this.#links) {
      if (link.to === name) link.close();
      else if (link.from === name) link.loseTail(this.random);
    }
    for (const { system } of this.#workers.values()) if (system) this.#notices.push({ system, gone: name });
  }

  /** Starts a killed worker again; the others hear of its end at the latest now. */
  async restart(name: string): Promise<ActorSystem> {
    const worker = this.#workers.get(name);
    assert(worker && worker.system === null, `worker ${name} lives`);
    for (const notice of this.#notices.filter(({ gone }) => gone === name)) this.#notify(notice);
    return await this.#begin(worker);
  }

  /** Whether the dependency named `point` fails this time. */
  fails(point: string): boolean {
    const chance = this.faults[point] ?? 0;
    return chance > 0 && this.random.next() < chance;
  }

  /** Runs until `until` holds, or nothing can happen any more, or `forMs` (60,000 unless given) of simulated time are over. */
  async run(
    { until, forMs = 60_000 }: { readonly until?: () => boolean; readonly forMs?: number } = {},
  ): Promise<void> {
    const end = this.clock.monotonicMs() + forMs;
    for (let step = 0; step < STEPS_MAX; step++) {
      await settled();
      if (this.#errors.length > 0) throw this.#errors.shift();
      if (until?.()) return;
      const next = this.clock.nextAt();
      const events = this.#events();
      if (events.length === 0) {
        if (next === null || next > end) {
          return this.clock.advance(until ? 0 : Math.max(0, end - this.clock.monotonicMs()));
        }
        this.clock.advance(next - this.clock.monotonicMs());
      } else if (this.random.next() < LATENCY_CHANCE) this.clock.advance(this.random.next() * LATENCY_MS_MAX);
      else events[Math.floor(this.random.next() * events.length)]!();
      if (this.clock.monotonicMs() >= end) return;
    }
    throw new Error(`the simulation did not come to rest in ${STEPS_MAX} steps`);
  }

  /** Stops all workers. */
  async close(): Promise<void> {
    for (const { system } of [...this.#workers.values()].reverse()) {
      if (!system) continue;
      let done = false;
      const stopped = system.shutdown().then(() => void (done = true));
      await this.run({ until: () => done });
      await stopped;
    }
  }

  #events(): (() => void)[] {
    const events: (() => void)[] = [];
    for (const worker of this.#workers.values()) {
      const { turn } = worker;
      if (turn === null) continue;
      events.push(() => {
        worker.turn = null;
        turn();
      });
    }
    this.#links = this.#links.filter((link) => !link.ended);
    for (const link of this.#links) if (link.waiting) events.push(() => link.deliver());
    for (const notice of this.#notices) events.push(() => this.#notify(notice));
    return events;
  }

  #notify(notice: { readonly system: HostedSystem; readonly gone: string }): void {
    this.#notices = this.#notices.filter((other) => other !== notice);
    notice.system.disconnect(notice.gone);
  }

  async #begin(worker: SimWorker): Promise<ActorSystem> {
    const life = ++worker.life;
    const lives = () => worker.life === life;
    const clock = this.#clockOf(lives);
    const random = seededRandom(Math.floor(this.random.next() * 2 ** 32));
    const log = this.options.log ?? SILENT;
    const system = createActorSystem({
      node: "local",
      worker: worker.name,
      clock,
      log,
      random,
      schedule: (turn) => {
        if (lives()) worker.turn = turn;
      },
      ...(this.options.restart ? { restart: this.options.restart } : {}),
      onFatal: (error) => {
        log.error("simulated worker fails", { worker: worker.name, error: describeError(error) });
        if (lives()) this.kill(worker.name);
      },
    });
    for (const other of this.#workers.values()) if (other.system) this.#connect(worker.name, system, other);
    worker.system = system;
    let done = false;
    Promise.resolve(worker.boot({ system, clock, random, log, fails: (point) => this.fails(point) })).then(
      () => void (done = true),
      (error) => this.#errors.push(error),
    );
    await this.run({ until: () => done || !lives() });
    return system;
  }

  #connect(name: string, system: HostedSystem, other: SimWorker): void {
    const there = new SimLink(name, other.name);
    const back = new SimLink(other.name, name);
    this.#links.push(there, back);
    system.connect({ node: "local", worker: other.name }, SimLink.port(there, back));
    other.system!.connect({ node: "local", worker: name }, SimLink.port(back, there));
  }

  /** Timers of a life that is over do not fire. */
  #clockOf(lives: () => boolean): Clock {
    return {
      wallMs: () => this.clock.wallMs(),
      monotonicMs: () => this.clock.monotonicMs(),
      after: (delayMs, run) => this.clock.after(delayMs, () => lives() && run()),
    };
  }
}

/** Runs `body` once for each seed. The seed that fails is printed and named in the error. */
export async function simulate(
  options: Omit<SimulationOptions, "seed"> & {
    readonly seeds: Iterable<number>;
    readonly print?: (line: string) => void;
  },
  body: (simulation: Simulation) => Promise<void>,
): Promise<void> {
  for (const seed of options.seeds) {
    const simulation = new Simulation({ ...options, seed });
    try {
      await body(simulation);
      await simulation.close();
    } catch (cause) {
      const line = `simulation fails with seed ${seed}: ${describeError(cause)}`;
      (options.print ?? console.error)(line);
      throw new Error(line, { cause });
    }
  }
}

/** The seeds from `first` on. */
export function* seeds(first: number, count: number): Generator<number> {
  for (let seed = first; seed < first + count; seed++) yield seed;
}

/** Lets every promise that can settle do so. */
function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
