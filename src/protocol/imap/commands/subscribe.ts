import type { MailboxArgument } from "../grammar/ast.ts";
import { type Command, LOGGED_IN } from "../command.ts";
import { type Completion, no, ok } from "../completion.ts";
import { ask, type Program } from "../effects.ts";
import { treeRefusal } from "../write/tree_reply.ts";

/** SUBSCRIBE (RFC 9051 §6.3.7). */
export const subscribe: Command<"SUBSCRIBE"> = {
  verb: "SUBSCRIBE",
  phases: LOGGED_IN,
  news: "all",
  run: ({ mailbox }) => change(mailbox, true),
};

/** UNSUBSCRIBE (RFC 9051 §6.3.8). */
export const unsubscribe: Command<"UNSUBSCRIBE"> = {
  verb: "UNSUBSCRIBE",
  phases: LOGGED_IN,
  news: "all",
  run: ({ mailbox }) => change(mailbox, false),
};

function* change(name: MailboxArgument, subscribed: boolean): Program<Completion> {
  if (name === null) return no("No such mailbox", "NONEXISTENT");
  const outcome = yield* ask("mailbox.subscription", { name, subscribed });
  return outcome.type === "done" ? ok() : treeRefusal(outcome.type);
}
