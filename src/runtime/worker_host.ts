import { expose } from "comlink";
import {
  assert,
  type Clock,
  describeError,
  jsonLog,
  type Log,
  type LogLevel,
  type Random,
  systemClock,
  systemRandom,
} from "../base/mod.ts";
import { createActorSystem, type HostedSystem } from "./actor_system.ts";
import { Bell, channelLink } from "./channel/mod.ts";
import { type BeatSignal, type HostSignal, outcome, outcomeOf, type WorkerControl } from "./control.ts";
import { LogLines } from "./log_lines.ts";
import type { ActorSystem } from "./types.ts";

/** What an entry file in `workers/` works with. */
export interface WorkerHost<C> {
  readonly system: ActorSystem;
  readonly name: string;
  /** Plain data that the supervisor gave. */
  readonly config: C;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
}

/** What the supervisor may ask of a running worker. */
export interface WorkerHooks<C> {
  /** Stops taking new work and finishes what was begun. */
  drain?(): Promise<void>;
  /** Lets go of what `start` took; called once, when all actors have stopped. */
  stop?(): Promise<void>;
  /** Takes a new config; rejects when it cannot, and goes on with the old one. */
  reload?(config: C): Promise<void>;
  /** Plain data for the operator. */
  stats?(): unknown;
}

/** The first and only call of an entry file: makes the worker's system and runs `start` when the supervisor says so. */
export function hostWorker<C = unknown>(
  entry: { start(host: WorkerHost<C>): Promise<WorkerHooks<C>> | WorkerHooks<C> },
): void {
  const scope = globalThis as unknown as { postMessage(signal: HostSignal): void };
  const clock = systemClock();
  const random = systemRandom();
  const lines = new LogLines((text) => console.error(text));
  let booted: { host: WorkerHost<C>; system: HostedSystem; bell: Bell } | null = null;
  let hooks: WorkerHooks<C> = {};
  const home = () => {
    assert(booted !== null, "a worker was used before it was booted");
    return booted;
  };
  const control: WorkerControl = {
    boot: ({ node, name, config, logLevel, pulse, bell: bellMemory }) =>
      outcome(() => {
        const bell = new Bell(bellMemory);
        const beats = new Int32Array(pulse);
        addEventListener("message", ({ data }: MessageEvent<Partial<BeatSignal> | null>) => {
          if (data?.signal !== "beat") return;
          Atomics.add(beats, 0, 1);
          bell.check();
        });
        const write = (line: string, level: LogLevel) => lines.add(line, level);
        const log = jsonLog({ level: logLevel, wallMs: () => clock.wallMs(), write, fields: { worker: name } });
        const onFatal = (error: unknown) => {
          lines.flush();
          scope.postMessage({ signal: "fatal", error: describeError(error) });
        };
        const system = createActorSystem({ node, worker: name, clock, log, random, onFatal });
        booted = { system, bell, host: { system, name, config: config as C, clock, log, random } };
        return null;
      }),
    connect: (peer, end) => outcome(() => (home().system.connect(peer, channelLink(end, home().bell)), null)),
    disconnect: (worker) => outcome(() => (home().system.disconnect(worker), null)),
    start: () => outcomeOf(async () => ((hooks = await entry.start(home().host)), null)),
    drain: () => outcomeOf(async () => (await hooks.drain?.(), null)),
    stop: () =>
      outcomeOf(async () => {
        await home().system.shutdown();
        await hooks.stop?.();
        lines.flush();
        return null;
      }),
    reload: (config) => outcomeOf(async () => (await hooks.reload?.(config as C), null)),
    stats: () => outcomeOf(async () => (await hooks.stats?.()) ?? null),
    actors: () => outcome(() => home().system.stats()),
  };
  expose(control);
  // Whatever ends the worker, its last words are heard.
  for (const end of ["error", "unhandledrejection"]) addEventListener(end, () => lines.flush());
  scope.postMessage({ signal: "loaded" });
}
