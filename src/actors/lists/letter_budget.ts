/** Letters that one address is written in an hour because of commands: whoever forges its name can send it no more. */
export const LETTERS_MAX = 6;
/** Letters that one list answers commands with in an hour: names can be forged without end. */
export const ANSWERS_MAX = 600;
/** Posts of one list that are held in an hour, each of which is a letter to its moderators. */
export const HELD_MAX = 60;

const HOUR_MS = 3_600_000;
/** Names that are remembered; beyond it the one that was written to longest ago is forgotten. */
const ADDRESSES_MAX = 10_000;

/** Keeps letters from becoming a flood: a mail costs a stranger nothing, and any name can stand in it. */
export class LetterBudget {
  constructor(private readonly hourMax: number) {}

  /** In order of the hour's begin. */
  readonly #sent = new Map<string, { readonly sinceMs: number; count: number }>();

  /** Whether one more letter may be written for that name; counts it. */
  spend(name: string, nowMs: number): boolean {
    const key = name.toLowerCase();
    let entry = this.#sent.get(key);
    if (entry === undefined || nowMs - entry.sinceMs >= HOUR_MS) {
      this.#sent.delete(key);
      this.#sent.set(key, entry = { sinceMs: nowMs, count: 0 });
      const [oldest] = this.#sent.keys();
      if (this.#sent.size > ADDRESSES_MAX && oldest !== undefined) this.#sent.delete(oldest);
    }
    return ++entry.count <= this.hourMax;
  }
}
