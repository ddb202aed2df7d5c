import type { ImapCommand, ImapVerb } from "./grammar/ast.ts";
import type { Completion } from "./completion.ts";
import type { Program } from "./effects.ts";
import type { Announcement, Phase, Scene } from "./state.ts";

/** What was parsed for one verb. */
export type Given<V extends ImapVerb> = ImapCommand extends infer C
  ? C extends ImapCommand ? V extends C["verb"] ? C & { readonly verb: V } : never : never
  : never;

/**
 * What the client is told of the selected mailbox before the tagged line: nothing; everything but removals, because the
 * command counts messages (RFC 9051 §7.5.1); or everything.
 */
export type NewsPolicy = "none" | "withoutExpunges" | "all";

/** One command: where it is legal, what it brings, what it does. */
export interface Command<V extends ImapVerb = ImapVerb> extends Announcement {
  readonly verb: V;
  readonly news: NewsPolicy | ((given: Given<V>) => NewsPolicy);
  /** News is asked for even if nobody has told of any: the command is a poll. */
  readonly polls?: boolean;
  /** Runs; a command that waits for nothing may answer at once. */
  run(given: Given<V>, scene: Scene, tag: string): Program<Completion> | Completion;
}

export const ANY_STATE: readonly Phase[] = ["notAuthenticated", "authenticated", "selected"];
export const NOT_AUTHENTICATED: readonly Phase[] = ["notAuthenticated"];
export const LOGGED_IN: readonly Phase[] = ["authenticated", "selected"];
export const SELECTED: readonly Phase[] = ["selected"];
