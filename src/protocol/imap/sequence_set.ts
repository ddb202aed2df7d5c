import { UID_MAX } from "../../mail/uid.ts";
import { SET_RANGES_MAX } from "./grammar/syntax_limits.ts";

/** What a set may hold besides numbers. */
export interface SetSyntax {
  /** "*" may stand for the last number (as 0). */
  readonly star: boolean;
}

const COMMA = 0x2c;
const COLON = 0x3a;
const STAR = 0x2a;

/**
 * sequence-set (RFC 9051 §9) as flat pairs of first and last, in the order sent; "*" is 0. null when it is none, or holds more than
 * `SET_RANGES_MAX` ranges. Linear, and never as long as what the ranges span.
 */
export function parseSequenceSet(text: string, { star }: SetSyntax = { star: true }): number[] | null {
  const pairs: number[] = [];
  let at = 0;
  const number = (): number => {
    if (star && text.charCodeAt(at) === STAR) {
      at++;
      return 0;
    }
    const from = at;
    let value = 0;
    for (let code = text.charCodeAt(at); code >= 0x30 && code <= 0x39; code = text.charCodeAt(++at)) {
      value = value * 10 + code - 0x30;
      if (value > UID_MAX || value === 0) return -1;
    }
    return at === from ? -1 : value;
  };
  for (;;) {
    const first = number();
    let last = first;
    if (text.charCodeAt(at) === COLON) {
      at++;
      last = number();
    }
    if (first < 0 || last < 0 || pairs.length >= 2 * SET_RANGES_MAX) return null;
    pairs.push(first, last);
    if (at === text.length) return pairs;
    if (text.charCodeAt(at++) !== COMMA) return null;
  }
}

/** Pairs as a set: `1:3,5,7:*`. "" for no pairs. */
export function formatSequenceSet(pairs: readonly number[]): string {
  let text = "";
  for (let i = 0; i < pairs.length; i += 2) {
    const first = pairs[i]!;
    const last = pairs[i + 1]!;
    if (i > 0) text += ",";
    text += first === 0 ? "*" : first;
    if (last !== first) text += last === 0 ? ":*" : `:${last}`;
  }
  return text;
}

/** Rising numbers as the fewest pairs. */
export function compressToPairs(rising: Iterable<number>): number[] {
  const pairs: number[] = [];
  for (const value of rising) {
    if (pairs.length > 0 && value === pairs[pairs.length - 1]! + 1) pairs[pairs.length - 1] = value;
    else pairs.push(value, value);
  }
  return pairs;
}

/** Numbers in the order given as a set that keeps that order, as APPENDUID needs it (RFC 4315 §3): rising runs become ranges. */
export function formatInOrder(numbers: Iterable<number>): string {
  return formatSequenceSet(compressToPairs(numbers));
}

/** Pairs put in order, each from low to high, and joined where they touch; `last` takes the place of "*". */
export function mergePairs(pairs: readonly number[], last: number): number[] {
  const ranges: [number, number][] = [];
  for (let i = 0; i < pairs.length; i += 2) {
    const first = pairs[i] === 0 ? last : pairs[i]!;
    const end = pairs[i + 1] === 0 ? last : pairs[i + 1]!;
    ranges.push(first <= end ? [first, end] : [end, first]);
  }
  ranges.sort((a, b) => a[0] - b[0]);
  const merged: number[] = [];
  for (const [first, end] of ranges) {
    const top = merged.length - 1;
    if (top > 0 && first <= merged[top]! + 1) merged[top] = Math.max(merged[top]!, end);
    else merged.push(first, end);
  }
  return merged;
}
