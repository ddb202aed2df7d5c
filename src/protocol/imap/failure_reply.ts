import type { Failure, FailureKind } from "../../base/failure.ts";
import { type Completion, no } from "./completion.ts";

/** How a failed ask is told (RFC 5530 §3). Nothing of the failure's own words reaches the client. */
const REPLIES: Readonly<Record<FailureKind, readonly [code: string, text: string]>> = {
  busy: ["UNAVAILABLE", "Too busy, try again later"],
  down: ["UNAVAILABLE", "Not possible at the moment, try again later"],
  deadline: ["UNAVAILABLE", "Not possible at the moment, try again later"],
  closed: ["UNAVAILABLE", "Not possible at the moment, try again later"],
  dns: ["UNAVAILABLE", "Not possible at the moment, try again later"],
  locked: ["INUSE", "In use by another session, try again later"],
  disk: ["UNAVAILABLE", "The disk does not work at the moment, try again later"],
  disk_full: ["UNAVAILABLE", "The disk is full, try again later"],
  corrupt: ["CORRUPTION", "The stored data is damaged"],
  schema: ["SERVERBUG", "The stored data cannot be read"],
  not_found: ["NONEXISTENT", "No such thing"],
  exists: ["ALREADYEXISTS", "It exists already"],
  invalid: ["CANNOT", "Not possible"],
  refused: ["NOPERM", "Not allowed"],
};

/** The NO of a command whose ask failed. */
export function failureReply(failure: Failure): Completion {
  const [code, text] = REPLIES[failure.kind];
  return no(text, code);
}
