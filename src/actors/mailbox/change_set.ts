import type { NewsWanted } from "../../mail/mailbox_ask.ts";
import type { MessageSet, ViewNews } from "../../mail/mailbox_view.ts";
import type { ModSeq, Uid } from "../../mail/uid.ts";
import { newsAtOnce } from "./news.ts";
import { readFlags } from "./flag_rows.ts";
import type { Answer, State } from "./state.ts";
import type { OpenView } from "./view_book.ts";
import { type Ranges, without } from "./views/mod.ts";

/** Messages of a set that a session changes. */
export interface SetChange {
  readonly set: MessageSet;
  /** The rows are not wanted. */
  readonly silent?: boolean;
  /** What is news to the session is wanted, too. */
  readonly news?: NewsWanted | undefined;
  /** Changes messages of ranges, the first of those above `after`, in one change of the store: some ms of its time. */
  readonly change: (uids: Ranges, after: number) => Promise<ChangedStep | null>;
}

/** What a step has done. */
export interface ChangedStep {
  /** MODSEQ of what was changed; null: nothing was. */
  readonly modSeq: ModSeq | null;
  /** Messages left alone because they had changed, rising. */
  readonly modified: readonly Uid[];
  /** UIDs that no message has. */
  readonly missing: Ranges;
  /** The UID after which to go on; null when that was all. */
  readonly next: number | null;
}

type Stored = Parameters<Answer<"mailbox.store">["ok"]>[0];

/**
 * Changes the messages of a set step by step, each as a whole, and answers how they are now; null when a step met a limit. What the
 * session did itself is no news to it.
 */
export async function changeSet(
  state: State,
  open: OpenView,
  wanted: SetChange,
): Promise<Stored & { type: "stored" } | null> {
  let told: ViewNews | null = null;
  try {
    const stored = await changed(state, open, wanted);
    // What is told along with the answer is told behind it: not before the rest of the rows.
    if (stored === null || stored.next !== null || wanted.news === undefined || open.closed) return stored;
    if (state.views.hasNews(open)) told = newsAtOnce(state, open, wanted.news);
    return told === null ? stored : { ...stored, news: told };
  } finally {
    if (told === null && state.views.hasNews(open)) state.views.stir(open);
  }
}

async function changed(
  { shard }: State,
  open: OpenView,
  { set, silent = false, change }: SetChange,
): Promise<Stored & { type: "stored" } | null> {
  const { of: { account, mailbox }, view } = open;
  const uids = view.uidsOf(set);
  const missing = view.namesGhosts(set);
  const modified: Uid[] = [];
  let gone = false;
  view.ownBegins();
  try {
    for (let after: number | null = 0; after !== null && !open.closed;) {
      const step: ChangedStep | null = await change(uids, after);
      if (step === null) return null;
      for (const uid of step.modified) modified.push(uid);
      if (step.modSeq !== null) view.ownWas(step.modSeq);
      gone ||= set.by === "sequence" && view.hasGhostIn(step.missing);
      after = step.next;
    }
  } finally {
    view.ownEnds();
    if (!open.closed && !view.gone) view.settle(shard.status(account, mailbox).highestModSeq);
  }
  const { rows, next } = silent ? NO_ROWS : readFlags(shard, open, { uids: without(uids, modified), after: 0 });
  return {
    type: "stored",
    rows,
    next: next as Uid | null,
    modified: modified.map((uid) => ({ sequence: view.sequenceOf(uid), uid })),
    highestModSeq: view.modSeq as ModSeq,
    missing: missing || gone,
  };
}

const NO_ROWS = { rows: [], next: null } as const;
