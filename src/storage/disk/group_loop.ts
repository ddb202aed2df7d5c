import { type Cancel, type Clock, describeError, Failure, type Log } from "../../base/mod.ts";
import { diskFailure } from "./disk_failure.ts";
import type { FileSystem } from "./file_system.ts";
import type { IndexEnv } from "./index_env.ts";
import type { StoreLimits } from "../limits.ts";

/** Changes that become durable together. */
export interface Group<C, A> {
  /** Takes a change in; false when it has to wait for the next group. A throw (a damaged row) is that change's failure. */
  add(change: C): boolean;
  /** Makes all of it durable, at once or later. */
  write(): void | Promise<void>;
  /** What change number `i` is told now that all is durable; a Failure refuses that one. */
  answer(i: number): A | Failure;
  /** Everybody has been told. */
  settled(): void;
}

/** A store whose changes go in groups. */
export interface GroupedStore<C, A> {
  readonly index: IndexEnv;
  /** Bytes that a change keeps in memory while it waits. */
  bytesOf(change: C): number;
  /** Whether it is refused on a full device; what frees space goes on. */
  takesSpace(change: C): boolean;
  /** How long it may wait for others to be flushed with, in ms; absent: for none. */
  waitMsOf?(change: C): number;
  /** Begins a group; with `noSpace`, what takes space is refused with that. */
  begin(noSpace: Failure | null): Group<C, A>;
  /** Makes this process the owner, durably. */
  claim(): void | Promise<void>;
  /** See `StoreFiles`. */
  probe(): void;
  reopen(options: { readonly inDoubt: boolean }): void;
}

export interface GroupLoopOptions {
  /** Directory of the store. */
  readonly dir: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly files: FileSystem;
  readonly limits: Pick<
    StoreLimits,
    | "pendingOpsMax"
    | "pendingBytesMax"
    | "groupOpsMax"
    | "groupBytesMax"
    | "freeBytesMin"
    | "indexBytesMax"
    | "retryMsMin"
    | "retryMsMax"
  >;
  readonly defer: (run: () => void) => void;
}

/** Space that the index may need for a claim. */
const CLAIM_BYTES = 8 * 1024;

/**
 * With so much more than is needed on the device, and below the cap of the index, both are looked at once in so long: a device that
 * takes less than 20 GB in a second cannot fill meanwhile, whoever writes to it. Where there is less, they are looked at for every
 * group: so a device that fills is noticed while the reserve is there, before a write fails.
 */
const SPACIOUS_BYTES = 1024 * 1024 * 1024;
export const SPACE_LOOKED_MS = 50;

interface Waiting<C, A> {
  readonly change: C;
  readonly urgent: boolean;
  /** It found no space beside what takes some, and is tried once more among its like. */
  readonly again: boolean;
  readonly done: (answer: A) => void;
  readonly fail: (error: unknown) => void;
}

/** A disk that failed: nothing is acknowledged until a claim has been written again. */
interface Down {
  readonly failure: Failure;
  readonly retryAtMs: number;
  readonly pauseMs: number;
}

/**
 * Gathers the changes of one store into groups, answers each when its group is durable, and keeps to what the disk says.
 * What arrives while a group is written forms the next one; there is no timer, but for changes that may wait: they go with the
 * next that may not.
 */
export class GroupLoop<C, A> {
  #waiting: Waiting<C, A>[] = [];
  #waitingBytes = 0;
  /** How many of them may not wait for others. */
  #urgent = 0;
  /** The timer at which those that may wait go: set with the first of them, and left alone when they went earlier. */
  #patience: Cancel | null = null;
  #scheduled = false;
  #flushing = false;
  #down: Down | null = null;
  #noSpace: Failure | null = null;
  /** Until then nobody can have used up the space that was there. */
  #spaciousUntilMs = -Infinity;
  /** The next groups hold one change each: one of them made a whole group fail. */
  #alone = 0;
  #closing: (() => void) | null = null;
  #closed = false;
  constructor(private readonly store: GroupedStore<C, A>, private readonly options: GroupLoopOptions) {}

  /** Whether a change of where bodies lie may be made now, between groups. */
  get idle(): boolean {
    return !this.#closed && !this.#flushing && this.#down === null;
  }
  get health(): "ok" | Failure {
    return this.#down?.failure ?? this.#noSpace ?? "ok";
  }
  /** Claims the store. On a disk that cannot be written it opens for reading. */
  async open(): Promise<void> {
    try {
      await this.#claim();
    } catch (error) {
      const failure = diskFailure(error);
      if (failure === null || (failure.kind !== "disk" && failure.kind !== "disk_full")) throw error;
      this.#fall(failure);
    }
  }
  /** Resolves when the change is durable. Rejects with Failure. */
  submit(change: C): Promise<A> {
    return new Promise((done, fail) => this.#put(change, done, fail));
  }
  /** The same of several, in their order: each has an answer of its own, which is a Failure where it was refused. */
  submitEach(changes: readonly C[]): Promise<(A | Failure)[]> {
    if (changes.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      const answers = new Array<A | Failure>(changes.length);
      let left = changes.length;
      changes.forEach((change, i) => {
        const done = (answer: A | Failure) => {
          answers[i] = answer;
          if (--left === 0) resolve(answers);
        };
        const fail = (error: unknown) => error instanceof Failure ? done(error) : reject(error);
        try {
          this.#put(change, done, fail);
        } catch (error) {
          fail(error);
        }
      });
    });
  }
  #put(change: C, done: (answer: A) => void, fail: (error: unknown) => void): void {
    const { limits, clock } = this.options;
    if (this.#closing !== null || this.#closed) throw new Failure("closed", "the store is closed");
    if (this.#down !== null && clock.monotonicMs() < this.#down.retryAtMs) throw this.#down.failure;
    const bytes = this.store.bytesOf(change);
    if (this.#waiting.length >= limits.pendingOpsMax || this.#waitingBytes + bytes > limits.pendingBytesMax) {
      throw new Failure("busy", "too many changes wait for the disk");
    }
    this.#waitingBytes += bytes;
    const waitMs = this.store.waitMsOf?.(change) ?? 0;
    const urgent = waitMs === 0;
    if (urgent) this.#urgent++;
    this.#waiting.push({ change, urgent, again: false, done, fail });
    if (urgent) this.#schedule();
    else this.#scheduleWithin(waitMs);
  }
  /** Throws Failure `closed` after `close`. */
  assertOpen(): void {
    if (this.#closed) throw new Failure("closed", "the store is closed");
  }
  /** Waits for what was asked and takes nothing more. False when that was done before. */
  async close(): Promise<boolean> {
    if (this.#closing !== null || this.#closed) return false;
    await new Promise<void>((resolve) => {
      this.#closing = resolve;
      this.#schedule();
    });
    this.#closed = true;
    this.#patience?.();
    return true;
  }
  /** What was done beside the groups has failed. */
  failed(failure: Failure): void {
    if (failure.kind === "disk") this.#fall(failure);
    else if (failure.kind === "refused") this.#stepDown(failure);
    else this.#restore(failure);
  }
  #schedule(): void {
    if (this.#scheduled || this.#flushing) return;
    this.#scheduled = true;
    this.options.defer(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }
  #scheduleWithin(ms: number): void {
    this.#patience ??= this.options.clock.after(ms, () => {
      this.#patience = null;
      if (this.#waiting.length === this.#urgent) return;
      this.#urgent = this.#waiting.length;
      this.#waiting = this.#waiting.map((waiting) => ({ ...waiting, urgent: true }));
      this.#schedule();
    });
  }
  /** Makes one group of what waits. Stays in this turn when the store does. */
  #flush(): void {
    if (this.#flushing) return;
    if (this.#waiting.length === 0) return this.#closing?.();
    this.#flushing = true;
    if (this.#down?.retryAtMs === Infinity) return this.#refuseAll(this.#down.failure);
    if (this.#down !== null) {
      this.#claim().then(() => this.#next(), (error) => this.#refuseAll(error));
      return;
    }
    const taken = this.#take();
    if (taken === null) return;
    const { waiting, group } = taken;
    let written: void | Promise<void>;
    try {
      written = group.write();
    } catch (error) {
      return this.#undo(waiting, error);
    }
    if (!(written instanceof Promise)) return this.#finish(waiting, group);
    written.then(() => this.#finish(waiting, group), (error) => this.#undo(waiting, error));
  }
  #finish(waiting: readonly Waiting<C, A>[], group: Group<C, A>): void {
    waiting.forEach(({ done, fail }, i) => {
      const answer = group.answer(i);
      if (answer instanceof Failure) fail(answer);
      else done(answer);
    });
    group.settled();
    this.#next();
  }
  #next(): void {
    this.#flushing = false;
    if (this.#urgent > 0 || this.#closing !== null) this.#schedule();
  }
  /** The next group; null when its first change cannot be planned, which then has failed. */
  #take(): { waiting: Waiting<C, A>[]; group: Group<C, A> } | null {
    const { groupOpsMax, groupBytesMax } = this.options.limits;
    const opsMax = this.#alone > 0 ? 1 : groupOpsMax;
    if (this.#alone > 0) this.#alone--;
    let count = 0;
    let bytes = 0;
    try {
      this.#checkSpace();
      const group = this.store.begin(this.#noSpace);
      const alike = this.#waiting[0]?.again;
      for (const { change, again } of this.#waiting) {
        const size = this.store.bytesOf(change);
        if (count >= opsMax || again !== alike || (count > 0 && bytes + size > groupBytesMax)) break;
        if (!group.add(change)) break;
        bytes += size;
        count++;
      }
      return { waiting: this.#remove(count), group };
    } catch (error) {
      // A row that cannot be read: whatever was planned before it goes again, by itself.
      this.#undo(this.#remove(count + 1), error);
      return null;
    }
  }
  #remove(count: number): Waiting<C, A>[] {
    const removed = this.#waiting.splice(0, count);
    for (const { change, urgent } of removed) {
      this.#waitingBytes -= this.store.bytesOf(change);
      if (urgent) this.#urgent--;
    }
    return removed;
  }
  /** Keeps a reserve on the device and a cap on the index, so that deleting is always possible. */
  #checkSpace(): void {
    const { files, dir, limits, log, clock } = this.options;
    if (!this.#waiting.some(({ change }) => this.store.takesSpace(change))) return;
    if (clock.monotonicMs() < this.#spaciousUntilMs) return;
    const free = files.freeBytes(dir);
    const need = Math.max(limits.freeBytesMin, 1.5 * Math.min(this.#waitingBytes, limits.groupBytesMax));
    const index = files.fileBytes(`${dir}/index.mdb`) ?? 0;
    const was = this.#noSpace;
    if (free !== null && free < need) this.#noSpace = was ?? full("too little space is left on the device");
    else if (index >= limits.indexBytesMax) this.#noSpace = was ?? full("the index has grown to its limit");
    else this.#noSpace = null;
    const spacious = free !== null && free >= need + SPACIOUS_BYTES && index + SPACIOUS_BYTES <= limits.indexBytesMax;
    this.#spaciousUntilMs = spacious ? clock.monotonicMs() + SPACE_LOOKED_MS : -Infinity;
    if ((was === null) === (this.#noSpace === null)) return;
    if (this.#noSpace !== null) log.error("mail is refused", { reason: this.#noSpace.message, free, index });
    else log.info("mail is taken again", { free, index });
  }
  /** The group does not count. Only a Failure is answered; a defect of ours takes the worker down. */
  #undo(group: readonly Waiting<C, A>[], error: unknown): void {
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
      this.#retryWithoutMail(group, failure);
    } else if (group.length === 1) {
      for (const { fail } of group) fail(failure);
    } else {
      // One of them is bad (a damaged row): each goes by itself, so that only that one fails.
      this.#alone = group.length;
      this.#putBack(group);
    }
    this.#next();
  }
  /** Another owner writes here: nothing is taken any more until the store is opened anew. */
  #stepDown(failure: Failure): void {
    this.#down = { failure, pauseMs: 0, retryAtMs: Infinity };
    this.options.log.error("another owner has taken over", { error: describeError(failure) });
  }
  /** Undoes a group that failed without putting the disk in doubt. False when not even that works. */
  #restore(failure: Failure): boolean {
    try {
      this.store.reopen({ inDoubt: false });
      return true;
    } catch (error) {
      this.#fall(diskFailure(error) ?? failure);
      return false;
    }
  }
  /**
   * Deleting frees space, so it is tried again when the bodies beside it found none: once, and without what takes space, or it would
   * wait for as long as mail keeps coming.
   */
  #retryWithoutMail(group: readonly Waiting<C, A>[], failure: Failure): void {
    const others = group.filter(({ change }) => !this.store.takesSpace(change));
    const again = new Set(others.length < group.length ? others : []);
    for (const waiting of group) if (!again.has(waiting)) waiting.fail(failure);
    this.#putBack([...again].map((waiting) => ({ ...waiting, again: true })));
  }
  #putBack(group: readonly Waiting<C, A>[]): void {
    for (const { change } of group) this.#waitingBytes += this.store.bytesOf(change);
    this.#urgent += group.length;
    this.#waiting.unshift(...group.map((waiting) => ({ ...waiting, urgent: true })));
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
      this.store.reopen({ inDoubt: true });
    } catch (error) {
      const why = diskFailure(error);
      if (why?.kind === "refused") return this.#stepDown(why);
      log.error("the files of the store cannot be opened", { error: describeError(error) });
    }
  }
  async #claim(): Promise<void> {
    const again = this.#down !== null;
    if (again) {
      this.store.probe();
      this.store.reopen({ inDoubt: true });
    }
    this.store.index.reserve(CLAIM_BYTES);
    await this.store.claim();
    this.#down = null;
    if (again) this.options.log.info("disk works again");
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
