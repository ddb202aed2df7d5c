import type { FaultKind, FaultProtocol } from "../messages/mod.ts";
import { defineActor } from "../runtime/mod.ts";
import { type Accepts, fields } from "./shape.ts";
import { mayAsk } from "./rights.ts";

/** Name of the fault actor in every worker. */
export const FAULT_ACTOR = "fault";

/** A table, so that a kind added to `FaultKind` and forgotten here does not compile. */
const KINDS: Readonly<Record<FaultKind, true>> = { throw: true, reject: true, loop: true, exit: true, heap: true };

const faultAccepts: Accepts<FaultProtocol> = {
  "fault.inject": fields(({ kind }) => typeof kind === "string" && Object.hasOwn(KINDS, kind)),
};

/** Breaks its worker when told to, so that tests and game days can see how the others carry on. */
export const faultActor = defineActor<FaultProtocol, null>({
  restart: "temporary",
  inboxMax: 10,
  accepts: faultAccepts,
  mayAsk,
  init: () => null,
  receive: {
    "fault.inject": (_state, { kind }) => inject(kind),
  },
});

function inject(kind: FaultKind): void {
  switch (kind) {
    case "throw":
      // Out of the actor's turn, where no supervisor of actors catches it.
      setTimeout(() => {
        throw new Error("injected fault");
      }, 0);
      return;
    case "reject":
      void Promise.reject(new Error("injected fault"));
      return;
    case "loop":
      for (;;);
    case "exit":
      return (globalThis as unknown as { close(): void }).close();
    case "heap": {
      const hoard: unknown[] = [];
      for (;;) hoard.push(new Array(1_000_000).fill({}));
    }
  }
}
