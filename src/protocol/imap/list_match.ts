import { INBOX_NAME, MAILBOX_SEPARATOR } from "../../mail/mailbox_name.ts";

const WORD_BITS = 32;
const STAR = "*";
const PERCENT = "%";

/**
 * Whether a name is one of those that LIST asks for (RFC 9051 §6.3.9): "*" stands for anything, "%" for anything without a
 * separator; INBOX is the same in any case. Reference and pattern are joined as they are. Each name costs its length times the
 * literal characters of the patterns, by 32 (ATTACKS I7): nothing is tried twice.
 */
export function listMatcher(reference: string, patterns: readonly string[]): (name: string) => boolean {
  const matchers = patterns.map((pattern) => matcherOf((reference + pattern).normalize("NFC")));
  return (name) => matchers.some((matches) => matches(name));
}

function matcherOf(pattern: string): (name: string) => boolean {
  if (pattern === STAR) return () => true;
  if (pattern === PERCENT) return (name) => !name.includes(MAILBOX_SEPARATOR);
  if (!pattern.includes(STAR) && !pattern.includes(PERCENT)) {
    const sought = startsWithInbox(pattern) ? INBOX_NAME + pattern.slice(INBOX_NAME.length) : pattern;
    return (name) => name === sought;
  }
  const automaton = new Automaton(pattern);
  return (name) => automaton.accepts(name);
}

/** Whether INBOX is the first level, in any case. */
function startsWithInbox(name: string): boolean {
  const level = name.slice(0, INBOX_NAME.length);
  const next = name[INBOX_NAME.length];
  return level.toUpperCase() === INBOX_NAME && (next === undefined || next === MAILBOX_SEPARATOR);
}

/**
 * A pattern as an automaton whose states are bits: state n is reached when n literal characters were met. A wildcard is a state
 * that stays where it is.
 */
class Automaton {
  readonly #words: number;
  /** States that a character leads to, for each character of the pattern. */
  readonly #steps = new Map<string, Uint32Array>();
  /** The same where letters are the same in any case: within INBOX. */
  readonly #inboxSteps = new Map<string, Uint32Array>();
  /** States that stay at any character, and at any but the separator. */
  readonly #stars: Uint32Array;
  readonly #percents: Uint32Array;
  readonly #last: number;

  constructor(pattern: string) {
    const literals = Array.from({ length: pattern.length }, (_, i) => pattern[i]!).filter((c) => !isWildcard(c));
    this.#last = literals.length;
    this.#words = Math.floor(this.#last / WORD_BITS) + 1;
    this.#stars = new Uint32Array(this.#words);
    this.#percents = new Uint32Array(this.#words);
    let state = 0;
    for (let i = 0; i < pattern.length; i++) {
      const character = pattern[i]!;
      if (character === STAR) setBit(this.#stars, state);
      if (character === PERCENT) setBit(this.#percents, state);
      if (isWildcard(character)) continue;
      state++;
      this.#add(this.#steps, character, state);
      this.#add(this.#inboxSteps, character.toUpperCase(), state);
    }
  }

  #add(steps: Map<string, Uint32Array>, character: string, state: number): void {
    const states = steps.get(character) ?? new Uint32Array(this.#words);
    setBit(states, state);
    steps.set(character, states);
  }

  accepts(name: string): boolean {
    // Every literal needs a character of its own.
    if (name.length < this.#last) return false;
    const inboxEnd = startsWithInbox(name) ? INBOX_NAME.length : 0;
    const reached = new Uint32Array(this.#words);
    reached[0] = 1;
    for (let at = 0; at < name.length; at++) {
      const character = name[at]!;
      const steps = (at < inboxEnd ? this.#inboxSteps : this.#steps).get(character);
      if (!this.#step(reached, steps, character !== MAILBOX_SEPARATOR)) return false;
    }
    return (reached[this.#last >>> 5]! >>> (this.#last & 31) & 1) === 1;
  }

  /** Goes on by one character; whether any state is left. */
  #step(reached: Uint32Array, steps: Uint32Array | undefined, within: boolean): boolean {
    let carry = 0;
    let any = 0;
    for (let word = 0; word < this.#words; word++) {
      const now = reached[word]!;
      const stays = now & (this.#stars[word]! | (within ? this.#percents[word]! : 0));
      const next = stays | ((now << 1 | carry) & (steps === undefined ? 0 : steps[word]!));
      carry = now >>> 31;
      reached[word] = next;
      any |= next;
    }
    return any !== 0;
  }
}

function isWildcard(character: string): boolean {
  return character === STAR || character === PERCENT;
}

function setBit(bits: Uint32Array, index: number): void {
  bits[index >>> 5]! |= 1 << (index & 31);
}
