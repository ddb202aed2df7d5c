import { setImmediate } from "node:timers";
import { assert, type Clock, describeError, Failure, type FailureKind, type Log, type Random } from "../base/mod.ts";
import { ActorCell, type CellHost } from "./actor_cell.ts";
import { AskTable } from "./ask_table.ts";
import {
  ACTOR_NAME_CHARS_MAX,
  ACTORS_MAX,
  ASK_DEADLINE_MS,
  DEADLINE_MS_MAX,
  LINK_BYTES_MAX,
  TURN_ROUNDS_MAX,
} from "./limits.ts";
import { Link, type LinkOwner, type LinkPort, type LinkStats } from "./link.ts";
import type { InboxItem, Message, ReplySink } from "./message.ts";
import { ActorRef, NOBODY, type RefOrigin, type RefOwner } from "./ref.ts";
import { DEFAULT_RESTART_POLICY, nextRestart, type RestartPolicy } from "./restart_policy.ts";
import type { ActorAddress, ActorDefinition, ActorStats, ActorSystem, AnyDefinition, Protocol, Ref } from "./types.ts";
import type { Frame } from "./wire.ts";

/** What a system is made of. */
export interface ActorSystemOptions {
  readonly node: string;
  readonly worker: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  /** Runs the next turn soon; `setImmediate` unless the simulator decides. */
  readonly schedule?: (turn: () => void) => void;
  /** How actors are started again. */
  readonly restart?: RestartPolicy;
  /** Bytes on the way to one peer beyond which senders are told "busy". */
  readonly linkBytesMax?: number;
  /** An actor failed more often than the policy allows. Unless given, the error is thrown and the worker dies of it. */
  readonly onFatal?: (error: unknown) => void;
}

/** A system with what its worker host or simulator needs besides: the links. */
export interface HostedSystem extends ActorSystem {
  /** Makes a link to a peer; one that stood before to the same worker is ended first. */
  connect(peer: { readonly node: string; readonly worker: string }, port: LinkPort): void;
  /** The peer is gone: asks to it fail with `down`, watches on its actors fire. */
  disconnect(worker: string): void;
  links(): LinkStats[];
}

type OnDemand = (name: string) => { definition: AnyDefinition; args: unknown } | null;

/** Makes the actors' home in one worker. */
export function createActorSystem(options: ActorSystemOptions): HostedSystem {
  return new System(options);
}

class System implements HostedSystem, CellHost, LinkOwner, RefOwner {
  readonly node: string;
  readonly worker: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  readonly #schedule: (turn: () => void) => void;
  readonly #policy: RestartPolicy;
  readonly #cells = new Map<string, ActorCell>();
  readonly #links = new Map<string, Link>();
  readonly #onDemand: { prefix: string; make: OnDemand }[] = [];
  readonly #asks: AskTable;
  /** Watches of local actors on remote ones. */
  readonly #watches = new Map<number, { worker: string; notify: () => void }>();
  #nextWatch = 1;
  /** Told messages that were dropped. */
  #dropped = 0;
  #ready: ActorCell[] = [];
  #drains: ActorCell[] = [];
  #flushes: Link[] = [];
  #scheduled = false;
  #inTurn = false;
  /** Nothing new starts; what stops may still ask. */
  #closing = false;
  #closed = false;

  constructor(private readonly options: ActorSystemOptions) {
    this.node = options.node;
    this.worker = options.worker;
    this.clock = options.clock;
    this.log = options.log;
    this.random = options.random;
    this.#schedule = options.schedule ?? ((turn) => void setImmediate(turn));
    this.#policy = options.restart ?? DEFAULT_RESTART_POLICY;
    this.#asks = new AskTable(options.clock);
  }

  async spawn<P extends Protocol<P>, S, A>(
    definition: ActorDefinition<P, S, A>,
    { name, args }: { readonly name: string; readonly args: A },
  ): Promise<Ref<P>> {
    assert(name.length > 0 && name.length <= ACTOR_NAME_CHARS_MAX, "an actor's name is empty or too long");
    if (this.#closing) throw new Failure("closed", `worker ${this.worker} is stopping`);
    if (this.#cells.has(name)) throw new Failure("exists", `actor ${name} runs already`);
    const cell = this.#addCell(name, definition, args, false);
    try {
      await cell.start();
    } catch (error) {
      cell.abandon();
      throw error;
    }
    return this.ref<P>(cell.address);
  }

  onDemand(prefix: string, make: OnDemand): void {
    this.#onDemand.push({ prefix, make });
  }

  ref<P extends Protocol<P>>(address: ActorAddress): Ref<P> {
    return new ActorRef(address, this, NOBODY);
  }

  async stop(name: string): Promise<void> {
    await this.#cells.get(name)?.stop();
  }

  async shutdown(): Promise<void> {
    this.#closing = true;
    for (const name of [...this.#cells.keys()].reverse()) await this.stop(name);
    for (const link of [...this.#links.values()]) {
      link.flush();
      this.disconnect(link.peer.worker);
    }
    this.#closed = true;
    this.#asks.close(() => new Failure("down", `worker ${this.worker} has stopped`));
  }

  stats(): ActorStats[] {
    return [...this.#cells.values()].map((cell) => cell.stats());
  }

  links(): LinkStats[] {
    return [...this.#links.values()].map((link) => link.stats());
  }

  connect(peer: { readonly node: string; readonly worker: string }, port: LinkPort): void {
    this.disconnect(peer.worker);
    const bytesMax = this.options.linkBytesMax ?? LINK_BYTES_MAX;
    this.#links.set(peer.worker, new Link(peer, port, this, this.log, bytesMax));
  }

  disconnect(worker: string): void {
    const link = this.#links.get(worker);
    if (!link) return;
    this.#links.delete(worker);
    link.close();
    this.#asks.failWorker(worker, () => new Failure("down", `worker ${worker} is gone`));
    for (const [id, watch] of [...this.#watches]) {
      if (watch.worker === worker && this.#watches.delete(id)) watch.notify();
    }
  }

  tellTo(origin: RefOrigin, to: ActorAddress, type: string, request: unknown): boolean {
    try {
      return this.#send(origin.name, origin.trace, to, type, request, null, 0) === null;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#inVain(to.actor, type, error.message);
      return false;
    }
  }

  askOf(
    origin: RefOrigin,
    to: ActorAddress,
    type: string,
    request: unknown,
    options: { readonly deadlineMs?: number; readonly trace?: string } | undefined,
  ): Promise<unknown> {
    const deadlineMs = Math.min(DEADLINE_MS_MAX, options?.deadlineMs ?? ASK_DEADLINE_MS);
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new Failure("down", `worker ${this.worker} has stopped`));
      if (!(deadlineMs > 0)) return reject(new Failure("deadline", `${type} was asked too late`));
      const ask = this.#asks.open(to.worker, `${type} to ${to.worker}/${to.actor}`, deadlineMs, resolve, reject);
      if (ask === null) return reject(new Failure("busy", `worker ${this.worker} waits for too many answers`));
      try {
        const trace = options?.trace ?? origin.trace;
        const refused = this.#send(origin.name, trace, to, type, request, { sink: ask, id: ask.id }, deadlineMs);
        if (refused !== null) ask.fail(new Failure(refused, `${type} to ${to.worker}/${to.actor}: ${refused}`));
      } catch (error) {
        if (error instanceof Failure) return ask.fail(error);
        this.#asks.forget(ask.id);
        throw error;
      }
    });
  }

  // What cells call.

  systemFor(cell: ActorCell): ActorSystem {
    return {
      node: this.node,
      worker: this.worker,
      spawn: (definition, options) => this.spawn(definition, options),
      onDemand: (prefix, make) => this.onDemand(prefix, make),
      ref: (address) => new ActorRef(address, this, cell),
      stop: (name) => this.stop(name),
      shutdown: () => this.shutdown(),
      stats: () => this.stats(),
    };
  }

  makeReady(cell: ActorCell): void {
    if (cell.queued) return;
    cell.queued = true;
    this.#ready.push(cell);
    this.#wantTurn();
  }

  wantDrain(cell: ActorCell): void {
    this.#drains.push(cell);
    this.#wantTurn();
  }

  restartDelayMs(cell: ActorCell): number | null {
    return nextRestart(cell.restartTimes, this.clock.monotonicMs(), this.#policy, this.random);
  }

  gone(cell: ActorCell, left: readonly InboxItem[]): void {
    if (this.#cells.get(cell.name) === cell) this.#cells.delete(cell.name);
    for (const item of left) {
      if (item.kind !== "message") continue;
      const refused = cell.onDemand && !this.#closing ? this.#deliver(cell.name, item) : "down";
      if (refused !== null) item.sink?.fail(new Failure(refused, `${this.worker}/${cell.name}: ${refused}`));
    }
  }

  fatal(cell: ActorCell, error: unknown): void {
    this.log.error("actor fails too often", { actor: cell.name, error: describeError(error) });
    if (this.options.onFatal) return this.options.onFatal(error);
    queueMicrotask(() => {
      throw error;
    });
  }

  watch(address: ActorAddress, notify: () => void): () => void {
    if (address.node === this.node && address.worker === this.worker) {
      const target = this.#cells.get(address.actor);
      if (!target?.alive) return notify(), () => {};
      target.watchers.add(notify);
      return () => void target.watchers.delete(notify);
    }
    const link = address.node === this.node ? this.#links.get(address.worker) : undefined;
    if (!link) return notify(), () => {};
    const id = this.#nextWatch++;
    this.#watches.set(id, { worker: address.worker, notify });
    link.control({ kind: "watch", id, actor: address.actor });
    return () => {
      if (this.#watches.delete(id)) this.#links.get(address.worker)?.control({ kind: "unwatch", id });
    };
  }

  // What links call.

  wantFlush(link: Link): void {
    this.#flushes.push(link);
    this.#wantTurn();
  }

  received(link: Link, frame: Frame): void {
    switch (frame.kind) {
      case "message":
        return this.#receivedMessage(link, frame);
      case "ok":
        return this.#askAnswered(link, frame.id)?.ok(frame.value);
      case "fail":
        return this.#askAnswered(link, frame.id)?.fail(frame.failure);
      case "watch":
        return this.#receivedWatch(link, frame.id, frame.actor);
      case "unwatch":
        link.watches.get(frame.id)?.();
        return void link.watches.delete(frame.id);
      case "gone": {
        const watch = this.#watches.get(frame.id);
        if (watch?.worker === link.peer.worker && this.#watches.delete(frame.id)) watch.notify();
      }
    }
  }

  /** A peer may answer only what it was asked itself. */
  #askAnswered(link: Link, id: number) {
    const ask = this.#asks.get(id);
    return ask?.worker === link.peer.worker ? ask : undefined;
  }

  #receivedMessage(link: Link, frame: Frame & { readonly kind: "message" }): void {
    const { id, type, request, trace } = frame;
    const sink: ReplySink | null = id === 0 ? null : {
      ok: (value, moved) => link.answer(id, value, moved),
      fail: (failure) => link.control({ kind: "fail", id, failure }),
    };
    const message: Message = {
      kind: "message",
      type,
      request,
      sink,
      sender: { node: link.peer.node, worker: link.peer.worker, actor: frame.from },
      deadlineAt: id === 0 ? Infinity : this.clock.monotonicMs() + frame.deadlineMs,
      bytes: frame.bytes,
      trace,
    };
    const refused = this.#deliver(frame.to, message);
    if (refused === null) return;
    if (sink) sink.fail(new Failure(refused, `${type} to ${this.worker}/${frame.to}: ${refused}`));
    else this.#inVain(frame.to, type, refused);
  }

  /** What was told cannot be answered, so the log says that it was dropped: the 1st, 2nd, 4th, 8th … time. */
  #inVain(actor: string, message: string, reason: string): void {
    const count = ++this.#dropped;
    if ((count & (count - 1)) === 0) this.log.warn("told in vain", { actor, message, reason, count });
  }

  #receivedWatch(link: Link, id: number, actor: string): void {
    const cell = this.#cells.get(actor);
    if (!cell?.alive || link.watches.has(id) || link.watches.size >= WATCHES_PER_LINK_MAX) {
      return link.control({ kind: "gone", id });
    }
    const notify = () => {
      link.watches.delete(id);
      link.control({ kind: "gone", id });
    };
    cell.watchers.add(notify);
    link.watches.set(id, () => cell.watchers.delete(notify));
  }

  #send(
    from: string,
    trace: string | undefined,
    to: ActorAddress,
    type: string,
    request: unknown,
    asked: { readonly sink: ReplySink; readonly id: number } | null,
    deadlineMs: number,
  ): FailureKind | null {
    if (to.node !== this.node) return "down";
    if (to.worker !== this.worker) {
      const link = this.#links.get(to.worker);
      if (!link) return "down";
      const id = asked?.id ?? 0;
      const frame = { kind: "message", to: to.actor, from, type, id, deadlineMs, trace, request, bytes: 0 } as const;
      return link.offer(frame) ? null : "busy";
    }
    return this.#deliver(to.actor, {
      kind: "message",
      type,
      request,
      sink: asked?.sink ?? null,
      sender: { node: this.node, worker: this.worker, actor: from },
      deadlineAt: asked === null ? Infinity : this.clock.monotonicMs() + deadlineMs,
      bytes: 0,
      trace,
    });
  }

  #deliver(name: string, message: Message): FailureKind | null {
    const cell = this.#cells.get(name);
    if (cell) return cell.accept(message);
    const entry = this.#onDemand.find(({ prefix }) => name.startsWith(prefix));
    if (!entry || this.#closing) return "down";
    if (this.#cells.size >= ACTORS_MAX) return "busy";
    const made = entry.make(name);
    if (made === null) return "not_found";
    const started = this.#addCell(name, made.definition, made.args, true);
    const refused = started.accept(message);
    started.start().catch((error) => this.#startFailed(started, error));
    return refused;
  }

  /** An actor that cannot start on demand answers all that waited for it; the next message tries again. */
  #startFailed(cell: ActorCell, error: unknown): void {
    this.log.error("actor did not start", { actor: cell.name, error: describeError(error) });
    const failure = error instanceof Failure ? error : new Failure("down", `${this.worker}/${cell.name} did not start`);
    cell.failAll(failure);
    cell.abandon();
  }

  #addCell(name: string, definition: AnyDefinition, args: unknown, onDemand: boolean): ActorCell {
    const address = { node: this.node, worker: this.worker, actor: name };
    const cell = new ActorCell(address, definition, args, this, onDemand);
    this.#cells.set(name, cell);
    return cell;
  }

  #wantTurn(): void {
    if (this.#scheduled || this.#inTurn) return;
    this.#scheduled = true;
    this.#schedule(() => this.#turn());
  }

  /** Drains the inboxes fairly, then lets the drained actors do their common work, then sends one batch to each peer. */
  #turn(): void {
    this.#scheduled = false;
    this.#inTurn = true;
    try {
      this.#runReady();
      for (const cell of this.#drains.splice(0)) cell.drain();
      for (const link of this.#flushes.splice(0)) link.flush();
    } finally {
      this.#inTurn = false;
      if (this.#ready.length + this.#drains.length + this.#flushes.length > 0) this.#wantTurn();
    }
  }

  #runReady(): void {
    for (let round = 0; round < TURN_ROUNDS_MAX && this.#ready.length > 0; round++) {
      for (const cell of this.#ready.splice(0)) cell.turn();
    }
  }
}

/** Watches that one peer may hold here. */
const WATCHES_PER_LINK_MAX = 200_000;
