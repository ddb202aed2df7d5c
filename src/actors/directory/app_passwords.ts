import { createHash, timingSafeEqual } from "node:crypto";
import { Failure, type Random, randomId } from "../../base/mod.ts";
import type { AccountId } from "../../mail/mod.ts";
import type { AppPasswordRecord, AppScope } from "../../messages/mod.ts";
import type { AppPasswordRow } from "./app_password_rows.ts";
import type { DirectoryBook } from "./book.ts";

/** App passwords of one account: more than anybody has programs. */
export const APP_PASSWORDS_MAX = 50;
/** UTF-16 units of a label. */
export const LABEL_CHARS_MAX = 100;
/** Every scope there is. */
export const APP_SCOPES: readonly AppScope[] = ["smtp", "pop3", "imap"];

/** Characters of one, five random bits each: 100 bits. */
const SECRET_CHARS = 20;
const ID_CHARS = 8;

/** The last use is written down at most so often, in ms: a program that looks for mail every minute must not cost a flush each time. */
const USE_NOTED_MS = 3_600_000;

/** Makes one up; the password is told once and never again. Throws Failure `invalid` or `refused`. */
export function addAppPassword(
  book: DirectoryBook,
  account: AccountId,
  request: {
    readonly label: string;
    readonly scopes: readonly AppScope[];
    readonly expiresAt: string | null;
    readonly nowMs: number;
    readonly random: Random;
  },
): AppPasswordRecord & { readonly password: string } {
  const { scopes, nowMs, random } = request;
  const label = request.label.normalize("NFC").trim();
  if (label === "" || label.length > LABEL_CHARS_MAX || /\p{Cc}/u.test(label)) {
    throw new Failure("invalid", `a label is 1 to ${LABEL_CHARS_MAX} characters on one line`);
  }
  if (scopes.length === 0 || !scopes.every((scope) => APP_SCOPES.includes(scope))) {
    throw new Failure("invalid", `a scope is one of ${APP_SCOPES.join(", ")}`);
  }
  if (book.appPasswords(account).length >= APP_PASSWORDS_MAX) {
    throw new Failure("refused", `an account has at most ${APP_PASSWORDS_MAX} app passwords: remove one first`);
  }
  const secret = randomId(random, SECRET_CHARS);
  const record: AppPasswordRecord = {
    id: randomId(random, ID_CHARS),
    label,
    scopes: APP_SCOPES.filter((scope) => scopes.includes(scope)),
    createdAt: new Date(nowMs).toISOString(),
    expiresAt: expiry(request.expiresAt, nowMs),
    lastUsedAt: null,
  };
  book.changeAppPassword(account, record.id, { ...record, account, hash: hashOf(secret).toString("hex") });
  return { ...record, password: secret.match(/.{4}/g)!.join("-") };
}

/** Takes one away, at once. Throws Failure `not_found`. */
export function removeAppPassword(book: DirectoryBook, account: AccountId, id: string): AppPasswordRecord {
  const row = book.appPasswords(account).find((each) => each.id === id);
  if (row === undefined) throw new Failure("not_found", `there is no app password ${JSON.stringify(id.slice(0, 80))}`);
  book.changeAppPassword(account, id, null);
  return shownAppPassword(row);
}

/** What people may see of one. */
export function shownAppPassword(
  { id, label, scopes, createdAt, expiresAt, lastUsedAt }: AppPasswordRow,
): AppPasswordRecord {
  return { id, label, scopes, createdAt, expiresAt, lastUsedAt };
}

/** The app password that this is, good for the service and not expired, or null. */
export function findAppPassword(
  rows: readonly AppPasswordRow[],
  { password, service, nowMs }: { readonly password: string; readonly service: string; readonly nowMs: number },
): AppPasswordRow | null {
  const secret = password.replaceAll(/[- ]/g, "").toLowerCase();
  if (secret.length !== SECRET_CHARS) return null;
  const hash = hashOf(secret);
  let found: AppPasswordRow | null = null;
  for (const row of rows) if (timingSafeEqual(hash, hexBytes(row.hash))) found = row;
  if (found === null || !(found.scopes as readonly string[]).includes(service)) return null;
  return found.expiresAt !== null && Date.parse(found.expiresAt) <= nowMs ? null : found;
}

/** The row with its last use, or null when that is written down already. */
export function usedAppPassword(row: AppPasswordRow, nowMs: number): AppPasswordRow | null {
  const lastMs = row.lastUsedAt === null ? -Infinity : Date.parse(row.lastUsedAt);
  return nowMs - lastMs < USE_NOTED_MS ? null : { ...row, lastUsedAt: new Date(nowMs).toISOString() };
}

function expiry(text: string | null, nowMs: number): string | null {
  if (text === null) return null;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) {
    throw new Failure("invalid", "the time of expiry is no date: 2027-01-31 or RFC 3339 is expected");
  }
  if (ms <= nowMs) throw new Failure("invalid", "the time of expiry is past");
  return new Date(ms).toISOString();
}

function hashOf(secret: string) {
  return createHash("sha256").update(secret).digest();
}

function hexBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(32);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}
