import { Failure } from "../../base/failure.ts";
import type { ViewRow } from "../../mail/mailbox_ask.ts";
import type { Uid } from "../../mail/uid.ts";
import type { MessageFacts } from "../../mime/mod.ts";
import type { SearchKey } from "./ast_search.ts";
import { type Completion, no } from "./completion.ts";
import { ask, type Program } from "./effects.ts";
import { countFound, pairsOf } from "./found.ts";
import { setsOfUids } from "./message_set.ts";
import { MessageReader } from "./message_reader.ts";
import { programOf } from "./search.ts";
import { selectedOf } from "./selection.ts";
import type { Scene } from "./state.ts";
import { asksModSeq } from "./to_search_program.ts";

/** What SORT and THREAD make of each message they found. */
export interface Wanted<T> {
  readonly keys: readonly SearchKey[];
  /** Facts of the index are needed. */
  readonly facts: boolean;
  /** So are annotations. */
  readonly annotations?: boolean;
  readonly of: (row: ViewRow, facts: MessageFacts | null) => T;
}

export interface Collected<T> {
  readonly items: readonly T[];
  readonly modSeq: number | null;
}

/**
 * Searches, and makes something small of each message that was found: all of these lie in memory at once, so their number is bounded.
 * Or says why not.
 */
export function* collect<T>(
  { keys, facts, annotations = false, of }: Wanted<T>,
  scene: Scene,
): Program<Collected<T> | Completion> {
  const { view, exists } = selectedOf(scene);
  const program = programOf(keys, exists);
  if (program.type === "refused") return program.completion;
  const modSeqWanted = asksModSeq(keys);
  if (modSeqWanted) scene.state.enabled.add("CONDSTORE"); // RFC 7162 §3.1.
  const { found, modSeq } = yield* ask("mailbox.search", { view, program, save: "none", modSeq: modSeqWanted });
  if (countFound(found) > scene.limits.sortMessagesMax) return no("Too many messages", "LIMIT");
  if (found.length === 0) return { items: [], modSeq: null };
  const items: T[] = [];
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
      for (const row of page.rows) items.push(of(row, facts ? yield* factsOf(row, scene) : null));
      after = page.next;
    }
  }
  return { items, modSeq };
}

/** Facts of a message that is gone meanwhile, or cannot be read, are those of an empty one. */
function* factsOf(row: ViewRow, scene: Scene): Program<MessageFacts | null> {
  const reader = new MessageReader(row, scene, false);
  const facts = (yield* reader.index())?.facts() ?? null;
  scene.memory.readBytes = 0;
  if (facts === null && reader.trouble === "temporary") throw new Failure("deadline", "a message cannot be read now");
  return facts;
}
