import { assert, type Clock, decodeUtf8, Failure, type Log } from "../base/mod.ts";
import type { AccountId } from "../mail/account.ts";
import type { MailboxName, SpecialUse } from "../mail/mailbox_name.ts";
import type { AppendOutcome } from "../mail/mailbox_view.ts";
import { type Ranges, rangesOfRising } from "../mail/ranges.ts";
import type { RowColumns } from "../mail/row_columns.ts";
import type { ModSeq, Uid } from "../mail/uid.ts";
import {
  accessKeysChange,
  aclChange,
  appendChange,
  copyChange,
  metadataChange,
  Setting,
  treeChange,
  type TreeWish,
} from "./account/change.ts";
import { annotateChange } from "./account/annotation_change.ts";
import type { RecordOutcome } from "./apply.ts";
import {
  type Change,
  deliverChange,
  expungeChange,
  PURGE_STEP_MESSAGES,
  purgeChange,
  storeFlagsChange,
  storeRangesChange,
  withdrawChange,
} from "./change.ts";
import { ColumnKeeper } from "./columns/keeper.ts";
import { Checkpoints } from "./disk/checkpoints.ts";
import { Compactor, roomIsShort } from "./disk/compact.ts";
import type { FileSystem } from "./disk/file_system.ts";
import { LateFlush } from "./disk/late_flush.ts";
import { type Group, type GroupedStore, GroupLoop } from "./disk/group_loop.ts";
import type { IndexEnv } from "./disk/index_env.ts";
import { KeptColumns } from "./columns/kept.ts";
import type { StoreLimits } from "./limits.ts";
import type { Planned } from "./group_draft.ts";
import { GroupPlan } from "./plan.ts";
import {
  appendResult,
  copyResult,
  deliverResult,
  eachOf,
  rangesStoreResult,
  settingOutcome,
  type Settled,
} from "./results.ts";
import { claimRecord, RECORD_VERSION, type ShardLog, type ShardRecord } from "./shard_log.ts";
import { ShardReader } from "./reading/shard_reader.ts";
import type { ShardState } from "./shard_state.ts";
import { bytesOf, takesSpace } from "./space.ts";
import { Sweeper } from "./sweeper.ts";
import type * as types from "./types.ts";

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
  /** What of the MIME indexes is kept beside rows; nothing when absent. */
  readonly columns?: types.IndexColumns;
}

/**
 * One shard: gathers what is asked, numbers it, appends it to the log as one record, applies it, answers. What arrives
 * meanwhile forms the next group; there is no timer.
 */
export class LoggedShard implements types.ShardStore, GroupedStore<Change, Settled> {
  readonly number: number;
  readonly reader: ShardReader;
  #epoch = 0;
  readonly #loop: GroupLoop<Change, Settled>;
  readonly #listeners = new Set<types.ChangeListener>();
  readonly #bornMs: number;
  readonly #compactor: Compactor;
  readonly #checkpoints: Checkpoints;
  readonly #lateFlush: LateFlush;
  readonly #sweeper: Sweeper;
  readonly #keeper: ColumnKeeper | null;

  /** Nothing else may be called before `open` has resolved. */
  constructor(
    readonly state: ShardState,
    private readonly shardLog: ShardLog,
    private readonly options: LoggedShardOptions,
  ) {
    this.number = options.number;
    const { columns, log } = options;
    const missing = (of: types.MailboxRef, block: number) => this.#keeper?.note(of, block);
    const kept = columns === undefined ? null : new KeptColumns(state.index, { log, columns, missing });
    this.reader = new ShardReader(state, options.limits, kept);
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
    this.#checkpoints = new Checkpoints(state, {
      clock: options.clock,
      log: options.log,
      afterMs: options.limits.unindexedMsMax,
      mayRun: () => this.#loop.idle,
      made: () => this.#compactor.look(),
      failed: (failure) => this.#loop.failed(failure),
    });
    this.#keeper = columns === undefined ? null : new ColumnKeeper(state, this.reader, {
      ...{ clock: options.clock, log, columns },
      mayRun: () => this.#loop.idle,
      rests: () => !state.owed,
      roomIsShort: () => roomIsShort(options),
      failed: (failure) => this.#loop.failed(failure),
    });
    this.#lateFlush = new LateFlush(state, {
      clock: options.clock,
      afterMs: options.limits.unflushedMsMax,
      mayRun: () => this.#loop.idle,
      failed: (failure) => this.#loop.failed(failure),
    });
    this.#sweeper = new Sweeper(() => this.index, {
      clock: options.clock,
      log: options.log,
      step: (account, mailbox) => this.#sweep(account as AccountId, mailbox),
    });
  }
  get index(): IndexEnv {
    return this.state.index;
  }
  /** Brings the state to the head of the log and claims the shard. On a disk that cannot be written it opens for reading. */
  async open(): Promise<void> {
    await this.#loop.open();
    this.#compactor.look();
    this.#sweeper.look();
  }
  async deliver(input: types.DeliverInput): Promise<types.DeliverResult> {
    const { planned } = await this.#loop.submit(deliverChange(input, this.options.limits));
    return deliverResult(planned);
  }
  async withdraw(opId: string): Promise<void> {
    await this.#loop.submit(withdrawChange(opId));
  }
  async expunge(account: AccountId, mailbox: number, uids: readonly number[]): ReturnType<types.ShardStore["expunge"]> {
    const { outcome } = await this.#loop.submit(expungeChange(account, mailbox, uids, this.options.limits));
    return { expunged: [...(outcome?.uids ?? [])] as Uid[], modSeq: (outcome?.modSeq ?? 1) as ModSeq };
  }
  async storeFlags(
    account: AccountId,
    mailbox: number,
    uids: readonly number[],
    store: types.FlagStore,
  ): Promise<types.FlagStoreResult> {
    const change = storeFlagsChange({ account, mailbox, uids }, store, this.options.limits);
    return eachOf(rangesStoreResult(await this.#loop.submit(change), change.uids));
  }
  async storeRanges(
    account: AccountId,
    mailbox: number,
    uids: Ranges,
    store: types.FlagStore,
  ): Promise<types.RangesStoreResult> {
    const change = storeRangesChange({ account, mailbox, uids }, store);
    return rangesStoreResult(await this.#loop.submit(change), uids);
  }
  async storeRangesEach(
    account: AccountId,
    mailbox: number,
    stores: readonly types.FlagStoreOf[],
  ): Promise<(types.RangesStoreResult | Failure)[]> {
    const changes = stores.map(({ uids, ...store }) => storeRangesChange({ account, mailbox, uids }, store));
    const settled = await this.#loop.submitEach(changes);
    return settled.map((answer, i) => answer instanceof Failure ? answer : rangesStoreResult(answer, stores[i]!.uids));
  }
  async append(input: types.AppendInput): Promise<AppendOutcome> {
    return appendResult((await this.#loop.submit(appendChange(input, this.options.limits))).planned);
  }
  async copy(input: types.CopyInput): Promise<types.CopyResult> {
    return copyResult((await this.#loop.submit(copyChange(input, this.options.limits))).planned);
  }
  async purge(account: AccountId): Promise<{ messages: number }> {
    for (let messages = 0;;) {
      const { outcome } = await this.#loop.submit(purgeChange(account));
      messages += outcome?.removed ?? 0;
      if (outcome?.more !== true) return { messages };
    }
  }
  createMailbox(account: AccountId, name: MailboxName, specialUse: SpecialUse | null): Promise<types.TreeOutcome> {
    return this.#wish(account, { wish: "create", name, specialUse });
  }
  async removeMailbox(account: AccountId, name: MailboxName): Promise<types.TreeOutcome> {
    const outcome = await this.#wish(account, { wish: "remove", name });
    this.#sweeper.look();
    return outcome;
  }
  renameMailbox(account: AccountId, name: MailboxName, to: MailboxName): Promise<types.TreeOutcome> {
    return this.#wish(account, { wish: "rename", name, to });
  }
  subscribe(account: AccountId, name: MailboxName, subscribed: boolean): Promise<types.TreeOutcome> {
    return this.#wish(account, { wish: "subscribe", name, subscribed });
  }
  async annotate(
    account: AccountId,
    mailbox: number,
    uids: readonly number[],
    store: types.AnnotationStore,
  ): Promise<types.FlagStoreResult> {
    const change = annotateChange({ account, mailbox, uids }, store, this.options.limits);
    return eachOf(rangesStoreResult(await this.#loop.submit(change), rangesOfRising(change.uids)));
  }
  async setMetadata(account: AccountId, mailbox: number, entries: readonly types.Annotation[]) {
    const change = metadataChange(account, mailbox, entries, this.options.limits);
    return settingOutcome((await this.#loop.submit(change)).planned);
  }
  async setAcl(account: AccountId, mailbox: number, entries: readonly types.AclEntry[]) {
    return settingOutcome((await this.#loop.submit(aclChange(account, mailbox, entries))).planned);
  }
  async setAccessKeys(account: AccountId, mailbox: number, keys: readonly types.AccessKey[]) {
    return settingOutcome((await this.#loop.submit(accessKeysChange(account, mailbox, keys))).planned);
  }
  mailboxes(account: AccountId): types.MailboxNode[] {
    return this.#open().tree(account).nodes();
  }
  mailboxNamed(account: AccountId, name: MailboxName): types.MailboxNode | null {
    return this.#open().tree(account).node(name);
  }
  status(account: AccountId, mailbox: number): types.MailboxStatus {
    return this.#open().status(account, mailbox);
  }
  list(account: AccountId, mailbox: number, after: number, limit: number): ReturnType<types.ShardStore["list"]> {
    return this.#open().list(account, mailbox, after, limit);
  }
  rowsAt(account: AccountId, mailbox: number, after: number, wanted: types.RowsWanted) {
    return this.#open().rowsAt(account, mailbox, after, wanted);
  }
  fillRows(account: AccountId, mailbox: number, wanted: types.RowRanges, into: RowColumns): number | null {
    return this.#open().fillRows(account, mailbox, wanted, into);
  }
  contents(wanted: types.ContentsWanted) {
    return this.#open().contents(wanted);
  }
  columnBytes(of: types.ColumnOf, uid: number): number {
    return this.#open().columnBytes(of, uid);
  }
  keywordSet(account: AccountId, mailbox: number, set: number): readonly string[] {
    return this.#open().keywordSet(account, mailbox, set);
  }
  blockCounts(account: AccountId, mailbox: number): types.BlockCounts {
    return this.#open().blockCounts(account, mailbox);
  }
  keywords(account: AccountId, mailbox: number): readonly string[] {
    return this.#open().keywords(account, mailbox);
  }
  fetch(account: AccountId, mailbox: number, range: types.FetchRange): { bytes: Uint8Array; size: number } {
    return this.#open().fetch(account, mailbox, range);
  }
  fetchIndex(account: AccountId, mailbox: number, uid: number): Uint8Array | null {
    return this.#open().fetchIndex(account, mailbox, uid);
  }
  usage(account: AccountId): { bytes: number; messages: number } {
    return this.#open().usage(account);
  }
  changes(account: AccountId, mailbox: number, since: number): types.ChangesSince | null {
    return this.#open().changes(account, mailbox, since);
  }
  annotations(account: AccountId, mailbox: number, first: number, last: number): types.AnnotationsOf[] {
    return this.#open().annotations(account, mailbox, first, last);
  }
  metadata(account: AccountId, mailbox: number): [string, Uint8Array][] {
    return this.#open().settings(account, mailbox, Setting.metadata);
  }
  accessKeys(account: AccountId, mailbox: number): [AccountId, Uint8Array][] {
    return this.#open().settings(account, mailbox, Setting.accessKeys) as [AccountId, Uint8Array][];
  }
  acl(account: AccountId, mailbox: number): [string, string][] {
    const entries = this.#open().settings(account, mailbox, Setting.acl);
    return entries.map(([identifier, rights]) => [identifier, decodeUtf8(rights) ?? ""]);
  }
  shared(): { account: AccountId; mailbox: number }[] {
    return this.#open().shared();
  }
  onChange(listener: types.ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
  health(): "ok" | Failure {
    const { health } = this.#loop;
    return health === "ok" ? this.state.indexFull ?? health : health;
  }
  async close(): Promise<void> {
    this.#sweeper.stop();
    if (!await this.#loop.close()) return;
    this.#compactor.stop();
    this.#keeper?.stop();
    this.#checkpoints.stop();
    this.#lateFlush.stop();
    this.state.end(this.options.clock.wallMs());
    // So that the next start has no log to read, and the files may be moved. A shard that cannot say so is not kept from closing: what is in the log is
    // durable.
    if (this.#loop.health === "ok") this.#checkpoints.makeIfItCan();
    await this.state.close();
  }
  bytesOf(change: Change): number {
    return bytesOf(change);
  }
  takesSpace(change: Change): boolean {
    return takesSpace(change);
  }
  begin(noSpace: Failure | null): Group<Change, Settled> {
    const plan = new GroupPlan({ index: this.index, header: this.state.header, limits: this.options.limits, noSpace });
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
        if (this.state.takeSealed()) this.#compactor.look();
        if (this.state.owed) this.#checkpoints.look();
        this.#lateFlush.look();
      },
    };
  }
  async claim(): Promise<void> {
    this.state.adopt();
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
  /** How a change of the tree ended; an INBOX that was renamed is empty when this resolves. */
  async #wish(account: AccountId, wish: TreeWish): Promise<types.TreeOutcome> {
    const { planned } = await this.#loop.submit(treeChange(account, wish));
    assert(planned.type === "tree", "a wish for the tree is answered as one");
    const { outcome, drain } = planned;
    if (outcome.type !== "done" || drain === null) return outcome;
    const step = { kind: "drain", account, to: outcome.mailbox, ...drain, limit: PURGE_STEP_MESSAGES } as const;
    for (let more = true; more;) {
      const moved = (await this.#loop.submit(step)).planned;
      more = moved.type === "copied" && moved.uids.length > 0;
    }
    return outcome;
  }
  async #sweep(account: AccountId, mailbox: number): Promise<boolean> {
    const { outcome } = await this.#loop.submit({ kind: "sweep", account, mailbox, limit: PURGE_STEP_MESSAGES });
    return outcome?.more === true;
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
      if (change.kind === "delivered") this.#keeper?.arrived(account, mailbox, change.uid);
      for (const listener of this.#listeners) listener(account, mailbox, change);
    }
    if (freed) this.#compactor.look();
  }
}

function settledAs(planned: Planned, outcome: RecordOutcome | null): Settled | Failure {
  if (planned.type === "refused") return planned.failure;
  return { planned, outcome: planned.type === "op" ? outcome?.ops[planned.op] ?? null : null };
}
