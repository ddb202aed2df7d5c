import type { Shown } from "../method.ts";

/** One line. */
export function said(line: string): Shown {
  return { type: "lines", lines: [line] };
}

/** A page of records as a table. */
export function listed<T>(
  columns: readonly string[],
  row: (record: T) => readonly string[],
): (result: { readonly records: readonly T[] }) => Shown {
  return ({ records }) => ({ type: "table", columns, rows: records.map(row) });
}

/** Bytes for people: `0 B`, `1.5 MiB`. */
export function bytesText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** Seconds for people: `42s`, `3m 10s`, `5h 2m`, `12d 4h`. */
export function durationText(seconds: number): string {
  const whole = Math.floor(seconds);
  if (whole < 60) return `${whole}s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)}m ${whole % 60}s`;
  if (whole < 86_400) return `${Math.floor(whole / 3_600)}h ${Math.floor(whole / 60) % 60}m`;
  return `${Math.floor(whole / 86_400)}d ${Math.floor(whole / 3_600) % 24}h`;
}

type Defined<T> =
  & { [K in keyof T as undefined extends T[K] ? never : K]: T[K] }
  & { [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined> };

/** The request without what was not given: "not given" and "undefined" differ on the wire. */
export function changed<T extends object>(request: T): Defined<T> {
  return Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined)) as Defined<T>;
}
