import { setImmediate } from "node:timers";

/** What a thread waits for while others have nothing for it; one word of shared memory, 1 when rung. */
export class Bell {
  readonly #word: Int32Array;
  readonly #looks = new Set<() => boolean>();
  /** Counts the waits: one that was given up is no longer heard. */
  #waits = 0;
  #waiting = false;
  #closed = false;

  /** The bell of the thread that makes it. */
  constructor(memory: SharedArrayBuffer) {
    this.#word = new Int32Array(memory);
    this.#wait();
  }

  /** Memory for one bell. */
  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(4);
  }

  /** Rings the bell of another thread. One that is awake need not be woken, which costs more than all else on the way. */
  static ring(word: Int32Array): void {
    if (Atomics.exchange(word, 0, 1) === 0) Atomics.notify(word, 0);
  }

  /** Calls `look` whenever it was rung, and again as long as anybody's look finds something. Returns how that ends. */
  add(look: () => boolean): () => void {
    this.#looks.add(look);
    return () => void this.#looks.delete(look);
  }

  /**
   * Looks whether it was rung and nobody woke this thread. Called now and then: a runtime whose event loop loses such a wake is
   * slow then, not stuck.
   */
  check(): void {
    if (this.#waiting && Atomics.load(this.#word, 0) === 1) this.#awake();
  }

  /** Is deaf from now on. */
  close(): void {
    this.#closed = true;
    this.#looks.clear();
    Bell.ring(this.#word);
  }

  #wait(): void {
    this.#waiting = true;
    const wait = ++this.#waits;
    const { async, value } = Atomics.waitAsync(this.#word, 0, 0);
    if (!async) return this.#awake();
    value.then(() => {
      if (wait === this.#waits && this.#waiting) this.#awake();
    });
  }

  /** Stays rung while there is something to find. */
  #awake(): void {
    this.#waiting = false;
    if (this.#closed) return;
    if (this.#look()) return this.#again();
    // Quiet first, then one more look: whoever puts something in after it rings.
    Atomics.store(this.#word, 0, 0);
    if (!this.#look()) return this.#wait();
    Atomics.store(this.#word, 0, 1);
    this.#again();
  }

  /** What was found is worked on, and sockets and timers have their go, before the next look. */
  #again(): void {
    setImmediate(() => this.#awake());
  }

  #look(): boolean {
    let found = false;
    for (const look of this.#looks) found = look() || found;
    return found;
  }
}
