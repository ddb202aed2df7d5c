/** Messages kept in mind; those beyond are not found by what they hold until their column is made anew. */
const UNREAD_MAX = 16;

/** A message that could not be read, of a mailbox whose texts were looked at. */
export interface UnreadText {
  readonly uid: number;
  readonly content: number;
}

/** Messages that a column knows nothing of, as they could not be read when it was made: each search tries them again. */
export class UnreadTexts {
  readonly #texts: UnreadText[] = [];

  get all(): readonly UnreadText[] {
    return this.#texts;
  }
  note(texts: readonly UnreadText[]): void {
    for (const text of texts) if (this.#texts.length < UNREAD_MAX) this.#texts.push(text);
  }
}
