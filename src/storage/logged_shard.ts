import { assert, type Clock, describeError, Failure, type Log } from "../base/mod.ts";
import type { AccountId } from "../mail/account.ts";
import type { ModSeq, Uid } from "../mail/uid.ts";
import type { OpOutcome, RecordOutcome } from "./apply.ts";
import { type Change, deliverChange, expungeChange, flagsChange, purgeChange, withdrawChange } from "./change.ts";
import { Compactor } from "./compact.ts";
import { diskFailure } from "./disk_failure.ts";
import type { FileSystem } from "./file_system.ts";
import type { StoreLimits } from "./limits.ts";
import { GroupPlan, type Planned } from "./plan.ts";
import { claimRecord, RECORD_VERSION, type ShardLog, type ShardRecord } from "./shard_log.ts";
import { ShardReader } from "./shard_reader.ts";
import type { ShardState } from "./shard_state.ts";
import type {
  ChangeListener,
  ChangesSince,
  DeliverInput,
  DeliverResult,
  FetchRange,
  FlagChange,
  MailboxStatus,
  ShardStore,
} from "./types.ts";

export interface LoggedShardOptions {
  readonly number: number;
  /** Directory of the shard. */
  readonly dir: string;
  /** Name of this node, for claims. */
  readonly node: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly files: FileSystem;
  readonly limits: StoreLimits;
  readonly defer: (run: () => void) => void;
}

/** Space the index may need for one row of a commit: two pages; and the most that is laid ready for one commit. */
const INDEX_BYTES_A_ROW = 8 * 1024;
const INDEX_BYTES_MAX = 128 * 1024 * 1024;

/** What a caller is told when its change is durable. */
type Settled = { readonly planned: Planned; readonly outcome: OpOutcome | null };

/** What becomes one record, and who waits for it. */
interface Group {
  readonly waiting: readonly Waiting[];
  readonly planned: readonly Planned[];
  readonly record: ShardRecord;
}

interface Waiting {
  readonly change: Change;
  readonly done: (settled: Settled) => void;
  readonly fail: (error: unknown) => void;
}

/** A disk that failed: nothing is acknowledged until a claim has been written again. */
interface Down {
  readonly failure: Failure;
  readonly retryAtMs: number;
  readonly pauseMs: number;
}

/**
 * One shard: gathers what is asked, numbers it, appends it to the log as one record, applies it, answers. What arrives
 * meanwhile forms the next group; there is no timer.
 */
export class LoggedShard implements ShardStore {
  readonly number: number;
  readonly reader: ShardReader;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #scheduled = false;
  #flushing = false;
  #down: Down | null = null;
  #noSpace: Failure | null = null;
  #epoch = 0;
  /** The next groups hold one change each: one of them made a whole group fail. */
  #alone = 0;
  #closing: (() => void) | null = null;
  #closed = false;
  readonly #listeners = new Set<ChangeListener>();
  readonly #bornMs: number;
  readonly #compactor: Compactor;

  /** Nothing else may be called before `open` has resolved. */
  constructor(
    readonly state: ShardState,
    private readonly shardLog: ShardLog,
    private readonly options: LoggedShardOptions,
  ) {
    this.number = options.number;
    this.reader = new ShardReader(state, options.limits);
    this.#bornMs = options.clock.monotonicMs() - state.header.ageMs;
    this.#compactor = new Compactor(state, {
      clock: options.clock,
      log: options.log,
      stepBytesMax: options.limits.compactStepBytesMax,
      mayRun: () => !this.#closed && !this.#flushing && this.#down === null,
      roomIsShort: () => {
        const { files, dir, limits } = options;
        const free = files.freeBytes(dir);
        return free !== null && free < limits.freeBytesMin + limits.segmentBytesMax;
      },
      failed: (failure) => {
        if (failure.kind === "disk") this.#fall(failure);
        else this.#restore(failure);
      },
    });
  }
  /** Brings the state to the head of the log and claims the shard. On a disk that cannot be written it opens for reading. */
  async open(): Promise<void> {
    try {
      await this.#claim();
    } catch (error) {
      const failure = diskFailure(error);
      if (failure === null || (failure.kind !== "disk" && failure.kind !== "disk_full")) throw error;
      this.#fall(failure);
    }
    this.#compactor.look();
  }
  async deliver(input: DeliverInput): Promise<DeliverResult> {
    const { planned } = await this.#submit(deliverChange(input, this.options.limits));
    return deliverResult(planned);
  }
  async withdraw(opId: string): Promise<void> {
    await this.#submit(withdrawChange(opId));
  }
  async expunge(
    account: AccountId,
    mailbox: number,
    uids: readonly number[],
  ): Promise<{ expunged: Uid[]; modSeq: ModSeq }> {
    const { outcome } = await this.#submit(expungeChange(account, mailbox, uids, this.options.limits));
    return { expunged: [...(outcome?.uids ?? [])] as Uid[], modSeq: (outcome?.modSeq ?? 1) as ModSeq };
  }
  async setFlags(
    account: AccountId,
    mailbox: number,
    uids: readonly number[],
    change: FlagChange,
  ): Promise<{ modSeq: ModSeq }> {
    const { outcome } = await this.#submit(flagsChange({ account, mailbox, uids }, change, this.options.limits));
    return { modSeq: (outcome?.modSeq ?? 1) as ModSeq };
  }
  async purge(account: AccountId): Promise<{ messages: number }> {
    for (let messages = 0;;) {
      const { outcome } = await this.#submit(purgeChange(account));
      messages += outcome?.removed ?? 0;
      if (outcome?.more !== true) return { messages };
    }
  }
  status(account: AccountId, mailbox: number): MailboxStatus {
    return this.#open().status(account, mailbox);
  }
  list(account: AccountId, mailbox: number, after: number, limit: number): ReturnType<ShardStore["list"]> {
    return this.#open().list(account, mailbox, after, limit);
  }
  fetch(account: AccountId, mailbox: number, range: FetchRange): { bytes: Uint8Array; size: number } {
    return this.#open().fetch(account, mailbox, range);
  }
  usage(account: AccountId): { bytes: number; messages: number } {
    return this.#open().usage(account);
  }
  changes(account: AccountId, mailbox: number, since: number): ChangesSince | null {
    return this.#open().changes(account, mailbox, since);
  }
  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
  health(): "ok" | Failure {
    return this.#down?.failure ?? this.#noSpace ?? "ok";
  }
  async close(): Promise<void> {
    if (this.#closing !== null || this.#closed) return;
    await new Promise<void>((resolve) => {
      this.#closing = resolve;
      this.#schedule();
    });
    this.#closed = true;
    this.#compactor.stop();
    await this.state.close();
  }
  #open(): ShardReader {
    if (this.#closed) throw new Failure("closed", "the store is closed");
    return this.reader;
  }
  #submit(change: Change): Promise<Settled> {
    const { limits, clock } = this.options;
    if (this.#closing !== null || this.#closed) throw new Failure("closed", "the store is closed");
    if (this.#down !== null && clock.monotonicMs() < this.#down.retryAtMs) throw this.#down.failure;
    const bytes = bytesOf(change);
    if (this.#waiting.length >= limits.pendingOpsMax || this.#waitingBytes + bytes > limits.pendingBytesMax) {
      throw new Failure("busy", "too many changes wait for the disk");
    }
    this.#waitingBytes += bytes;
    return new Promise((done, fail) => {
      this.#waiting.push({ change, done, fail });
      this.#schedule();
    });
  }
  #schedule(): void {
    if (this.#scheduled || this.#flushing) return;
    this.#scheduled = true;
    this.options.defer(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }
  /** Makes one group of what waits. Stays in this turn when the log does. */
  #flush(): void {
    if (this.#flushing) return;
    if (this.#waiting.length === 0) return this.#closing?.();
    this.#flushing = true;
    if (this.#down?.retryAtMs === Infinity) return this.#refuseAll(this.#down.failure);
    if (this.#down !== null) {
      this.#claim().then(() => this.#next(), (error) => this.#refuseAll(error));
      return;
    }
    const group = this.#take();
    if (group === null) return;
    if (group.record.ops.length === 0) return this.#finish(group, null);
    const appended = this.#append(group);
    if (appended === null) return;
    if (!(appended instanceof Promise)) return this.#finish(group, appended);
    appended.then((outcome) => this.#finish(group, outcome), (error) => this.#failed(group, error));
  }
  /** What the record did, at once or later; null when it failed and that has been dealt with. */
  #append(group: Group): RecordOutcome | Promise<RecordOutcome> | null {
    const { record } = group;
    const apply = (seq: number) => {
      const outcome = this.state.apply(seq, record);
      assert(outcome !== null, "the last record's outcome is known");
      if (outcome.stale) throw new Failure("refused", "another owner has claimed the shard");
      return outcome;
    };
    try {
      const seq = this.shardLog.append(this.state.appliedSeq, record);
      return typeof seq === "number" ? apply(seq) : seq.then(apply);
    } catch (error) {
      this.#failed(group, error);
      return null;
    }
  }
  #finish(group: Group, outcome: RecordOutcome | null): void {
    this.#settle(group, outcome);
    this.#next();
  }
  #next(): void {
    this.#flushing = false;
    if (this.#waiting.length > 0 || this.#closing !== null) this.#schedule();
  }
  #record(ops: ShardRecord["ops"]): ShardRecord {
    const { incarnation } = this.state;
    return { version: RECORD_VERSION, epoch: this.#epoch, incarnation, ageMs: this.#ageMs(), ops };
  }
  #ageMs(): number {
    return Math.max(0, Math.floor(this.options.clock.monotonicMs() - this.#bornMs));
  }
  /** The next group; null when its first change cannot be planned, which then has failed. */
  #take(): Group | null {
    const { groupOpsMax, groupBytesMax } = this.options.limits;
    const opsMax = this.#alone > 0 ? 1 : groupOpsMax;
    if (this.#alone > 0) this.#alone--;
    const planned: Planned[] = [];
    let bytes = 0;
    try {
      this.#checkSpace();
      const plan = new GroupPlan(this.state.index, this.state.header, this.#noSpace);
      for (const { change } of this.#waiting) {
        const size = bytesOf(change);
        if (planned.length >= opsMax || (planned.length > 0 && bytes + size > groupBytesMax)) break;
        const next = plan.add(change);
        if (next.type === "later") break;
        bytes += size;
        planned.push(next);
      }
      const record = this.#record(plan.ops);
      return { waiting: this.#remove(planned.length), planned, record };
    } catch (error) {
      // A row that cannot be read: whatever was planned before it goes again, by itself.
      this.#failed({ waiting: this.#remove(planned.length + 1), planned, record: this.#record([]) }, error);
      return null;
    }
  }
  #remove(count: number): Waiting[] {
    const removed = this.#waiting.splice(0, count);
    for (const { change } of removed) this.#waitingBytes -= bytesOf(change);
    return removed;
  }
  /** Keeps a reserve on the device and a cap on the index, so that deleting is always possible. */
  #checkSpace(): void {
    const { files, dir, limits, log } = this.options;
    const unreserved = this.#reserveIndex();
    if (!this.#waiting.some(({ change }) => change.kind === "deliver")) return;
    const free = files.freeBytes(dir);
    const need = Math.max(limits.freeBytesMin, 1.5 * Math.min(this.#waitingBytes, limits.groupBytesMax));
    const index = files.fileBytes(`${dir}/index.mdb`) ?? 0;
    const was = this.#noSpace;
    if (free !== null && free < need) this.#noSpace = was ?? full("too little space is left on the device");
    else if (index >= limits.indexBytesMax) this.#noSpace = was ?? full("the index has grown to its limit");
    else this.#noSpace = unreserved;
    if ((was === null) === (this.#noSpace === null)) return;
    if (this.#noSpace !== null) log.error("deliveries are refused", { reason: this.#noSpace.message, free, index });
    else log.info("deliveries are taken again", { free, index });
  }
  #reserveIndex(): Failure | null {
    let rows = 0;
    for (const { change } of this.#waiting.slice(0, this.options.limits.groupOpsMax)) rows += rowsOf(change);
    try {
      this.state.index.reserve(Math.min(INDEX_BYTES_MAX, rows * INDEX_BYTES_A_ROW));
      return null;
    } catch (error) {
      const failure = diskFailure(error);
      if (failure?.kind === "disk_full") return failure;
      throw error;
    }
  }
  #settle({ waiting: group, planned }: Group, outcome: RecordOutcome | null): void {
    group.forEach((waiting, i) => {
      const plan = planned[i]!;
      if (plan.type === "refused") waiting.fail(plan.failure);
      else waiting.done({ planned: plan, outcome: plan.type === "op" ? outcome?.ops[plan.op] ?? null : null });
    });
    if (outcome === null) return;
    if (outcome.forgottenEarly > 0) {
      this.options.log.warn("answers to deliveries forgotten before their time", { count: outcome.forgottenEarly });
    }
    if (outcome.changes.length > 0) this.#announce(outcome);
    if (outcome.freed) this.#compactor.look();
  }
  #announce({ changes }: RecordOutcome): void {
    for (const { account, mailbox, change } of changes) {
      for (const listener of this.#listeners) listener(account, mailbox, change);
    }
  }
  /** The record does not count. Only a Failure is answered; a defect of ours takes the worker down. */
  #failed({ waiting: group }: Group, error: unknown): void {
    const failure = diskFailure(error);
    if (failure === null) {
      for (const { fail } of group) fail(error);
      throw error;
    }
    if (failure.kind === "refused") {
      this.#stepDown(failure);
      for (const { fail } of group) fail(failure);
    } else if (failure.kind === "disk" || !this.#restore(failure)) {
      if (failure.kind === "disk") this.#fall(failure);
      for (const { fail } of group) fail(failure);
    } else if (failure.kind === "disk_full") {
      this.#retryWithoutDeliveries(group, failure);
    } else if (group.length === 1) {
      for (const { fail } of group) fail(failure);
    } else {
      // One of them is bad (a damaged row): each goes by itself, so that only that one fails.
      this.#alone = group.length;
      this.#putBack(group);
    }
    this.#next();
  }
  /** Another owner writes the log: nothing is taken any more until the shard is opened anew. */
  #stepDown(failure: Failure): void {
    this.#down = { failure, pauseMs: 0, retryAtMs: Infinity };
    this.options.log.error("the shard has another owner", { error: describeError(failure) });
  }
  /** Undoes a group that failed without putting the disk in doubt. False when not even that works. */
  #restore(failure: Failure): boolean {
    try {
      this.state.reopen({ inDoubt: false });
      return true;
    } catch (error) {
      this.#fall(diskFailure(error) ?? failure);
      return false;
    }
  }
  /** Deleting frees space, so it is tried again when the bodies beside it found none. */
  #retryWithoutDeliveries(group: readonly Waiting[], failure: Failure): void {
    const others = group.filter(({ change }) => change.kind !== "deliver");
    const again = others.length < group.length ? others : [];
    for (const waiting of group) if (!again.includes(waiting)) waiting.fail(failure);
    this.#putBack(again);
  }
  #putBack(group: readonly Waiting[]): void {
    for (const { change } of group) this.#waitingBytes += bytesOf(change);
    this.#waiting.unshift(...group);
  }
  /**
   * The disk failed: what a flush left behind is in doubt and never flushed again in hope. The files are opened anew at
   * once, so that reads go on; changes fail until a claim has become durable, tried with growing pauses.
   */
  #fall(failure: Failure): void {
    const { clock, limits, log } = this.options;
    const pauseMs = this.#down === null ? limits.retryMsMin : Math.min(limits.retryMsMax, 2 * this.#down.pauseMs);
    this.#down = { failure, pauseMs, retryAtMs: clock.monotonicMs() + pauseMs };
    log.error("disk failed: nothing is acknowledged", { pauseMs, error: describeError(failure) });
    try {
      this.state.reopen({ inDoubt: true });
    } catch (error) {
      log.error("the files of the shard cannot be opened", { error: describeError(error) });
    }
  }
  async #claim(): Promise<void> {
    const again = this.#down !== null;
    if (again) {
      this.state.probe();
      this.state.reopen({ inDoubt: true });
    }
    this.state.index.reserve(INDEX_BYTES_A_ROW);
    const applied = this.state.appliedSeq;
    for await (const { seq, record } of this.shardLog.read(applied + 1)) this.state.apply(seq, record);
    const ageMs = this.#ageMs();
    const epoch = await this.shardLog.claim(this.options.node, this.state.appliedSeq, ageMs);
    this.state.apply(epoch, claimRecord(this.options.node, this.state.incarnation, ageMs));
    this.#epoch = epoch;
    this.#down = null;
    if (again) this.options.log.info("disk works again", { epoch });
  }
  #refuseAll(error: unknown): void {
    const failure = diskFailure(error);
    const waiting = this.#remove(this.#waiting.length);
    for (const { fail } of waiting) fail(failure ?? error);
    if (failure === null) throw error;
    if (failure.kind === "refused") this.#stepDown(failure);
    else this.#fall(failure);
    this.#next();
  }
}

function full(message: string): Failure {
  return new Failure("disk_full", message);
}

/** Rows of messages a change may touch. */
function rowsOf(change: Change): number {
  switch (change.kind) {
    case "deliver":
      return change.targets.length;
    case "withdraw":
      return 16;
    case "purge":
      return change.limit;
    default:
      return change.uids.length;
  }
}

function bytesOf(change: Change): number {
  return change.kind === "deliver" ? change.size : 0;
}

function deliverResult(planned: Planned): DeliverResult {
  if (planned.type === "full") return planned;
  assert(planned.type === "op" || planned.type === "known", "a delivery is stored, known, full or refused");
  const targets = planned.answer?.targets ?? null;
  if (targets === null) throw new Failure("refused", "the delivery was taken back");
  return { type: "delivered", uids: targets.map(({ uid }) => uid as Uid) };
}
