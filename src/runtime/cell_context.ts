import { assert, type Cancel, type Clock, type Log, type Random } from "../base/mod.ts";
import { ACTOR_TIMERS_MAX, ACTOR_WATCHES_MAX } from "./limits.ts";
import type { Message } from "./message.ts";
import type { ActorAddress, ActorSystem, Context, Ref } from "./types.ts";

// deno-lint-ignore no-explicit-any -- one class serves every protocol; the handlers see the typed interface.
type AnyProtocol = any;

/** The actor, as its context sees it. */
interface ContextCell {
  readonly name: string;
  readonly address: ActorAddress;
  /** Puts a message of its own into its inbox, beyond the limit. */
  remind(message: Message): void;
  /** Calls `work` in a turn of the actor. */
  call(work: () => void): void;
  stopSelf(): void;
}

/** The system around it, as its context sees it. */
interface ContextHost {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  watch(address: ActorAddress, notify: () => void): () => void;
}

/** What one life of an actor may use. After the actor ended it does nothing: late promises may still hold it. */
export class CellContext implements Context<AnyProtocol> {
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  readonly system: ActorSystem;
  readonly self: Ref<AnyProtocol>;
  sender: ActorAddress;
  trace: string | undefined = undefined;
  #open = true;
  readonly #timers = new Set<Cancel>();
  readonly #watches = new Set<() => void>();

  constructor(private readonly cell: ContextCell, private readonly host: ContextHost, system: ActorSystem) {
    this.log = host.log.child({ actor: cell.name });
    this.clock = host.clock;
    this.random = host.random;
    this.system = system;
    this.self = this.system.ref(cell.address);
    this.sender = cell.address;
  }

  /** Notes whose message is being handled; null for the actor's own work. */
  begin(message: Message | null): void {
    this.sender = message === null ? this.cell.address : message.sender;
    this.trace = message?.trace;
  }

  later(delayMs: number, type: string, request: unknown): () => void {
    if (!this.#open) return () => {};
    assert(this.#timers.size < ACTOR_TIMERS_MAX, "an actor has too many timers");
    const cancel = this.host.clock.after(delayMs, () => {
      this.#timers.delete(done);
      this.#remind(type, request);
    });
    const done = () => {
      this.#timers.delete(done);
      cancel();
    };
    this.#timers.add(done);
    return done;
  }

  /** Goes past the limit of the inbox: the number of timers is bounded by itself. */
  #remind(type: string, request: unknown): void {
    this.cell.remind({
      kind: "message",
      type,
      request,
      sink: null,
      sender: this.cell.address,
      deadlineAt: Infinity,
      bytes: 0,
      trace: undefined,
    });
  }

  watch(address: ActorAddress, gone: () => void): () => void {
    if (!this.#open) return () => {};
    assert(this.#watches.size < ACTOR_WATCHES_MAX, "an actor holds too many watches");
    let ended = false;
    let fired = false;
    const unwatch = () => {
      ended = true;
      this.#watches.delete(unwatch);
      end();
    };
    const end = this.host.watch(address, () => {
      fired = true;
      this.#watches.delete(unwatch);
      // Between the news and the turn the actor may have changed its mind, or have been started anew.
      this.cell.call(() => {
        if (ended || !this.#open) return;
        ended = true;
        gone();
      });
    });
    if (!fired) this.#watches.add(unwatch);
    return unwatch;
  }

  stop(): void {
    if (this.#open) this.cell.stopSelf();
  }

  /** Cancels timers and watches. */
  close(): void {
    this.#open = false;
    for (const cancel of [...this.#timers]) cancel();
    for (const unwatch of [...this.#watches]) unwatch();
  }
}
