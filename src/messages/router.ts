import type { AccountRecord, DirectoryChange } from "./directory.ts";
import type { ListTarget } from "./mailing_list.ts";

/** Where one recipient goes. `steps` tells an operator how it was found out, one short sentence each. */
export type RouteVerdict =
  | {
    readonly type: "local";
    readonly accounts: readonly AccountRecord[];
    /** Addresses on other servers that an alias leads to. */
    readonly forwards: readonly string[];
    /** Lists that the mail is for. */
    readonly lists: readonly ListTarget[];
    readonly steps: readonly string[];
  }
  /** The domain is not ours (550 5.7.1). */
  | { readonly type: "relayDenied"; readonly steps: readonly string[] }
  /** The domain is ours, the user is not (550 5.1.1). */
  | { readonly type: "unknownUser"; readonly steps: readonly string[] }
  /** Account or domain is disabled (450 4.2.1). */
  | { readonly type: "disabled"; readonly steps: readonly string[] }
  /** Aliases go round in a circle or expand beyond the limit (550 5.4.6). */
  | { readonly type: "loop"; readonly steps: readonly string[] };

/** What a routing actor understands; the listener beside it also calls its table directly. */
export interface RouterProtocol {
  "router.changed": {
    request: { readonly version: number; readonly changes: readonly DirectoryChange[] };
    reply: void;
  };
  /** Answered when all that was told before has been taken in. */
  "router.caughtUp": { request: null; reply: void };
  /** Sent by the actor to itself when it must ask the directory for a snapshot again. */
  "router.resubscribe": { request: null; reply: void };
  "router.resolve": { request: { readonly address: string }; reply: RouteVerdict };
}
