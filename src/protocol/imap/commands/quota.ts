import { assert } from "../../../base/assert.ts";
import { isOthers } from "../../../mail/other_users.ts";
import { type Command, LOGGED_IN } from "../command.ts";
import { no, ok } from "../completion.ts";
import { ask, type Program } from "../effects.ts";
import { type Scene, speaksUtf8 } from "../state.ts";
import { type QuotaResource, writeQuota, writeQuotaRoot } from "../write/write_access.ts";

/** The one quota root: all mailboxes of the account share a limit. */
const ROOT = "";

/** Octets of a unit of STORAGE (RFC 9208 §5.1). */
const STORAGE_UNIT_BYTES = 1_024;

/** GETQUOTA (RFC 9208 §4.1.1). */
export const getQuota: Command<"GETQUOTA"> = {
  verb: "GETQUOTA",
  phases: LOGGED_IN,
  news: "all",
  // Not QUOTASET (RFC 9208 §4.1.3): nobody who logs in here may set limits, so that it could work for no one.
  brings: ["QUOTA", "QUOTA=RES-STORAGE", "QUOTA=RES-MESSAGE"],
  *run({ root }, scene) {
    if (root !== ROOT) return no("No such quota root", "NONEXISTENT");
    scene.output.push(yield* quota(scene));
    return ok();
  },
};

/** GETQUOTAROOT (RFC 9208 §4.1.2): the mailbox need not be there. */
export const getQuotaRoot: Command<"GETQUOTAROOT"> = {
  verb: "GETQUOTAROOT",
  phases: LOGGED_IN,
  news: "all",
  *run({ mailbox }, scene) {
    if (mailbox === null) return no("Not a name for a mailbox", "CANNOT");
    // What another account takes and may take is not told.
    if (isOthers(mailbox)) {
      scene.output.push(writeQuotaRoot(mailbox, [], speaksUtf8(scene.state)));
      return ok();
    }
    const used = yield* quota(scene);
    scene.output.push(writeQuotaRoot(mailbox, [ROOT], speaksUtf8(scene.state)));
    scene.output.push(used);
    return ok();
  },
};

/** SETQUOTA (RFC 9208 §4.1.3): the limits of an account are the operator's, and operators do not log in by IMAP. */
export const setQuota: Command<"SETQUOTA"> = {
  verb: "SETQUOTA",
  phases: LOGGED_IN,
  news: "all",
  run: () => no("Limits are set by the operator", "NOPERM"),
};

function* quota({ state }: Scene): Program<string> {
  assert(state.login !== null, "somebody has logged in");
  const { quotaBytes, quotaMessages = 0 } = state.login;
  const resources: QuotaResource[] = [];
  // RFC 9208 §4.2.1: what is not named is not limited.
  if (quotaBytes > 0 || quotaMessages > 0) {
    const { bytes, messages } = yield* ask("mailbox.usage", {});
    const [usage, limit] = [Math.ceil(bytes / STORAGE_UNIT_BYTES), Math.floor(quotaBytes / STORAGE_UNIT_BYTES)];
    if (quotaBytes > 0) resources.push({ name: "STORAGE", usage, limit });
    if (quotaMessages > 0) resources.push({ name: "MESSAGE", usage: messages, limit: quotaMessages });
  }
  return writeQuota(ROOT, resources, speaksUtf8(state));
}
