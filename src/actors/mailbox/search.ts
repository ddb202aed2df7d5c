import type { ModSeq } from "../../mail/uid.ts";
import { fixedProgram, planFor } from "./programs.ts";
import { type Found, runSearch } from "./search/mod.ts";
import { viewWith } from "./shared/mod.ts";
import { type Answer, answerLater, type Asked, type State } from "./state.ts";
import type { OpenView } from "./view_book.ts";
import { NO_RANGES, type Ranges, rangesOf } from "../../mail/ranges.ts";

/** SEARCH (RFC 9051 §6.4.4) over the view as it is now, in turns; ends when the view is closed. */
export function search(state: State, request: Asked<"mailbox.search">, reply: Answer<"mailbox.search">): void {
  const { open } = viewWith(state, request);
  answerLater(state, searchIn(state, open, request), reply);
}

async function searchIn(
  state: State,
  open: OpenView,
  { program, save, modSeq, relevancy = false, update }: Asked<"mailbox.search">,
): Promise<Parameters<Answer<"mailbox.search">["ok"]>[0]> {
  const { searches, views } = state;
  const { view } = open;
  const plan = planFor(state, open, program);
  // RFC 9051 §6.4.4.1: a search that fails leaves nothing behind.
  if (save !== "none") view.saved = NO_RANGES;
  const fixed = update === undefined ? null : fixedProgram(program, view);
  // What happens while it runs may change what it finds.
  if (fixed !== null) views.followed(open);
  const found = await searches.run(open.account, () => runSearch(state, open, plan, { scored: relevancy, modSeq }));
  if (save !== "none" && !view.gone) views.save(open, savedOf(found, save));
  const updating = fixed !== null && views.keepLive(open, { ...update!, program: fixed, results: found.uids() });
  return {
    found: found.runs,
    modSeq: modSeq ? found.modSeq as ModSeq | null : null,
    ...(relevancy ? { relevancy: Uint8Array.from(found.scores ?? []) } : {}),
    ...(fixed === null ? {} : { updating }),
  };
}

function savedOf(found: Found, save: "all" | "min" | "max" | "minMax"): Ranges {
  const uids = found.uids();
  if (save === "all" || uids.length === 0) return uids;
  const [min, max] = [uids[0]!, uids.at(-1)!];
  const kept = { min: [min, min], max: [max, max], minMax: [min, min, max, max] };
  return rangesOf(kept[save], 0);
}
