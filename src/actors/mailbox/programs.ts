import type { SearchProgram } from "../../mail/search_program.ts";
import { emailId } from "./row_pages.ts";
import { type Plan, planSearch } from "./search/mod.ts";
import type { State } from "./state.ts";
import type { OpenView } from "./view_book.ts";
import type { View } from "./views/mod.ts";

/** A program made ready for a view as it is now. Throws Failure `invalid` for one that is too large. */
export function planFor({ shard, clock }: State, { view }: OpenView, program: SearchProgram): Plan {
  return planSearch(program, {
    uidsOf: (set) => view.uidsOf(set),
    recentFrom: view.recentFrom,
    nowMs: clock.wallMs(),
    emailId: (content) => emailId(shard.number, content),
  });
}

/** A program whose sets are of UIDs: what numbers and "$" name is what they named when it was asked for (RFC 5267 §4.3). */
export function fixedProgram(program: SearchProgram, view: View): SearchProgram {
  switch (program.type) {
    case "and":
    case "or":
      return { type: program.type, of: program.of.map((each) => fixedProgram(each, view)) };
    case "not":
      return { type: "not", of: fixedProgram(program.of, view) };
    case "fuzzy":
      return { type: "fuzzy", of: fixedProgram(program.of, view) };
    case "set":
      return program.set.by === "uid" ? program : { type: "set", set: { by: "uid", pairs: view.uidsOf(program.set) } };
    default:
      return program;
  }
}
