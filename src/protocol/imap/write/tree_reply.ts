import type { TreeOutcome } from "../../../mail/mailbox_entry.ts";
import { type Completion, no } from "../completion.ts";

/** Why the mailbox tree stays as it is (RFC 5530 §3). */
export function treeRefusal(type: Exclude<TreeOutcome["type"], "done">): Completion {
  switch (type) {
    case "exists":
      return no("Mailbox exists already", "ALREADYEXISTS");
    case "missing":
      return no("No such mailbox", "NONEXISTENT");
    case "cannot":
      return no("Not possible with this mailbox", "CANNOT");
    case "limit":
      return no("Too many mailboxes", "LIMIT");
  }
}
