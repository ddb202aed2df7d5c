import { asFailure } from "../base/mod.ts";
import type { AccountId } from "../mail/account.ts";
import { Flag } from "../mail/flag.ts";
import { allMailboxes, readMailboxKey } from "./keys.ts";
import type { LoggedShard } from "./logged_shard.ts";
import type { VerifyEvent, VerifyOptions } from "./types.ts";
import { type MailboxCounters, type StoredRow } from "./values.ts";

/** Mailboxes and messages looked at before other work gets its turn. */
const MAILBOXES_A_TURN = 64;
const MESSAGES_A_TURN = 64;

/**
 * Walks all rows of a shard, reads every body and counts: names what is damaged, by account, mailbox and UID. Holds no
 * transaction between turns, so mail may come and go meanwhile.
 */
export async function* verifyShard(
  shard: LoggedShard,
  options: VerifyOptions,
  defer: (run: () => void) => void,
): AsyncIterable<VerifyEvent> {
  let messages = 0;
  for (let after: Uint8Array | null = null;;) {
    const found: { key: Uint8Array; value: Uint8Array }[] = shard.state.index.range({
      ...allMailboxes(after),
      limit: MAILBOXES_A_TURN + 1,
    });
    // The range begins with the key that was looked at last.
    const fresh = found.filter(({ key }) => after === null || compare(key, after) > 0).slice(0, MAILBOXES_A_TURN);
    const last = fresh.at(-1);
    if (last === undefined) break;
    for (const { key } of fresh) {
      const { account, mailbox } = readMailboxKey(key);
      for await (const event of verifyMailbox(shard, account as AccountId, mailbox, { ...options, defer })) {
        if (event === "seen") messages++;
        else yield event;
        if (event === "seen" && messages % 1_000 === 0) {
          yield { type: "progress", shard: shard.number, messages, done: false };
        }
      }
    }
    after = last.key;
  }
  yield { type: "progress", shard: shard.number, messages, done: true };
}

async function* verifyMailbox(
  shard: LoggedShard,
  account: AccountId,
  mailbox: number,
  options: VerifyOptions & { defer: (run: () => void) => void },
): AsyncIterable<VerifyEvent | "seen"> {
  const bad = (uid: number, problem: string): VerifyEvent => {
    return { type: "bad", shard: shard.number, account, mailbox, uid, problem };
  };
  const before = shard.status(account, mailbox);
  const sum = { messages: 0, unseen: 0, deleted: 0, size: 0 };
  for (let after = 0;;) {
    const rows = shard.reader.rows(account, mailbox, after, MESSAGES_A_TURN).slice(0, MESSAGES_A_TURN);
    for (const row of rows) {
      add(sum, row);
      const problem = options.bodies === false ? null : problemOf(shard, row);
      if (problem !== null && stillThere(shard, account, mailbox, row.uid)) yield bad(row.uid, problem);
      yield "seen";
    }
    const last = rows.at(-1);
    if (last === undefined) break;
    after = last.uid;
    await new Promise<void>((resolve) => options.defer(resolve));
  }
  const now = shard.status(account, mailbox);
  // A mailbox that changed while it was walked cannot be compared with its counters.
  if (now.highestModSeq !== before.highestModSeq || now.uidValidity !== before.uidValidity) return;
  for (const name of ["messages", "unseen", "deleted", "size"] as const) {
    if (sum[name] !== now[name]) yield bad(0, `counter ${name} says ${now[name]}, the rows say ${sum[name]}`);
  }
}

function problemOf(shard: LoggedShard, row: StoredRow): string | null {
  try {
    shard.reader.check(row);
    return null;
  } catch (error) {
    const failure = asFailure(error);
    if (failure === null) throw error;
    return failure.message;
  }
}

function stillThere(shard: LoggedShard, account: AccountId, mailbox: number, uid: number): boolean {
  return shard.reader.rows(account, mailbox, uid - 1, 1)[0]?.uid === uid;
}

function add(sum: Pick<MailboxCounters, "messages" | "unseen" | "deleted" | "size">, row: StoredRow): void {
  sum.messages++;
  sum.size += row.size;
  if ((row.flags & Flag.seen) === 0) sum.unseen++;
  if ((row.flags & Flag.deleted) !== 0) sum.deleted++;
}

function compare(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length && i < b.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}
