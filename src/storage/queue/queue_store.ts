import { type Cancel, type Clock, describeError, Failure, type Log, systemRandom } from "../../base/mod.ts";
import { Compactor, roomIsShort } from "../disk/compact.ts";
import { diskFailure } from "../disk/disk_failure.ts";
import { type FileSystem, nodeFiles } from "../disk/file_system.ts";
import { type Group, type GroupedStore, GroupLoop } from "../disk/group_loop.ts";
import { type IndexEnv, LmdbIndex } from "../disk/index_env.ts";
import { fittedLimits } from "../limits.ts";
import { openFiles } from "../disk/store_files.ts";
import { enqueueChange, itemChange, type QueueChange, suspendChange, TICK } from "./change.ts";
import { DEFAULT_QUEUE_LIMITS, type QueueLimits } from "./limits.ts";
import { QueuePlan, type QueuePlanned } from "./plan.ts";
import { QueueTime } from "./queue_time.ts";
import { QueueReader } from "./reader.ts";
import { type Moment, QueueState } from "./state.ts";
import type {
  EnqueueInput,
  ItemChange,
  QueueProblem,
  QueueStore,
  QueueStoreOptions,
  ScheduleRow,
  StoredItem,
  StoredMessage,
  Suspension,
} from "./types.ts";
import { verifyQueue } from "./verify.ts";

/** How often the time is written down while nothing else is, in ms. */
const TICK_MS = 3_600_000;

/** Pause after a checkpoint for which there was no space or no working disk, in ms. */
const RETRY_MS = 5_000;

type Answer = { readonly items: readonly StoredItem[]; readonly known: boolean };
const NO_ANSWER: Answer = { items: [], known: false };

/**
 * Opens the outbound queue in a directory, making it when it is absent. Rejects with Failure `schema` when another version
 * of the program made the data, `corrupt` when it is not whole, `disk` when the files cannot be opened. On a disk that
 * cannot be written it opens for reading.
 */
export async function openQueueStore(options: QueueStoreOptions): Promise<QueueStore> {
  const { dir, clock, log } = options;
  const files = options.files ?? nodeFiles();
  // The device is known by a directory on it.
  files.makeDirectory(dir);
  const limits = fittedLimits({ ...DEFAULT_QUEUE_LIMITS, ...options.limits }, files.deviceBytes(dir));
  const defer = options.defer ?? ((run: () => void) => void setImmediate(run));
  const state = await openState(options, { files, limits });
  const store = new DiskQueueStore(state, { dir, clock, log, files, limits, defer });
  try {
    await store.open();
  } catch (error) {
    await state.close();
    throw error;
  }
  return store;
}

function openState(
  { dir, clock, log, owner, random, index }: QueueStoreOptions,
  { files, limits }: { readonly files: FileSystem; readonly limits: QueueLimits },
): Promise<QueueState> {
  const wallMs = clock.wallMs();
  const named = { random: random ?? systemRandom(), ...(owner === undefined ? {} : { owner }) };
  return openFiles(
    index ?? ((path) => new LmdbIndex(path, files)),
    (openIndex) => new QueueState({ dir, files, log, limits, wallMs, openIndex, ...named }),
  );
}

interface DiskQueueOptions extends Required<Pick<QueueStoreOptions, "dir" | "files" | "defer">> {
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: QueueLimits;
}

/** The queue over its files. Keeps in memory only what was done since the last checkpoint. */
class DiskQueueStore implements QueueStore, GroupedStore<QueueChange, Answer> {
  readonly #loop: GroupLoop<QueueChange, Answer>;
  readonly #reader: QueueReader;
  readonly #compactor: Compactor;
  readonly #time: QueueTime;
  #ticking: Cancel | null = null;
  #checkpointing: Cancel | null = null;
  constructor(private readonly state: QueueState, private readonly options: DiskQueueOptions) {
    const { clock, log, limits } = options;
    this.#time = new QueueTime(clock, state.last);
    this.#reader = new QueueReader(state, limits);
    this.#loop = new GroupLoop(this, options);
    this.#compactor = new Compactor(state, {
      clock,
      log,
      stepBytesMax: limits.compactStepBytesMax,
      mayRun: () => this.#loop.idle,
      roomIsShort: () => roomIsShort(options),
      failed: (failure) => this.#loop.failed(failure),
    });
  }
  /** Nothing else may be called before it has resolved. */
  async open(): Promise<void> {
    await this.#loop.open();
    this.#compactor.look();
    this.#tickLater();
  }
  nowMs(): number {
    return this.#time.nowMs();
  }
  async enqueue(input: EnqueueInput): Promise<Answer> {
    return await this.#loop.submit(enqueueChange(input, this.options.limits));
  }
  async change(changes: readonly ItemChange[]): Promise<void> {
    await this.#loop.submit(itemChange(changes, this.options.limits));
  }
  async suspend(destination: string, untilMs: number | null): Promise<void> {
    await this.#loop.submit(suspendChange(destination, untilMs ?? "forever"));
  }
  async resume(destination: string): Promise<void> {
    await this.#loop.submit(suspendChange(destination, "resume"));
  }
  suspensions(): readonly Suspension[] {
    return this.#open().suspensions();
  }
  item(item: number): StoredItem | null {
    return this.#open().item(item);
  }
  message(message: number): StoredMessage | null {
    return this.#open().message(message);
  }
  body(message: number): Uint8Array {
    return this.#open().body(message);
  }
  schedule(after: number, limit: number): readonly ScheduleRow[] {
    return this.#open().schedule(after, limit);
  }
  itemsOf(destination: string, after: number, limit: number): readonly number[] {
    return this.#open().itemsOf(destination, after, limit);
  }
  itemsOfMail(id: string): readonly number[] {
    return this.#open().itemsOfMail(id);
  }
  counts(): { readonly items: number; readonly messages: number; readonly bytes: number } {
    return { ...this.state.delta.counts };
  }
  health(): "ok" | Failure {
    const { health } = this.#loop;
    return health === "ok" ? this.state.indexFull ?? health : health;
  }
  verify(): AsyncIterable<QueueProblem> {
    return verifyQueue(this.state, this.#open(), this.options.defer);
  }
  async close(): Promise<void> {
    this.#ticking?.();
    if (!await this.#loop.close()) return;
    this.#checkpointing?.();
    this.#compactor.stop();
    // So that the next start has no log to read, and knows how long it was shut. A queue that cannot say so is not kept from
    // closing: what is in the log is durable.
    if (this.#loop.health === "ok") this.#checkpointIfItCan();
    await this.state.close();
  }
  get index(): IndexEnv {
    return this.state.index;
  }
  bytesOf(change: QueueChange): number {
    return change.bytes;
  }
  takesSpace(change: QueueChange): boolean {
    return change.kind === "enqueue";
  }
  waitMsOf(change: QueueChange): number {
    if (change.kind !== "change" || change.changes.length === 0) return 0;
    return change.changes.every(({ next }) => next === null) ? this.options.limits.doneWaitMsMax : 0;
  }
  begin(noSpace: Failure | null): Group<QueueChange, Answer> {
    const moment = this.#moment();
    const { limits } = this.options;
    const plan = new QueuePlan(this.index, this.state.delta, { limits, nowMs: moment.timeMs, noSpace });
    const planned: QueuePlanned[] = [];
    return {
      add: (change) => planned.push(plan.add(change)) > 0,
      write: () => {
        if (plan.steps.length > 0 || plan.asked) this.state.write(plan, moment);
      },
      answer: (i) => this.#answer(planned[i]!),
      settled: () => this.#settled(),
    };
  }
  claim(): void {
    this.state.claim(this.#moment());
  }
  probe(): void {
    this.state.probe();
  }
  reopen(options: { readonly inDoubt: boolean }): void {
    this.state.reopen(options);
  }
  #answer(planned: QueuePlanned): Answer | Failure {
    switch (planned.kind) {
      case "taken":
        return { items: planned.mail.items, known: false };
      case "known":
        return this.#itemsLeft(planned.op);
      case "refused":
        return planned.failure;
      case "done":
        return NO_ANSWER;
    }
  }
  #itemsLeft(op: { readonly firstItem: number; readonly items: number }): Answer | Failure {
    try {
      return { items: this.#reader.itemsLeft(op), known: true };
    } catch (error) {
      if (error instanceof Failure) return error;
      throw error;
    }
  }
  #moment(): Moment {
    return { timeMs: this.nowMs(), wallMs: this.options.clock.wallMs() };
  }
  #open(): QueueReader {
    this.#loop.assertOpen();
    return this.#reader;
  }
  async #tick(): Promise<void> {
    await this.#loop.submit(TICK);
  }
  #tickLater(): void {
    this.#ticking = this.options.clock.after(TICK_MS, () => {
      this.#tick().catch((error) => {
        this.options.log.warn("the time of the queue was not written down", { error: describeError(error) });
      });
      this.#tickLater();
    });
  }
  #settled(): void {
    const { freed, forgottenEarly: count } = this.state.takeFolded();
    if (freed) this.#compactor.look();
    if (count > 0) this.options.log.warn("opIds of mails forgotten before their time", { count });
    if (this.state.owed) this.#checkpointIn(this.options.limits.unindexedMsMax);
  }
  #checkpointIn(delayMs: number): void {
    this.#checkpointing ??= this.options.clock.after(delayMs, () => {
      this.#checkpointing = null;
      // On a failed disk the next claim brings the log to the index.
      if (!this.state.owed) return;
      const failure = this.#loop.idle ? this.#checkpointIfItCan() : null;
      if (failure !== null) this.#loop.failed(failure);
      if (this.state.owed) this.#checkpointIn(RETRY_MS);
      else this.#settled();
    });
  }
  /** Answers what the disk said when it could not. */
  #checkpointIfItCan(): Failure | null {
    try {
      this.state.checkpoint(this.#moment());
      return null;
    } catch (error) {
      const failure = diskFailure(error);
      if (failure === null) throw error;
      this.options.log.warn("what is in the log was not brought to the index", { error: describeError(failure) });
      return failure;
    }
  }
}
