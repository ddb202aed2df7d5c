import type { TextSearch } from "../../src/actors/mailbox/search/mod.ts";
import { Failure } from "../../src/base/mod.ts";

const failed = () => Promise.reject(new Failure("down", "nobody takes texts out here"));

/** For worlds in which nothing is kept ready of mailboxes. */
export const NO_FIELDS: Pick<TextSearch, "fieldsAhead" | "findInFields" | "findInTexts"> = {
  fieldsAhead: () => Infinity,
  findInFields: failed,
  findInTexts: () => Promise.resolve(null),
};

/** For worlds in which nobody searches. */
export const NO_TEXTS: TextSearch = { ...NO_FIELDS, find: failed, grade: failed, forget() {} };
