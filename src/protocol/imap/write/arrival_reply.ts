import { type Completion, no } from "../completion.ts";

/** Why messages did not come into a mailbox by APPEND, COPY or MOVE (RFC 9051 §6.3.12, §6.4.7; RFC 5530 §3). */
export function arrivalRefusal(type: "missing" | "full" | "limit"): Completion {
  switch (type) {
    case "missing":
      return no("No such mailbox", "TRYCREATE");
    case "full":
      return no("Not enough room", "OVERQUOTA");
    case "limit":
      return no("Too many keywords or annotations in that mailbox", "LIMIT");
  }
}
