import type { Clock } from "../../base/mod.ts";

/** How long an SMTP client may take (RFC 5321 §4.5.3.2), in ms. */
export interface SmtpTimeouts {
  /** For the next whole command; the RFC's minimum is 5 minutes. */
  readonly commandMsMax: number;
  /** Between two pieces of the data; the RFC's minimum is 3 minutes. */
  readonly dataMsMax: number;
  /** Slowest rate a message may come in at, bytes a second, once `slowGraceMs` have passed. */
  readonly dataBytesPerSecondMin: number;
  readonly slowGraceMs: number;
}

/** What a session is doing, as its protocol names it. */
type Phase = "command" | "data" | "waiting" | "closed";

/**
 * Chooses the deadline of each phase. A command's deadline runs from the moment it was due, so that one byte now and then
 * does not keep a session for ever; data must besides keep a minimal rate.
 */
export class SessionDeadlines {
  #phase: Phase | null = null;
  #dataSinceMs = 0;
  #dataBytes = 0;

  constructor(private readonly clock: Clock, private readonly timeouts: SmtpTimeouts) {}

  /** The deadline to set now, in ms; 0 to clear it, null to leave it as it is. */
  next(phase: Phase): number | null {
    const before = this.#phase;
    this.#phase = phase;
    if (phase === "data") {
      if (before !== "data") {
        this.#dataSinceMs = this.clock.monotonicMs();
        this.#dataBytes = 0;
      }
      return this.timeouts.dataMsMax;
    }
    if (phase === "command") return before === "command" ? null : this.timeouts.commandMsMax;
    return 0;
  }

  /** A command was answered: the next one has its whole time. */
  answered(): void {
    if (this.#phase === "command") this.#phase = null;
  }

  /** Counts data; false when the message comes in too slowly (a slow-writer attack holds memory for hours otherwise). */
  keepsUp(bytes: number): boolean {
    if (this.#phase !== "data") return true;
    this.#dataBytes += bytes;
    const tookMs = this.clock.monotonicMs() - this.#dataSinceMs;
    if (tookMs < this.timeouts.slowGraceMs) return true;
    return this.#dataBytes * 1_000 >= tookMs * this.timeouts.dataBytesPerSecondMin;
  }
}
