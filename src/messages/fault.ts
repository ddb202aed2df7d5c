/** Ways in which a worker can be made to fail on purpose. */
export type FaultKind =
  | "throw" // An uncaught error outside any actor.
  | "reject" // An unhandled rejection.
  | "loop" // A loop that never ends: the worker hangs.
  | "exit" // The worker closes itself without a word.
  | "heap"; // Memory is taken until the heap is exhausted.

/** What the fault actor understands. It is started only where `debug.faultInjection` is on. */
export interface FaultProtocol {
  "fault.inject": { request: { readonly kind: FaultKind }; reply: void };
}
