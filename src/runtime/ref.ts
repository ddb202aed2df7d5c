import type { ActorAddress, Ref } from "./types.ts";

/** Where a ref's messages come from: an actor, or nobody in particular. */
export interface RefOrigin {
  readonly name: string;
  readonly trace: string | undefined;
}

/** Of no actor: `main`, tests, callbacks of sockets. */
export const NOBODY: RefOrigin = { name: "", trace: undefined };

/** What a ref needs of its system. */
export interface RefOwner {
  tellTo(origin: RefOrigin, to: ActorAddress, type: string, request: unknown): boolean;
  askOf(
    origin: RefOrigin,
    to: ActorAddress,
    type: string,
    request: unknown,
    options: { readonly deadlineMs?: number; readonly trace?: string } | undefined,
  ): Promise<unknown>;
}

/** A handle: an address and the way there. */
// deno-lint-ignore no-explicit-any -- one class serves every protocol; callers see the typed interface.
export class ActorRef implements Ref<any> {
  constructor(
    readonly address: ActorAddress,
    private readonly owner: RefOwner,
    private readonly origin: RefOrigin,
  ) {}
  tell(type: string, request: unknown): boolean {
    return this.owner.tellTo(this.origin, this.address, type, request);
  }
  // deno-lint-ignore no-explicit-any -- the reply's type is in the interface.
  ask(type: string, request: unknown, options?: { deadlineMs?: number; trace?: string }): Promise<any> {
    return this.owner.askOf(this.origin, this.address, type, request, options);
  }
}
