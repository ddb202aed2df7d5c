import { type Fields, isBoolean, isCount, isListOf, isOptional, isText } from "./shape.ts";

/** UTF-16 units of an address, a title, a date. */
const TEXT_CHARS_MAX = 4_096;
/** Owners and moderators that are looked at; how many there may be is told by name. */
const PEOPLE_MAX = 10_000;

const POSTS: readonly unknown[] = ["anybody", "members", "moderators"];
const OTHERS: readonly unknown[] = ["refuse", "hold"];
const JOINS: readonly unknown[] = ["open", "confirm", "closed"];
const REPLIES: readonly unknown[] = ["author", "list"];
const MODES: readonly unknown[] = ["each", "digest", "none"];

/** A list as the directory tells of it. */
export function isMailingList(record: Fields): boolean {
  const { address, owners, moderators, createdAt } = record;
  const complete = SETTINGS.every((name) => record[name] !== undefined);
  return text(address) && isListOf(owners, PEOPLE_MAX, text) && isListOf(moderators, PEOPLE_MAX, text) &&
    text(createdAt) && complete && isSettings(record);
}

const SETTINGS = [
  "title",
  "post",
  "others",
  "join",
  "replyTo",
  "subjectPrefix",
  "bytesMax",
  "verp",
  "unsubscribeUrl",
  "archiveUrl",
] as const;

/** Whatever is there of a list's settings. */
export function isSettings(request: Fields): boolean {
  const { title, post, others, join, replyTo, subjectPrefix, bytesMax, verp, unsubscribeUrl, archiveUrl } = request;
  return isOptional(title, text) && isOptional(post, oneOf(POSTS)) && isOptional(others, oneOf(OTHERS)) &&
    isOptional(join, oneOf(JOINS)) &&
    isOptional(replyTo, oneOf(REPLIES)) && isOptional(subjectPrefix, text) && isOptional(bytesMax, count) &&
    isOptional(verp, isBoolean) && (archiveUrl === null || isOptional(archiveUrl, text)) &&
    (unsubscribeUrl === null || isOptional(unsubscribeUrl, text));
}

/** How a member gets the list's mail. */
export function isMode(value: unknown): boolean {
  return MODES.includes(value);
}

function oneOf(names: readonly unknown[]): (value: unknown) => value is unknown {
  return (value): value is unknown => names.includes(value);
}

function count(value: unknown): value is number {
  return isCount(value);
}

function text(value: unknown): value is string {
  return isText(value, TEXT_CHARS_MAX);
}
