import { type Command, LOGGED_IN } from "../command.ts";
import { ok } from "../completion.ts";
import { leave } from "../effects.ts";
import { closeSelected } from "../selection.ts";

/** UNAUTHENTICATE (RFC 8437 §3): as if nobody had logged in, TLS apart. NO is not allowed: where it cannot be, BYE is said. */
export const unauthenticate: Command<"UNAUTHENTICATE"> = {
  verb: "UNAUTHENTICATE",
  phases: LOGGED_IN,
  news: "none",
  capabilities: ({ state }) => state.login !== null && !state.compressed ? ["UNAUTHENTICATE"] : [],
  *run(_given, scene) {
    // RFC 8437 §4.1: compression would end in the middle of what was compressed already.
    if (scene.state.compressed) yield* leave("Not with compression");
    yield* closeSelected(scene);
    const { state } = scene;
    state.login = null;
    state.enabled.clear();
    state.notify = null;
    yield { type: "unauthenticate" };
    return ok();
  },
};
