import type { BenchResult, Figure } from "./figures.ts";

/** A change against history below this share of the old value is shown as unchanged: the noise of a busy machine. */
const NOISE = 0.05;

const HEADINGS = ["figure", "median", "unit", "spread", "against", "ratio", "history"];

/** The rows of the table, without the heading. `history` is an older result of the same machine, if there is one. */
export function reportRows(result: BenchResult, history: BenchResult | null): string[][] {
  const before = new Map(history?.figures.map((figure) => [figure.name, figure]));
  return result.figures.map((figure) => [
    figure.name,
    number(figure.median),
    figure.unit,
    spread(figure.rounds),
    figure.reference ? `${figure.reference.name} ${number(figure.reference.median)}` : "",
    figure.reference ? `${number(figure.reference.ratio)}×` : "",
    change(figure, before.get(figure.name)),
  ]);
}

/** The result as text for a terminal. */
export function terminalReport(result: BenchResult, history: BenchResult | null): string {
  const rows = [HEADINGS, ...reportRows(result, history)];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => [...(row[column] ?? "")].length)));
  const numeric = new Set([1, 5]);
  const lines = rows.map((row) =>
    row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return numeric.has(column) ? cell.padStart(width) : cell.padEnd(width);
    }).join("  ").trimEnd()
  );
  lines.splice(1, 0, "-".repeat(lines.reduce((most, line) => Math.max(most, [...line].length), 0)));
  return [...lines, ...remarks(result, "")].join("\n") + "\n";
}

/** The result as a Markdown section. */
export function markdownReport(result: BenchResult, history: BenchResult | null): string {
  const row = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const lines = [
    row(HEADINGS),
    row(HEADINGS.map(() => "---")),
    ...reportRows(result, history).map(row),
    "",
    ...remarks(result, "- "),
  ];
  return lines.join("\n") + "\n";
}

function remarks(result: BenchResult, bullet: string): string[] {
  const { machine } = result;
  const gigabytes = Math.round(machine.memoryBytes / 1_073_741_824);
  return [
    `${bullet}${machine.cpu}, ${machine.cores} cores, ${gigabytes} GB, ${machine.kernel}, ${machine.runtime}, ` +
    `commit ${machine.commit ?? "none"}, ${result.startedAt}, load ${number(result.loadAverage)} before${
      result.quick ? ", quick" : ""
    }`,
    ...result.skipped.map((text) => `${bullet}skipped: ${text}`),
    ...result.errors.map((text) => `${bullet}WRONG: ${text}`),
  ];
}

/** Three significant digits, thousands grouped. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 1_000) return Math.round(value).toLocaleString("en-US");
  if (size === 0) return "0";
  const digits = Math.max(0, Math.min(4, 2 - Math.floor(Math.log10(size))));
  return value.toFixed(digits);
}

function spread(rounds: readonly number[]): string {
  if (rounds.length < 2) return "";
  return `${number(Math.min(...rounds))} … ${number(Math.max(...rounds))}`;
}

/** How a figure moved since `before`: the percentage and whether that is good. */
export function change(now: Figure, before: Figure | undefined): string {
  if (before === undefined || !(before.median > 0) || before.unit !== now.unit) return "";
  const share = now.median / before.median - 1;
  if (Math.abs(share) < NOISE) return "same";
  const good = share > 0 === (now.better === "higher");
  return `${share > 0 ? "+" : "−"}${Math.abs(share * 100).toFixed(0)} % ${good ? "better" : "worse"}`;
}
