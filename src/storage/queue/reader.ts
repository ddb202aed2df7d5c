import { crc32c } from "@node-rs/crc32";
import { Failure } from "../../base/mod.ts";
import { guarded } from "../disk/disk_failure.ts";
import type { IndexEnv } from "../disk/index_env.ts";
import { bodyKey } from "../layout/keys.ts";
import type { Segments } from "../disk/segments.ts";
import { decodeBody } from "../layout/values.ts";
import type { NewMail, QueueDelta } from "./delta.ts";
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
  /** What the index has not got yet. */
  readonly delta: QueueDelta;
}

/** Answers from durable state, in the index or above it; throws Failure `corrupt` for what is damaged, `disk` for what cannot be read. */
export class QueueReader {
  constructor(private readonly state: Readable, private readonly limits: QueueLimits) {}
  item(item: number): StoredItem | null {
    if (!isNumber(item)) return null;
    const { delta } = this.state;
    const recent = delta.items.get(item);
    if (recent !== undefined) return recent;
    if (!delta.indexed({ item })) return null;
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
    const { delta } = this.state;
    const held = delta.mails.get(message);
    if (held !== undefined) return rowOf(held.mail);
    if (!delta.indexed({ message }) || delta.gone(message)) return null;
    return guarded(() => {
      const stored = this.state.index.get(messageKey(message));
      return stored === undefined ? null : decodeMessage(stored, message);
    });
  }
  /** Those items of a mail that are not done, whole. */
  itemsLeft({ firstItem, items }: { readonly firstItem: number; readonly items: number }): StoredItem[] {
    const { delta, index } = this.state;
    const numbers = Array.from({ length: items }, (_, i) => firstItem + i);
    if (!delta.indexed({ item: firstItem })) return numbers.flatMap((item) => delta.items.get(item) ?? []);
    return guarded(() =>
      index.range({ ...itemsBetween(firstItem, firstItem + items), limit: items }).flatMap(({ key, value }) => {
        const item = readNumber(key);
        const recent = delta.items.get(item);
        return recent === undefined ? decodeItem(value, item) : recent ?? [];
      })
    );
  }
  body(message: number): Uint8Array {
    return guarded(() => {
      const place = this.#place(message);
      const bytes = this.#read(place, place.length);
      if (crc32c(bytes) >>> 0 !== place.crc) throw new Failure("corrupt", "the checksum of the mail is wrong");
      return bytes;
    });
  }
  schedule(after: number, limit: number): ScheduleRow[] {
    const { delta } = this.state;
    const wanted = this.#rows(limit);
    const rows: ScheduleRow[] = [];
    for (let last = after; rows.length < wanted;) {
      const asked = wanted - rows.length;
      const page = this.#indexedSchedule(last, asked);
      for (const row of page) {
        const recent = delta.items.get(row.item);
        if (recent !== null) rows.push(recent === undefined ? row : scheduleRow(recent));
      }
      if (page.length < asked) break;
      last = page.at(-1)!.item;
    }
    for (const item of this.#unindexed(wanted - rows.length, (one) => one.item > after)) rows.push(scheduleRow(item));
    return rows;
  }
  itemsOf(destination: string, after: number, limit: number): number[] {
    const { delta, index } = this.state;
    const wanted = this.#rows(limit);
    return guarded(() => {
      const found: number[] = [];
      for (let last = Math.max(0, Math.floor(after)); found.length < wanted;) {
        const asked = wanted - found.length;
        const page = index.range({ ...destinationFrom(destination, last + 1), limit: asked })
          .map(({ key }) => readNumber(key));
        found.push(...page.filter((item) => delta.items.get(item) !== null));
        if (page.length < asked) break;
        last = page.at(-1)!;
      }
      const recent = this.#unindexed(
        wanted - found.length,
        (one) => one.destination === destination && one.item > after,
      );
      return [...found, ...recent.map(({ item }) => item)];
    });
  }
  itemsOfMail(id: string): number[] {
    const { delta, index } = this.state;
    return guarded(() => {
      const found = index.range({ ...mailsOfId(id), limit: this.limits.rowsMax }).flatMap(({ key }) => {
        const row = this.row(readNumber(key));
        if (row === null) return [];
        const range = itemsBetween(row.firstItem, row.firstItem + row.items);
        return index.range({ ...range, limit: row.items }).map((item) => readNumber(item.key));
      });
      const recent = this.#unindexed(this.limits.rowsMax, ({ message }) => delta.mails.get(message)?.mail.id === id);
      return [...found.filter((item) => delta.items.get(item) !== null), ...recent.map(({ item }) => item)];
    });
  }
  suspensions(): Suspension[] {
    const { delta, index } = this.state;
    const rows = guarded(() =>
      index.range({ ...allSuspensions(), limit: this.limits.suspensionsMax })
        .map(({ key, value }) => ({ destination: suspensionName(key), untilMs: decodeSuspension(value) }))
    );
    if (delta.suspended.size === 0) return rows;
    const merged = new Map(rows.map((row): [string, Suspension] => [row.destination, row]));
    for (const [destination, until] of delta.suspended) {
      if (until === "resume") merged.delete(destination);
      else merged.set(destination, { destination, untilMs: until === "forever" ? null : until });
    }
    return [...merged.values()].sort((a, b) => a.destination < b.destination ? -1 : 1);
  }
  #place(message: number): { segment: number; offset: number; length: number; crc: number } {
    const { delta, index } = this.state;
    const held = delta.mails.get(message);
    if (held !== undefined) return { ...held.place, length: held.mail.size, crc: held.mail.crc };
    const indexed = isNumber(message) && delta.indexed({ message }) && !delta.gone(message);
    if (!indexed || index.get(messageKey(message)) === undefined) {
      throw new Failure("not_found", "the mail is gone from the queue");
    }
    const stored = index.get(bodyKey(message));
    if (stored === undefined) throw new Failure("corrupt", "nothing says where the body of the mail lies");
    return decodeBody(stored);
  }
  #indexedSchedule(after: number, wanted: number): ScheduleRow[] {
    return guarded(() => {
      const rows: ScheduleRow[] = [];
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
  /** Items that no row names yet, rising. */
  #unindexed(limit: number, fits: (item: StoredItem) => boolean): StoredItem[] {
    const { delta } = this.state;
    const found: StoredItem[] = [];
    for (const [item, recent] of delta.items) {
      if (found.length >= limit) break;
      if (recent !== null && !delta.indexed({ item }) && fits(recent)) found.push(recent);
    }
    return found;
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

function rowOf({ items, size, createdMs, envelope }: NewMail): MessageRow {
  return { firstItem: items[0]!.item, items: items.length, size, createdMs, envelope: JSON.parse(envelope) };
}

function scheduleRow({ item, dueMs, held }: StoredItem): ScheduleRow {
  return { item, dueMs, held };
}

function firstBlock(after: number): number {
  return Math.floor((Math.max(-1, Math.floor(after)) + 1) / BLOCK_ITEMS);
}
