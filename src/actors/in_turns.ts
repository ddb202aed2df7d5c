import type { Clock } from "../base/mod.ts";

/** Does work step by step: others of the worker have their turn between two steps. Work of one step is done at once. */
export function inTurns<T>(work: Generator<void, T>, clock: Clock): T | Promise<T> {
  const step = work.next();
  return step.done === true ? step.value : rest(work, clock);
}

async function rest<T>(work: Generator<void, T>, clock: Clock): Promise<T> {
  for (;;) {
    await new Promise<void>((resolve) => void clock.after(0, resolve));
    const step = work.next();
    if (step.done === true) return step.value;
  }
}
