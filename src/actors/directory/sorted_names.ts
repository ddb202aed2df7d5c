/** The keys of a table in order, for lists page by page; sorted when a list asks for it, not at every change. */
export class SortedNames {
  #sorted: string[] = [];
  #added = new Set<string>();
  #removed = new Set<string>();

  reset(names: Iterable<string>): void {
    this.#sorted = [...names].sort();
    this.#added.clear();
    this.#removed.clear();
  }
  note(name: string, present: boolean): void {
    this.#added.delete(name);
    this.#removed.delete(name);
    if (present) this.#added.add(name);
    else this.#removed.add(name);
  }
  /** Names behind `after` in order, from the start when null. */
  *from(after: string | null): Iterable<string> {
    const sorted = this.#settled();
    for (let i = after === null ? 0 : firstBehind(sorted, after); i < sorted.length; i++) {
      const name = sorted[i];
      if (name !== undefined) yield name;
    }
  }
  #settled(): readonly string[] {
    if (this.#added.size + this.#removed.size > 0) {
      const names = new Set(this.#sorted);
      for (const name of this.#added) names.add(name);
      for (const name of this.#removed) names.delete(name);
      this.reset(names);
    }
    return this.#sorted;
  }
}

function firstBehind(sorted: readonly string[], name: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? "") <= name) low = middle + 1;
    else high = middle;
  }
  return low;
}
