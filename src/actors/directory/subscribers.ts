import { asFailure, Failure } from "../../base/mod.ts";
import type { DirectoryChange, DirectoryProtocol, RouterProtocol } from "../../messages/mod.ts";
import type { ActorAddress, Context, Ref } from "../../runtime/types.ts";

/** Routing actors that may follow the directory: one per listener worker. */
const SUBSCRIBERS_MAX = 1_000;
/** Pause before a subscriber whose inbox was full is told again, in ms. */
const REMIND_MS = 500;
/** Longest wait for those who were told of a change, in ms: one that hangs is started anew, and asks for a snapshot then. */
const SETTLED_MS_MAX = 1_000;

interface Subscriber {
  readonly ref: Ref<RouterProtocol>;
  readonly unwatch: () => void;
  /** It missed a change: its inbox was full. */
  behind: boolean;
}

/** Who is told of every change, in order of version. A subscriber that sees a gap asks for a snapshot. */
export class Subscribers {
  readonly #all = new Map<string, Subscriber>();
  #reminding = false;
  constructor(private readonly context: Context<DirectoryProtocol>) {}

  get size(): number {
    return this.#all.size;
  }
  /** Throws Failure `busy` when there are too many. */
  add(address: ActorAddress): void {
    const key = `${address.node}/${address.worker}/${address.actor}`;
    this.#remove(key);
    if (this.#all.size >= SUBSCRIBERS_MAX) {
      throw new Failure("busy", `there are ${SUBSCRIBERS_MAX} subscribers already`);
    }
    const unwatch = this.context.watch(address, () => this.#remove(key));
    this.#all.set(key, { ref: this.context.system.ref<RouterProtocol>(address), unwatch, behind: false });
  }
  announce(version: number, changes: readonly DirectoryChange[]): void {
    for (const subscriber of this.#all.values()) this.#tell(subscriber, version, changes);
  }
  /** Resolves when everybody has what was announced, or does not answer in time. */
  async settled(): Promise<void> {
    await Promise.all([...this.#all.values()].map(async ({ ref }) => {
      try {
        await ref.ask("router.caughtUp", null, { deadlineMs: SETTLED_MS_MAX });
      } catch (error) {
        if (asFailure(error) === null) throw error;
      }
    }));
  }
  /** Makes everybody ask for a snapshot: told of a version far ahead, whatever they have is a gap. */
  renew(): void {
    this.announce(Number.MAX_SAFE_INTEGER, []);
  }
  /** The same for those whose inbox was full. */
  remind(): void {
    this.#reminding = false;
    for (const subscriber of this.#all.values()) {
      if (subscriber.behind) this.#tell(subscriber, Number.MAX_SAFE_INTEGER, []);
    }
  }
  #tell(subscriber: Subscriber, version: number, changes: readonly DirectoryChange[]): void {
    subscriber.behind = !subscriber.ref.tell("router.changed", { version, changes });
    if (!subscriber.behind || this.#reminding) return;
    this.#reminding = true;
    this.context.later(REMIND_MS, "directory.remind", null);
  }
  #remove(key: string): void {
    const subscriber = this.#all.get(key);
    if (subscriber === undefined) return;
    this.#all.delete(key);
    subscriber.unwatch();
  }
}
