import type { Uid } from "../../../mail/uid.ts";
import type { Ranges } from "../../../mail/ranges.ts";
import type { View } from "../views/mod.ts";
import type { Found } from "./found.ts";

/** Blocks of UIDs looked at for one range before others have their turn, if it is over. */
const BLOCKS_MAX = 64;

/** Adds all messages of a view whose UIDs lie within ranges: by counts of rows, without reading each. Yields now and then. */
export function* addRanges(found: Found, ranges: Ranges, view: View): Generator<void, void> {
  for (let i = 0; i < ranges.length; i += 2) {
    const last = ranges[i + 1]!;
    let from = ranges[i]!;
    const upTo = (end: number) => {
      if (from < end) found.addRun({ sequence: view.sequenceOf(from), uid: from as Uid, count: end - from });
    };
    const gap = (first: number, end: number) => {
      upTo(first);
      from = end + 1;
    };
    for (let next: number | null = from; next !== null;) {
      const reached: number | null = view.order.eachGap(next, last, gap, BLOCKS_MAX);
      // Up to here there is one for each UID since the last gap.
      upTo(reached ?? last + 1);
      from = reached ?? from;
      next = reached;
      yield;
    }
  }
}
