/** Open connections, in total and by the address they come from. Listeners that share one share its limits. */
export class ConnectionCounts {
  #total = 0;
  readonly #byBlock = new Map<string, number>();

  get total(): number {
    return this.#total;
  }

  /** Connections from one block of addresses; a null block is not limited. */
  from(block: string | null): number {
    return block === null ? 0 : this.#byBlock.get(block) ?? 0;
  }

  opened(block: string | null): void {
    this.#total++;
    if (block !== null) this.#byBlock.set(block, this.from(block) + 1);
  }

  closed(block: string | null): void {
    this.#total--;
    if (block === null) return;
    const left = this.from(block) - 1;
    if (left <= 0) this.#byBlock.delete(block);
    else this.#byBlock.set(block, left);
  }
}
