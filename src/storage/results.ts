import { assert, Failure } from "../base/mod.ts";
import type { AppendOutcome } from "../mail/mailbox_view.ts";
import { NO_RANGES, numbersIn, type Ranges, rangesOf, rangesOfRising } from "../mail/ranges.ts";
import type { ModSeq, Uid, UidValidity } from "../mail/uid.ts";
import type { CopyResult, FlagStoreResult, RangesStoreResult, SettingOutcome } from "./account/types.ts";
import type { OpOutcome } from "./apply.ts";
import type { Planned } from "./group_draft.ts";
import type { DeliverResult } from "./types.ts";
import type { OpTarget } from "./layout/values.ts";

/** What a caller is told when its change is durable. */
export type Settled = { readonly planned: Planned; readonly outcome: OpOutcome | null };

/** Throws Failure `refused` when the delivery was taken back. */
export function deliverResult(planned: Planned): DeliverResult {
  if (planned.type === "full") return planned;
  return { type: "delivered", uids: targetsOf(planned).map(({ uid }) => uid as Uid) };
}

/** Throws Failure `refused` when the append was taken back. */
export function appendResult(planned: Planned): AppendOutcome {
  if (planned.type === "gone") return { type: "gone" };
  if (planned.type === "full" || planned.type === "missing" || planned.type === "limit") return { type: planned.type };
  const targets = targetsOf(planned);
  const uidValidity = (targets[0]?.uidValidity ?? 1) as UidValidity;
  return { type: "appended", uidValidity, uids: targets.map(({ uid }) => uid as Uid) };
}

export function copyResult(planned: Planned): CopyResult {
  if (planned.type === "full" || planned.type === "missing" || planned.type === "limit") return { type: planned.type };
  assert(planned.type === "copied", "a copy is made, full, missing or too much");
  const { uids, to, uidValidity } = planned;
  return {
    type: "copied",
    uidValidity: uidValidity as UidValidity,
    from: rangesOfRising(uids),
    to: uids.length === 0 ? NO_RANGES : rangesOf([to, to + uids.length - 1], 0),
  };
}

/** `uids`: those that were asked for. */
export function rangesStoreResult({ planned, outcome }: Settled, uids: Ranges): RangesStoreResult {
  if (planned.type === "limit") return { type: "limit" };
  const { changed, modified, missing } = outcome?.flags ?? { changed: NO_RANGES, modified: [], missing: uids };
  const modSeq = (outcome?.modSeq ?? 1) as ModSeq;
  return { type: "stored", changed, modified: modified as readonly Uid[], missing, modSeq };
}

/** The same one by one. */
export function eachOf(result: RangesStoreResult): FlagStoreResult {
  if (result.type === "limit") return result;
  const each = (ranges: Ranges) => [...numbersIn(ranges)] as Uid[];
  return { ...result, changed: each(result.changed), missing: each(result.missing) };
}

export function settingOutcome(planned: Planned): SettingOutcome {
  if (planned.type === "missing" || planned.type === "limit") return { type: planned.type };
  return { type: "done" };
}

function targetsOf(planned: Planned): readonly OpTarget[] {
  assert(planned.type === "op" || planned.type === "known", "mail is stored, known, full or refused");
  const targets = planned.answer?.targets ?? null;
  if (targets === null) throw new Failure("refused", "the delivery was taken back");
  return targets;
}
