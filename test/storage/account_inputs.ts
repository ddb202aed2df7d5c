import { utf8 } from "../../src/base/mod.ts";
import type { FlagBits } from "../../src/mail/flag.ts";
import type { AppendInput, AppendMessage, CopyInput, FlagStore, ShardStore } from "../../src/storage/mod.ts";
import { ANNA } from "./support.ts";

export const NOW_MS = 1_750_000_000_000;

/** A message of anna's. */
export function message(body: string, more: Partial<AppendMessage> = {}): AppendMessage {
  return { parts: [utf8(body)], index: null, flags: 0, keywords: [], internalDateMs: 1_000, ...more };
}

let opNumber = 0;

/** An append to anna's mailbox. */
export function append(mailbox: number, messages: AppendMessage[], more: Partial<AppendInput> = {}): AppendInput {
  return { opId: `append-${opNumber++}`, account: ANNA, mailbox, quotaBytes: 0, messages, savedMs: NOW_MS, ...more };
}

/** A copy between anna's mailboxes. */
export function copy(from: number, to: number, uids: number[], more: Partial<CopyInput> = {}): CopyInput {
  const at = (mailbox: number) => ({ account: ANNA, mailbox });
  return { from: at(from), to: at(to), uids, quotaBytes: 0, move: false, savedMs: NOW_MS, ...more };
}

/** A STORE that adds flags. */
export function adding(flags: FlagBits): FlagStore {
  return { how: "add", flags, keywords: [], unchangedSince: null };
}

/** One that takes them away. */
export function removing(flags: FlagBits): FlagStore {
  return { ...adding(flags), how: "remove" };
}

/** One after which a message has these flags, no others and no keywords. */
export function replacing(flags: FlagBits): FlagStore {
  return { ...adding(flags), how: "replace" };
}

/** Names of anna's mailboxes; those that are none in brackets. */
export function names(shard: ShardStore): string[] {
  return shard.mailboxes(ANNA).map(({ name, mailbox }) => mailbox === 0 ? `(${name})` : name);
}

/** All rows of a mailbox. */
export function rows(shard: ShardStore, mailbox: number, account = ANNA) {
  return shard.rowsAt(account, mailbox, 0, { limit: 10_000, index: true }).rows;
}
