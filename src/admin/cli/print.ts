import type { Shown } from "../method.ts";
import type { CommandIo } from "./io.ts";

/** The text without what could move a cursor, ring, colour or turn the writing direction: strangers choose some of it. */
export function printable(text: string): string {
  return text.replace(
    // deno-lint-ignore no-control-regex -- these are what must not reach a terminal.
    /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** JSON on one line, safe to show. */
export function jsonLine(value: unknown): string {
  return printable(JSON.stringify(value) ?? "null");
}

/** Prints lines, or a table in columns that line up. */
export function printShown(shown: Shown, io: CommandIo): void {
  if (shown.type === "lines") {
    for (const line of shown.lines) io.print(printable(line));
    return;
  }
  if (shown.rows.length === 0) return io.printError("none");
  const rows = shown.rows.map((row) => row.map(printable));
  const widths = shown.columns.map((column, i) => Math.max(column.length, ...rows.map((row) => width(row[i] ?? ""))));
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => cell + " ".repeat(Math.max(0, (widths[i] ?? 0) - width(cell)))).join("  ").trimEnd();
  io.print(strong(line(shown.columns), io));
  for (const row of rows) io.print(line(row));
}

/** Bold on a terminal that wants colours (https://no-color.org). */
export function strong(text: string, io: CommandIo): string {
  return io.isTerminal && (io.env["NO_COLOR"] ?? "") === "" ? `\x1b[1m${text}\x1b[22m` : text;
}

/** Characters, not UTF-16 units. */
function width(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
