import { Flag, type FlagBits } from "../../../mail/flag.ts";
import { ALL_RIGHTS, type Rights } from "../../../mail/rights.ts";

/** Flags that may be changed. */
export interface FreeFlags {
  readonly flags: FlagBits;
  readonly keywords: boolean;
}

/** RFC 4314 §4: \Seen goes with s, \Deleted with t, all others with w. */
export function freeFlags(rights: Rights): FreeFlags {
  const written = rights.includes("w");
  let flags = written ? Flag.answered | Flag.flagged | Flag.draft : 0;
  if (rights.includes("s")) flags |= Flag.seen;
  if (rights.includes("t")) flags |= Flag.deleted;
  return { flags, keywords: written };
}

/** Whether every flag may be changed. */
export function areAllFree({ flags, keywords }: FreeFlags): boolean {
  return keywords && flags === ALL.flags;
}

const ALL = freeFlags(ALL_RIGHTS);
