import type { MessageSet } from "../../mail/mailbox_view.ts";
import type { ModSeq, Uid } from "../../mail/uid.ts";
import type { FlagStoreResult } from "../../storage/mod.ts";
import { readPage, readUids } from "./row_pages.ts";
import type { Answer, State } from "./state.ts";
import type { OpenView } from "./view_book.ts";
import { without } from "./views/mod.ts";

/** Messages of a set that a session changes. */
export interface SetChange {
  readonly set: MessageSet;
  /** Messages of one change of the store: some ms of its time. */
  readonly atOnce: number;
  readonly change: (uids: readonly number[]) => Promise<FlagStoreResult>;
}

type Stored = Parameters<Answer<"mailbox.store">["ok"]>[0];

/**
 * Changes the messages of a set step by step, each as a whole, and answers how they are now; null when a step met a limit. What the
 * session did itself is no news to it.
 */
export async function changeSet(
  { shard, views }: State,
  open: OpenView,
  { set, atOnce, change }: SetChange,
): Promise<Stored & { type: "stored" } | null> {
  const { of: { account, mailbox }, view } = open;
  const uids = view.uidsOf(set);
  const missing = view.namesGhosts(set);
  const modified: Uid[] = [];
  let gone = false;
  view.ownBegins();
  try {
    for (let after: number | null = 0; after !== null && !open.closed;) {
      const step = readUids(shard, open, { uids, after, limit: atOnce });
      const result = await change(step.uids);
      if (result.type === "limit") return null;
      for (const uid of result.modified) modified.push(uid);
      if (result.changed.length > 0) view.ownWas(result.modSeq);
      gone ||= result.missing.length > 0;
      after = step.next;
    }
  } finally {
    view.ownEnds();
    if (!open.closed && !view.gone) view.settle(shard.status(account, mailbox).highestModSeq);
    if (views.hasNews(open)) views.stir(open);
  }
  const { rows, next } = readPage(shard, open, { uids: without(uids, modified), after: 0, index: false });
  return {
    type: "stored",
    rows,
    next: next as Uid | null,
    modified: modified.map((uid) => ({ sequence: view.sequenceOf(uid), uid })),
    highestModSeq: view.modSeq as ModSeq,
    missing: missing || (gone && set.by === "sequence"),
  };
}
