import { Failure } from "../../../base/failure.ts";
import type { ViewRow } from "../../../mail/mailbox_view.ts";
import type { Uid } from "../../../mail/uid.ts";
import type { MessageFacts } from "../../../mime/mod.ts";
import { bad, type Completion, no } from "../completion.ts";
import { ask, type Program } from "../effects.ts";
import { countFound, pairsOf, placesIn } from "./found.ts";
import { setsOfUids } from "../message_set.ts";
import { overLimit, searchWithinLimit } from "../message_limit.ts";
import { MessageReader } from "../fetch/message_reader.ts";
import { readySearch, type SearchRequest } from "./search.ts";
import { selectedOf } from "../selection.ts";
import type { Scene } from "../state.ts";

/** What SORT and THREAD make of each message they found. */
export interface Wanted<T> extends Pick<SearchRequest, "keys"> {
  readonly returns?: SearchRequest["returns"];
  /** Facts of the index are needed. */
  readonly facts: boolean;
  /** So are annotations. */
  readonly annotations?: boolean;
  /** How well each fits is needed (RFC 6203 §4). */
  readonly scores?: boolean;
  /** What changes in the results is to be told, under this tag. */
  readonly update?: { readonly tag: string; readonly uid: boolean };
  readonly of: (row: ViewRow, facts: MessageFacts | null, score: number) => T;
}

export interface Collected<T> {
  readonly items: readonly T[];
  readonly modSeq: number | null;
  /** Whether changes will be told, once the owner of the mailbox knows the order. */
  readonly updating: boolean;
}

/**
 * Searches, and makes something small of each message that was found: all of these lie in memory at once, so their number is bounded.
 * Or says why not.
 */
export function* collect<T>(wanted: Wanted<T>, scene: Scene): Program<Collected<T> | Completion> {
  const { keys, returns = null, facts, annotations = false, scores = false, update, of } = wanted;
  const { view } = selectedOf(scene);
  const ready = yield* readySearch({ keys, returns, tag: update?.tag ?? "" }, scene);
  if (ready.type === "refused") return ready.completion;
  if (scores && !ready.words) return bad("RELEVANCY needs FUZZY"); // RFC 6203 §6.
  // RFC 9738 §3.3: part of an order is of no use.
  if ((yield* searchWithinLimit(ready.program, scene)).lowest !== null) return overLimit(scene.limits);
  const { found, modSeq, relevancy, updating = false } = yield* ask("mailbox.search", {
    ...{ view, program: ready.program, save: returns?.save === true ? "all" : "none", modSeq: ready.modSeq },
    ...(scores ? { relevancy: true } : {}),
    ...(update === undefined || ready.ages ? {} : { update: { ...update, sorted: true } }),
  });
  if (countFound(found) > scene.limits.sortMessagesMax) return no("Too many messages", "LIMIT");
  if (found.length === 0) return { items: [], modSeq: null, updating };
  const placeOf = placesIn(found);
  const items: T[] = [];
  scene.progress.goal = countFound(found);
  for (const set of setsOfUids(pairsOf(found, true))) {
    for (let after: Uid | 0 | null = 0; after !== null;) {
      const page: { readonly rows: readonly ViewRow[]; readonly next: Uid | null } = yield* ask("mailbox.rows", {
        ...{
          view,
          set,
          after,
          index: facts,
          changedSince: null,
          vanished: false,
          ...(annotations ? { annotations } : {}),
        },
      });
      for (const row of page.rows) {
        items.push(of(row, facts ? yield* factsOf(row, scene) : null, relevancy?.[placeOf(row.uid)] ?? 0));
      }
      scene.progress.done = items.length;
      after = page.next;
    }
  }
  return { items, modSeq, updating };
}

/** Facts of a message that is gone meanwhile, or cannot be read, are those of an empty one. */
function* factsOf(row: ViewRow, scene: Scene): Program<MessageFacts | null> {
  const reader = new MessageReader(row, scene, false);
  const facts = (yield* reader.index())?.facts() ?? null;
  scene.memory.readBytes = 0;
  if (facts === null && reader.trouble === "temporary") throw new Failure("deadline", "a message cannot be read now");
  return facts;
}
