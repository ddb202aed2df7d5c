import { bad } from "./completion.ts";
import type { ImapCommand } from "./grammar/ast.ts";
import type { SearchKey } from "./grammar/ast_search.ts";

/**
 * Whether a command names messages by sequence numbers, or is answered by them: then it is none for a client that knows UIDs only
 * (RFC 9586 §3.2, §3.5, §3.7, §3.8).
 */
export function usesNumbers(command: ImapCommand): boolean {
  if ("uid" in command && !command.uid) return true;
  if ("criteria" in command && namesNumbers(command.criteria.keys)) return true;
  return "qresync" in command && command.qresync !== null && command.qresync.match !== null;
}

/** RFC 9586 §3.2. */
export const UIDS_REQUIRED = bad("Only UIDs, as they were asked for", "UIDREQUIRED");

/** Whether search keys name messages by sequence numbers. */
export function namesNumbers(keys: readonly SearchKey[]): boolean {
  return keys.some((key) => {
    switch (key.key) {
      case "SET":
        return key.set.by === "sequence";
      case "NOT":
      case "FUZZY":
        return namesNumbers([key.of]);
      case "OR":
      case "AND":
        return namesNumbers(key.of);
      default:
        return false;
    }
  });
}
