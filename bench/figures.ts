/** One measured quantity over all its rounds. */
export interface Figure {
  /** `group/what`, the same from run to run: history is compared by it. */
  readonly name: string;
  readonly unit: string;
  readonly better: "higher" | "lower";
  /** One value a round, in the order measured. */
  readonly rounds: readonly number[];
  readonly median: number;
  /** What it is measured against in the same run, if anything. */
  readonly reference?: Reference;
}

/** The other arm of a comparison, measured in turn with this one. */
export interface Reference {
  readonly name: string;
  readonly rounds: readonly number[];
  readonly median: number;
  /** The figure's median divided by the reference's. */
  readonly ratio: number;
}

/** Everything that one run of the suite found. */
export interface BenchResult {
  readonly startedAt: string;
  readonly quick: boolean;
  /** Runnable processes of the minute before the run: above a few tenths, others used the machine too. */
  readonly loadAverage: number;
  readonly machine: Machine;
  readonly figures: readonly Figure[];
  /** What was not measured, and why. */
  readonly skipped: readonly string[];
  /** What was wrong with the outcome, apart from its speed: a run with any of these fails. */
  readonly errors: readonly string[];
}

/** Where a run took place. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly runtime: string;
  /** Abbreviated commit, "+" after it when files were changed; null outside a repository. */
  readonly commit: string | null;
}

/** The middle value, or the mean of the two middle ones; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return NaN;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** A figure of its rounds. */
export function figure(
  name: string,
  spec: { unit: string; better: "higher" | "lower"; rounds: readonly number[] },
  reference?: { name: string; rounds: readonly number[] },
): Figure {
  const own = { name, ...spec, median: median(spec.rounds) };
  if (reference === undefined) return own;
  const middle = median(reference.rounds);
  return { ...own, reference: { ...reference, median: middle, ratio: own.median / middle } };
}

/** What a part of the suite hands back. */
export interface Findings {
  readonly figures: Figure[];
  readonly skipped: string[];
  readonly errors: string[];
}

export function noFindings(): Findings {
  return { figures: [], skipped: [], errors: [] };
}

/** What a part of the suite is told. */
export interface BenchContext {
  readonly quick: boolean;
  /** Tells the person at the terminal what is going on. */
  note(text: string): void;
}
