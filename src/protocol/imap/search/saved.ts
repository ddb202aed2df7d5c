import { asFailure, Failure } from "../../../base/failure.ts";
import type { SearchProgram } from "../../../mail/search_program.ts";
import { UID_MAX } from "../../../mail/uid.ts";
import type { Completion } from "../completion.ts";
import { ask, type Program } from "../effects.ts";
import { setsOfUids } from "../message_set.ts";
import { selectedOf } from "../selection.ts";
import { mergePairs } from "../sequence_set.ts";
import type { Scene } from "../state.ts";

/** "$" becomes these messages (RFC 5182 §2), as pairs of UIDs. Failure `invalid` when they are too many single ones. */
export function* saveUids(pairs: readonly number[], view: number): Program<void> {
  const [set, ...rest] = setsOfUids(mergePairs(pairs, UID_MAX));
  if (rest.length > 0) throw new Failure("invalid", "too many results to be kept");
  const program: SearchProgram = set === undefined ? { type: "not", of: { type: "all" } } : { type: "set", set };
  yield* ask("mailbox.search", { view, program, save: "all", modSeq: false });
}

/** A command that saves what it finds, and nothing if it is answered by NO; by BAD it leaves "$" as it was (RFC 5182 §2.1). */
export function* orNothingSaved(command: Program<Completion>, scene: Scene): Program<Completion> {
  try {
    const completion = yield* command;
    if (completion.type === "no") yield* saveUids([], selectedOf(scene).view);
    return completion;
  } catch (error) {
    if (asFailure(error) !== null) yield* dropSaved(scene);
    throw error;
  }
}

/** Where it cannot be asked for, the view and what it kept are gone. */
function* dropSaved(scene: Scene): Program<void> {
  try {
    yield* saveUids([], selectedOf(scene).view);
  } catch (error) {
    if (asFailure(error) === null) throw error;
  }
}
