import { type Command, LOGGED_IN } from "../command.ts";
import { ok } from "../completion.ts";
import { ask } from "../effects.ts";
import { listMatcher } from "../list_match.ts";
import { mailboxText } from "../write/texts.ts";
import { parentsAmong } from "./list.ts";

/** LSUB (RFC 3501 §6.3.9), for clients older than LIST with SUBSCRIBED. */
export const lsub: Command<"LSUB"> = {
  verb: "LSUB",
  phases: LOGGED_IN,
  news: "all",
  *run({ reference, pattern }, scene) {
    const { entries } = yield* ask("mailbox.tree", { status: false });
    const matches = listMatcher(reference, [pattern]);
    const told = new Set<string>();
    for (const { name, mailbox, subscribed } of entries) {
      if (!subscribed || !matches(name)) continue;
      told.add(name);
      yield* scene.output.send(`* LSUB (${mailbox === 0 ? "\\Noselect" : ""}) "/" ${mailboxText(name, scene)}\r\n`);
    }
    // RFC 3501 §6.3.9: where "%" ends a pattern, what lies above subscribed names is told in their place.
    if (!pattern.endsWith("%")) return ok();
    for (const name of parentsAmong(entries, (entry) => entry.subscribed && !matches(entry.name))) {
      if (told.has(name) || !matches(name)) continue;
      yield* scene.output.send(`* LSUB (\\Noselect) "/" ${mailboxText(name, scene)}\r\n`);
    }
    return ok();
  },
};
