import { STORE_NUMBERS_MAX, STORES_MAX } from "../../../mail/store_wish.ts";
import { UID_MAX } from "../../../mail/uid.ts";
import { type Fields, fieldsOf, isBoolean, isCount, isListOf, isName, isOptional, isWhole } from "../../shape.ts";

/** Numbers of one set, two for each of its ranges. */
const SET_NUMBERS_MAX = 20_000;
/** Keywords of one message or change, and the characters of one. */
const KEYWORDS_MAX = 255;
const KEYWORD_CHARS_MAX = 255;
/** All five system flags. */
const FLAGS_MAX = 31;

/** A set of messages as a session names them. */
export function isMessageSet(value: unknown): boolean {
  const set = fieldsOf(value);
  if (set === null) return false;
  if (set["by"] === "saved") return set["from"] === undefined || isWhole(set["from"], 1, UID_MAX);
  return (set["by"] === "sequence" || set["by"] === "uid") && arePairs(set["pairs"], 0);
}

/** Pairs of first and last UID, none of them "*". */
export function isUidPairs(value: unknown): boolean {
  return arePairs(value, 1);
}

function arePairs(value: unknown, min: 0 | 1): boolean {
  return isListOf(value, SET_NUMBERS_MAX, (number) => isWhole(number, min, UID_MAX)) &&
    (value as unknown[]).length % 2 === 0;
}

/** A sum of system flags. */
export function isFlagBits(value: unknown): boolean {
  return isWhole(value, 0, FLAGS_MAX);
}

/** An IMAP atom, more or less: the store says what is allowed. */
export function isKeyword(value: unknown): boolean {
  return isName(value, KEYWORD_CHARS_MAX);
}

/** Flags and keywords of a message, or of a change. */
export function areFlags({ flags, keywords }: Fields): boolean {
  return isFlagBits(flags) && isListOf(keywords, KEYWORDS_MAX, isKeyword);
}

const HOWS: ReadonlySet<unknown> = new Set(["add", "remove", "replace"]);

/** What a STORE changes, of which messages. */
export function isStoreWish(value: unknown): boolean {
  const wish = fieldsOf(value);
  return wish !== null && isMessageSet(wish["set"]) && isStoreChange(wish);
}

/** The same of several that change the same. */
export function areStoresAlike(value: unknown): boolean {
  const alike = fieldsOf(value);
  if (alike === null || !isStoreChange(alike)) return false;
  return (alike["by"] === "sequence" || alike["by"] === "uid") &&
    isListOf(alike["sets"], STORES_MAX, isFewPairs);
}

/** Pairs that name no more than a bounded number of messages, none of them "*". */
function isFewPairs(value: unknown): boolean {
  if (!arePairs(value, 1)) return false;
  const pairs = value as readonly number[];
  let numbers = 0;
  for (let at = 0; at < pairs.length; at += 2) numbers += Math.abs(pairs[at + 1]! - pairs[at]!) + 1;
  return numbers <= STORE_NUMBERS_MAX;
}

function isStoreChange(change: Fields): boolean {
  const { how, unchangedSince, silent } = change;
  return areFlags(change) && HOWS.has(how) && (unchangedSince === null || isCount(unchangedSince)) &&
    isOptional(silent, isBoolean);
}
