import { randomBytes } from "node:crypto";

/** Randomness as the program sees it: the system's in production, seeded in tests. */
export interface Random {
  /** A number in [0, 1). Not for secrets. */
  next(): number;
  /** `count` random bytes; fit for secrets when the source is the system's. */
  bytes(count: number): Uint8Array;
}

/** The operating system's randomness. */
export function systemRandom(): Random {
  return { next: () => Math.random(), bytes: (count) => new Uint8Array(randomBytes(count)) };
}

/** The same sequence for the same seed (mulberry32): for tests and the simulator only. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return { next, bytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(next() * 256)) };
}

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** An identifier of `length` characters, five random bits each, without letters that look alike. */
export function randomId(random: Random, length: number): string {
  let id = "";
  for (const byte of random.bytes(length)) id += ALPHABET[byte & 31];
  return id;
}
