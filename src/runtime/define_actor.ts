import type { ActorDefinition, Protocol } from "./types.ts";

/** Gives an actor's table its types: the protocol says which handlers there must be and what each may answer. */
export function defineActor<P extends Protocol<P>, S, A = void>(
  definition: ActorDefinition<P, S, A>,
): ActorDefinition<P, S, A> {
  return definition;
}
