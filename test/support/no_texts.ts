import { Failure } from "../../src/base/mod.ts";
import type { TextSource } from "../../src/actors/mailbox/search/mod.ts";

/** For worlds in which nobody searches. */
export const NO_TEXTS: TextSource = { texts: () => Promise.reject(new Failure("down", "nobody extracts texts here")) };
