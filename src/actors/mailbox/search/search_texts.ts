import { asFailure } from "../../../base/mod.ts";
import type { FieldKey, ShardStore } from "../../../storage/mod.ts";
import type { OpenView } from "../view_book.ts";
import { NO_RANGES, type Ranges, rangesOfRising, risingIn } from "../../../mail/ranges.ts";
import type { Candidate } from "./candidate.ts";
import type { Hits, Plan } from "./plan.ts";
import type { TextSearch } from "./text_search.ts";

/** Bytes of a message that are searched: what lies behind is attachments, or nobody reads it. */
const SEARCHED_BYTES_MAX = 8 * 1024 * 1024;
/** So many UIDs are read of a mailbox whose header fields are known up to there, rather than looked at which are to be searched at all. */
const NEAR_UIDS = 1_000;

/** What is known of texts. */
export interface Looks extends Pick<Candidate, "holds" | "grade"> {
  readonly hits: Hits;
}

/** Nothing. */
export const NO_LOOKS: Looks = { holds: null, grade: null, hits: () => null };

/** Messages that are to be looked at: of each place one. */
export interface Undecided {
  readonly uids: readonly number[];
  readonly contents: readonly number[];
}

export interface TextsWanted {
  readonly shard: ShardStore;
  readonly texts: TextSearch;
  readonly open: OpenView;
  readonly plan: Plan;
  /** Messages that are not decided by what is known. */
  readonly undecided: (known: Looks) => Promise<Undecided>;
  /** Throws a Failure when nobody waits for the answer any more. */
  readonly check: () => void;
}

/**
 * Looks for the plan's texts before any message is judged. Header fields that are ready are looked at in the whole mailbox, and so
 * is everything when most of its messages are to be searched; all else in those messages that are not decided without it.
 */
export async function searchTexts(wanted: TextsWanted): Promise<Looks> {
  const { plan, texts, open: { of: { account, mailbox }, view }, shard, check } = wanted;
  const { uidNext } = view;
  const query = { account, mailbox, uidNext, read: (uid: number) => messageOf(wanted, uid), check };
  const keys = [...plan.texts.entries()];
  const fields = keys.filter((each): each is [number, FieldKey] => each[1].in === "header");
  const known = new Map<number, Ranges>();
  const isKnown = () => known.size === keys.length && plan.words.length === 0;
  const findInFields = async () => {
    const found = await texts.findInFields(query, fields.map(([, key]) => key));
    fields.forEach(([number], i) => known.set(number, found[i]!));
  };
  const findInTexts = async () => {
    const left = keys.filter(([number]) => !known.has(number));
    const found = await texts.findInTexts(query, left.map(([, key]) => key));
    if (found !== null) left.forEach(([number], i) => known.set(number, found[i]!));
  };
  const ahead = fields.length === 0 ? Infinity : texts.fieldsAhead(query, fields.map(([, { field }]) => field));
  if (ahead <= NEAR_UIDS) await findInFields();
  // Nothing else says which messages are to be searched.
  else if (fields.length === 0 && decidesAlone(plan)) await findInTexts();
  if (isKnown()) return looksOf(known);
  const rows = await wanted.undecided(looksOf(known));
  if (2 * rows.uids.length >= shard.status(account, mailbox).messages) {
    if (known.size === 0 && ahead < Infinity) await findInFields();
    if (known.size < keys.length) await findInTexts();
    if (isKnown()) return looksOf(known);
  }
  return await searchRows(wanted, known, rows);
}

/** Whether the texts of all messages are to be searched, and nothing else of them matters. */
function decidesAlone({ candidates, words, isDecided }: Plan): boolean {
  return candidates === null && words.length === 0 && isDecided(() => NO_RANGES);
}

/** Looks for all that is not known yet in some messages: what the others hold decides nothing. */
async function searchRows(
  wanted: TextsWanted,
  known: ReadonlyMap<number, Ranges>,
  { uids, contents }: Undecided,
): Promise<Looks> {
  const { plan, texts, open: { of: { account } }, check } = wanted;
  const read = (at: number) => messageOf(wanted, uids[at]!);
  const query = { account, contents, read, check };
  const others = [...plan.texts.keys()].filter((number) => !known.has(number));
  const found = others.length === 0 ? [] : await texts.find(query, others.map((number) => plan.texts[number]!));
  const graded = plan.words.length === 0 ? null : await texts.grade(query, plan.words);
  const all = new Map(known);
  others.forEach((number, i) => all.set(number, rangesIn({ uids, contents }, found[i]!)));
  return {
    ...looksOf(all),
    grade: graded === null ? null : (content, word) => graded[word]!.get(content) ?? 0,
  };
}

/** UIDs of those messages that have one of some contents. */
function rangesIn({ uids, contents }: Undecided, found: ReadonlySet<number>): Ranges {
  if (found.size === 0) return NO_RANGES;
  return rangesOfRising(uids.filter((_, i) => found.has(contents[i]!)));
}

function looksOf(known: ReadonlyMap<number, Ranges>): Looks {
  if (known.size === 0) return NO_LOOKS;
  const tests: ((uid: number) => boolean)[] = [];
  for (const [key, uids] of known) tests[key] = risingIn(uids);
  return {
    hits: (key) => known.get(key) ?? null,
    holds: ({ uid }, key) => tests[key]?.(uid) ?? null,
    grade: null,
  };
}

/** What is searched of a message; null when it is not there. */
function messageOf({ shard, open: { of } }: TextsWanted, uid: number): Uint8Array | null {
  try {
    return shard.fetch(of.account, of.mailbox, { uid, offset: 0, length: SEARCHED_BYTES_MAX }).bytes;
  } catch (error) {
    // Another session removed it, or its bytes are damaged: it is not found, and the others are.
    const kind = asFailure(error)?.kind;
    if (kind === "not_found" || kind === "corrupt") return null;
    throw error;
  }
}
