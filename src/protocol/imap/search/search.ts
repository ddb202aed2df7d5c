import type { SearchProgram } from "../../../mail/search_program.ts";
import type { SearchKey, SearchReturn } from "../grammar/ast_search.ts";
import { bad, type Completion, ok } from "../completion.ts";
import { ask, type Program } from "../effects.ts";
import { expandFilters } from "./filters.ts";
import { savedBy, tellExtended, tellSearch } from "./search_results.ts";
import type { SearchedPlace } from "../write/write_results.ts";
import { searchWithinLimit, tellLimit } from "../message_limit.ts";
import { orNothingSaved } from "./saved.ts";
import { selectedOf } from "../selection.ts";
import { isUidOnly, type Scene } from "../state.ts";
import { namesNumbers, UIDS_REQUIRED } from "../uid_only.ts";
import { asksAge, asksModSeq, asksWords, toSearchProgram } from "./to_search_program.ts";
import { cannotUpdate, noteUpdates } from "./updates.ts";

/** A search as any command asks for it. */
export interface SearchRequest {
  readonly uid: boolean;
  /** Null: the SEARCH response of RFC 3501. */
  readonly returns: SearchReturn | null;
  readonly keys: readonly SearchKey[];
  readonly tag: string;
}

/** What is returned when nothing special is asked for. */
export const RETURN_ALL: SearchReturn = {
  min: false,
  max: false,
  all: true,
  count: false,
  save: false,
  partial: null,
  update: null,
  context: false,
  relevancy: false,
};

/** Runs a search in the selected mailbox and tells what it found. */
export function search(request: SearchRequest, scene: Scene): Program<Completion> {
  const program = runSearch(request, scene);
  return request.returns?.save === true ? orNothingSaved(program, scene) : program;
}

function* runSearch(request: SearchRequest, scene: Scene): Program<Completion> {
  const { view } = selectedOf(scene);
  const ready = yield* readySearch(request, scene);
  if (ready.type === "refused") return ready.completion;
  const { program, lowest } = yield* searchWithinLimit(ready.program, scene);
  const where = { view, update: request.returns?.update != null, named: null };
  return tellLimit(yield* searchIn(where, request, { ...ready, program }, scene), lowest, scene);
}

/** What a search goes by. */
export interface ReadySearch {
  readonly type: "ready";
  readonly program: SearchProgram;
  readonly modSeq: boolean;
  /** How well each fits can be told (RFC 6203 §4). */
  readonly words: boolean;
  /** Its results change as time goes by. */
  readonly ages: boolean;
}

interface Refused {
  readonly type: "refused";
  readonly completion: Completion;
}

/**
 * The keys as a program, or why they cannot be searched by. RFC 9051 §9 seq-number has an error for numbers that no message has, in
 * commands that do something with these messages; as a criterion (§6.4.4) they fit nothing. What is to be returned must suit them.
 */
export function* readySearch(
  { keys: given, returns, tag }: Pick<SearchRequest, "keys"> & Partial<SearchRequest>,
  scene: Scene,
): Program<ReadySearch | Refused> {
  const expanded = yield* expandFilters(given);
  if ("completion" in expanded) return { type: "refused", completion: expanded.completion };
  const { keys } = expanded;
  // A command that names numbers itself has been refused already; a filter was kept by who knew them.
  if (isUidOnly(scene.state) && namesNumbers(keys)) return refused(UIDS_REQUIRED);
  // RFC 6203 §4: there is nothing to be told of keys that fit or do not.
  const words = asksWords(keys);
  if (returns?.relevancy === true && !words) return refused(bad("RELEVANCY needs FUZZY"));
  const problem = returns?.update == null ? null : cannotUpdate(tag ?? "", scene);
  if (problem !== null) return refused(problem);
  const modSeq = asksModSeq(keys);
  if (modSeq) scene.state.enabled.add("CONDSTORE"); // RFC 7162 §3.1.
  return { type: "ready", program: toSearchProgram(keys), modSeq, words, ages: asksAge(keys) };
}

function refused(completion: Completion): Refused {
  return { type: "refused", completion };
}

/** Where a search goes on. */
export interface SearchIn {
  readonly view: number;
  /** Its results are told as they change (RFC 5267 §4.3). */
  readonly update: boolean;
  /** What the answer says of the mailbox (RFC 7377 §2.1); null: nothing, it is the selected one. */
  readonly named: SearchedPlace | null;
}

/** Searches one mailbox and tells what it found. */
export function* searchIn(
  { view, update, named }: SearchIn,
  { returns, uid, tag }: SearchRequest,
  { program, modSeq, ages }: ReadySearch,
  scene: Scene,
): Program<Completion> {
  const save = returns === null ? "none" : savedBy(returns);
  const relevancy = returns?.relevancy === true;
  const updates = update && !ages;
  const result = yield* ask("mailbox.search", {
    ...{ view, program, save, modSeq },
    ...(relevancy ? { relevancy } : {}),
    ...(updates ? { update: { tag, uid, sorted: false } } : {}),
  });
  const told = { uid, tag, modSeq: result.modSeq };
  if (returns === null) yield* tellSearch(result.found, told, scene);
  else yield* tellExtended(result.found, { ...told, returns, named, relevancy: result.relevancy ?? null }, view, scene);
  if (update) {
    noteUpdates({ tag, uid, named, items: returns?.update?.items ?? [], kept: result.updating === true }, scene);
  }
  return ok();
}
