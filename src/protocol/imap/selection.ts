import { assert } from "../../base/assert.ts";
import { asFailure } from "../../base/failure.ts";
import { ask, type Program } from "./effects.ts";
import type { Scene, Selected } from "./state.ts";

/** The selected mailbox: a command that is legal only there has one. */
export function selectedOf({ state }: Scene): Selected {
  assert(state.selected !== null, "no mailbox is selected");
  return state.selected;
}

/** Leaves the selected mailbox, if there is one. Nothing is removed, nothing is told; an owner that knows nothing of it is left, too. */
export function* closeSelected({ state }: Scene): Program<boolean> {
  const selected = state.selected;
  if (selected === null) return false;
  state.selected = null;
  try {
    yield* ask("mailbox.close", { view: selected.view });
  } catch (error) {
    if (asFailure(error) === null) throw error;
  }
  return true;
}
