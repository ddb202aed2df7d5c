/**
 * Bytes that all sessions of one worker hold together: message bodies on their way and input that waits. A heap that runs
 * over takes the whole process with it, so a session that would go beyond is sent away instead (421 4.3.2).
 */
export class MemoryBudget {
  #used = 0;
  constructor(readonly bytesMax: number) {}

  get usedBytes(): number {
    return this.#used;
  }

  /** Whether a session may hold so many bytes more. */
  hasRoomFor(bytes: number): boolean {
    return this.#used + bytes <= this.bytesMax;
  }

  /** Notes that a session now holds `after` bytes where it held `before`. False when all together are over the limit. */
  change(before: number, after: number): boolean {
    this.#used += after - before;
    return after <= before || this.#used <= this.bytesMax;
  }
}
