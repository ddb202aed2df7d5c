import { Flag } from "../../../mail/flag.ts";
import type { ViewRow } from "../../../mail/mailbox_view.ts";
import type { SpecialUse } from "../../../mail/mailbox_name.ts";
import { UID_MAX } from "../../../mail/uid.ts";
import { compressToPairs, formatSequenceSet, mergePairs } from "../sequence_set.ts";
import { isRevision2, isUidOnly, type Scene, speaksUtf8 } from "../state.ts";
import { writeMailbox } from "./write.ts";

/** mailbox (RFC 9051 §9) as it goes over the wire, one character for each byte. */
export function mailboxText(name: string, { state }: Scene): string {
  return writeMailbox(name, speaksUtf8(state));
}

const FLAG_NAMES: readonly (readonly [bit: number, name: string])[] = [
  [Flag.answered, "\\Answered"],
  [Flag.flagged, "\\Flagged"],
  [Flag.deleted, "\\Deleted"],
  [Flag.seen, "\\Seen"],
  [Flag.draft, "\\Draft"],
];

/** Each combination of system flags as text, made when it is first needed and never again. */
const SYSTEM_FLAGS: readonly string[] = Array.from(
  { length: 32 },
  (_, flags) => FLAG_NAMES.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name).join(" "),
);

/** "(" [flag *(SP flag)] ")" of a message; \Recent is of revision 1 (RFC 3501 §2.3.2). */
export function flagList(
  { flags, keywords, recent }: Pick<ViewRow, "flags" | "keywords" | "recent">,
  { state }: Scene,
): string {
  let text = SYSTEM_FLAGS[flags & 31]!;
  if (recent && !isRevision2(state)) text += text === "" ? "\\Recent" : " \\Recent";
  for (const keyword of keywords) text += text === "" ? keyword : ` ${keyword}`;
  return `(${text})`;
}

const USES: Readonly<Record<SpecialUse, string>> = {
  all: "\\All",
  archive: "\\Archive",
  drafts: "\\Drafts",
  flagged: "\\Flagged",
  important: "\\Important",
  junk: "\\Junk",
  sent: "\\Sent",
  trash: "\\Trash",
};

/** RFC 6154 §2, RFC 8457 §3. */
export function specialUseAttribute(use: SpecialUse): string {
  return USES[use];
}

/** Numbers in rising order, whatever order they come in. */
export function risingSet(numbers: Iterable<number>): string {
  return formatSequenceSet(compressToPairs([...numbers].sort((a, b) => a - b)));
}

/** Pairs of first and last, in rising order; those that touch become one. */
export function pairSet(pairs: readonly number[]): string {
  return formatSequenceSet(mergePairs(pairs, UID_MAX));
}

/** How the response of a message begins: by its number, or by its UID for clients that know no numbers (RFC 9586 §3.3, §3.6). */
export function fetchStart({ sequence, uid }: Pick<ViewRow, "sequence" | "uid">, { state }: Scene): string {
  return isUidOnly(state) ? `* ${uid} UIDFETCH (` : `* ${sequence} FETCH (`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/** date-time (RFC 9051 §9) in UTC: ` 1-Feb-2026 03:04:05 +0000`, in quotes. */
export function dateTimeText(ms: number): string {
  const at = new Date(ms);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = String(at.getUTCDate()).padStart(2, " ");
  const year = String(at.getUTCFullYear()).padStart(4, "0");
  const time = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
  return `"${day}-${MONTHS[at.getUTCMonth()]}-${year} ${time} +0000"`;
}
