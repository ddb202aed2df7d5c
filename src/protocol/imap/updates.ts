import type { ResultChange } from "../../mail/mailbox_ask.ts";
import type { SearchReturn } from "./ast_search.ts";
import { bad, type Completion, untaggedStatus } from "./completion.ts";
import type { Program } from "./effects.ts";
import type { SearchedPlace } from "./search_results.ts";
import { type Scene, speaksUtf8 } from "./state.ts";
import { writeEsearch } from "./write_results.ts";

/** How the changes of a search's results are told (RFC 5267 §4.3). The results themselves lie with the owner of the mailbox. */
export interface UpdatedSearch {
  readonly uid: boolean;
  /** Of ESEARCH (RFC 7377 §2.1). */
  readonly named: SearchedPlace | null;
}

/** Why the changes of a search's results cannot be asked for: its tag names another search (RFC 5267 §4.3). */
export function cannotUpdate(
  { items }: NonNullable<SearchReturn["update"]>,
  tag: string,
  { state: { selected } }: Scene,
): Completion | null {
  if (items.length > 0) return bad("UPDATE with data items is not offered"); // RFC 5465 §7.
  return selected?.updates?.has(tag) === true ? bad("Tag reuse") : null;
}

/** A search whose changes were asked for has been told. Those that cannot be told are refused (RFC 5267 §4.3.1). */
export function noteUpdates(
  { tag, uid, named, kept }: UpdatedSearch & { readonly tag: string; readonly kept: boolean },
  { state: { selected }, output }: Scene,
): void {
  if (kept && selected !== null) (selected.updates ??= new Map()).set(tag, { uid, named });
  else output.push(notUpdated(tag, "Its changes are not told"));
}

/** NOUPDATE (RFC 5267 §4.3.1). A tag holds nothing that quotes could not. */
function notUpdated(tag: string, text: string): string {
  return untaggedStatus("no", text, `NOUPDATE "${tag}"`);
}

/** Tells what came to results, or left them (RFC 5267 §4.3.2), in order; what is not asked for any more is passed over. */
export function* tellUpdates(changes: readonly ResultChange[], { state, output }: Scene): Program<void> {
  for (const { tag, how, places } of changes) {
    const search = state.selected?.updates?.get(tag);
    if (search === undefined || places.length === 0) continue;
    const { uid, named } = search;
    const data = { tag, uid, ...(named === null ? {} : { in: named }) };
    yield* output.send(
      writeEsearch(how === "added" ? { ...data, addTo: places } : { ...data, removeFrom: places }, speaksUtf8(state)),
    );
  }
}

/** Changes of these are not told any more: there are too many. */
export function endUpdates(tags: readonly string[], { state: { selected }, output }: Scene): void {
  for (const tag of tags) if (selected?.updates?.delete(tag) === true) output.push(notUpdated(tag, "Too many changes"));
}
