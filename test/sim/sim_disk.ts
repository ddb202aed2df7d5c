import { type Clock, Failure, type Random } from "../../src/base/mod.ts";
import type { AccountId } from "../../src/mail/account.ts";
import type { DeliverInput, DeliverResult, FetchRange, ShardStore } from "../../src/storage/types.ts";

/** Longest time until a group is written, and from there to its answers, in ms. */
const WRITE_MS_MAX = 8;
const ANSWER_MS_MAX = 4;

/** Defects that can be planted, to see that the simulation finds them. */
export type PlantedBug =
  | "acknowledges before it is durable"
  | "forgets what it has stored for whom"
  | "does not take back"
  | "changes a byte";

/** What a disk is opened with, anew in every life of its worker. */
export interface SimDiskOptions {
  /** What is durable: it outlives the worker. */
  readonly base: ShardStore;
  /** The worker's: its timers end with it. */
  readonly clock: Clock;
  readonly random: Random;
  readonly fails: (point: string) => boolean;
  readonly bug: PlantedBug | null;
}

interface Op {
  readonly run: () => Promise<unknown>;
  readonly takesRoom: boolean;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A shard whose changes wait for their group. Until it is written all of them are lost with the worker; afterwards they stay,
 * whether or not the answer still gets out. `disk.flush` fails a group, `disk.full` its deliveries.
 */
export class SimDisk implements ShardStore {
  #waiting: Op[] = [];

  constructor(private readonly options: SimDiskOptions) {}

  get number(): number {
    return this.options.base.number;
  }

  deliver(input: DeliverInput): Promise<DeliverResult> {
    const { base, bug, random } = this.options;
    const opId = bug === "forgets what it has stored for whom" ? `${input.opId}/${random.next()}` : input.opId;
    const stored = this.#later(() => base.deliver({ ...input, opId }), true);
    if (bug !== "acknowledges before it is durable") return stored;
    stored.catch(() => {});
    return Promise.resolve({ type: "delivered", uids: [] });
  }
  withdraw(opId: string): Promise<void> {
    const { base, bug } = this.options;
    return this.#later(() => bug === "does not take back" ? Promise.resolve() : base.withdraw(opId), false);
  }
  expunge(...args: Parameters<ShardStore["expunge"]>): ReturnType<ShardStore["expunge"]> {
    return this.#later(() => this.options.base.expunge(...args), false);
  }
  storeRanges(...args: Parameters<ShardStore["storeRanges"]>): ReturnType<ShardStore["storeRanges"]> {
    return this.#later(() => this.options.base.storeRanges(...args), false);
  }
  storeFlags(...args: Parameters<ShardStore["storeFlags"]>): ReturnType<ShardStore["storeFlags"]> {
    return this.#later(() => this.options.base.storeFlags(...args), false);
  }
  storeRangesEach(...args: Parameters<ShardStore["storeRangesEach"]>): ReturnType<ShardStore["storeRangesEach"]> {
    return this.#later(() => this.options.base.storeRangesEach(...args), false);
  }
  append(...args: Parameters<ShardStore["append"]>): ReturnType<ShardStore["append"]> {
    return this.#later(() => this.options.base.append(...args), true);
  }
  copy(...args: Parameters<ShardStore["copy"]>): ReturnType<ShardStore["copy"]> {
    return this.#later(() => this.options.base.copy(...args), !args[0].move);
  }
  createMailbox(...args: Parameters<ShardStore["createMailbox"]>): ReturnType<ShardStore["createMailbox"]> {
    return this.#later(() => this.options.base.createMailbox(...args), false);
  }
  removeMailbox(...args: Parameters<ShardStore["removeMailbox"]>): ReturnType<ShardStore["removeMailbox"]> {
    return this.#later(() => this.options.base.removeMailbox(...args), false);
  }
  renameMailbox(...args: Parameters<ShardStore["renameMailbox"]>): ReturnType<ShardStore["renameMailbox"]> {
    return this.#later(() => this.options.base.renameMailbox(...args), false);
  }
  subscribe(...args: Parameters<ShardStore["subscribe"]>): ReturnType<ShardStore["subscribe"]> {
    return this.#later(() => this.options.base.subscribe(...args), false);
  }
  setMetadata(...args: Parameters<ShardStore["setMetadata"]>): ReturnType<ShardStore["setMetadata"]> {
    return this.#later(() => this.options.base.setMetadata(...args), true);
  }
  setAcl(...args: Parameters<ShardStore["setAcl"]>): ReturnType<ShardStore["setAcl"]> {
    return this.#later(() => this.options.base.setAcl(...args), true);
  }
  setAccessKeys(...args: Parameters<ShardStore["setAccessKeys"]>): ReturnType<ShardStore["setAccessKeys"]> {
    return this.#later(() => this.options.base.setAccessKeys(...args), true);
  }
  mailboxes(...args: Parameters<ShardStore["mailboxes"]>) {
    return this.options.base.mailboxes(...args);
  }
  mailboxNamed(...args: Parameters<ShardStore["mailboxNamed"]>) {
    return this.options.base.mailboxNamed(...args);
  }
  rowsAt(...args: Parameters<ShardStore["rowsAt"]>) {
    return this.options.base.rowsAt(...args);
  }
  blockCounts(...args: Parameters<ShardStore["blockCounts"]>) {
    return this.options.base.blockCounts(...args);
  }
  keywords(...args: Parameters<ShardStore["keywords"]>) {
    return this.options.base.keywords(...args);
  }
  fetchIndex(...args: Parameters<ShardStore["fetchIndex"]>) {
    return this.options.base.fetchIndex(...args);
  }
  annotate(...args: Parameters<ShardStore["annotate"]>): ReturnType<ShardStore["annotate"]> {
    return this.#later(() => this.options.base.annotate(...args), true);
  }
  annotations(...args: Parameters<ShardStore["annotations"]>) {
    return this.options.base.annotations(...args);
  }
  metadata(...args: Parameters<ShardStore["metadata"]>) {
    return this.options.base.metadata(...args);
  }
  acl(...args: Parameters<ShardStore["acl"]>) {
    return this.options.base.acl(...args);
  }
  accessKeys(...args: Parameters<ShardStore["accessKeys"]>) {
    return this.options.base.accessKeys(...args);
  }
  fillRows(...args: Parameters<ShardStore["fillRows"]>) {
    return this.options.base.fillRows(...args);
  }
  contents(...args: Parameters<ShardStore["contents"]>) {
    return this.options.base.contents(...args);
  }
  columnBytes(...args: Parameters<ShardStore["columnBytes"]>) {
    return this.options.base.columnBytes(...args);
  }
  keywordSet(...args: Parameters<ShardStore["keywordSet"]>) {
    return this.options.base.keywordSet(...args);
  }
  shared() {
    return this.options.base.shared();
  }
  purge(account: AccountId): Promise<{ messages: number }> {
    return this.#later(() => this.options.base.purge(account), false);
  }
  status(account: AccountId, mailbox: number) {
    return this.options.base.status(account, mailbox);
  }
  list(account: AccountId, mailbox: number, after: number, limit: number) {
    return this.options.base.list(account, mailbox, after, limit);
  }
  fetch(account: AccountId, mailbox: number, range: FetchRange): { bytes: Uint8Array; size: number } {
    const { base, bug } = this.options;
    const { bytes, size } = base.fetch(account, mailbox, range);
    if (bug === "changes a byte") bytes.set([bytes[0]! ^ 1]);
    return { bytes, size };
  }
  usage(account: AccountId) {
    return this.options.base.usage(account);
  }
  changes(account: AccountId, mailbox: number, since: number) {
    return this.options.base.changes(account, mailbox, since);
  }
  onChange(listener: Parameters<ShardStore["onChange"]>[0]): () => void {
    return this.options.base.onChange(listener);
  }
  health(): "ok" {
    return "ok";
  }
  close(): Promise<void> {
    return Promise.resolve();
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
    const failed = fails("disk.flush");
    const full = fails("disk.full");
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
