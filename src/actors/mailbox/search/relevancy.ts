import type { Candidate, Verdict } from "./candidate.ts";

/**
 * How well a candidate fits that does, from 1 to 100 (RFC 6203 §4): words count as their texts are graded, those of one text and
 * texts that must all fit by their mean, and of texts of which one suffices the best that fits. What is no text, and what must
 * not be, does not count.
 */
export type Score = (candidate: Candidate) => number;

/** What can be scored, if it says anything. */
interface Scored {
  readonly test: (candidate: Candidate) => Verdict;
  readonly score?: Score | null;
}

/** Of messages that nobody asked for words: they fit. */
export const FULL_SCORE = 100;

/** The words of one text. */
export function wordsScore(words: readonly number[]): Score {
  return ({ row, grade }) => {
    let sum = 0;
    for (const word of words) sum += grade?.(row.content, word) ?? 0;
    return scoreOf(sum / words.length);
  };
}

/** Of keys that all fit. */
export function meanOf(keys: readonly Scored[]): Score | null {
  const scores = keys.flatMap(({ score }) => score ?? []);
  if (scores.length <= 1) return scores[0] ?? null;
  return (candidate) => scoreOf(scores.reduce((sum, score) => sum + score(candidate), 0) / scores.length);
}

/** Of keys of which one fits at least. */
export function bestOf(keys: readonly Scored[]): Score | null {
  if (keys.every(({ score }) => score == null)) return null;
  return (candidate) => {
    let best = 0;
    for (const { test, score } of keys) {
      if (test(candidate) === true) best = Math.max(best, score?.(candidate) ?? FULL_SCORE);
    }
    return scoreOf(best);
  };
}

function scoreOf(value: number): number {
  return Math.min(FULL_SCORE, Math.max(1, Math.round(value)));
}
