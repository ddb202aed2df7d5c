/**
 * What an account may do with a mailbox (RFC 4314 §2.1), as letters in the order of `ALL_RIGHTS`, each at most once: l look up, r read,
 * s set \Seen, w write other flags, i insert, p post, k create below, x remove, t set \Deleted, e expunge, a administer,
 * n set shared annotations of messages (RFC 5257 §3.4).
 */
export type Rights = string & { readonly __rights: unique symbol };

export type Right = "l" | "r" | "s" | "w" | "i" | "p" | "k" | "x" | "t" | "e" | "a" | "n";

/** What an owner has. */
export const ALL_RIGHTS = "lrswipkxtean" as Rights;
export const NO_RIGHTS = "" as Rights;

/** Rights that RFC 2086 did not have: told by RIGHTS= (RFC 4314 §2.2). */
export const NEW_RIGHTS = "texkn";

/** Everybody of the domain (RFC 4314 §2). */
export const ANYONE = "anyone";

/** RFC 4314 §2.1.1: what the rights of RFC 2086 stand for. */
const OLD_RIGHTS: ReadonlyMap<string, string> = new Map([["c", "kx"], ["d", "te"]]);

/** The rights that a client names, or null when one of them is not known (RFC 4314 §3.1). */
export function parseRights(text: string): Rights | null {
  let letters = "";
  for (const letter of text) {
    if (!ALL_RIGHTS.includes(letter) && !OLD_RIGHTS.has(letter)) return null;
    letters += OLD_RIGHTS.get(letter) ?? letter;
  }
  return ordered((right) => letters.includes(right));
}

/** Rights as they are told: with the old rights of which they have a part (RFC 4314 §2.1.1). */
export function formatRights(rights: Rights): string {
  const old = [...OLD_RIGHTS].filter(([, parts]) => [...parts].some((part) => rights.includes(part)));
  return rights + old.map(([letter]) => letter).join("");
}

/** Whether all of `wanted` are there. */
export function hasRights(rights: Rights, wanted: string): boolean {
  for (const right of wanted) if (!rights.includes(right)) return false;
  return true;
}

/** Whether any of `wanted` is there. */
export function hasAnyRight(rights: Rights, wanted: string): boolean {
  for (const right of wanted) if (rights.includes(right)) return true;
  return false;
}

/** All that one of both has. */
export function joinRights(one: Rights, other: Rights): Rights {
  return ordered((right) => one.includes(right) || other.includes(right));
}

/** What is left of rights when others are taken. */
export function withoutRights(rights: Rights, taken: Rights): Rights {
  return ordered((right) => rights.includes(right) && !taken.includes(right));
}

function ordered(holds: (right: string) => boolean): Rights {
  return [...ALL_RIGHTS].filter(holds).join("") as Rights;
}
