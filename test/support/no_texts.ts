import type { TextSearch } from "../../src/actors/mailbox/search/mod.ts";
import { Failure } from "../../src/base/mod.ts";

/** For worlds in which nobody searches. */
export const NO_TEXTS: TextSearch = {
  find: () => Promise.reject(new Failure("down", "nobody takes texts out here")),
  grade: () => Promise.reject(new Failure("down", "nobody takes texts out here")),
  forget() {},
};
