import type { RouterProtocol } from "../messages/mod.ts";
import { isMailingList } from "./list_shape.ts";
import {
  type Accepts,
  type Fields,
  fields,
  fieldsOf,
  isBoolean,
  isCount,
  isListOf,
  isName,
  isQuota,
  isText,
} from "./shape.ts";

/** UTF-16 units of a name, address or date. */
const TEXT_CHARS_MAX = 4_096;
/** Characters of an account id. */
const ACCOUNT_CHARS_MAX = 64;
/** Changes told at once: a removed domain takes all its aliases with it. */
const CHANGES_MAX = 250_000;
/** Targets of one alias. */
const TARGETS_MAX = 10_000;
/** Selectors that sign for one domain. */
const SELECTORS_MAX = 100;

/** Whether requests of other workers have the form their types promise. */
export const routerAccepts: Accepts<RouterProtocol> = {
  "router.changed": fields(({ version, changes }) => isCount(version) && isListOf(changes, CHANGES_MAX, isChange)),
  // Only the actor itself sends it, and that never crosses a border.
  "router.resubscribe": () => false,
  "router.caughtUp": () => true,
  "router.resolve": fields(({ address }) => text(address)),
};

function text(value: unknown): value is string {
  return isText(value, TEXT_CHARS_MAX);
}

function textOrNull(value: unknown): boolean {
  return value === null || text(value);
}

function isChange(value: unknown): boolean {
  const change = fieldsOf(value);
  if (change === null || !text(change["key"])) return false;
  const check = recordCheck(change["kind"]);
  if (check === null) return false;
  if (change["record"] === null) return true;
  const record = fieldsOf(change["record"]);
  return record !== null && check(record);
}

function recordCheck(kind: unknown): ((record: Fields) => boolean) | null {
  switch (kind) {
    case "domain":
      return isDomain;
    case "account":
      return isAccount;
    case "alias":
      return isAlias;
    case "ban":
      return isBan;
    case "list":
      return isMailingList;
    default:
      return null;
  }
}

function isDomain({ name, disabled, catchAll, aliasOf, detailSeparator, dkim, createdAt }: Fields): boolean {
  return text(name) && isBoolean(disabled) && textOrNull(catchAll) && textOrNull(aliasOf) &&
    textOrNull(detailSeparator) && (dkim === undefined || isListOf(dkim, SELECTORS_MAX, text)) && text(createdAt);
}

function isAccount(record: Fields): boolean {
  const { id, address, disabled, createdAt } = record;
  return isName(id, ACCOUNT_CHARS_MAX) && text(address) && isBoolean(disabled) && isQuota(record) && text(createdAt);
}

function isAlias({ address, targets, createdAt }: Fields): boolean {
  return text(address) && isListOf(targets, TARGETS_MAX, text) && text(createdAt);
}

function isBan({ network, until, reason, by, createdAt }: Fields): boolean {
  return text(network) && textOrNull(until) && text(reason) && text(by) && text(createdAt);
}
