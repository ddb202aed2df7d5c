import { asFailure } from "../base/mod.ts";
import type { AccountId } from "../mail/account.ts";
import { Flag } from "../mail/flag.ts";
import { columnProblem } from "./columns/columns.ts";
import type { LoggedShard } from "./logged_shard.ts";
import { mailboxesIn } from "./mailboxes.ts";
import { RowTally, treeProblems } from "./tally.ts";
import type { VerifyEvent, VerifyOptions } from "./types.ts";
import { BLOCK_UIDS, type StoredRow } from "./row_block.ts";
import type { MailboxCounters } from "./layout/values.ts";

/** Messages looked at before other work gets its turn. */
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
  let owner = "";
  for (const { account, mailbox } of mailboxesIn(shard.state.index)) {
    if (account !== owner) {
      owner = account;
      const named = treeProblems(shard.state.index, account);
      for (const { mailbox, problem } of named) {
        yield { type: "bad", shard: shard.number, account, mailbox, uid: 0, problem };
      }
    }
    for await (const event of verifyMailbox(shard, account as AccountId, mailbox, { ...options, defer })) {
      if (event !== "seen") yield event;
      else if (++messages % 1_000 === 0) yield { type: "progress", shard: shard.number, messages, done: false };
    }
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
  const tally = new RowTally();
  let block = -1;
  for (let after = 0;;) {
    const rows = shard.reader.rows(account, mailbox, after, MESSAGES_A_TURN).slice(0, MESSAGES_A_TURN);
    for (const row of rows) {
      add(sum, row);
      tally.add(row);
      const problem = options.bodies === false ? null : problemOf(shard, row);
      if (problem !== null && stillThere(shard, account, mailbox, row.uid)) yield bad(row.uid, problem);
      const number = Math.floor(row.uid / BLOCK_UIDS);
      const kept = number === block ? null : columnProblem(shard.state.index, { account, mailbox }, number);
      if (kept !== null) yield bad(0, kept);
      block = number;
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
  if (shard.reader.isRemoved(account, mailbox)) return;
  for (const problem of tally.problems(shard.state.index, account, mailbox, shard.blockCounts(account, mailbox))) {
    yield bad(0, problem);
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
