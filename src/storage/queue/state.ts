import type { Log } from "../../base/mod.ts";
import type { Compactable } from "../compact.ts";
import type { FileSystem } from "../file_system.ts";
import type { IndexEnv } from "../index_env.ts";
import type { SegmentPosition, Segments } from "../segments.ts";
import { StoreFiles } from "../store_files.ts";
import { QueueApplier, type QueueStep } from "./apply.ts";
import { decodeQueueHeader, encodeQueueHeader, QUEUE_SCHEMA_VERSION, type QueueHeader } from "./header.ts";
import type { QueueLimits } from "./limits.ts";

export interface QueueStateOptions {
  readonly dir: string;
  readonly files: FileSystem;
  readonly log: Log;
  readonly limits: QueueLimits;
  /** Wall clock when the queue is made, ms. */
  readonly wallMs: number;
  readonly owner?: string;
  readonly openIndex?: (path: string) => IndexEnv;
}

/** When something is written down: queue time and wall clock, ms. */
export interface Moment {
  readonly timeMs: number;
  readonly wallMs: number;
}

/** The files of the queue and what they hold. */
export class QueueState implements Compactable {
  readonly #files: StoreFiles<QueueHeader>;
  constructor(private readonly options: QueueStateOptions) {
    this.#files = new StoreFiles({
      ...options,
      name: "queue",
      makeHeader: () => newHeader(options.wallMs),
      encode: encodeQueueHeader,
      decode: decodeQueueHeader,
      parents: [`${options.dir}/..`],
    });
  }
  get index(): IndexEnv {
    return this.#files.index;
  }
  get segments(): Segments {
    return this.#files.segments;
  }
  get header(): QueueHeader {
    return this.#files.header;
  }
  get appliedSeq(): number {
    return this.header.commits;
  }
  /**
   * Makes a group durable: bodies to the segment, flushed; then one index transaction, flushed. On a throw nothing of it
   * counts, and `reopen` must succeed before the next one.
   */
  write(steps: readonly QueueStep[], { timeMs, wallMs }: Moment): { freed: boolean; forgottenEarly: number } {
    const { header, segments, index } = this;
    const bodies = steps.flatMap((step) => {
      return step.kind === "numbered" ? [{ body: step.message, ...bodyOf(step.mail) }] : [];
    });
    const { places, position } = bodies.length === 0
      ? { places: [], position: segments.position }
      : segments.append(bodies, header.commits + 1);
    return this.#files.commit(() => {
      const applier = new QueueApplier(index, header, { limits: this.options.limits, nowMs: timeMs });
      let body = 0;
      for (const step of steps) applier.apply(step, step.kind === "numbered" ? places[body++] : undefined);
      const { header: next, forgottenEarly } = applier.close();
      return {
        header: { ...next, position, timeMs, wallMs },
        answer: { freed: applier.freed, forgottenEarly },
      };
    });
  }
  /** Writes this owner's name; from then on every earlier one is refused. */
  claim({ timeMs, wallMs }: Moment): void {
    const { owner } = this.options;
    this.#files.commit(() => {
      const commits = this.header.commits + 1;
      const header = { ...this.header, commits, timeMs, wallMs, ...(owner === undefined ? {} : { owner }) };
      return { header, answer: null };
    });
  }
  relocate(change: () => SegmentPosition): void {
    this.#files.commit(() => {
      const position = change();
      return { header: { ...this.header, commits: this.header.commits + 1, position }, answer: null };
    });
  }
  /** See `StoreFiles.probe`. */
  probe(): void {
    this.#files.probe();
  }
  /** See `StoreFiles.reopen`. */
  reopen(options: { readonly inDoubt: boolean }): void {
    this.#files.reopen(options);
  }
  async close(): Promise<void> {
    await this.#files.close();
  }
}

function bodyOf({ parts, size, crc }: { parts: readonly Uint8Array[]; size: number; crc: number }) {
  return { parts, size, crc };
}

function newHeader(wallMs: number): QueueHeader {
  const now = Math.max(0, Math.floor(wallMs));
  return {
    store: "queue",
    schema: QUEUE_SCHEMA_VERSION,
    commits: 0,
    position: { segment: 0, offset: 0, tail: -1 },
    messageNext: 1,
    itemNext: 1,
    messages: 0,
    items: 0,
    bytes: 0,
    suspensions: 0,
    timeMs: now,
    wallMs: now,
    opIds: 0,
    opIdsOldestMs: 0,
  };
}
