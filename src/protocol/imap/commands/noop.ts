import { ANY_STATE, type Command, SELECTED } from "../command.ts";
import { ok } from "../completion.ts";

/** NOOP (RFC 9051 §6.1.2): a poll. */
export const noop: Command<"NOOP"> = {
  verb: "NOOP",
  phases: ANY_STATE,
  news: "all",
  polls: true,
  run() {
    return ok();
  },
};

/** CHECK (RFC 3501 §6.4.1): everything is durable already. */
export const check: Command<"CHECK"> = {
  verb: "CHECK",
  phases: SELECTED,
  news: "all",
  polls: true,
  run() {
    return ok();
  },
};
