import { ANNOTATION_BYTES_MAX, scopeOf } from "../../../mail/annotation.ts";
import type { Annotations, AnnotationsSet } from "../../../mail/mailbox_entry.ts";
import type { MailboxName } from "../../../mail/mailbox_name.ts";
import { type Command, LOGGED_IN } from "../command.ts";
import { bad, type Completion, no, ok } from "../completion.ts";
import { ask, type Program } from "../effects.ts";
import { filterNameOf, isFilterName, readFilter } from "../search/filters.ts";
import { metadataCode } from "../write/response_code.ts";
import { type Scene, speaksUtf8 } from "../state.ts";
import { writeMetadata } from "../write/write_access.ts";

/** Names whose annotations are asked for at once. */
const PAGE_NAMES = 16;

/** GETMETADATA (RFC 5464 §4.2), with MAXSIZE and DEPTH. */
export const getMetadata: Command<"GETMETADATA"> = {
  verb: "GETMETADATA",
  phases: LOGGED_IN,
  news: "all",
  brings: ["METADATA"],
  *run({ mailbox, entries, depth, maxSizeBytes }, scene) {
    if (mailbox === null) return no("No such mailbox", "NONEXISTENT");
    const wanted = namesOf(entries);
    if (wanted === null) return bad("Entries begin with /private or /shared");
    const { found: [found] } = yield* ask("mailbox.metadata", { names: [mailbox], entries: wanted, depth });
    if (found?.type === "denied") return no("Not allowed", "NOPERM");
    if (found?.type !== "found") return no("No such mailbox", "NONEXISTENT");
    const fits = found.values.filter(([, value]) => (value?.length ?? 0) <= (maxSizeBytes ?? Infinity));
    if (fits.length > 0) yield* scene.output.send(writeMetadata(mailbox, fits, speaksUtf8(scene.state)));
    if (fits.length === found.values.length) return ok();
    // RFC 5464 §4.2.1: the size of the biggest that was left out.
    return ok("Done", metadataCode("LONGENTRIES", Math.max(...found.values.map(([, value]) => value?.length ?? 0))));
  },
};

/** SETMETADATA (RFC 5464 §4.3). */
export const setMetadata: Command<"SETMETADATA"> = {
  verb: "SETMETADATA",
  phases: LOGGED_IN,
  news: "all",
  *run({ mailbox, values: given }, _scene) {
    if (mailbox === null) return no("No such mailbox", "NONEXISTENT");
    const names = namesOf(given.map(({ entry }) => entry));
    // "/private" and "/shared" have no values of their own.
    if (names === null || names.some((name) => name.indexOf("/", 1) < 0)) {
      return bad("Entries are below /private or /shared");
    }
    if (given.some(({ value }) => (value?.length ?? 0) > ANNOTATION_BYTES_MAX)) {
      return no("A value is too long", metadataCode("MAXSIZE", ANNOTATION_BYTES_MAX));
    }
    if (mailbox === "" && given.some(({ value }, at) => isBrokenFilter(names[at]!, value))) {
      return no("Not search keys, or not the name of a filter");
    }
    const values = given.map(({ value }, at) => ({ entry: names[at]!, value }));
    return completion(yield* ask("mailbox.setMetadata", { name: mailbox, values }));
  },
};

/** Whether it would be a filter that no search could use (RFC 5466 §3.2). */
function isBrokenFilter(entry: string, value: Uint8Array | null): boolean {
  const name = filterNameOf(entry);
  return name !== null && value !== null && !(isFilterName(name) && readFilter(value) !== null);
}

/** What LIST tells of mailboxes it has told (RFC 9590). */
export function* tellMetadata(names: readonly MailboxName[], entries: readonly string[], scene: Scene): Program<void> {
  const utf8 = speaksUtf8(scene.state);
  for (let at = 0; at < names.length; at += PAGE_NAMES) {
    const page = names.slice(at, at + PAGE_NAMES);
    const { found } = yield* ask("mailbox.metadata", { names: page, entries, depth: "0" });
    for (const [i, each] of (found as readonly Annotations[]).entries()) {
      if (each.type === "found") yield* scene.output.send(writeMetadata(page[i]!, each.values, utf8));
    }
  }
}

/** Characters of an entry's name: it becomes part of a key. */
const ENTRY_CHARACTERS_MAX = 255;

/** In lower case: names of entries compare without case (RFC 5464 §3.2). Null when one of them is neither private nor shared. */
export function namesOf(entries: readonly string[]): string[] | null {
  const names = entries.map((entry) => entry.toLowerCase());
  return names.every((name) => scopeOf(name) !== null && name.length <= ENTRY_CHARACTERS_MAX) ? names : null;
}

function completion({ type }: AnnotationsSet): Completion {
  switch (type) {
    case "done":
      return ok();
    case "missing":
      return no("No such mailbox", "NONEXISTENT");
    case "cannot":
      return no("Not to be set in this way", "CANNOT");
    case "noPrivate":
      return no("Private entries are for mailboxes of one's own", "METADATA NOPRIVATE");
    case "tooMany":
      return no("Too many entries", "METADATA TOOMANY");
  }
}
