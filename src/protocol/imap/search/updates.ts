import type { ResultChange } from "../../../mail/mailbox_view.ts";
import type { FetchItem } from "../grammar/ast_fetch.ts";
import { fetchPages } from "../commands/fetch.ts";
import { bad, type Completion, untaggedStatus } from "../completion.ts";
import type { Program } from "../effects.ts";
import { planFetch } from "../fetch/fetch_plan.ts";
import { setsOfUids } from "../message_set.ts";
import { type Scene, speaksUtf8, type UpdatedSearch } from "../state.ts";
import { writeEsearch } from "../write/write_results.ts";

/** Why the changes of a search's results cannot be asked for: its tag names another search (RFC 5267 §4.3). */
export function cannotUpdate(tag: string, { state: { selected } }: Scene): Completion | null {
  return selected?.updates?.has(tag) === true ? bad("Tag reuse") : null;
}

/** What a command did itself may change results, and nobody else tells of it. */
export function noteOwnChanges({ state: { selected } }: Scene): void {
  if (selected !== null && selected.updates !== null && selected.updates.size > 0) selected.stirred = true;
}

/** A search whose changes were asked for has been told. Those that cannot be told are refused (RFC 5267 §4.3.1). */
export function noteUpdates(
  { tag, kept, ...search }: UpdatedSearch & { readonly tag: string; readonly kept: boolean },
  { state: { selected }, output }: Scene,
): void {
  if (kept && selected !== null) (selected.updates ??= new Map()).set(tag, search);
  else output.push(notUpdated(tag, "Its changes are not told"));
}

/** NOUPDATE (RFC 5267 §4.3.1). A tag holds nothing that quotes could not. */
function notUpdated(tag: string, text: string): string {
  return untaggedStatus("no", text, `NOUPDATE "${tag}"`);
}

/** Tells what came to results, or left them (RFC 5267 §4.3.2), in order; what is not asked for any more is passed over. */
export function* tellUpdates(changes: readonly ResultChange[], scene: Scene): Program<void> {
  const { state, output } = scene;
  for (const { tag, how, places, fresh = [] } of changes) {
    const search = state.selected?.updates?.get(tag);
    if (search === undefined || places.length === 0) continue;
    const { uid, named, items } = search;
    if (items.length > 0 && fresh.length > 0) yield* tellFresh(fresh, items, scene);
    const data = { tag, uid, ...(named === null ? {} : { in: named }) };
    yield* output.send(
      writeEsearch(how === "added" ? { ...data, addTo: places } : { ...data, removeFrom: places }, speaksUtf8(state)),
    );
  }
}

/** New messages are told before they are results (RFC 5465 §7). One that is gone again, or cannot be read, is passed over. */
function* tellFresh(uids: readonly number[], items: readonly FetchItem[], scene: Scene): Program<void> {
  const given = { uid: true, items, changedSince: null, vanished: false };
  for (const set of setsOfUids(uids)) yield* fetchPages(set, { given, plan: planFetch(given, scene) }, scene);
}

/** Changes of these are not told any more: there are too many. */
export function endUpdates(tags: readonly string[], { state: { selected }, output }: Scene): void {
  for (const tag of tags) if (selected?.updates?.delete(tag) === true) output.push(notUpdated(tag, "Too many changes"));
}
