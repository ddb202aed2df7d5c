import type { ModSeq } from "../../mail/uid.ts";
import { emailId } from "./row_pages.ts";
import { type Found, planSearch, runSearch } from "./search/mod.ts";
import { viewWith } from "./shared/mod.ts";
import { type Answer, answerLater, type Asked, type State } from "./state.ts";
import type { OpenView } from "./view_book.ts";
import { NO_RANGES, type Ranges, rangesOf } from "./views/mod.ts";

/** SEARCH (RFC 9051 §6.4.4) over the view as it is now, in turns; ends when the view is closed. */
export function search(state: State, request: Asked<"mailbox.search">, reply: Answer<"mailbox.search">): void {
  const { open } = viewWith(state, request);
  answerLater(state, searchIn(state, open, request), reply);
}

async function searchIn(
  state: State,
  open: OpenView,
  { program, save, modSeq }: Asked<"mailbox.search">,
): Promise<Parameters<Answer<"mailbox.search">["ok"]>[0]> {
  const { shard, clock, searches, views } = state;
  const { view } = open;
  const emailIdOf = (content: number) => emailId(shard.number, content);
  const plan = planSearch(program, {
    uidsOf: (set) => view.uidsOf(set),
    recentFrom: view.recentFrom,
    nowMs: clock.wallMs(),
    emailId: emailIdOf,
  });
  // RFC 9051 §6.4.4.1: a search that fails leaves nothing behind.
  if (save !== "none") view.saved = NO_RANGES;
  const found = await searches.run(open.account, () => runSearch(state, open, { plan, emailId: emailIdOf }));
  if (save !== "none" && !view.gone) views.save(open, savedOf(found, save));
  return { found: found.runs, modSeq: modSeq ? found.modSeq as ModSeq | null : null };
}

function savedOf(found: Found, save: "all" | "min" | "max" | "minMax"): Ranges {
  const uids = found.uids();
  if (save === "all" || uids.length === 0) return uids;
  const [min, max] = [uids[0]!, uids.at(-1)!];
  const kept = { min: [min, min], max: [max, max], minMax: [min, min, max, max] };
  return rangesOf(kept[save], 0);
}
