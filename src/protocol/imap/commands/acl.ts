import type { AclSet } from "../../../mail/mailbox_entry.ts";
import { ALL_RIGHTS, formatRights, hasRights, NEW_RIGHTS, NO_RIGHTS, parseRights } from "../../../mail/rights.ts";
import { type Command, type Given, LOGGED_IN } from "../command.ts";
import { bad, type Completion, no, ok } from "../completion.ts";
import { ask } from "../effects.ts";
import { addressOf, speaksUtf8 } from "../state.ts";
import { writeAcl } from "../write/write_access.ts";

/** GETACL (RFC 4314 §3.3): the owner first, who has all rights. */
export const getAcl: Command<"GETACL"> = {
  verb: "GETACL",
  phases: LOGGED_IN,
  news: "all",
  brings: ["ACL", `RIGHTS=${NEW_RIGHTS}`],
  *run({ mailbox }, scene) {
    if (mailbox === null) return no("No such mailbox", "NONEXISTENT");
    const listed = yield* ask("mailbox.acl", { name: mailbox });
    if (listed.type === "missing") return no("No such mailbox", "NONEXISTENT");
    const owner = [listed.owner ?? addressOf(scene), ALL_RIGHTS] as const;
    const entries = [owner, ...listed.entries].map(([identifier, rights]) =>
      [identifier, formatRights(rights)] as const
    );
    scene.output.push(writeAcl(mailbox, entries, speaksUtf8(scene.state)));
    return ok();
  },
};

/** SETACL (RFC 4314 §3.1). */
export const setAcl: Command<"SETACL"> = {
  verb: "SETACL",
  phases: LOGGED_IN,
  news: "all",
  *run(given, _scene) {
    const { mailbox, identifier, how } = given;
    const rights = parseRights(given.rights);
    if (rights === null) return bad("Unknown right");
    if (mailbox === null) return no("No such mailbox", "NONEXISTENT");
    if (!canName(identifier)) return no(NOBODY, "CANNOT");
    const outcome = yield* ask("mailbox.setAcl", { name: mailbox, identifier, how, rights });
    return completion(outcome, keepsAll(given, hasRights(rights, ALL_RIGHTS)));
  },
};

/** DELETEACL (RFC 4314 §3.2): an entry that is not there is as good as deleted. */
export const deleteAcl: Command<"DELETEACL"> = {
  verb: "DELETEACL",
  phases: LOGGED_IN,
  news: "all",
  *run({ mailbox, identifier }, _scene) {
    if (mailbox === null) return no("No such mailbox", "NONEXISTENT");
    if (!canName(identifier)) return ok();
    const outcome = yield* ask("mailbox.setAcl", { name: mailbox, identifier, how: "replace", rights: NO_RIGHTS });
    return outcome.type === "unknown" ? ok() : completion(outcome, false);
  },
};

const NOBODY = "Nobody of this domain is called so";

/** Octets of an identifier: more than any address has. */
const IDENTIFIER_CHARACTERS_MAX = 255;

function canName(identifier: string): boolean {
  return identifier !== "" && identifier.length <= IDENTIFIER_CHARACTERS_MAX;
}

/** Whether the owner would have all rights afterwards, too. */
function keepsAll({ identifier, how }: Given<"SETACL">, all: boolean): boolean {
  return !identifier.startsWith("-") && (how === "add" || (how === "replace" && all));
}

function completion({ type }: AclSet, keptAll: boolean): Completion {
  switch (type) {
    case "done":
      return ok();
    case "missing":
      return no("No such mailbox", "NONEXISTENT");
    case "unknown":
      return no(NOBODY, "CANNOT");
    case "owner":
      return keptAll ? ok() : no("The owner keeps all rights", "CANNOT");
    case "limit":
      return no("Too many entries", "LIMIT");
  }
}
