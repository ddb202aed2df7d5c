/** Bytes of all indexes that are remembered, and of one: of few messages it is longer than some KB. */
const BYTES_MAX = 16 * 1024 * 1024;
const INDEX_BYTES_MAX = 4 * 1024 * 1024;

/**
 * MIME indexes that had to be made of messages, since none is kept: too long to be, or the message came before there were any. By
 * EMAILID (RFC 8474 §5.1), under which a message is the same for good. Shared by the sessions of a worker; the one that was not asked
 * for longest goes first.
 */
export class MadeIndexes {
  readonly #indexes = new Map<string, Uint8Array>();
  #bytes = 0;

  /** Bytes that are held. */
  get bytes(): number {
    return this.#bytes;
  }
  get(emailId: string): Uint8Array | null {
    const index = this.#indexes.get(emailId);
    if (index === undefined) return null;
    this.#indexes.delete(emailId);
    this.#indexes.set(emailId, index);
    return index;
  }
  add(emailId: string, index: Uint8Array): void {
    if (index.length > INDEX_BYTES_MAX || this.#indexes.has(emailId)) return;
    this.#indexes.set(emailId, index);
    this.#bytes += index.length;
    for (const [oldest, { length }] of this.#indexes) {
      if (this.#bytes <= BYTES_MAX) return;
      this.#indexes.delete(oldest);
      this.#bytes -= length;
    }
  }
}
