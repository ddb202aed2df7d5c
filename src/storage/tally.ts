import type { BlockCounts } from "./account/types.ts";
import type { IndexEnv } from "./disk/index_env.ts";
import { allKeywords, allKeywordSets, mailboxKey, readKeywordId, readKeywordSet } from "./layout/keys.ts";
import { decodeSet } from "./account/keyword_table.ts";
import { getU32 } from "./layout/pack.ts";
import { BLOCK_UIDS, type StoredRow } from "./row_block.ts";
import { TreeRows } from "./account/tree_rows.ts";

/** Counts the rows of a mailbox by what other rows say of them. */
export class RowTally {
  readonly #blocks = new Map<number, number>();
  readonly #sets = new Map<number, number>();

  add({ uid, keywords }: StoredRow): void {
    const block = Math.floor(uid / BLOCK_UIDS);
    this.#blocks.set(block, (this.#blocks.get(block) ?? 0) + 1);
    if (keywords > 0) this.#sets.set(keywords, (this.#sets.get(keywords) ?? 0) + 1);
  }
  /** Where blocks or keywords are counted otherwise. */
  *problems(index: IndexEnv, account: string, mailbox: number, counts: BlockCounts): Iterable<string> {
    const counted = new Map([...counts.blocks].map((block, i) => [block, counts.rows[i]!]));
    yield* differences("block", counted, this.#blocks);
    const sets = new Map<number, number>();
    const holders = new Map<number, number>();
    for (const { key, value } of index.range({ ...allKeywordSets(account, mailbox), limit: Infinity })) {
      const { messages, ids } = decodeSet(value);
      sets.set(readKeywordSet(key), messages);
      for (const id of ids) holders.set(id, (holders.get(id) ?? 0) + 1);
    }
    yield* differences("set of keywords", sets, this.#sets);
    const keywords = new Map<number, number>();
    for (const { key, value } of index.range({ ...allKeywords(account, mailbox), limit: Infinity })) {
      keywords.set(readKeywordId(key), getU32(value, 0));
    }
    yield* differences("keyword", keywords, holders);
  }
}

/** Names of an account whose mailbox is not there, and counts of names that are wrong. */
export function* treeProblems(index: IndexEnv, account: string): Iterable<{ mailbox: number; problem: string }> {
  const rows = new TreeRows(index, account);
  if (!rows.written) return;
  const seen = new Set<number>();
  const nodes = rows.nodes();
  for (const { mailbox, name } of nodes) {
    if (mailbox === 0) continue;
    if (seen.has(mailbox)) yield { mailbox, problem: `two names have this mailbox; one is ${JSON.stringify(name)}` };
    seen.add(mailbox);
    if (index.get(mailboxKey(account, mailbox)) === undefined) yield { mailbox, problem: "a name has no mailbox" };
  }
  const { names } = rows.head(0);
  if (names !== nodes.length) yield { mailbox: 0, problem: `${names} names are counted, there are ${nodes.length}` };
}

function* differences(
  what: string,
  said: ReadonlyMap<number, number>,
  found: ReadonlyMap<number, number>,
): Iterable<string> {
  for (const number of new Set([...said.keys(), ...found.keys()])) {
    const [says, has] = [said.get(number) ?? 0, found.get(number) ?? 0];
    if (says !== has) yield `${what} ${number} is counted as ${says}, the rows say ${has}`;
  }
}
