import type { MaildropEntry } from "./actions.ts";

/**
 * The messages of a session with its deletion marks. It changes in place, unlike the rest of the state: a copy per DELE would
 * make emptying a maildrop of 100,000 messages quadratic.
 */
export class Maildrop {
  readonly #marked = new Set<number>();
  readonly #total: number;
  #markedSize = 0;

  constructor(readonly uidValidity: number, private readonly entries: readonly MaildropEntry[]) {
    this.#total = entries.reduce((sum, entry) => sum + entry.size, 0);
  }

  /** Messages not marked. */
  get count(): number {
    return this.entries.length - this.#marked.size;
  }

  /** Bytes of the messages not marked (RFC 1939 §5, STAT). */
  get size(): number {
    return this.#total - this.#markedSize;
  }

  /** The message of that number, or null when there is none or it is marked. */
  find(number: number): MaildropEntry | null {
    return this.#marked.has(number) ? null : this.entries[number - 1] ?? null;
  }

  /** Marks a message for removal; false when there is none of that number, or it is marked. */
  mark(number: number): boolean {
    const entry = this.find(number);
    if (entry === null) return false;
    this.#marked.add(number);
    this.#markedSize += entry.size;
    return true;
  }

  unmarkAll(): void {
    this.#marked.clear();
    this.#markedSize = 0;
  }

  /** UIDs of the marked messages, in rising order of their numbers. */
  markedUids(): number[] {
    return [...this.#marked].sort((a, b) => a - b).map((number) => this.entries[number - 1]!.uid);
  }

  /** One line for each message not marked. */
  lines(line: (number: number, entry: MaildropEntry) => string): string[] {
    const lines: string[] = [];
    this.entries.forEach((entry, index) => {
      if (!this.#marked.has(index + 1)) lines.push(line(index + 1, entry));
    });
    return lines;
  }

  /** UIDL: 1 to 70 characters of 0x21 to 0x7E, never used for another message (RFC 1939 §7). */
  uniqueId(entry: MaildropEntry): string {
    return `${this.uidValidity}.${entry.uid}`;
  }
}
