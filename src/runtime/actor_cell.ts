import {
  asFailure,
  Bug,
  type Cancel,
  type Clock,
  describeError,
  Failure,
  type Log,
  type Random,
  RenewedSet,
} from "../base/mod.ts";
import { CellContext } from "./cell_context.ts";
import { Inbox } from "./inbox.ts";
import { ACTOR_TURN_MESSAGES_MAX, INBOX_BYTES_MAX } from "./limits.ts";
import type { EndReason, InboxItem, Message } from "./message.ts";
import { ActorReply, type ReplyOwner } from "./reply.ts";
import type { ActorAddress, ActorStats, ActorSystem, AnyDefinition } from "./types.ts";

/** What a cell needs of the system that it lives in. */
export interface CellHost {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  systemFor(cell: ActorCell): ActorSystem;
  makeReady(cell: ActorCell): void;
  /** Called for a cell that handled something, once a turn: `drain` comes at the turn's end. */
  wantDrain(cell: ActorCell): void;
  /** Ms until an actor that ended may start again; null when it ends too often, and the worker fails with it. */
  restartDelayMs(cell: ActorCell): number | null;
  /** Called when the cell has let go of everything. `left` still waited in its inbox. */
  gone(cell: ActorCell, left: readonly InboxItem[]): void;
  fatal(cell: ActorCell, error: unknown): void;
  watch(address: ActorAddress, notify: () => void): () => void;
}

type Phase =
  | "starting" // `init` runs; messages wait.
  | "ready"
  | "ending" // `stopped` runs.
  | "resting" // Crashed; starts again after the back-off.
  | "gone";

/** One actor: its state, its inbox and its life. */
export class ActorCell implements ReplyOwner {
  #phase: Phase = "starting";
  #generation = 0;
  #state: unknown = undefined;
  #context: CellContext | null = null;
  readonly #inbox = new Inbox<InboxItem>();
  #inboxBytes = 0;
  #held = false;
  #undrained = false;
  #listed = false;
  #stopAsked = false;
  #stopOrdered = false;
  #restTimer: Cancel | null = null;
  #idleTimer: Cancel | null = null;
  #lastAt = 0;
  #counts = { handled: 0, restarts: 0, busy: 0, slowestMs: 0 };
  #refused = 0;
  readonly #owed = new RenewedSet<ActorReply>();
  readonly #whenGone: (() => void)[] = [];
  /** Who wants to know when this actor is gone. */
  readonly watchers = new Set<() => void>();
  /** Monotonic times of the latest restarts, for the intensity. */
  restartTimes: number[] = [];
  /** True while it stands in the list of ready actors. */
  queued = false;

  constructor(
    readonly address: ActorAddress,
    readonly definition: AnyDefinition,
    private readonly args: unknown,
    private readonly host: CellHost,
    readonly onDemand: boolean,
  ) {}

  get name(): string {
    return this.address.actor;
  }

  /** The trace of the message being handled. */
  get trace(): string | undefined {
    return this.#context?.trace;
  }

  get alive(): boolean {
    return this.#phase === "starting" || this.#phase === "ready";
  }

  stats(): ActorStats {
    const { inboxMax } = this.definition;
    return { address: this.address, inbox: this.#inbox.length, inboxMax, ...this.#counts };
  }

  /** Runs `init`. Rejects with what it threw; the actor is then as if it had never been started. */
  async start(): Promise<void> {
    const generation = ++this.#generation;
    this.#phase = "starting";
    const context = new CellContext(this, this.host, this.host.systemFor(this));
    this.#context = context;
    let state: unknown;
    try {
      state = await this.definition.init(this.args, context);
    } catch (error) {
      context.close();
      throw error;
    }
    if (generation !== this.#generation) return void await this.#letGo(state);
    this.#state = state;
    this.#phase = "ready";
    this.#lastAt = this.host.clock.monotonicMs();
    this.#armIdle();
    if (this.#inbox.length > 0) this.host.makeReady(this);
  }

  /** Takes a message, or says why not. */
  accept(message: Message): "busy" | "down" | null {
    if (!this.alive && !(this.onDemand && this.#phase === "ending")) return "down";
    if (this.#full() || this.#inboxBytes + message.bytes > INBOX_BYTES_MAX && this.#inboxBytes > 0) {
      this.#counts.busy++;
      return "busy";
    }
    this.#inboxBytes += message.bytes;
    this.#put(message);
    return null;
  }

  /** Queues work of this actor's own (timers, "gone"), which is never refused. */
  call(run: () => void): void {
    if (this.alive) this.#put({ kind: "call", run });
  }

  /** Queues a message to itself that fell due; never refused, for the number of timers is bounded. */
  remind(message: Message): void {
    if (this.alive) this.#put(message);
  }

  /** Handles what waits, up to the limit of one turn. */
  turn(): void {
    this.queued = false;
    for (let count = 0; count < ACTOR_TURN_MESSAGES_MAX && this.#phase === "ready" && !this.#held; count++) {
      const item = this.#inbox.shift();
      if (item === undefined) break;
      if (item.kind === "message") this.#handle(item);
      else if (item.kind === "stop") this.#end("stopped", undefined);
      else this.#guard(item.run);
    }
    if (this.#phase === "ready" && !this.#held && this.#inbox.length > 0) this.host.makeReady(this);
  }

  /** The end of the turn: the place for work that covers all that was handled in it. */
  drain(): void {
    this.#listed = false;
    if (this.#phase !== "ready" || this.#held || !this.#undrained) return;
    this.#undrained = false;
    const { drained } = this.definition;
    if (drained) this.#guard(() => drained(this.#state, this.#context!));
  }

  /** Stops after what waits now; resolves when the actor is gone. */
  stop(): Promise<void> {
    if (this.#phase === "gone") return Promise.resolve();
    this.#stopOrdered = true;
    const gone = new Promise<void>((resolve) => this.#whenGone.push(resolve));
    if (this.#phase === "resting") this.#leave();
    else if (this.alive) this.#put({ kind: "stop" });
    return gone;
  }

  /** Stops after the message being handled, as the actor itself asked. */
  stopSelf(): void {
    this.#stopAsked = true;
    if (!this.#held) this.call(() => {});
  }

  /** Fails all that waits. */
  failAll(failure: Failure): void {
    for (const item of this.#inbox.takeAll()) if (item.kind === "message") item.sink?.fail(failure);
  }

  /** What could not start goes without a restart; its messages go back to the host. */
  abandon(): void {
    this.#generation++;
    this.#leave();
  }

  answered(reply: ActorReply): void {
    this.#owed.delete(reply);
  }

  hidden(error: unknown): void {
    this.host.log.warn("failure nobody sees", { actor: this.name, error: describeError(error) });
  }

  #put(item: InboxItem): void {
    this.#inbox.push(item);
    if (this.#phase === "ready" && !this.#held) this.host.makeReady(this);
  }

  /** Asks whose answer is still owed count as waiting: otherwise work could pile up behind a quick handler. */
  #full(): boolean {
    const { inboxMax } = this.definition;
    if (this.#inbox.length + this.#owed.size < inboxMax) return false;
    const now = this.host.clock.monotonicMs();
    for (const reply of this.#owed) if (reply.deadlineAt < now) this.#owed.delete(reply);
    return this.#inbox.length + this.#owed.size >= inboxMax;
  }

  #handle(message: Message): void {
    this.#inboxBytes -= message.bytes;
    const startedAt = this.host.clock.monotonicMs();
    this.#lastAt = startedAt;
    if (message.deadlineAt < startedAt) {
      // Nobody waits for the answer any more: the time is better spent on those who still do.
      return message.sink?.fail(new Failure("deadline", `${message.type} waited too long`));
    }
    const { receive } = this.definition;
    if (!Object.hasOwn(receive, message.type)) return this.#refuse(message, "unknown message");
    if (message.bytes > 0) {
      const { accepts, mayAsk } = this.definition;
      if (mayAsk?.(message.type, message.sender.worker) === false) {
        return this.#refuse(message, `${message.sender.worker} may not ask that`, "refused");
      }
      if (accepts?.[message.type]?.(message.request) === false) return this.#refuse(message, "malformed message");
    }
    const reply = new ActorReply(message.sink, this, message.deadlineAt);
    const context = this.#context!;
    context.begin(message);
    this.#wantDrain();
    try {
      const result: unknown = receive[message.type]!(this.#state, message.request, reply, context);
      if (isPromise(result)) this.#hold(result, reply, startedAt);
      else this.#finish(reply, startedAt);
    } catch (error) {
      this.#failed(error, reply, startedAt);
    }
  }

  #hold(result: PromiseLike<unknown>, reply: ActorReply, startedAt: number): void {
    this.#held = true;
    const generation = this.#generation;
    const release = (then: () => void) => () => {
      if (generation !== this.#generation) return;
      this.#held = false;
      then();
      if (this.#phase === "ready") this.host.makeReady(this);
    };
    result.then(
      release(() => this.#finish(reply, startedAt)),
      (error) => release(() => this.#failed(error, reply, startedAt))(),
    );
  }

  #finish(reply: ActorReply, startedAt: number): void {
    this.#wantDrain();
    this.#counts.handled++;
    const tookMs = this.host.clock.monotonicMs() - startedAt;
    if (tookMs > this.#counts.slowestMs) this.#counts.slowestMs = tookMs;
    if (reply.asked && !reply.done) this.#owe(reply);
    if (this.#stopAsked && this.#phase === "ready") this.#end("stopped", undefined);
  }

  #failed(error: unknown, reply: ActorReply, startedAt: number): void {
    const failure = asFailure(error);
    if (failure === null) {
      if (reply.asked && !reply.done) this.#owe(reply);
      return this.#end("crashed", error);
    }
    reply.fail(failure);
    this.#finish(reply, startedAt);
  }

  #refuse({ type, sink, sender }: Message, why: string, kind: "invalid" | "refused" = "invalid"): void {
    const count = ++this.#refused;
    // A peer gone wrong must not fill the log: the 1st, 2nd, 4th, 8th … are written.
    if ((count & (count - 1)) === 0) {
      const { worker } = sender;
      this.host.log.warn("message refused", { actor: this.name, message: type, sender: worker, reason: why, count });
    }
    sink?.fail(new Failure(kind, `${this.name} refuses ${type}: ${why}`));
  }

  /** Runs what has no asker: what it throws is a defect of the actor. */
  #guard(run: () => void): void {
    try {
      this.#context!.begin(null);
      run();
      if (this.#stopAsked && this.#phase === "ready") this.#end("stopped", undefined);
    } catch (error) {
      this.#end("crashed", error);
    }
  }

  #owe(reply: ActorReply): void {
    reply.owed = true;
    this.#owed.add(reply);
  }

  #wantDrain(): void {
    this.#undrained = true;
    if (this.#listed) return;
    this.#listed = true;
    this.host.wantDrain(this);
  }

  #end(reason: EndReason, error: unknown): void {
    if (reason === "crashed") {
      const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.host.log.error("actor crashed", { actor: this.name, error: describeError(error), detail });
    }
    this.#generation++;
    this.#phase = "ending";
    const state = this.#state;
    const restarts = this.#restarts(reason);
    const left = this.#release(reason === "crashed" || restarts);
    this.#letGo(state).then(() => {
      for (const item of left.concat(this.#inbox.takeAll())) this.#inbox.push(item);
      if (restarts && !this.#stopOrdered) this.#rest(error);
      else this.#leave();
    });
  }

  #restarts(reason: EndReason): boolean {
    if (this.#stopOrdered) return false;
    const { restart } = this.definition;
    if (reason === "crashed") return restart !== "temporary";
    return restart === "permanent" && !this.onDemand;
  }

  /** Lets go of promises, timers and watches. What waits is failed when the actor failed, else handed back. */
  #release(failAll: boolean): InboxItem[] {
    this.#held = false;
    this.#undrained = false;
    this.#stopAsked = false;
    this.#state = undefined;
    this.#inboxBytes = 0;
    this.#idleTimer?.();
    this.#idleTimer = null;
    this.#context?.close();
    const down = new Failure("down", `${this.address.worker}/${this.name} is gone`);
    for (const reply of [...this.#owed]) reply.fail(down);
    this.#owed.clear();
    const waiting = this.#inbox.takeAll().filter((item) => item.kind === "message");
    const notify = [...this.watchers];
    this.watchers.clear();
    for (const watcher of notify) watcher();
    if (!failAll) return waiting;
    for (const { sink } of waiting) sink?.fail(down);
    return [];
  }

  async #letGo(state: unknown): Promise<void> {
    try {
      await this.definition.stopped?.(state);
    } catch (error) {
      this.host.log.error("actor did not stop cleanly", { actor: this.name, error: describeError(error) });
    }
  }

  #rest(error: unknown): void {
    this.failAll(new Failure("down", `${this.address.worker}/${this.name} is gone`));
    this.#inboxBytes = 0;
    const delayMs = this.host.restartDelayMs(this);
    if (delayMs === null) {
      this.#leave();
      return this.host.fatal(this, error ?? new Bug(`actor ${this.name} stops again and again`));
    }
    this.#phase = "resting";
    this.#restTimer = this.host.clock.after(delayMs, () => {
      this.#restTimer = null;
      this.#counts.restarts++;
      this.start().catch((error) => this.#startFailed(error));
    });
  }

  #startFailed(error: unknown): void {
    this.host.log.error("actor did not start", { actor: this.name, error: describeError(error) });
    this.#generation++;
    if (this.#stopOrdered) this.#leave();
    else this.#rest(error);
  }

  #leave(): void {
    if (this.#phase === "gone") return;
    this.#phase = "gone";
    this.#restTimer?.();
    this.#idleTimer?.();
    this.#context?.close();
    this.host.gone(this, this.#inbox.takeAll());
    for (const watcher of [...this.watchers]) watcher();
    this.watchers.clear();
    for (const resolve of this.#whenGone.splice(0)) resolve();
  }

  #armIdle(): void {
    const { idleStopMs } = this.definition;
    if (!this.onDemand || idleStopMs === undefined) return;
    const leftMs = this.#lastAt + idleStopMs - this.host.clock.monotonicMs();
    this.#idleTimer = this.host.clock.after(Math.max(1, leftMs), () => this.#idle(idleStopMs));
  }

  #idle(idleStopMs: number): void {
    if (this.#phase !== "ready") return;
    const now = this.host.clock.monotonicMs();
    const idle = !this.#held && this.#inbox.length === 0 && this.#owed.size === 0 && now - this.#lastAt >= idleStopMs;
    if (idle) this.#guard(() => this.#stopIdle(now));
    if (this.#phase === "ready") this.#armIdle();
  }

  #stopIdle(now: number): void {
    this.#lastAt = now; // Asked again after another `idleStopMs` when it may not stop yet.
    if (this.definition.mayStop?.(this.#state) ?? true) this.#end("stopped", undefined);
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value;
}
