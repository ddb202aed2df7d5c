import { createHmac, timingSafeEqual } from "node:crypto";
import { utf8 } from "../../base/bytes.ts";
import { LOCAL_BYTES_MAX, parseMailbox } from "../../mail/address.ts";
import { roleAddress } from "./name.ts";

/** Days within which mail may come back: longer than mail stays in any queue. */
export const BOUNCE_DAYS_VALID = 21;
/** Hours within which a request can be confirmed. */
export const TOKEN_HOURS_VALID = 72;
/** Hours for which a member can leave by what stands in a mail: mail is kept. */
export const LEAVE_HOURS_VALID = 3 * 365 * 24;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Days are counted in two characters of five bits, hours in four. */
const DAY_CHARS = 2;
const HOUR_CHARS = 4;
/** Characters of a hash, five bits each: of a reverse-path, which must be short, and of a token. */
const BOUNCE_HASH_CHARS = 8;
const TOKEN_HASH_CHARS = 16;
/** Longest token that is read, in characters: an address of 254 octets, each of them escaped. */
export const TOKEN_CHARS_MAX = 1 + HOUR_CHARS + TOKEN_HASH_CHARS + 1 + 3 * 254;
/** No letter has two cases here: local parts lose theirs on the way (RFC 5321 §2.4 notwithstanding). */
const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

/**
 * What a token allows, beside `leave`, which takes a member out without a question (RFC 8058): the address itself agrees to join, leave, be left alone or not, or an owner agrees
 * that it joins; or who decides on the post that waits (its id stands before the `@`).
 */
export type TokenKind =
  | "subscribe"
  | "unsubscribe"
  | "pause"
  | "resume"
  | "approve"
  | "moderate"
  | "leave"
  | "digest"
  | "nodigest";

const LETTERS: Readonly<Record<TokenKind, string>> = {
  subscribe: "s",
  unsubscribe: "u",
  pause: "p",
  resume: "r",
  approve: "a",
  moderate: "m",
  leave: "l",
  digest: "d",
  nodigest: "n",
};

/** Mail of a list that waits in the queue for the end of a day: a post that is kept for its digest, or what is due then. */
export interface DigestMark {
  readonly mark: "kept" | "due";
  /** Days since 1970, in UTC. */
  readonly day: number;
}

/** Whose mail came back: one member's, or that of somebody whom only the report can name. */
export type BouncePath = { readonly type: "list" } | { readonly type: "member"; readonly address: string };

/**
 * Reverse-paths and tokens of lists. Each carries a time and a keyed hash: only we can make one, so that nobody can have a member
 * suspended, or make one of somebody, by a mail that he wrote himself.
 */
export class ListKeys {
  constructor(private readonly secret: Uint8Array) {}

  /** The reverse-path of a mail to many members: `cats-bounces+<day><hash>@domain`. */
  bouncePath(list: string, wallMs: number): string {
    const day = stamp(Math.floor(wallMs / DAY_MS), DAY_CHARS);
    return roleAddress(list, "bounces", day + this.#hash(["bounce", list, day], BOUNCE_HASH_CHARS));
  }

  /** The reverse-path of a mail to one member (VERP): `…=local=host` behind the hash; null when it would be too long or needs quotes. */
  memberPath(list: string, member: string, wallMs: number): string | null {
    const day = stamp(Math.floor(wallMs / DAY_MS), DAY_CHARS);
    const hash = this.#hash(["member", list, day, member.toLowerCase()], BOUNCE_HASH_CHARS);
    const at = member.lastIndexOf("@");
    const path = roleAddress(list, "bounces", `${day}${hash}=${member.slice(0, at)}=${member.slice(at + 1)}`);
    const isShort = utf8(path.slice(0, path.lastIndexOf("@"))).length <= LOCAL_BYTES_MAX;
    return isShort && !member.startsWith('"') && parseMailbox(path, { utf8: true }) !== null ? path : null;
  }

  /** What the detail of a `-bounces` address says; null when we did not write it, or too long ago. */
  readBounce(list: string, detail: string, wallMs: number): BouncePath | null {
    const [, day = "", hash = "", local, host] =
      /^([a-z2-7]{2})([a-z2-7]{8})(?:=(.{1,64})=([^=]{1,255}))?$/.exec(detail) ?? [];
    if (age(day, Math.floor(wallMs / DAY_MS)) > BOUNCE_DAYS_VALID) return null;
    if (local === undefined || host === undefined) {
      return same(hash, this.#hash(["bounce", list, day], BOUNCE_HASH_CHARS)) ? { type: "list" } : null;
    }
    const address = `${local}@${host}`;
    const isOurs = same(hash, this.#hash(["member", list, day, address.toLowerCase()], BOUNCE_HASH_CHARS));
    return isOurs ? { type: "member", address } : null;
  }

  /** The detail under which a post waits for its moderators. */
  heldDetail(list: string, id: string): string {
    return `held-${this.#hash(["held", list, id], TOKEN_HASH_CHARS)}`;
  }
  isHeld(list: string, id: string, detail: string): boolean {
    return same(detail, this.heldDetail(list, id));
  }

  /** The detail under which mail waits for the digest of a day. */
  digestDetail(list: string, { mark, day }: DigestMark): string {
    return `${mark}-${day}-${this.#hash([mark, list, String(day)], TOKEN_HASH_CHARS)}`;
  }
  readDigest(list: string, detail: string): DigestMark | null {
    const [, mark, digits] = /^(kept|due)-(\d{1,7})-[a-z2-7]{16}$/.exec(detail) ?? [];
    if (mark !== "kept" && mark !== "due") return null;
    const found = { mark, day: Number(digits) } as const;
    return same(detail, this.digestDetail(list, found)) ? found : null;
  }
  /** A name for the digest of these posts that nobody can know who writes one of them. */
  digestId(list: string, posts: readonly string[]): string {
    return this.#hash(["digest", list, ...posts], TOKEN_HASH_CHARS);
  }

  /** What confirms a request: in it stands who it is for. One word without blanks. */
  token(kind: TokenKind, { list, member }: { readonly list: string; readonly member: string }, wallMs: number): string {
    const hour = stamp(Math.floor(wallMs / HOUR_MS), HOUR_CHARS);
    return `${LETTERS[kind]}${hour}${this.#tokenHash(kind, list, hour, member)}-${escaped(member)}`;
  }

  /** Null when the token was not made here for this list, or is too old. */
  readToken(list: string, token: string, wallMs: number): { readonly kind: TokenKind; readonly member: string } | null {
    if (token.length > TOKEN_CHARS_MAX) return null;
    const [, letter, hour = "", hash = "", name = ""] =
      /^([supramldn])([a-z2-7]{4})([a-z2-7]{16})-([!-~]+)$/.exec(token) ??
        [];
    const kind = (Object.keys(LETTERS) as TokenKind[]).find((each) => LETTERS[each] === letter);
    const member = unescaped(name);
    if (kind === undefined || member === null) return null;
    const hoursValid = kind === "leave" ? LEAVE_HOURS_VALID : TOKEN_HOURS_VALID;
    if (age(hour, Math.floor(wallMs / HOUR_MS)) > hoursValid) return null;
    return same(hash, this.#tokenHash(kind, list, hour, member)) ? { kind, member } : null;
  }

  /** The end of the address at which a member leaves with one request: it names the list, too. */
  leavePath({ list, member }: { readonly list: string; readonly member: string }, wallMs: number): string {
    return `${list.replace("@", "=")}/${this.token("leave", { list, member }, wallMs)}`;
  }

  /** Null when it was not made here. */
  readLeavePath(path: string, wallMs: number): { readonly list: string; readonly member: string } | null {
    const slash = path.indexOf("/");
    const list = path.slice(0, Math.max(0, slash)).replace("=", "@");
    const read = this.readToken(list, path.slice(slash + 1), wallMs);
    return read?.kind === "leave" ? { list, member: read.member } : null;
  }

  #tokenHash(kind: TokenKind, list: string, hour: string, member: string): string {
    return this.#hash([kind, list, hour, member], TOKEN_HASH_CHARS);
  }

  #hash(fields: readonly string[], chars: number): string {
    const digest = createHmac("sha256", this.secret).update(JSON.stringify(["list", ...fields])).digest();
    let hash = "";
    for (let i = 0; i < chars; i++) hash += ALPHABET[digest[i]! & 31];
    return hash;
  }
}

/** The last so many digits of a count, to the base of 32. */
function stamp(count: number, chars: number): string {
  let text = "";
  for (let i = 0, left = count; i < chars; i++, left = Math.floor(left / 32)) text = ALPHABET[left % 32]! + text;
  return text;
}

/** How long ago that was, round the cycle of its digits; beyond every age when it is none. */
function age(text: string, now: number): number {
  if (text === "") return Infinity;
  const cycle = 32 ** text.length;
  let count = 0;
  for (const char of text) count = count * 32 + ALPHABET.indexOf(char);
  return (now % cycle - count + cycle) % cycle;
}

function same(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(utf8(a), utf8(b));
}

/** An address as a part of one word: `=` stands for its last `@`. */
function escaped(member: string): string {
  const at = member.lastIndexOf("@");
  return `${encodeURIComponent(member.slice(0, at))}=${encodeURIComponent(member.slice(at + 1))}`;
}

function unescaped(name: string): string | null {
  const [local, host, more] = name.split("=");
  if (local === undefined || host === undefined || more !== undefined) return null;
  try {
    return `${decodeURIComponent(local)}@${decodeURIComponent(host)}`;
  } catch {
    return null; // A `%` that escapes nothing.
  }
}
