/** Changes that the sessions of one worker have begun before their turn: so many wait for the disk beside those of everybody else. */
export class ChangesAhead {
  #underWay = 0;
  constructor(readonly max: number) {}

  get underWay(): number {
    return this.#underWay;
  }

  /** Notes so many until `work` has ended, well or not; null when that would be too many: then `work` is not begun. */
  begin<T>(count: number, work: () => Promise<T>): Promise<T> | null {
    if (this.#underWay + count > this.max) return null;
    this.#underWay += count;
    const ended = () => void (this.#underWay -= count);
    const begun = work();
    // Whoever takes what came of it is told; it may be that nobody does.
    begun.then(ended, ended);
    return begun;
  }
}
