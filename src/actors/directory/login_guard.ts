import type { Clock } from "../../base/mod.ts";

/** Keys remembered in each table; the one that failed longest ago goes first. Losing one only forgives it. */
const KEYS_MAX = 10_000;
/** Failures of one address that cost nothing: typing errors. */
const FREE_FAILURES = 2;
/** First delay of an address, in ms, doubled with each further failure. */
const REMOTE_DELAY_MS_MIN = 250;
const REMOTE_DELAY_MS_MAX = 8_000;
/** Failures on one account, from wherever, before strangers to it wait. */
const ACCOUNT_FREE_FAILURES = 5;
const ACCOUNT_DELAY_MS_MIN = 100;
/** Low, as the account's own user on a new address waits just so long: a delay, never a lock. */
const ACCOUNT_DELAY_MS_MAX = 3_000;
/** Half of the failures are forgiven after each such span, in ms. */
const FORGIVE_MS = 120_000;
/** Checks of one address wait for each other; beyond this long they are told to come back later, in ms. */
const LINE_MS_MAX = 20_000;
/** (account, address) pairs that have logged in rightly. */
const KNOWN_MAX = 50_000;

/**
 * Slows guessing down without locking anybody out. An address that fails waits longer before each further check, and its
 * checks wait for one another, so opening many connections gains nothing. An account that is attacked from many addresses
 * makes strangers wait a little; addresses it has logged in from before do not notice.
 */
export class LoginGuard {
  readonly #remotes = new FailureTable();
  readonly #accounts = new FailureTable();
  /** Time before which an address may not have its next check. */
  readonly #lines = new Map<string, number>();
  readonly #known = new Set<string>();
  constructor(private readonly clock: Clock) {}

  /** How long this attempt has to wait before its password is looked at, in ms; null: too many wait already. */
  waitMs(remote: string, account: string): number | null {
    const now = this.clock.monotonicMs();
    const key = remoteKey(remote, account);
    const delayMs = grown(this.#remotes.count(key, now) - FREE_FAILURES, REMOTE_DELAY_MS_MIN, REMOTE_DELAY_MS_MAX);
    const pastMs = this.#known.has(pair(remote, account)) ? 0 : grown(
      this.#accounts.count(account, now) - ACCOUNT_FREE_FAILURES,
      ACCOUNT_DELAY_MS_MIN,
      ACCOUNT_DELAY_MS_MAX,
    );
    if (delayMs === 0) return pastMs;
    const startMs = Math.max(now, this.#lines.get(key) ?? 0) + delayMs;
    if (startMs - now > LINE_MS_MAX) return null;
    this.#lines.delete(key);
    this.#lines.set(key, startMs);
    trim(this.#lines, KEYS_MAX);
    return Math.max(startMs - now, pastMs);
  }
  failed(remote: string, account: string): void {
    const now = this.clock.monotonicMs();
    this.#remotes.add(remoteKey(remote, account), now);
    this.#accounts.add(account, now);
  }
  /** Failures of the address are not forgiven: a guesser may own an account, too. */
  succeeded(remote: string, account: string): void {
    this.#known.delete(pair(remote, account));
    this.#known.add(pair(remote, account));
    if (this.#known.size <= KNOWN_MAX) return;
    const oldest = this.#known.values().next().value;
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}

/** Failures by key, halved as time goes by. */
class FailureTable {
  readonly #entries = new Map<string, { count: number; sinceMs: number }>();

  count(key: string, nowMs: number): number {
    const entry = this.#entries.get(key);
    return entry === undefined ? 0 : Math.floor(entry.count / 2 ** Math.floor((nowMs - entry.sinceMs) / FORGIVE_MS));
  }
  add(key: string, nowMs: number): void {
    const count = this.count(key, nowMs) + 1;
    this.#entries.delete(key);
    this.#entries.set(key, { count, sinceMs: nowMs });
    trim(this.#entries, KEYS_MAX);
  }
}

function grown(failures: number, minMs: number, maxMs: number): number {
  return failures <= 0 ? 0 : Math.min(maxMs, minMs * 2 ** Math.min(failures - 1, 30));
}

function trim(map: Map<string, unknown>, max: number): void {
  if (map.size <= max) return;
  const oldest = map.keys().next().value;
  if (oldest !== undefined) map.delete(oldest);
}

function pair(remote: string, account: string): string {
  return `${networkOf(remote)} ${account}`;
}

/** Whose attempts count together. On this machine (a webmail, a proxy) one address stands for many users: there each account is counted by itself. */
export function remoteKey(remote: string, account: string): string {
  const network = networkOf(remote);
  return network.startsWith("127.") || network === "::1" ? `${network} ${account}` : network;
}

/** What one site holds: an IPv4 address, or the first 64 bits of an IPv6 address. */
export function networkOf(remote: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(remote);
  if (mapped?.[1] !== undefined) return mapped[1];
  if (!remote.includes(":") || remote === "::1") return remote;
  const [head = "", tail] = remote.toLowerCase().split("::", 2);
  const front = head === "" ? [] : head.split(":");
  const back = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - front.length - back.length);
  const groups = [...front, ...Array<string>(zeros).fill("0"), ...back].slice(0, 4);
  return `${groups.map((group) => group.replace(/^0+(?=.)/, "")).join(":")}::/64`;
}
