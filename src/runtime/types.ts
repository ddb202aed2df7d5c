import type { Clock, Log, Random } from "../base/mod.ts";

/** Where an actor lives. Plain data: it may travel inside any message and means the same everywhere. */
export interface ActorAddress {
  /** Name of the machine in the cluster; "local" while there is only one. */
  readonly node: string;
  /** Worker on that node: "main", "listener-0", "mailbox-1", "directory" … */
  readonly worker: string;
  /** Name inside the worker: "router", "domain/smith.test" … */
  readonly actor: string;
}

/**
 * What an actor understands: message name → what is asked and what is answered. `reply: void` marks a message that is
 * only told. All of it is plain data that msgpack can carry (Uint8Array included, no class instances, no Map or Set).
 */
export type ProtocolShape = Record<string, { readonly request: unknown; readonly reply: unknown }>;
/** Any interface whose members have the form of ProtocolShape (interfaces have no index signature). */
export type Protocol<P> = { [K in keyof P]: { readonly request: unknown; readonly reply: unknown } };

/** A handle to an actor, wherever it lives. Cheap to make, never fails by itself. */
export interface Ref<P extends Protocol<P>> {
  readonly address: ActorAddress;
  /** Sends without waiting. False when the inbox (or the batch to that worker) is full or the worker is known to be down. */
  tell<K extends keyof P & string>(type: K, request: P[K]["request"]): boolean;
  /**
   * Sends and waits for the answer. Rejects with Failure: `busy` (inbox full), `down` (actor or worker gone), `deadline`,
   * or the Failure the handler threw or answered, its kind and message kept. Default deadline 30 s.
   */
  ask<K extends keyof P & string>(
    type: K,
    request: P[K]["request"],
    options?: { readonly deadlineMs?: number; readonly trace?: string },
  ): Promise<P[K]["reply"]>;
}

/** Answers one message, now or later, once. A message that was told swallows the answer. */
export interface Reply<T> {
  /** The bytes in the fields `moved` are given away, and go to another worker without a copy: nobody here may use them any more. */
  ok(value: T, moved?: readonly (keyof T & string)[]): void;
  /** A Failure reaches the asker as it is; anything else as a `down` Failure without detail. */
  fail(error: unknown): void;
}

/** What a handler may use. */
export interface Context<P extends Protocol<P>> {
  readonly self: Ref<P>;
  readonly system: ActorSystem;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  /** Who sent the message being handled (actor "" when no actor did). Read it before the handler returns. */
  readonly sender: ActorAddress;
  /** Trace id of the message being handled; what is sent while it is handled carries it on. */
  readonly trace: string | undefined;
  /** Sends a message to itself after `delayMs`; cancelled by itself when the actor stops. */
  later<K extends keyof P & string>(delayMs: number, type: K, request: P[K]["request"]): () => void;
  /** Calls `gone` once when that actor (or its worker) is gone; the handler runs in this actor's turn. Returns "unwatch". */
  watch(address: ActorAddress, gone: () => void): () => void;
  /** Stops this actor after the present message. */
  stop(): void;
}

/** Handles one message in this actor's turn. A returned promise holds the next message back until it settles. */
export type Handler<P extends Protocol<P>, S, K extends keyof P> = (
  state: S,
  request: P[K]["request"],
  reply: Reply<P[K]["reply"]>,
  context: Context<P>,
) => void | Promise<void>;

/** An actor as a table: one handler per message of its protocol; a missing handler does not compile. */
export interface ActorDefinition<P extends Protocol<P>, S, A = void> {
  /** `permanent`: always started again; `transient`: only after a failure; `temporary`: never. */
  readonly restart: "permanent" | "transient" | "temporary";
  /** Messages that may wait, those included whose answer is still owed; beyond it senders are told "busy". */
  readonly inboxMax: number;
  /** Makes the state; what it throws counts as a failed start. */
  init(args: A, context: Context<P>): S | Promise<S>;
  readonly receive: { readonly [K in keyof P]: Handler<P, S, K> };
  /**
   * Tells whether a request from another worker has the form its type promises; false answers `invalid`. For actors that
   * stand behind a border of trust: inside a worker the compiler has checked it.
   */
  readonly accepts?: { readonly [K in keyof P]?: (request: unknown) => boolean };
  /** Whether another worker may send this message at all; false answers `refused`. A peer's name is known from its link. */
  readonly mayAsk?: (type: string, worker: string) => boolean;
  /**
   * Runs once at the end of a turn in which messages were handled (the inbox was emptied, or the turn's limit reached): the
   * place for work that should cover all that waited.
   */
  drained?(state: S, context: Context<P>): void;
  /** Lets go of what `init` took. Called on stop and before a restart. */
  stopped?(state: S): void | Promise<void>;
  /** Stops a started-on-demand actor after this long without messages, in ms, if `mayStop` agrees. */
  readonly idleStopMs?: number;
  mayStop?(state: S): boolean;
}

/** Counters of one actor, for `actor list`. */
export interface ActorStats {
  readonly address: ActorAddress;
  readonly inbox: number;
  readonly inboxMax: number;
  readonly handled: number;
  readonly restarts: number;
  readonly busy: number;
  /** Longest time one message took, in ms, since the start. */
  readonly slowestMs: number;
}

/** The actors of one worker and its links to the other workers. */
export interface ActorSystem {
  readonly node: string;
  readonly worker: string;
  /** Starts an actor under the local supervisor and resolves when its `init` is done. */
  spawn<P extends Protocol<P>, S, A>(
    definition: ActorDefinition<P, S, A>,
    options: { readonly name: string; readonly args: A },
  ): Promise<Ref<P>>;
  /**
   * Names that start with `prefix` are started by `make` when the first message for them arrives (which waits in the
   * inbox meanwhile). `make` answers null for a name that must not exist: the asker gets `not_found`.
   */
  onDemand(prefix: string, make: (name: string) => { definition: AnyDefinition; args: unknown } | null): void;
  ref<P extends Protocol<P>>(address: ActorAddress): Ref<P>;
  /** Asks the actor to stop after what is in its inbox; resolves when it is gone. */
  stop(name: string): Promise<void>;
  /** Stops all actors, last started first. */
  shutdown(): Promise<void>;
  stats(): ActorStats[];
}

// deno-lint-ignore no-explicit-any
export type AnyDefinition = ActorDefinition<any, any, any>;
