import type { Uid } from "../../mail/uid.ts";
import { planFor } from "./programs.ts";
import { runSearch } from "./search/mod.ts";
import { viewWith } from "./shared/mod.ts";
import { type Answer, answerLater, type Asked, type State } from "./state.ts";
import type { OpenView } from "./view_book.ts";
import { countOf, type Ranges, type View } from "./views/mod.ts";

/** Which message is the lowest of the last ones of a set (RFC 9738 §3.1): counted, without a look at them; of other programs found. */
export function lastOf(state: State, request: Asked<"mailbox.lastOf">, reply: Answer<"mailbox.lastOf">): void {
  const { open } = viewWith(state, request);
  const { program, count } = request;
  if (program.type === "all") return reply.ok(named(open.view, lowestIn(open.view, allOf(open.view), count)));
  if (program.type === "set") {
    return reply.ok(named(open.view, lowestIn(open.view, open.view.uidsOf(program.set), count)));
  }
  answerLater(state, lowestFound(state, open, request), reply);
}

type Lowest = Parameters<Answer<"mailbox.lastOf">["ok"]>[0];

function named(view: View, uid: number): Lowest {
  return { lowest: uid === 0 ? null : { sequence: view.sequenceOf(uid), uid: uid as Uid } };
}

function allOf(view: View): Ranges {
  return view.uidsOf({ by: "sequence", pairs: [1, 0] });
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

async function lowestFound(
  state: State,
  open: OpenView,
  { program, count }: Asked<"mailbox.lastOf">,
): Promise<Lowest> {
  const plan = planFor(state, open, program);
  const run = () => runSearch(state, open, plan, { last: count + 1 });
  const uids = (await state.searches.run(open.account, run)).uids();
  // One more than wanted was looked for: the first of them is not one of the last `count`.
  const second = uids[0] === uids[1] ? uids[2] : uids[0]! + 1;
  return named(open.view, countOf(uids) > count ? second! : 0);
}
