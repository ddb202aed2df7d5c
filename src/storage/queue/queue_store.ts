import { type Cancel, type Clock, describeError, Failure, type Log } from "../../base/mod.ts";
import { Compactor, roomIsShort } from "../compact.ts";
import { type FileSystem, nodeFiles } from "../file_system.ts";
import { type Group, type GroupedStore, GroupLoop } from "../group_loop.ts";
import { type IndexEnv, LmdbIndex } from "../index_env.ts";
import { fittedLimits } from "../limits.ts";
import { openFiles } from "../store_files.ts";
import { firstItems } from "./apply.ts";
import { enqueueChange, itemChange, type QueueChange, suspendChange, TICK } from "./change.ts";
import { DEFAULT_QUEUE_LIMITS, type QueueLimits } from "./limits.ts";
import { QueuePlan, type QueuePlanned } from "./plan.ts";
import { QueueTime } from "./queue_time.ts";
import { QueueReader } from "./reader.ts";
import { type Moment, QueueState } from "./state.ts";
import type {
  EnqueueInput,
  ItemChange,
  ItemState,
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

/** Space the index may need: pages copied for a mail, for an item that comes or changes, and for one that goes; rows of recipients. */
const MAIL_BYTES = 12 * 1024;
const ITEM_BYTES = 8 * 1024;
const DONE_BYTES = 24 * 1024;
const RECIPIENT_BYTES = 1_024;

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
  { dir, clock, log, owner, index }: QueueStoreOptions,
  { files, limits }: { readonly files: FileSystem; readonly limits: QueueLimits },
): Promise<QueueState> {
  const wallMs = clock.wallMs();
  const named = owner === undefined ? {} : { owner };
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

/** The queue over its files. Keeps nothing per item in memory. */
class DiskQueueStore implements QueueStore, GroupedStore<QueueChange, Answer> {
  readonly #loop: GroupLoop<QueueChange, Answer>;
  readonly #reader: QueueReader;
  readonly #compactor: Compactor;
  readonly #time: QueueTime;
  #ticking: Cancel | null = null;
  constructor(private readonly state: QueueState, private readonly options: DiskQueueOptions) {
    const { clock, log, limits } = options;
    this.#time = new QueueTime(clock, state.header);
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
    const { items, messages, bytes } = this.state.header;
    return { items, messages, bytes };
  }
  health(): "ok" | Failure {
    return this.#loop.health;
  }
  verify(): AsyncIterable<QueueProblem> {
    return verifyQueue(this.state, this.#open(), this.options.defer);
  }
  async close(): Promise<void> {
    this.#ticking?.();
    // So that the next start knows how long it was shut. A queue that cannot say so is not kept from closing.
    if (this.health() === "ok") await this.#tick().catch(() => {});
    if (!await this.#loop.close()) return;
    this.#compactor.stop();
    await this.state.close();
  }
  get index(): IndexEnv {
    return this.state.index;
  }
  bytesOf(change: QueueChange): number {
    return change.bytes;
  }
  indexBytesOf(change: QueueChange): number {
    switch (change.kind) {
      case "enqueue":
        return change.items.reduce((sum, { state }) => sum + itemBytes(state), MAIL_BYTES);
      case "change":
        return change.changes.reduce((sum, { next }) => sum + (next === null ? DONE_BYTES : itemBytes(next)), 0);
      default:
        return ITEM_BYTES;
    }
  }
  takesSpace(change: QueueChange): boolean {
    return change.kind === "enqueue";
  }
  begin(noSpace: Failure | null): Group<QueueChange, Answer> {
    const plan = new QueuePlan(this.index, this.state.header, noSpace);
    const planned: QueuePlanned[] = [];
    let written: ReturnType<QueueState["write"]> | null = null;
    return {
      add: (change) => planned.push(plan.add(change)) > 0,
      write: () => {
        if (plan.steps.length > 0) written = this.state.write(plan.steps, this.#moment());
      },
      answer: (i) => this.#answer(planned[i]!),
      settled: () => {
        if (written?.freed) this.#compactor.look();
        const count = written?.forgottenEarly ?? 0;
        if (count > 0) this.options.log.warn("opIds of mails forgotten before their time", { count });
      },
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
      case "numbered":
        return { items: firstItems(planned), known: false };
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
}

function itemBytes({ recipients }: ItemState): number {
  return ITEM_BYTES + recipients.length * RECIPIENT_BYTES;
}
