import { asFailure, describeError, type Log } from "../../base/mod.ts";
import type { QueueStore, Suspension } from "../../storage/mod.ts";
import type { PatientWriter } from "./writer.ts";

/** What an earlier life left suspended; those whose time is over are forgotten on the disk too, where their number is limited. */
export function suspensionsLeft(store: QueueStore, writer: PatientWriter, log: Log): readonly Suspension[] {
  const nowMs = store.nowMs();
  const left: Suspension[] = [];
  for (const suspension of suspensionsOf(store, log)) {
    if (suspension.untilMs === null || suspension.untilMs > nowMs) left.push(suspension);
    else void forget(suspension, { store, writer, log });
  }
  return left;
}

/** None when they cannot be read: mail that goes on too early is better than none that does. */
function suspensionsOf(store: QueueStore, log: Log): readonly Suspension[] {
  try {
    return store.suspensions();
  } catch (error) {
    if (asFailure(error) === null) throw error;
    log.error("suspensions unreadable", { error: describeError(error) });
    return [];
  }
}

/** What is not forgotten now is at the next start. */
async function forget(
  { destination }: Suspension,
  { store, writer, log }: { readonly store: QueueStore; readonly writer: PatientWriter; readonly log: Log },
): Promise<void> {
  try {
    await writer.once(() => store.resume(destination));
  } catch (error) {
    if (asFailure(error) === null) throw error;
    log.warn("suspension not forgotten", { destination, error: describeError(error) });
  }
}
