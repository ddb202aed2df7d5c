import { ACTOR_NAME_CHARS_MAX } from "../runtime/limits.ts";

/** What came from another worker and may have any form. */
export type Fields = Readonly<Record<string, unknown>>;

/** One check for each message of a protocol: a forgotten one does not compile. */
export type Accepts<P> = { readonly [K in keyof P]: (request: unknown) => boolean };

/** The value's fields, or null when it has none. */
export function fieldsOf(value: unknown): Fields | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value as Fields : null;
}

/** A check of the fields of a request that must be an object. */
export function fields(check: (fields: Fields) => boolean): (request: unknown) => boolean {
  return (request) => {
    const found = fieldsOf(request);
    return found !== null && check(found);
  };
}

/** A text of at most `charsMax` UTF-16 units, empty or not. */
export function isText(value: unknown, charsMax: number): value is string {
  return typeof value === "string" && value.length <= charsMax;
}

/** 1 to `charsMax` printable ASCII characters, none of them a space. */
export function isName(value: unknown, charsMax: number): value is string {
  if (typeof value !== "string" || value.length === 0 || value.length > charsMax) return false;
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code < 0x21 || code > 0x7e) return false;
  }
  return true;
}

/** A whole number from `min` to `max`. */
export function isWhole(value: unknown, min: number, max: number): value is number {
  return Number.isInteger(value) && value as number >= min && value as number <= max;
}

/** A whole number from 0 on that a double holds exactly. */
export function isCount(value: unknown): value is number {
  return isWhole(value, 0, Number.MAX_SAFE_INTEGER);
}

export function isBoolean(value: unknown): value is boolean {
  return typeof value === "boolean";
}

/** A list of at most `lengthMax` values, each as `check` wants it. */
export function isListOf(value: unknown, lengthMax: number, check: (item: unknown) => boolean): boolean {
  if (!Array.isArray(value) || value.length > lengthMax) return false;
  for (const item of value) if (!check(item)) return false;
  return true;
}

/** Absent, or as `check` wants it. */
export function isOptional<T>(value: unknown, check: (value: unknown) => value is T): value is T | undefined {
  return value === undefined || check(value);
}

/** What an account may hold, among other fields. */
export function isQuota({ quotaBytes, quotaMessages }: Fields): boolean {
  return isCount(quotaBytes) && isOptional(quotaMessages, isCount);
}

/** Where an actor lives. */
export function isActorAddress(value: unknown): boolean {
  const address = fieldsOf(value);
  return address !== null && isText(address["node"], ACTOR_NAME_CHARS_MAX) &&
    isText(address["worker"], ACTOR_NAME_CHARS_MAX) && isText(address["actor"], ACTOR_NAME_CHARS_MAX);
}
