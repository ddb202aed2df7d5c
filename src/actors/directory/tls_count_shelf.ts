import { Failure } from "../../base/mod.ts";
import type { TlsDay, TlsDayReport } from "../../messages/mod.ts";
import type { DirectoryStore, DirectoryWrite } from "../../storage/directory_store.ts";

/** How much is kept of all workers together. */
export interface CountShelfLimits {
  readonly daysMax: number;
  /** JSON of all days together, in UTF-16 units. */
  readonly charsMax: number;
}

/** As much as two delivery workers count. */
export const COUNT_SHELF_LIMITS: CountShelfLimits = { daysMax: 20_000, charsMax: 64 * 1024 * 1024 };

/** A report is tried for a day when its day is over; what is older has no worker any more. */
const KEPT_MS_MAX = 4 * 24 * 60 * 60 * 1000;
/** Days of one page, and the JSON of a page after which it ends, in UTF-16 units. */
const PAGE_DAYS = 100;
const PAGE_CHARS = 1024 * 1024;
/** Digits of a day, so that keys are in order of time. */
const DAY_DIGITS = 16;

interface Entry {
  readonly dayMs: number;
  readonly chars: number;
}

/** Counts of TLS sessions on the disk, by worker, day and domain. */
export class TlsCountShelf {
  readonly #entries = new Map<string, Entry>();
  #chars = 0;
  #version: number;

  /** Throws the store's Failure. */
  constructor(private readonly store: DirectoryStore, private readonly limits: CountShelfLimits = COUNT_SHELF_LIMITS) {
    this.#version = store.version();
    for (const row of store.all("tlsCount")) {
      const { key, report } = rowOf(row);
      this.#add(key, report);
    }
  }

  /** Keeps and forgets; drops what is too old, or too much. Durable when it returns; throws the store's Failure. */
  keep(
    worker: string,
    { days, done }: { days: readonly TlsDayReport[]; done: readonly TlsDay[] },
    nowMs: number,
  ): void {
    const writes = new Map<string, DirectoryWrite>();
    const drop = (key: string) => {
      if (!this.#remove(key)) return;
      writes.set(key, { table: "tlsCount", key, row: null });
    };
    for (const report of days) {
      const key = keyOf(worker, report);
      this.#remove(key);
      this.#add(key, report);
      writes.set(key, { table: "tlsCount", key, row: { key, report } });
    }
    for (const day of done) drop(keyOf(worker, day));
    for (const [key, { dayMs }] of this.#entries) if (dayMs < nowMs - KEPT_MS_MAX) drop(key);
    // Who comes when it is full is not kept: what is there was counted for longer.
    for (const key of [...this.#entries.keys()].reverse()) {
      if (this.#entries.size <= this.limits.daysMax && this.#chars <= this.limits.charsMax) break;
      drop(key);
    }
    if (writes.size === 0) return;
    this.store.commit(this.#version + 1, [...writes.values()]);
    this.#version++;
  }

  /** The next days of a worker behind a key. */
  page(worker: string, after: string | null): { days: TlsDayReport[]; next: string | null } {
    const days: TlsDayReport[] = [];
    const rows = this.store.page("tlsCount", { prefix: `${worker}/`, after, limit: PAGE_DAYS });
    let chars = 0;
    let last: string | null = null;
    for (const { key, report } of rows.map(rowOf)) {
      if (chars > PAGE_CHARS) return { days, next: last };
      last = key;
      chars += JSON.stringify(report).length;
      days.push(report);
    }
    return { days, next: rows.length < PAGE_DAYS ? null : last };
  }

  #add(key: string, report: TlsDayReport): void {
    const chars = JSON.stringify(report).length;
    this.#entries.set(key, { dayMs: report.dayMs, chars });
    this.#chars += chars;
  }

  #remove(key: string): boolean {
    this.#chars -= this.#entries.get(key)?.chars ?? 0;
    return this.#entries.delete(key);
  }
}

function keyOf(worker: string, { domain, dayMs }: TlsDay): string {
  return `${worker}/${String(dayMs).padStart(DAY_DIGITS, "0")}/${domain}`;
}

function rowOf({ key, report }: Readonly<Record<string, unknown>>): { key: string; report: TlsDayReport } {
  if (typeof key === "string" && typeof report === "object" && report !== null && "dayMs" in report) {
    return { key, report: report as TlsDayReport };
  }
  throw new Failure("corrupt", "a record of TLS sessions is malformed");
}
