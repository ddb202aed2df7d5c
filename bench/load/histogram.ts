import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from "hdr-histogram-js";

/** Highest latency kept apart, in µs; anything longer counts as this. */
export const latencyUsMax = 3_600_000_000;

/** A latency distribution in microseconds, three significant digits (0.1 %). */
export class Latency {
  readonly #histogram: Histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: latencyUsMax,
    numberOfSignificantValueDigits: 3,
    autoResize: false,
    bitBucketSize: 32,
  });

  /** Adds one latency, given in ms with fractions. */
  record(ms: number): void {
    const us = Math.round(ms * 1_000);
    this.#histogram.recordValue(us < 0 ? 0 : us > latencyUsMax ? latencyUsMax : us);
  }

  get count(): number {
    return this.#histogram.totalCount;
  }

  reset(): void {
    this.#histogram.reset();
  }

  /** Adds all latencies that another process packed. Throws when `packed` is not a histogram. */
  merge(packed: string): void {
    this.#histogram.add(decodeFromCompressedBase64(packed, 32, false));
  }

  /** The whole distribution as text (HdrHistogram V2, compressed, base64). */
  pack(): string {
    return encodeIntoCompressedBase64(this.#histogram);
  }

  summary(): LatencySummary {
    const at = (
      percentile: number,
    ) => (this.count === 0 ? 0 : this.#histogram.getValueAtPercentile(percentile) / 1_000);
    return {
      count: this.count,
      meanMs: this.count === 0 ? 0 : Math.round(this.#histogram.mean) / 1_000,
      p50Ms: at(50),
      p90Ms: at(90),
      p99Ms: at(99),
      p999Ms: at(99.9),
      maxMs: at(100),
    };
  }
}

/** What a report shows of a distribution, in ms. */
export interface LatencySummary {
  readonly count: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}
