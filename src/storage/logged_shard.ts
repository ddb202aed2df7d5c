import { assert, type Clock, Failure, type Log } from "../base/mod.ts";
import type { AccountId } from "../mail/account.ts";
import type { ModSeq, Uid } from "../mail/uid.ts";
import type { OpOutcome, RecordOutcome } from "./apply.ts";
import { type Change, deliverChange, expungeChange, flagsChange, purgeChange, withdrawChange } from "./change.ts";
import { Compactor, roomIsShort } from "./compact.ts";
import type { FileSystem } from "./file_system.ts";
import { type Group, type GroupedStore, GroupLoop } from "./group_loop.ts";
import type { IndexEnv } from "./index_env.ts";
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

/** Space the index may need for one row of a commit: two pages. */
const INDEX_BYTES_A_ROW = 8 * 1024;

/** What a caller is told when its change is durable. */
type Settled = { readonly planned: Planned; readonly outcome: OpOutcome | null };

/**
 * One shard: gathers what is asked, numbers it, appends it to the log as one record, applies it, answers. What arrives
 * meanwhile forms the next group; there is no timer.
 */
export class LoggedShard implements ShardStore, GroupedStore<Change, Settled> {
  readonly number: number;
  readonly reader: ShardReader;
  #epoch = 0;
  readonly #loop: GroupLoop<Change, Settled>;
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
    this.#loop = new GroupLoop(this, options);
    this.#compactor = new Compactor(state, {
      clock: options.clock,
      log: options.log,
      stepBytesMax: options.limits.compactStepBytesMax,
      mayRun: () => this.#loop.idle,
      roomIsShort: () => roomIsShort(options),
      failed: (failure) => this.#loop.failed(failure),
    });
  }
  get index(): IndexEnv {
    return this.state.index;
  }
  /** Brings the state to the head of the log and claims the shard. On a disk that cannot be written it opens for reading. */
  async open(): Promise<void> {
    await this.#loop.open();
    this.#compactor.look();
  }
  async deliver(input: DeliverInput): Promise<DeliverResult> {
    const { planned } = await this.#loop.submit(deliverChange(input, this.options.limits));
    return deliverResult(planned);
  }
  async withdraw(opId: string): Promise<void> {
    await this.#loop.submit(withdrawChange(opId));
  }
  async expunge(
    account: AccountId,
    mailbox: number,
    uids: readonly number[],
  ): Promise<{ expunged: Uid[]; modSeq: ModSeq }> {
    const { outcome } = await this.#loop.submit(expungeChange(account, mailbox, uids, this.options.limits));
    return { expunged: [...(outcome?.uids ?? [])] as Uid[], modSeq: (outcome?.modSeq ?? 1) as ModSeq };
  }
  async setFlags(
    account: AccountId,
    mailbox: number,
    uids: readonly number[],
    change: FlagChange,
  ): Promise<{ modSeq: ModSeq }> {
    const { outcome } = await this.#loop.submit(flagsChange({ account, mailbox, uids }, change, this.options.limits));
    return { modSeq: (outcome?.modSeq ?? 1) as ModSeq };
  }
  async purge(account: AccountId): Promise<{ messages: number }> {
    for (let messages = 0;;) {
      const { outcome } = await this.#loop.submit(purgeChange(account));
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
    return this.#loop.health;
  }
  async close(): Promise<void> {
    if (!await this.#loop.close()) return;
    this.#compactor.stop();
    await this.state.close();
  }
  bytesOf(change: Change): number {
    return change.kind === "deliver" ? change.size : 0;
  }
  indexBytesOf(change: Change): number {
    return rowsOf(change) * INDEX_BYTES_A_ROW;
  }
  takesSpace(change: Change): boolean {
    return change.kind === "deliver";
  }
  begin(noSpace: Failure | null): Group<Change, Settled> {
    const plan = new GroupPlan(this.index, this.state.header, noSpace);
    const planned: Planned[] = [];
    let outcome: RecordOutcome | null = null;
    return {
      add(change) {
        const next = plan.add(change);
        if (next.type !== "later") planned.push(next);
        return next.type !== "later";
      },
      write: () => {
        if (plan.ops.length === 0) return;
        const written = this.#append(this.#record(plan.ops));
        if (!(written instanceof Promise)) return void (outcome = written);
        return written.then((done) => void (outcome = done));
      },
      answer: (i) => settledAs(planned[i]!, outcome),
      settled: () => {
        if (outcome !== null) this.#tell(outcome);
      },
    };
  }
  async claim(): Promise<void> {
    const applied = this.state.appliedSeq;
    for await (const { seq, record } of this.shardLog.read(applied + 1)) this.state.apply(seq, record);
    const ageMs = this.#ageMs();
    const epoch = await this.shardLog.claim(this.options.node, this.state.appliedSeq, ageMs);
    this.state.apply(epoch, claimRecord(this.options.node, this.state.incarnation, ageMs));
    this.#epoch = epoch;
  }
  probe(): void {
    this.state.probe();
  }
  reopen(options: { readonly inDoubt: boolean }): void {
    this.state.reopen(options);
  }
  #open(): ShardReader {
    this.#loop.assertOpen();
    return this.reader;
  }
  /** What the record did, at once or later. */
  #append(record: ShardRecord): RecordOutcome | Promise<RecordOutcome> {
    const apply = (seq: number) => {
      const outcome = this.state.apply(seq, record);
      assert(outcome !== null, "the last record's outcome is known");
      if (outcome.stale) throw new Failure("refused", "another owner has claimed the shard");
      return outcome;
    };
    const seq = this.shardLog.append(this.state.appliedSeq, record);
    return typeof seq === "number" ? apply(seq) : seq.then(apply);
  }
  #record(ops: ShardRecord["ops"]): ShardRecord {
    const { incarnation } = this.state;
    return { version: RECORD_VERSION, epoch: this.#epoch, incarnation, ageMs: this.#ageMs(), ops };
  }
  #ageMs(): number {
    return Math.max(0, Math.floor(this.options.clock.monotonicMs() - this.#bornMs));
  }
  #tell({ forgottenEarly, changes, freed }: RecordOutcome): void {
    if (forgottenEarly > 0) {
      this.options.log.warn("answers to deliveries forgotten before their time", { count: forgottenEarly });
    }
    for (const { account, mailbox, change } of changes) {
      for (const listener of this.#listeners) listener(account, mailbox, change);
    }
    if (freed) this.#compactor.look();
  }
}

function settledAs(planned: Planned, outcome: RecordOutcome | null): Settled | Failure {
  if (planned.type === "refused") return planned.failure;
  return { planned, outcome: planned.type === "op" ? outcome?.ops[planned.op] ?? null : null };
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

function deliverResult(planned: Planned): DeliverResult {
  if (planned.type === "full") return planned;
  assert(planned.type === "op" || planned.type === "known", "a delivery is stored, known, full or refused");
  const targets = planned.answer?.targets ?? null;
  if (targets === null) throw new Failure("refused", "the delivery was taken back");
  return { type: "delivered", uids: targets.map(({ uid }) => uid as Uid) };
}
