/** Numbers as pairs of first and last, flat, rising, with gaps between the pairs. Made only by the functions here. */
export type Ranges = readonly number[] & { readonly __ranges: unique symbol };

export const NO_RANGES = [] as readonly number[] as Ranges;

/**
 * The pairs of a sequence-set in order and without overlap. `star` stands for 0 ("*", RFC 9051 §9 seq-number); when it is 0
 * itself there is nothing that "*" could name.
 */
export function rangesOf(pairs: readonly number[], star: number): Ranges {
  const sorted: [number, number][] = [];
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    const first = pairs[i]! || star;
    const last = pairs[i + 1]! || star;
    if (first > 0 && last > 0) sorted.push(first <= last ? [first, last] : [last, first]);
  }
  sorted.sort((a, b) => a[0] - b[0]);
  const ranges: number[] = [];
  for (const [first, last] of sorted) {
    if (ranges.length > 0 && first <= ranges.at(-1)! + 1) ranges[ranges.length - 1] = Math.max(last, ranges.at(-1)!);
    else ranges.push(first, last);
  }
  return ranges as readonly number[] as Ranges;
}

/** Rising numbers as ranges. */
export function rangesOfRising(numbers: Iterable<number>): Ranges {
  const ranges: number[] = [];
  for (const number of numbers) {
    if (ranges.length > 0 && ranges.at(-1) === number - 1) ranges[ranges.length - 1] = number;
    else ranges.push(number, number);
  }
  return ranges as readonly number[] as Ranges;
}

/** Index of the first pair whose last number is not below `number`; `ranges.length` when there is none. */
export function pairFrom(ranges: Ranges, number: number): number {
  let low = 0;
  let high = ranges.length / 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranges[2 * middle + 1]! < number) low = middle + 1;
    else high = middle;
  }
  return 2 * low;
}

/** The pairs from the one that reaches beyond `after` on. */
export function* pairsFrom(ranges: Ranges, after: number): Generator<readonly [number, number]> {
  for (let i = pairFrom(ranges, after + 1); i < ranges.length; i += 2) yield [ranges[i]!, ranges[i + 1]!];
}

export function isIn(ranges: Ranges, number: number): boolean {
  const at = pairFrom(ranges, number);
  return at < ranges.length && ranges[at]! <= number;
}

/** The same question for numbers that rise: what lies before the last one is looked at no more. */
export function risingIn(ranges: Ranges): (number: number) => boolean {
  let at = 0;
  return (number) => {
    if (at > 0 && ranges[at - 1]! >= number) at = pairFrom(ranges, number);
    while (at < ranges.length && ranges[at + 1]! < number) at += 2;
    return at < ranges.length && ranges[at]! <= number;
  };
}

/** Ranges that hold all of these, those with fewer than `gap` numbers between them as one. */
export function coarse(ranges: Ranges, gap: number): Ranges {
  const joined: number[] = [];
  for (let i = 0; i < ranges.length; i += 2) {
    if (i > 0 && ranges[i]! - joined.at(-1)! <= gap) joined[joined.length - 1] = ranges[i + 1]!;
    else joined.push(ranges[i]!, ranges[i + 1]!);
  }
  return joined as readonly number[] as Ranges;
}

/** What is in both. */
export function intersection(a: Ranges, b: Ranges): Ranges {
  const both: number[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const first = Math.max(a[i]!, b[j]!);
    const last = Math.min(a[i + 1]!, b[j + 1]!);
    if (first <= last) both.push(first, last);
    if (a[i + 1]! < b[j + 1]!) i += 2;
    else j += 2;
  }
  return both as readonly number[] as Ranges;
}

/** What is not above `max`. */
export function upTo(ranges: Ranges, max: number): Ranges {
  if (ranges.length === 0 || ranges.at(-1)! <= max) return ranges;
  const kept: number[] = [];
  for (let i = 0; i < ranges.length && ranges[i]! <= max; i += 2) kept.push(ranges[i]!, Math.min(max, ranges[i + 1]!));
  return kept as readonly number[] as Ranges;
}

/** What lies from `first` to `last`. */
export function between(ranges: Ranges, first: number, last: number): Ranges {
  return intersection(ranges, (first <= last ? [first, last] : []) as readonly number[] as Ranges);
}

/** Ranges without some rising numbers. */
export function without(ranges: Ranges, rising: readonly number[]): Ranges {
  if (rising.length === 0) return ranges;
  const kept: number[] = [];
  let at = 0;
  for (let i = 0; i < ranges.length; i += 2) {
    let from = ranges[i]!;
    const last = ranges[i + 1]!;
    while (at < rising.length && rising[at]! < from) at++;
    for (; at < rising.length && rising[at]! <= last; at++) {
      if (rising[at]! > from) kept.push(from, rising[at]! - 1);
      from = rising[at]! + 1;
    }
    if (from <= last) kept.push(from, last);
  }
  return kept as readonly number[] as Ranges;
}

/** What is in the first and not in the others. */
export function difference(ranges: Ranges, others: Ranges): Ranges {
  const kept: number[] = [];
  for (let i = 0, j = 0; i < ranges.length; i += 2) {
    let from = ranges[i]!;
    const last = ranges[i + 1]!;
    while (j < others.length && others[j + 1]! < from) j += 2;
    for (let k = j; k < others.length && others[k]! <= last && from <= last; k += 2) {
      if (others[k]! > from) kept.push(from, others[k]! - 1);
      from = others[k + 1]! + 1;
      j = k;
    }
    if (from <= last) kept.push(from, last);
  }
  return kept as readonly number[] as Ranges;
}

/** All numbers, rising. */
export function* numbersIn(ranges: Ranges): Generator<number> {
  for (let i = 0; i < ranges.length; i += 2) {
    for (let number = ranges[i]!; number <= ranges[i + 1]!; number++) yield number;
  }
}

/** The numbers of ranges that name each by itself, and no more than `most`; null of others. */
export function singlesOf(ranges: Ranges, most: number): number[] | null {
  if (ranges.length > 2 * most) return null;
  const singles: number[] = [];
  for (let i = 0; i < ranges.length; i += 2) {
    if (ranges[i] !== ranges[i + 1]) return null;
    singles.push(ranges[i]!);
  }
  return singles;
}

/** How many numbers there are. */
export function countOf(ranges: Ranges): number {
  let count = 0;
  for (let i = 0; i < ranges.length; i += 2) count += ranges[i + 1]! - ranges[i]! + 1;
  return count;
}
