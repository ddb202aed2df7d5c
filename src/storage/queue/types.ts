import type { Clock, Failure, Log, Random } from "../../base/mod.ts";
import type { OutgoingEnvelope, OutgoingRecipient } from "../../mail/envelope.ts";
import type { FileSystem } from "../disk/file_system.ts";
import type { IndexEnv } from "../disk/index_env.ts";
import type { QueueLimits } from "./limits.ts";

/** One attempt that is remembered with its item. Texts are cut at `noteTextMax` characters. */
export interface StoredAttempt {
  /** Queue time, ms. */
  readonly atMs: number;
  readonly host: string | null;
  readonly tls: string | null;
  readonly code: number | null;
  readonly status: string;
  readonly text: string;
}

/** A recipient that is still open. */
export interface ItemRecipient extends OutgoingRecipient {
  /** Its last status and reply; null before the first attempt. */
  readonly last: { readonly code: number | null; readonly status: string; readonly text: string } | null;
}

/** What changes about an item from attempt to attempt. */
export interface ItemState {
  /** When it is tried next, in queue time (ms). */
  readonly dueMs: number;
  readonly held: boolean;
  readonly attempts: number;
  /** Whether the sender was told of the delay. */
  readonly warned: boolean;
  readonly recipients: readonly ItemRecipient[];
  /** The newest attempts, oldest first, at most `attemptsKeptMax`. */
  readonly notes: readonly StoredAttempt[];
}

/** Recipients of one mail at one destination: the unit that is scheduled and tried. */
export interface StoredItem extends ItemState {
  /** Rises with every item, never used twice. */
  readonly item: number;
  readonly message: number;
  readonly destination: string;
}

/** One mail in the queue. */
export interface StoredMessage {
  readonly message: number;
  readonly envelope: OutgoingEnvelope;
  readonly size: number;
  /** When it was accepted, in queue time (ms). */
  readonly createdMs: number;
}

/** A mail to be taken over, its recipients sorted by destination: at least one item, and in each 1 to `recipientsMax` of them. */
export interface EnqueueInput {
  /** Asked twice, it is kept once. 1 to 255 printable ASCII characters that begin with their time. */
  readonly opId: string;
  readonly envelope: OutgoingEnvelope;
  readonly parts: readonly Uint8Array[];
  readonly items: readonly {
    readonly destination: string;
    readonly recipients: readonly OutgoingRecipient[];
    /** In queue time (ms). */
    readonly dueMs: number;
  }[];
}

/** A change of an item: its next state, or null when it is done with. The last item of a mail takes the mail along. */
export interface ItemChange {
  readonly item: number;
  readonly next: ItemState | null;
}

/** A destination that is left alone. */
export interface Suspension {
  readonly destination: string;
  /** In queue time (ms); null: until it is resumed. */
  readonly untilMs: number | null;
}

/** What `verify` found wrong. */
export interface QueueProblem {
  /** Null when no mail, or no item, in particular is concerned. */
  readonly message: number | null;
  readonly item: number | null;
  readonly problem: string;
}

/** What the schedule needs of an item; small enough for a million in memory. */
export interface ScheduleRow {
  readonly item: number;
  readonly dueMs: number;
  readonly held: boolean;
}

/**
 * The outbound queue on the disk: all that waits goes to a log of bodies and changes, in one flush; what has lived for a while
 * gets rows in LMDB. Changes reject with Failure `disk_full`, `disk`, `busy`, `invalid` or `closed`; reads answer from durable
 * state, also while the disk refuses writes.
 */
export interface QueueStore {
  /**
   * Queue time in ms: runs with the monotonic clock, and takes no more than a day from a stop, so that a clock that jumps
   * neither expires mail nor brings it all due. Begins as wall-clock time.
   */
  nowMs(): number;
  /** Durable when it resolves: the items, in the order asked. `known` when the `opId` was there before (items: those left). */
  enqueue(input: EnqueueInput): Promise<{ readonly items: readonly StoredItem[]; readonly known: boolean }>;
  /** Durable when it resolves, all of it or none. An item that is gone is passed over; at most `changesMax` of them. */
  change(changes: readonly ItemChange[]): Promise<void>;
  item(item: number): StoredItem | null;
  message(message: number): StoredMessage | null;
  /** The whole mail; `not_found` when it is gone, `corrupt` when its checksum is wrong. */
  body(message: number): Uint8Array;
  /** Rows with an item number above `after`, rising, at most `limit` (10,000). */
  schedule(after: number, limit: number): readonly ScheduleRow[];
  /** Leaves a destination alone until then; null: until `resume`. Durable when it resolves; the schedule is not changed by it. */
  suspend(destination: string, untilMs: number | null): Promise<void>;
  resume(destination: string): Promise<void>;
  /** All that were suspended and not resumed, also those whose time is over. */
  suspensions(): readonly Suspension[];
  /** Item numbers of a destination above `after`, rising, at most `limit`. */
  itemsOf(destination: string, after: number, limit: number): readonly number[];
  /** Item numbers of the mail with this id, rising. */
  itemsOfMail(id: string): readonly number[];
  counts(): { readonly items: number; readonly messages: number; readonly bytes: number };
  health(): "ok" | Failure;
  /** Reads every row and every body and names what is wrong; mail may come and go meanwhile. */
  verify(): AsyncIterable<QueueProblem>;
  /** Waits for what was asked, then lets go of the files. */
  close(): Promise<void>;
}

export interface QueueStoreOptions {
  /** Directory of the queue; made when it is absent. */
  readonly dir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Marks the log of a queue that is made anew (default: the system's). */
  readonly random?: Random;
  /** Names this process, see `MailStoreOptions.owner`. */
  readonly owner?: string;
  readonly files?: FileSystem;
  /** Opens the index (default LMDB). */
  readonly index?: (path: string) => IndexEnv;
  /** Runs a function later in this thread (default setImmediate): what is asked until then forms one group. */
  readonly defer?: (run: () => void) => void;
  readonly limits?: Partial<QueueLimits>;
}
