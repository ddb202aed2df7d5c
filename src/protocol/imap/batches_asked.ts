/** Questions that are remembered; a client that asks for more parts of one mailbox asks for something else (RFC 10022 §6). */
const ASKED_MAX = 1_000;

interface Changes {
  readonly expunged: number;
  readonly arrived: number;
}

/** Which batches a client has asked for: again it may only when much has changed (RFC 10022 §3.1.1). */
export class BatchesAsked {
  readonly #asked = new Map<string, Changes>();
  #expunged = 0;
  #arrived = 0;

  /** Messages went or came, as far as the client was told. */
  changed(expunged: number, arrived: number): void {
    this.#expunged += expunged;
    this.#arrived += arrived;
  }

  /** Whether a question is due, which is noted then. */
  mayAsk(size: number, range: { readonly first: number; readonly last: number } | null): boolean {
    const key = range === null ? `${size}` : `${size} ${range.first}:${range.last}`;
    const before = this.#asked.get(key);
    const [expunged, arrived] = [this.#expunged, this.#arrived];
    const isDue = before === undefined
      ? this.#asked.size < ASKED_MAX
      : Math.max(expunged - before.expunged, arrived - before.arrived) > size / 2;
    if (isDue) this.#asked.set(key, { expunged, arrived });
    return isDue;
  }
}
