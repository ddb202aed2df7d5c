import type { MailboxEntry } from "../../../mail/mailbox_entry.ts";
import type { MailboxName } from "../../../mail/mailbox_name.ts";
import { type Command, LOGGED_IN } from "../command.ts";
import { no, ok } from "../completion.ts";
import { ask, type Program } from "../effects.ts";
import { statusLine } from "../write/status_line.ts";

/**
 * STATUS (RFC 9051 §6.3.11), with SIZE (RFC 8438), HIGHESTMODSEQ (RFC 7162), MAILBOXID (RFC 8474), APPENDLIMIT (RFC 7889) and
 * DELETED-STORAGE (RFC 9208 §4.1.4).
 */
export const status: Command<"STATUS"> = {
  verb: "STATUS",
  phases: LOGGED_IN,
  news: "all",
  brings: ["STATUS=SIZE"],
  *run({ mailbox, items }, scene) {
    const entry = mailbox === null ? null : yield* entryOf(mailbox, items.includes("RECENT"));
    if (entry?.status === undefined) {
      // RFC 4314 §4: r is needed; who may look it up is told so.
      return entry?.rights?.includes("l") === true ? no("Not allowed", "NOPERM") : no("No such mailbox", "NONEXISTENT");
    }
    if (items.includes("HIGHESTMODSEQ")) scene.state.enabled.add("CONDSTORE"); // RFC 7162 §3.1.
    scene.output.push(yield* statusLine(entry, items, scene));
    return ok();
  },
};

/** RFC 3501 §6.3.10: recent messages are counted where that is asked for; revision 2 knows none. */
function* entryOf(name: MailboxName, recent: boolean): Program<MailboxEntry | null> {
  const { entries } = yield* ask("mailbox.statusOf", { names: [name], ...(recent ? { recent } : {}) });
  return entries[0] ?? null;
}
