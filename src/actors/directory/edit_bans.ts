import { Failure } from "../../base/mod.ts";
import type { BanRecord, DirectoryChange } from "../../messages/mod.ts";
import { contains, type Network, parseNetwork } from "../../policy/mod.ts";
import type { DirectoryBook } from "./book.ts";

/** Bans of one server, those included whose time is over and that nobody has swept yet. */
export const BANS_MAX = 50_000;
/** UTF-16 units of a reason. */
const REASON_CHARS_MAX = 500;
/** Longest ban that ends, in ms (ten years). */
const BAN_MS_MAX = 10 * 365 * 86_400_000;
/** Shortest prefix that may be banned, by octets of the address: a shorter one is a typing error that shuts the world out. */
const BITS_MIN: Readonly<Record<number, number>> = { 4: 8, 16: 16 };

/** Whom failed logins lead to a ban, and for how long. */
export interface BanPolicy {
  /** Failed logins of one address within `windowMs`; 0: nobody is banned for them. */
  readonly strikesMax: number;
  readonly windowMs: number;
  /** How long such a ban holds, in ms. */
  readonly banMs: number;
  /** Networks that are never banned. */
  readonly exempt: readonly Network[];
}

/** A ban to make. */
export interface BanRequest {
  readonly network: string;
  /** In ms; null: for good. */
  readonly forMs: number | null;
  readonly reason: string;
  readonly by: BanRecord["by"];
}

/** What a change to the bans comes to. */
export interface BanEdit {
  readonly changes: readonly DirectoryChange[];
  readonly value: BanRecord;
}

/**
 * Bans an address or a network, in place of the ban it may have; sweeps those whose time is over. Throws Failure `invalid` or
 * `refused`.
 */
export function addBan(
  book: DirectoryBook,
  { network: text, forMs, reason, by }: BanRequest,
  { nowMs, policy }: { readonly nowMs: number; readonly policy: BanPolicy },
): BanEdit {
  const network = banned(text, policy);
  if (forMs !== null && !(forMs > 0 && forMs <= BAN_MS_MAX)) {
    throw new Failure("invalid", "a ban that ends lasts up to ten years");
  }
  const over = [...book.bans.values()].filter((ban) => !stands(ban, nowMs)).map((ban) => ban.network);
  const before = book.bans.get(network.text);
  // What an operator has said is not shortened by a guesser's next failure.
  if (by === "login" && before?.by === "operator" && stands(before, nowMs)) return { changes: [], value: before };
  if (before === undefined && book.bans.size - over.length >= BANS_MAX) {
    throw new Failure("refused", `there are ${BANS_MAX} bans already`);
  }
  const value: BanRecord = {
    network: network.text,
    until: forMs === null ? null : new Date(nowMs + forMs).toISOString(),
    reason: reason.slice(0, REASON_CHARS_MAX),
    by,
    createdAt: new Date(nowMs).toISOString(),
  };
  const swept = over.filter((key) => key !== network.text).map((key) => ({ kind: "ban", key, record: null }) as const);
  const changes = [...swept, { kind: "ban", key: network.text, record: value } as const];
  book.commit(changes);
  return { changes, value };
}

/** Lifts a ban and answers it. Throws Failure `invalid` or `not_found`. */
export function removeBan(book: DirectoryBook, text: string): BanRecord {
  const network = parsed(text);
  const record = book.bans.get(network.text);
  if (record === undefined) throw new Failure("not_found", `there is no ban of ${network.text}`);
  book.commit([{ kind: "ban", key: network.text, record: null }]);
  return record;
}

/** The bans that hold at that time, in ms since 1970 UTC. */
export function standingBans(book: DirectoryBook, nowMs: number): ReadonlyMap<string, BanRecord> {
  return new Map([...book.bans].filter(([, ban]) => stands(ban, nowMs)));
}

function stands({ until }: BanRecord, nowMs: number): boolean {
  return until === null || nowMs < Date.parse(until);
}

function banned(text: string, { exempt }: BanPolicy): Network {
  const network = parsed(text);
  const bitsMin = BITS_MIN[network.octets.length] ?? 0;
  if (network.bits < bitsMin) throw new Failure("invalid", `a ban this wide is refused: /${bitsMin} is the widest`);
  const free = exempt.find((other) => other.bits <= network.bits && contains(other, network.octets));
  if (free !== undefined) throw new Failure("refused", `${free.text} is exempt: see limits.exempt`);
  return network;
}

function parsed(text: string): Network {
  const network = parseNetwork(text);
  if (network === null) throw new Failure("invalid", "an address or address/bits is expected");
  return network;
}
