import { ALL_RIGHTS, formatRights } from "../../../mail/rights.ts";
import { type Command, LOGGED_IN } from "../command.ts";
import { no, ok } from "../completion.ts";
import { ask } from "../effects.ts";
import { addressOf, speaksUtf8 } from "../state.ts";
import { writeListRights, writeMyRights } from "../write/write_access.ts";

/** MYRIGHTS (RFC 4314 §3.5): for whoever may do anything there but send to it or set flags. */
export const myRights: Command<"MYRIGHTS"> = {
  verb: "MYRIGHTS",
  phases: LOGGED_IN,
  news: "all",
  *run({ mailbox }, { output, state }) {
    const { entries: [entry] } = mailbox === null
      ? { entries: [null] }
      : yield* ask("mailbox.statusOf", { names: [mailbox] });
    if (mailbox === null || !entry || entry.mailbox === 0) return no("No such mailbox", "NONEXISTENT");
    output.push(writeMyRights(mailbox, formatRights(entry.rights ?? ALL_RIGHTS), speaksUtf8(state)));
    return ok();
  },
};

/** LISTRIGHTS (RFC 4314 §3.4): the owner always has all; to others each right can be given by itself. */
export const listRights: Command<"LISTRIGHTS"> = {
  verb: "LISTRIGHTS",
  phases: LOGGED_IN,
  news: "all",
  *run({ mailbox, identifier }, scene) {
    if (mailbox === null) return no("No such mailbox", "NONEXISTENT");
    const listed = yield* ask("mailbox.acl", { name: mailbox });
    if (listed.type === "missing") return no("No such mailbox", "NONEXISTENT");
    const owner = listed.owner ?? addressOf(scene);
    const all = formatRights(ALL_RIGHTS);
    const rights = identifier.toLowerCase() === owner.toLowerCase()
      ? { identifier, always: all, groups: [] }
      : { identifier, always: "", groups: [...all] };
    scene.output.push(writeListRights(mailbox, rights, speaksUtf8(scene.state)));
    return ok();
  },
};
