import { type Command, LOGGED_IN } from "../command.ts";
import { no, ok } from "../completion.ts";
import { appendAll, appendedOr } from "../append/append.ts";
import { made } from "../ask_each.ts";
import { appendUidCode } from "../write/response_code.ts";

/** APPEND (RFC 9051 §6.3.12), of several messages, too (RFC 3502), up to a limit (RFC 7889), also made of parts (RFC 4469). */
export const append: Command<"APPEND"> = {
  verb: "APPEND",
  phases: LOGGED_IN,
  news: "all",
  brings: ["MULTIAPPEND", "CATENATE"],
  capabilities: ({ state, limits }) => state.login === null ? [] : [`APPENDLIMIT=${limits.appendBytesMax}`],
  *run(given, scene) {
    if (given.mailbox === null) return no("Not a name for a mailbox", "CANNOT");
    const stored = scene.pipeline.appends.take(given);
    const outcome = stored === null
      ? yield* appendAll(given, { name: given.mailbox }, scene)
      : appendedOr(made(stored.answer), given.mailbox, scene);
    if (outcome.type !== "appended") return outcome;
    return ok("Appended", appendUidCode(outcome.uidValidity, outcome.uids));
  },
};
