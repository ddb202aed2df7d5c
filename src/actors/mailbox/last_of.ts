import type { SearchProgram } from "../../mail/search_program.ts";
import type { Uid } from "../../mail/uid.ts";
import { planFor } from "./programs.ts";
import { runSearch } from "./search/mod.ts";
import { viewWith } from "./shared/mod.ts";
import { type Answer, answerLater, type Asked, type State } from "./state.ts";
import type { OpenView } from "./view_book.ts";
import { changesSince } from "./vanished.ts";
import { countOf, intersection, type Ranges, rangesOf, rangesOfRising } from "../../mail/ranges.ts";
import type { View } from "./views/mod.ts";

/**
 * Which message is the lowest of the last ones (RFC 9738 §3.1): of sets, and of what changed in them, counted without a look at the
 * messages; of other programs found.
 */
export function lastOf(state: State, request: Asked<"mailbox.lastOf">, reply: Answer<"mailbox.lastOf">): void {
  const { open } = viewWith(state, request);
  const uids = rangesFor(state, open, request);
  if (uids !== null) reply.ok(named(open.view, lowestIn(open.view, uids, request.count)));
  else answerLater(state, lowestFound(state, open, request), reply);
}

/** UIDs that are those of all that fits; null: rows have to be looked at. */
function rangesFor(state: State, open: OpenView, { program, changedSince }: Asked<"mailbox.lastOf">): Ranges | null {
  if (program.type !== "all" && program.type !== "set") return null;
  const { view } = open;
  const uids = view.uidsOf(program.type === "set" ? program.set : { by: "sequence", pairs: [1, 0] });
  if (changedSince === undefined) return uids;
  const changes = changesSince(state, open, changedSince);
  return changes === null ? null : intersection(uids, rangesOfRising(changes.changed));
}

/** Rows looked at in one search from the end: so many times as many as are wanted, and no more than what one search can find. */
const LOOKED_FACTOR = 20;
const LOOKED_ROWS_MAX = 100_000;

type Lowest = Parameters<Answer<"mailbox.lastOf">["ok"]>[0];

function named(view: View, uid: number): Lowest {
  return { lowest: uid === 0 ? null : { sequence: view.sequenceOf(uid), uid: uid as Uid } };
}

/** The UID of the lowest of the last `count` rows in ranges; 0 when there are no more than so many. */
function lowestIn({ order }: View, uids: Ranges, count: number): number {
  let wanted = count;
  let lowest = 0;
  for (let at = uids.length - 2; at >= 0; at -= 2) {
    const upTo = order.rank(uids[at + 1]! + 1);
    const rows = upTo - order.rank(uids[at]!);
    if (rows > wanted) return wanted === 0 ? lowest : order.select(upTo - wanted);
    if (rows > 0) lowest = order.select(upTo - rows);
    wanted -= rows;
  }
  return 0;
}

/** The same of what fits a program: looked for from the last message on, so many rows at a time. */
async function lowestFound(
  state: State,
  open: OpenView,
  { program, count, changedSince }: Asked<"mailbox.lastOf">,
): Promise<Lowest> {
  const changed: SearchProgram[] = changedSince === undefined ? [] : [{ type: "modSeq", atLeast: changedSince + 1 }];
  const plan = planFor(state, open, { type: "and", of: [program, ...changed] });
  const { view } = open;
  return await state.searches.run(open.account, async () => {
    const rows = Math.min(LOOKED_FACTOR * count, LOOKED_ROWS_MAX);
    let [lowest, wanted] = [0, count];
    for (let above = view.uidNext; above > 1;) {
      const first = view.order.select(Math.max(0, view.order.rank(above) - rows));
      if (first === 0 || first >= above) break;
      const within = rangesOf([first, above - 1], 0);
      const candidates = plan.candidates === null ? within : intersection(plan.candidates, within);
      const uids = (await runSearch(state, open, { ...plan, candidates })).uids();
      const found = countOf(uids);
      if (found > wanted) return named(view, wanted === 0 ? lowest : fromLast(uids, wanted));
      if (found > 0) lowest = uids[0]!;
      wanted -= found;
      above = first;
    }
    return named(view, 0);
  });
}

/** The nth number of ranges from the last one on. */
function fromLast(uids: Ranges, nth: number): number {
  let left = nth;
  for (let at = uids.length - 2; at >= 0; at -= 2) {
    const [first, last] = [uids[at]!, uids[at + 1]!];
    if (last - first >= left - 1) return last - left + 1;
    left -= last - first + 1;
  }
  return 0;
}
