import { asFailure, describeError, Failure, type FailureKind, type LogLevel } from "../base/mod.ts";
import type { ChannelEnd } from "./channel/mod.ts";
import type { ActorStats } from "./types.ts";

/** What a worker posts beside its answers to control calls. */
export type HostSignal = { readonly signal: "loaded" } | { readonly signal: "fatal"; readonly error: string };

/** What a worker is asked beside them: to count one beat, as only a thread whose event loop turns can. */
export type BeatSignal = { readonly signal: "beat" };

/** What a worker is told first. */
export interface WorkerInit {
  readonly node: string;
  readonly name: string;
  readonly config: unknown;
  readonly logLevel: LogLevel;
  /** Where it counts its beats; the supervisor reads them there, and is woken by none. */
  readonly pulse: SharedArrayBuffer;
  /** What wakes it when its peers have sent something. */
  readonly bell: SharedArrayBuffer;
}

export interface PeerName {
  readonly node: string;
  readonly worker: string;
}

/** An outcome as plain data: comlink would drop a failure's kind. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly kind: FailureKind; readonly message: string; readonly temporary: boolean };

/** What the supervisor may ask of a worker, in the order of its life. Called through comlink. */
export interface WorkerControl {
  boot(init: WorkerInit): Outcome<null>;
  connect(peer: PeerName, end: ChannelEnd): Outcome<null>;
  disconnect(worker: string): Outcome<null>;
  start(): Promise<Outcome<null>>;
  drain(): Promise<Outcome<null>>;
  stop(): Promise<Outcome<null>>;
  reload(config: unknown): Promise<Outcome<null>>;
  stats(): Promise<Outcome<unknown>>;
  actors(): Outcome<ActorStats[]>;
}

/** The outcome of `run`. */
export function outcome<T>(run: () => T): Outcome<T> {
  try {
    return { ok: true, value: run() };
  } catch (error) {
    return failed(error);
  }
}

/** The outcome of `run`, once it has settled. */
export async function outcomeOf<T>(run: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await run() };
  } catch (error) {
    return failed(error);
  }
}

function failed(error: unknown): Outcome<never> {
  const failure = asFailure(error) ?? new Failure("down", describeError(error));
  const { kind, message, temporary } = failure;
  return { ok: false, kind, message, temporary };
}

/** The value of an outcome, or its Failure thrown. */
export async function valueOf<T>(pending: PromiseLike<Outcome<T>>): Promise<T> {
  const result = await pending;
  if (result.ok) return result.value;
  throw new Failure(result.kind, result.message, { temporary: result.temporary });
}
