import { byteLength, RenewedMap } from "../../base/mod.ts";

interface Kept {
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
  /** First attempts that have not been made yet. */
  uses: number;
}

/** Bodies of mails that were just accepted: most are tried at once and need not be read from the disk. */
export class BodyCache {
  readonly #kept = new RenewedMap<number, Kept>();
  #bytes = 0;

  constructor(private readonly bytesMax: number) {}

  /** Keeps a body for `uses` attempts; the oldest make room for it. */
  keep(message: number, parts: readonly Uint8Array[], uses: number): void {
    const bytes = byteLength(parts);
    if (bytes > this.bytesMax) return;
    for (const [oldest, kept] of this.#kept) {
      if (this.#bytes + bytes <= this.bytesMax) break;
      this.#forget(oldest, kept);
    }
    this.#kept.set(message, { parts, bytes, uses });
    this.#bytes += bytes;
  }

  /** The body for one attempt, or null when it must be read from the disk. */
  use(message: number): readonly Uint8Array[] | null {
    const kept = this.#kept.get(message);
    if (kept === undefined) return null;
    if (--kept.uses === 0) this.#forget(message, kept);
    return kept.parts;
  }

  #forget(message: number, { bytes }: Kept): void {
    this.#kept.delete(message);
    this.#bytes -= bytes;
  }
}
