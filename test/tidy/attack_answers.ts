/** A test by its file, below `test/`, and a part of its name. */
export interface AttackTest {
  readonly file: string;
  readonly name: string;
}

/** What answers a row of ../shared/ATTACKS.md: tests that fail when the protection is gone, or why it cannot be met yet. */
export type Answer = readonly AttackTest[] | { readonly notYet: string };

export function tests(...pairs: readonly (readonly [file: string, name: string])[]): Answer {
  return pairs.map(([file, name]) => ({ file, name }));
}

export function notYet(why: string): Answer {
  return { notYet: why };
}

export function rows(letter: string, from: number, to: number, answer: Answer): Record<string, Answer> {
  return Object.fromEntries(Array.from({ length: to - from + 1 }, (_, i) => [`${letter}${from + i}`, answer]));
}
