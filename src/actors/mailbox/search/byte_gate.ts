/** Lets so many bytes through at once; who comes when there is no room waits, in order. */
export class ByteGate {
  #inside = 0;
  readonly #waiting: { readonly bytes: number; readonly enter: () => void }[] = [];
  constructor(private readonly bytesMax: number) {}

  /** What `job` comes to. One larger than all room goes alone. */
  async run<T>(bytes: number, job: () => Promise<T>): Promise<T> {
    if (this.#waiting.length > 0 || !this.#fits(bytes)) {
      await new Promise<void>((enter) => void this.#waiting.push({ bytes, enter }));
    } else this.#inside += bytes;
    try {
      return await job();
    } finally {
      this.#inside -= bytes;
      this.#letIn();
    }
  }
  #fits(bytes: number): boolean {
    return this.#inside === 0 || this.#inside + bytes <= this.bytesMax;
  }
  #letIn(): void {
    while (this.#waiting.length > 0 && this.#fits(this.#waiting[0]!.bytes)) {
      const { bytes, enter } = this.#waiting.shift()!;
      this.#inside += bytes;
      enter();
    }
  }
}
