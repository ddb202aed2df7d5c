import { createHmac, timingSafeEqual } from "node:crypto";
import { utf8 } from "../base/bytes.ts";
import { type Address, formatAddress, LOCAL_BYTES_MAX, parseMailbox } from "../mail/address.ts";
import type { DomainName } from "../mail/domain.ts";

/** Days an address may be answered to: longer than mail stays in any queue. */
export const SRS_DAYS_MAX = 21;

/** The time stamp counts days in two characters of five bits. */
const DAY_MS = 86_400_000;
const DAYS_CYCLE = 1_024;
/** Characters of the hash, five bits each: what a guesser has to hit. */
const HASH_CHARS = 8;
/** Hashes remembered. */
const MADE_MAX = 1_000;
/** No letter has two cases here: local parts lose theirs on the way (RFC 5321 §2.4 notwithstanding). */
const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

/**
 * The Sender Rewriting Scheme: mail that is forwarded leaves under an address of ours, which leads back to its sender, so that
 * SPF (RFC 7208) holds for the hop that we make. The address carries a time and a keyed hash: it can be made only here, and is
 * good for bounces of a few weeks.
 */
export class SenderRewriting {
  /** Hashes made lately, by what they are of: senders come in bursts, and a keyed hash costs more than the rest of forwarding. */
  readonly #made = new Map<string, string>();

  constructor(private readonly secret: Uint8Array) {}

  /**
   * The sender under which `domain`, one of ours, forwards: `SRS0=hash=day=host=local@domain`, or of an address that another
   * server has rewritten `SRS1=hash=host==…@domain`, which leads back to that server. Null when it would be longer than a local
   * part may be: then the sender stays as it is.
   */
  forward(sender: Address, domain: DomainName, wallMs: number): string | null {
    if (sender.domain === null) return null;
    const again = /^srs([01])=/i.exec(sender.local);
    const local = again === null
      ? this.#first(sender.local, sender.domain, dayOf(wallMs))
      : this.#next(sender.local, sender.domain);
    if (local === null || utf8(local).length > LOCAL_BYTES_MAX) return null;
    return formatAddress({ local, domain, literal: null });
  }

  /** Whom an address of ours leads back to; null when it was not made here, was tampered with or is too old. */
  reverse(local: string, wallMs: number): Address | null {
    const first = /^srs0=([a-z2-7]{8})=([a-z2-7]{2})=([^=]+)=(.+)$/is.exec(local);
    if (first !== null) {
      const [, hash = "", day = "", host = "", name = ""] = first;
      if (!this.#isHash(hash, [day.toLowerCase(), host, name])) return null;
      return isRecent(day.toLowerCase(), dayOf(wallMs)) ? address(name, host) : null;
    }
    const next = /^srs1=([a-z2-7]{8})=([^=]+)=(=.+)$/is.exec(local);
    if (next === null) return null;
    const [, hash = "", host = "", rest = ""] = next;
    return this.#isHash(hash, [host, rest]) ? address(`SRS0${rest}`, host) : null;
  }

  #first(local: string, host: string, day: number): string {
    const stamp = ALPHABET[day >> 5]! + ALPHABET[day & 31]!;
    return `SRS0=${this.#madeBefore([stamp, host, local])}=${stamp}=${host}=${local}`;
  }

  /** A chain of forwarders stays as long as two: the first one, who knows the sender, and ourselves. */
  #next(local: string, host: string): string | null {
    const later = /^srs1=[^=]*=([^=]+)=(=.+)$/is.exec(local);
    const [first, rest] = later === null ? [host, local.slice("SRS0".length)] : [later[1]!, later[2]!];
    return `SRS1=${this.#madeBefore([first, rest])}=${first}=${rest}`;
  }

  #isHash(given: string, fields: readonly string[]): boolean {
    return timingSafeEqual(utf8(given.toLowerCase()), utf8(this.#hash(fields)));
  }

  /** Only of what is forwarded: what strangers claim to have from here is not remembered. */
  #madeBefore(fields: readonly string[]): string {
    const text = fields.join("=");
    const known = this.#made.get(text);
    if (known !== undefined) return known;
    const hash = this.#hash(fields);
    if (this.#made.size >= MADE_MAX) this.#made.clear();
    this.#made.set(text, hash);
    return hash;
  }

  #hash(fields: readonly string[]): string {
    const digest = createHmac("sha256", this.secret).update(fields.join("=").toLowerCase()).digest();
    let hash = "";
    for (let i = 0; i < HASH_CHARS; i++) hash += ALPHABET[digest[i]! & 31];
    return hash;
  }
}

function dayOf(wallMs: number): number {
  return Math.floor(wallMs / DAY_MS) % DAYS_CYCLE;
}

function isRecent(stamp: string, today: number): boolean {
  const day = ALPHABET.indexOf(stamp[0]!) * 32 + ALPHABET.indexOf(stamp[1]!);
  return (today - day + DAYS_CYCLE) % DAYS_CYCLE <= SRS_DAYS_MAX;
}

function address(local: string, host: string): Address | null {
  const written = formatAddress({ local, domain: host as DomainName, literal: null });
  return parseMailbox(written, { utf8: true });
}
