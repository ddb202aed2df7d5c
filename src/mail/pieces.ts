/** Length of a piece that is not there. */
const NONE = 0xffff_ffff;

/** Pieces of one array of bytes, by their numbers; some may be missing. They may lie in any order, and share bytes. */
export class Pieces {
  readonly #offsets: Uint32Array;
  readonly #lengths: Uint32Array;

  /** `numbers` is a buffer of its own. */
  constructor(
    readonly count: number,
    readonly bytes: Uint8Array,
    private readonly numbers = new ArrayBuffer(8 * count),
  ) {
    this.#offsets = new Uint32Array(numbers, 0, count);
    this.#lengths = new Uint32Array(numbers, 4 * count, count);
  }

  /** Reads what `places` made; null when it cannot be so many pieces, or one of them lies outside `bytes`. */
  static of({ places, bytes }: { readonly places: Uint8Array; readonly bytes: Uint8Array }, count: number) {
    if (places.length !== 8 * count) return null;
    const pieces = new Pieces(count, bytes, places.slice().buffer);
    for (let i = 0; i < count; i++) {
      const length = pieces.#lengths[i]!;
      if (length !== NONE && pieces.#offsets[i]! + length > bytes.length) return null;
    }
    return pieces;
  }

  /** The first `count` pieces, with a copy of their bytes, where they lie as here. */
  first(count: number, bytes: Uint8Array): Pieces {
    if (count === this.count) return new Pieces(count, bytes, this.numbers);
    const first = new Pieces(count, bytes);
    first.#offsets.set(this.#offsets.subarray(0, count));
    first.#lengths.set(this.#lengths.subarray(0, count));
    return first;
  }

  put(number: number, offset: number, length: number): void {
    this.#offsets[number] = offset;
    this.#lengths[number] = length;
  }

  putNone(number: number): void {
    this.#lengths[number] = NONE;
  }

  /** The length of a piece; -1 when it is missing. */
  length(number: number): number {
    const length = this.#lengths[number]!;
    return length === NONE ? -1 : length;
  }

  offset(number: number): number {
    return this.#offsets[number]!;
  }

  /** Not copied; null when it is missing. */
  at(number: number): Uint8Array | null {
    const length = this.length(number);
    if (length < 0) return null;
    const offset = this.#offsets[number]!;
    return this.bytes.subarray(offset, offset + length);
  }

  /** Offsets, then lengths: numbers of four bytes. */
  places(): Uint8Array {
    return new Uint8Array(this.numbers);
  }
}
