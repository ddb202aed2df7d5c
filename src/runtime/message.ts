import type { Failure } from "../base/mod.ts";
import type { ActorAddress } from "./types.ts";

/** Where the answer of one ask goes: the promise of a local asker, or the link to a remote one. */
export interface ReplySink {
  /** Bytes in the fields `moved` are given away. */
  ok(value: unknown, moved?: readonly string[]): void;
  fail(failure: Failure): void;
}

/** One message on its way to an actor of this worker. */
export interface Message {
  readonly kind: "message";
  readonly type: string;
  readonly request: unknown;
  /** Null when it was told. */
  readonly sink: ReplySink | null;
  readonly sender: ActorAddress;
  /** Monotonic ms after which nobody waits for the answer; Infinity when it was told. */
  readonly deadlineAt: number;
  /** Bytes it took on the wire; 0 when it never left this worker. */
  readonly bytes: number;
  readonly trace: string | undefined;
}

/** What an inbox holds. */
export type InboxItem = Message | { readonly kind: "call"; readonly run: () => void } | { readonly kind: "stop" };

/** Why an actor ended. */
export type EndReason = "stopped" | "crashed";
