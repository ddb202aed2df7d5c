import { BatchesAsked } from "../batches_asked.ts";
import { type Command, SELECTED } from "../command.ts";
import { bad, no, ok } from "../completion.ts";
import { ask } from "../effects.ts";
import { selectedOf } from "../selection.ts";
import { writeUidBatches } from "../write/write_results.ts";

/** Smaller batches would tell sequence numbers to clients that have none (RFC 10022 §3.1.3.2). */
const SIZE_MIN = 500;
/** Messages of all batches that a range names (RFC 10022 §3.1.5). */
const RANGE_MESSAGES_MAX = 100_000;
/** Batches of one answer without a range: a million messages in the smallest. */
const BATCHES_MAX = 2_000;

/** UIDBATCHES (RFC 10022 §3.1): UIDs between which there are so many messages, the newest first. */
export const uidBatches: Command<"UIDBATCHES"> = {
  verb: "UIDBATCHES",
  phases: SELECTED,
  news: "all",
  brings: ["UIDBATCHES"],
  *run({ size, range }, scene, tag) {
    const selected = selectedOf(scene);
    if (range !== null && range.first > range.last) return bad("Invalid batch range", "CLIENTBUG");
    if (size < SIZE_MIN) return no(`A batch has ${SIZE_MIN} messages at least`, "TOOFEW");
    const count = Math.ceil(selected.exists / size);
    const { first, last } = range ?? { first: 1, last: count };
    const isLarge = range === null
      ? count > BATCHES_MAX
      : (last - first + 1) * size > RANGE_MESSAGES_MAX && last > first;
    if (isLarge) return no("Too many messages", "TOOMANY");
    const asked = selected.batches ??= new BatchesAsked();
    if (!asked.mayAsk(size, range)) return no("Asked before, and little has changed", "LIMIT");
    // RFC 10022 §3.1.6: of no batches an answer is due, too.
    const { ranges } = first > count ? { ranges: [] } : yield* ask("mailbox.batches", {
      ...{ view: selected.view, size, first, last: Math.min(last, count) },
    });
    yield* scene.output.send(writeUidBatches(tag, ranges));
    return ok();
  },
};
