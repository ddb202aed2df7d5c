import { type Command, SELECTED } from "../command.ts";
import { RETURN_ALL, search as runSearch } from "../search/search.ts";
import { isRevision2 } from "../state.ts";

/** SEARCH (RFC 9051 §6.4.4, RFC 3501 §6.4.4), UID SEARCH; texts are compared by i;unicode-casemap (RFC 5255 §4.2). */
export const search: Command<"SEARCH"> = {
  verb: "SEARCH",
  phases: SELECTED,
  news: ({ uid }) => uid ? "all" : "withoutExpunges",
  brings: [
    ...["ESEARCH", "SEARCHRES", "WITHIN", "PARTIAL", "SEARCH=FUZZY", "CONTEXT=SEARCH", "FILTERS", "I18NLEVEL=1"],
    "INPROGRESS",
  ],
  run(given, scene, tag) {
    const { uid, returns, criteria } = given;
    // RFC 9051 §6.4.4: revision 2 has no SEARCH response.
    const wanted = returns ?? (isRevision2(scene.state) ? RETURN_ALL : null);
    return runSearch({ uid, returns: wanted, keys: criteria.keys, tag }, scene);
  },
};
