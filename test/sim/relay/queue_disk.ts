import { type Clock, Failure, type Random } from "../../../src/base/mod.ts";
import type { QueueStore } from "../../../src/storage/mod.ts";

type EnqueueInput = Parameters<QueueStore["enqueue"]>[0];
type ItemChange = Parameters<QueueStore["change"]>[0][number];

/** Longest time until a group is written, and from there to its answers, in ms. */
const WRITE_MS_MAX = 8;
const ANSWER_MS_MAX = 4;

/** Defects that can be planted, to see that the simulation finds them. */
export type QueueBug =
  | "loses reports"
  | "forgets what was delivered"
  | "loses what is deferred";

/** What the queue is opened with, anew in every life of its worker. */
export interface QueueDiskOptions {
  /** What is durable: it outlives the worker. */
  readonly base: QueueStore;
  /** The worker's: its timers end with it. */
  readonly clock: Clock;
  readonly random: Random;
  readonly fails: (point: string) => boolean;
  readonly bug: QueueBug | null;
}

interface Write {
  readonly run: () => Promise<unknown>;
  readonly takesRoom: boolean;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A queue whose changes wait for their group: until it is written all of them are lost with the worker, afterwards they stay,
 * whether or not the answer still gets out. `queue.flush` fails a group, `queue.full` what takes room in it.
 */
export class QueueDisk {
  #waiting: Write[] = [];

  constructor(private readonly options: QueueDiskOptions) {}

  /** The store as a queue actor gets it. */
  static open(options: QueueDiskOptions): QueueStore {
    const disk = new QueueDisk(options);
    const { base } = options;
    return new Proxy(base, {
      get(target, key) {
        if (key === "enqueue") return (input: EnqueueInput) => disk.#enqueue(input);
        if (key === "change") return (changes: readonly ItemChange[]) => disk.#change(changes);
        if (key === "suspend") {
          return (name: string, untilMs: number | null) => disk.#later(() => base.suspend(name, untilMs), false);
        }
        if (key === "resume") return (name: string) => disk.#later(() => base.resume(name), false);
        if (key === "health") return () => options.fails("queue.full") ? new Failure("disk_full", "it is full") : "ok";
        const value = Reflect.get(target, key);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  #enqueue(input: EnqueueInput): ReturnType<QueueStore["enqueue"]> {
    const { base, bug } = this.options;
    if (bug === "loses reports" && input.envelope.sender === "") return Promise.resolve({ items: [], known: true });
    return this.#later(() => base.enqueue(input), true);
  }

  #change(changes: readonly ItemChange[]): Promise<void> {
    const { base, bug, random } = this.options;
    const kept = changes.flatMap(({ item, next }) => {
      if (bug === "forgets what was delivered" && next === null && random.next() < 0.5) return [];
      if (bug === "loses what is deferred" && next !== null && random.next() < 0.2) return [{ item, next: null }];
      return [{ item, next }];
    });
    return this.#later(() => base.change(kept), false);
  }

  #later<T>(run: () => Promise<T>, takesRoom: boolean): Promise<T> {
    const { clock, random } = this.options;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ run, takesRoom, resolve: (value) => resolve(value as T), reject });
      if (this.#waiting.length === 1) clock.after(random.next() * WRITE_MS_MAX, () => this.#flush());
    });
  }

  #flush(): void {
    const { clock, random, fails } = this.options;
    const group = this.#waiting;
    this.#waiting = [];
    const failed = fails("queue.flush");
    const full = fails("queue.full");
    for (const { run, takesRoom, resolve, reject } of group) {
      const failure = failed
        ? new Failure("disk", "the flush failed")
        : full && takesRoom
        ? new Failure("disk_full", "no space is left")
        : null;
      const answer = failure === null ? run() : Promise.reject(failure);
      const afterMs = random.next() * ANSWER_MS_MAX;
      answer.then(
        (value) => clock.after(afterMs, () => resolve(value)),
        (error) => clock.after(afterMs, () => reject(error)),
      );
    }
  }
}
