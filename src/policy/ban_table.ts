import { addressOctets, network, parseNetwork } from "./network.ts";

/** A network that may not connect. */
export interface BannedNetwork {
  /** As `parseNetwork` writes it. */
  readonly network: string;
  /** RFC 3339; null: for good. */
  readonly until: string | null;
}

/** Who is banned: a replica of the directory's list that answers with a look-up for each length of prefix in use. */
export class BanTable {
  /** When each ban ends, in ms since 1970 UTC, by network. */
  readonly #untilMs = new Map<string, number>();
  /** How many bans there are by octets of the address and bits of the prefix. */
  readonly #lengths = new Map<string, { readonly width: number; readonly bits: number; count: number }>();

  get size(): number {
    return this.#untilMs.size;
  }

  /** Forgets all and begins anew. */
  reset(bans: readonly BannedNetwork[]): void {
    this.#untilMs.clear();
    this.#lengths.clear();
    for (const ban of bans) this.set(ban.network, ban);
  }

  /** Puts a ban in force, or lifts it when null. */
  set(text: string, ban: BannedNetwork | null): void {
    const parsed = parseNetwork(text);
    if (parsed === null) return;
    const before = this.#untilMs.has(parsed.text);
    if (ban === null) this.#untilMs.delete(parsed.text);
    else this.#untilMs.set(parsed.text, ban.until === null ? Infinity : Date.parse(ban.until));
    const change = Number(ban !== null) - Number(before);
    if (change === 0) return;
    const width = parsed.octets.length;
    const key = `${width} ${parsed.bits}`;
    const length = this.#lengths.get(key) ?? { width, bits: parsed.bits, count: 0 };
    length.count += change;
    if (length.count === 0) this.#lengths.delete(key);
    else this.#lengths.set(key, length);
  }

  /** Whether the address is banned at that time, in ms since 1970 UTC. */
  isBanned(address: string, wallMs: number): boolean {
    if (this.#untilMs.size === 0) return false;
    const octets = addressOctets(address);
    if (octets === null) return false;
    for (const { width, bits } of this.#lengths.values()) {
      if (width !== octets.length) continue;
      const untilMs = this.#untilMs.get(network(octets, bits).text);
      if (untilMs !== undefined && wallMs < untilMs) return true;
    }
    return false;
  }
}
