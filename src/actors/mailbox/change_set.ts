import type { NewsWanted } from "../../mail/mailbox_ask.ts";
import type { MessageSet, ViewNews } from "../../mail/mailbox_view.ts";
import type { ModSeq, Uid } from "../../mail/uid.ts";
import { newsAtOnce } from "./news.ts";
import { readFlags } from "./flag_rows.ts";
import type { Answer, State } from "./state.ts";
import type { OpenView } from "./view_book.ts";
import { type Ranges, without } from "../../mail/ranges.ts";

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

/** Runs changes of one session, all begun before the first ends; what is news to it after all of them is told along with them. */
export async function changeEach<A>(
  state: State,
  open: OpenView,
  { news, answers: all }: { readonly news: NewsWanted | undefined; readonly answers: () => Promise<readonly A[]> },
): Promise<{ readonly answers: readonly A[]; readonly news?: ViewNews }> {
  open.view.ownBegins();
  const answers = await wakingAtFailure(state, open, all().finally(() => endOwn(state.shard, open)));
  const told = newsBehind(state, open, news);
  return told === null ? { answers } : { answers, news: told };
}

/**
 * Changes the messages of a set step by step, each as a whole, and answers how they are now; null when a step met a limit. What the
 * session did itself is no news to it.
 */
export async function changeSet(
  state: State,
  open: OpenView,
  wanted: SetChange,
): Promise<Stored & { type: "stored" } | null> {
  const stored = await wakingAtFailure(state, open, changed(state, open, wanted));
  // What is told along with the answer is told behind it: not before the rest of the rows.
  const told = newsBehind(state, open, stored?.next === null ? wanted.news : undefined);
  return stored === null || told === null ? stored : { ...stored, news: told };
}

/** What is news behind an answer, where it is wanted along with it and that takes no time; else the session is woken. */
function newsBehind(state: State, open: OpenView, news: NewsWanted | undefined): ViewNews | null {
  if (!state.views.hasNews(open)) return null;
  const told = news === undefined || open.closed ? null : newsAtOnce(state, open, news);
  if (told === null) state.views.stir(open);
  return told;
}

/** What a change has done before it failed is news. */
async function wakingAtFailure<T>(state: State, open: OpenView, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    newsBehind(state, open, undefined);
    throw error;
  }
}

async function changed(
  { shard }: State,
  open: OpenView,
  { set, silent = false, change }: SetChange,
): Promise<Stored & { type: "stored" } | null> {
  const { view } = open;
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
    endOwn(shard, open);
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

/** What the session has done is done: what else there is, is news. */
function endOwn(shard: State["shard"], { of: { account, mailbox }, view, closed }: OpenView): void {
  view.ownEnds();
  if (!closed && !view.gone) view.settle(shard.status(account, mailbox).highestModSeq);
}

const NO_ROWS = { rows: [], next: null } as const;
