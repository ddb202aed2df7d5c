import { viewWith } from "./shared/mod.ts";
import type { Answer, Asked, State } from "./state.ts";
import type { View } from "./views/mod.ts";

/** UIDBATCHES (RFC 10022 §3.1): the lowest UID of each batch is found by its number, without a look at the messages between. */
export function batches(
  state: State,
  { account, view: id, size, first, last }: Asked<"mailbox.batches">,
  reply: Answer<"mailbox.batches">,
): void {
  const { view } = viewWith(state, { account, view: id }).open;
  const ranges: number[] = [];
  const count = Math.ceil(view.exists / size);
  let high = first === 1 ? view.lastUid() : lowestOf(view, size, first - 1) - 1;
  for (let batch = first; batch <= Math.min(last, count); batch++) {
    // RFC 10022 §3.1.4: so the last one is known to be the last.
    const low = batch === count ? 1 : lowestOf(view, size, batch);
    ranges.push(high, low);
    high = low - 1;
  }
  reply.ok({ ranges });
}

function lowestOf(view: View, size: number, batch: number): number {
  return view.uidAt(Math.max(1, view.exists - batch * size + 1));
}
