import { crc32c } from "@node-rs/crc32";
import { Failure } from "../../base/mod.ts";
import { guarded } from "../disk_failure.ts";
import type { IndexEnv } from "../index_env.ts";
import { bodyKey } from "../keys.ts";
import type { Segments } from "../segments.ts";
import { decodeBody } from "../values.ts";
import type { QueueHeader } from "./header.ts";
import {
  allSuspensions,
  destinationFrom,
  isNumber,
  itemKey,
  itemsBetween,
  mailsOfId,
  messageKey,
  readNumber,
  scheduleFrom,
} from "./keys.ts";
import type { QueueLimits } from "./limits.ts";
import type { ScheduleRow, StoredItem, StoredMessage, Suspension } from "./types.ts";
import {
  BLOCK_ITEMS,
  decodeItem,
  decodeMessage,
  decodeSuspension,
  type MessageRow,
  readSchedule,
  suspensionName,
} from "./values.ts";

/** What is read. */
export interface Readable {
  readonly index: IndexEnv;
  readonly segments: Segments;
  readonly header: QueueHeader;
}

/** Answers from committed state; throws Failure `corrupt` for what is damaged, `disk` for what cannot be read. */
export class QueueReader {
  constructor(private readonly state: Readable, private readonly limits: QueueLimits) {}
  item(item: number): StoredItem | null {
    if (!isNumber(item)) return null;
    return guarded(() => {
      const stored = this.state.index.get(itemKey(item));
      return stored === undefined ? null : decodeItem(stored, item);
    });
  }
  message(message: number): StoredMessage | null {
    const row = this.row(message);
    if (row === null) return null;
    const { envelope, size, createdMs } = row;
    return { message, envelope, size, createdMs };
  }
  row(message: number): MessageRow | null {
    if (!isNumber(message)) return null;
    return guarded(() => {
      const stored = this.state.index.get(messageKey(message));
      return stored === undefined ? null : decodeMessage(stored, message);
    });
  }
  /** Those items of a mail that are not done, whole. */
  itemsLeft({ firstItem, items }: { readonly firstItem: number; readonly items: number }): StoredItem[] {
    return guarded(() =>
      this.state.index.range({ ...itemsBetween(firstItem, firstItem + items), limit: items })
        .map(({ key, value }) => decodeItem(value, readNumber(key)))
    );
  }
  body(message: number): Uint8Array {
    return guarded(() => {
      if (!isNumber(message) || this.state.index.get(messageKey(message)) === undefined) {
        throw new Failure("not_found", "the mail is gone from the queue");
      }
      const stored = this.state.index.get(bodyKey(message));
      if (stored === undefined) throw new Failure("corrupt", "nothing says where the body of the mail lies");
      const place = decodeBody(stored);
      const bytes = this.#read(place, place.length);
      if (crc32c(bytes) >>> 0 !== place.crc) throw new Failure("corrupt", "the checksum of the mail is wrong");
      return bytes;
    });
  }
  schedule(after: number, limit: number): ScheduleRow[] {
    return guarded(() => {
      const rows: ScheduleRow[] = [];
      const wanted = this.#rows(limit);
      let block = firstBlock(after);
      while (rows.length < wanted) {
        const blocks = Math.ceil((wanted - rows.length) / BLOCK_ITEMS) + 1;
        const stored = this.state.index.range({ ...scheduleFrom(block), limit: blocks });
        for (const { key, value } of stored) {
          block = readNumber(key);
          readSchedule({ block, stored: value }, after, { rows, limit: wanted });
          block++;
        }
        if (stored.length < blocks) break;
      }
      return rows;
    });
  }
  itemsOf(destination: string, after: number, limit: number): number[] {
    return guarded(() => {
      const range = destinationFrom(destination, Math.max(0, Math.floor(after)) + 1);
      return this.state.index.range({ ...range, limit: this.#rows(limit) }).map(({ key }) => readNumber(key));
    });
  }
  itemsOfMail(id: string): number[] {
    return guarded(() => {
      const { index } = this.state;
      return index.range({ ...mailsOfId(id), limit: this.limits.rowsMax }).flatMap(({ key }) => {
        const row = this.row(readNumber(key));
        if (row === null) return [];
        const range = itemsBetween(row.firstItem, row.firstItem + row.items);
        return index.range({ ...range, limit: row.items }).map((item) => readNumber(item.key));
      });
    });
  }
  suspensions(): Suspension[] {
    return guarded(() =>
      this.state.index.range({ ...allSuspensions(), limit: this.limits.suspensionsMax })
        .map(({ key, value }) => ({ destination: suspensionName(key), untilMs: decodeSuspension(value) }))
    );
  }
  #rows(limit: number): number {
    return Math.max(0, Math.min(Math.floor(limit) || 0, this.limits.rowsMax));
  }
  #read(place: { readonly segment: number; readonly offset: number }, length: number): Uint8Array {
    try {
      return this.state.segments.read(place, 0, length);
    } catch (error) {
      if ((error as { code?: unknown }).code === "ENOENT") {
        throw new Failure("corrupt", "the segment file is gone", { cause: error });
      }
      throw error;
    }
  }
}

function firstBlock(after: number): number {
  return Math.floor((Math.max(-1, Math.floor(after)) + 1) / BLOCK_ITEMS);
}
