import { seededRandom } from "../../src/base/mod.ts";

/** Choices of a randomised test: the same for the same seed. */
export interface Dice {
  /** A whole number from 0 to `limit` - 1; 0 when `limit` is 0. */
  below(limit: number): number;
  /** One of a list, or undefined when it is empty. */
  pick<T>(list: readonly T[]): T | undefined;
}

export function dice(seed: number): Dice {
  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(random.next() * limit);
  return { below, pick: (list) => list[below(list.length)] };
}
