import { asFailure, type Clock, describeError, type Log } from "../../base/mod.ts";

/** Longest wait for one answer of whoever keeps something, in ms. */
export const KEEPER_MS_MAX = 10_000;
/** Pause before it is asked again, in ms. */
const AGAIN_MS = 1_000;

export interface KeptPagesOptions<Page> {
  /** What is kept, in the log. */
  readonly what: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Asks for the page behind a name, or the first. Rejects with a Failure when it cannot be had now. */
  ask(after: string | null): Promise<Page>;
}

/** Reads page by page what another worker keeps on the disk, as often as it takes. */
export class KeptPages<Page extends { readonly next: string | null }> {
  #stopped = false;
  /** Ends the pause. */
  #wake: () => void = () => {};
  constructor(private readonly options: KeptPagesOptions<Page>) {}

  /** Resolves when all were taken, or it was stopped. */
  async read(take: (page: Page) => void): Promise<void> {
    const { ask, log, what } = this.options;
    let after: string | null = null;
    for (let failures = 0; !this.#stopped;) {
      try {
        const page: Page = await ask(after);
        take(page);
        if (page.next === null) return;
        after = page.next;
      } catch (error) {
        if (asFailure(error) === null) throw error;
        if (this.#stopped) return;
        if (failures++ === 0) log.warn(`${what} cannot be read`, { error: describeError(error) });
        await this.#pause();
      }
    }
  }
  stop(): void {
    this.#stopped = true;
    this.#wake();
  }
  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.options.clock.after(AGAIN_MS, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
