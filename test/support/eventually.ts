/** What a deadline helper throws: says what was awaited and for how long. */
export class TooLate extends Error {
  override name = "TooLate";
}

/** The promise's outcome, or TooLate after `ms`. The work itself is not stopped. */
export function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new TooLate(`${what}: not within ${ms} ms`)), ms);
    work.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

/** Distance of two looks at a state that nobody announces, in ms. */
const LOOK_AGAIN_MS = 20;

/** Looks again and again until `probe` gives something other than null, undefined or false; an error counts as "not yet". */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  options: { readonly ms?: number } = {},
): Promise<T> {
  const ms = options.ms ?? 10_000;
  const endMs = performance.now() + ms;
  for (;;) {
    let reason: unknown = "not yet";
    try {
      const value = await probe();
      if (value !== null && value !== undefined && value !== false) return value;
    } catch (error) {
      reason = error;
    }
    if (performance.now() >= endMs) throw new TooLate(`${what}: not within ${ms} ms (${reason})`, { cause: reason });
    await delay(LOOK_AGAIN_MS);
  }
}

/** A pause of a chosen length: for random moments of a fault, never to wait for something. */
export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
