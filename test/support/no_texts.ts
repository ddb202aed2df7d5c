import type { TextSearch } from "../../src/actors/mailbox/search/mod.ts";
import { Failure } from "../../src/base/mod.ts";

const failed = () => Promise.reject(new Failure("down", "nobody takes texts out here"));

/** For worlds in which header fields are never kept ready. */
export const NO_FIELDS: Pick<TextSearch, "fieldsAhead" | "findInFields"> = {
  fieldsAhead: () => Infinity,
  findInFields: failed,
};

/** For worlds in which nobody searches. */
export const NO_TEXTS: TextSearch = { ...NO_FIELDS, find: failed, grade: failed, forget() {} };
