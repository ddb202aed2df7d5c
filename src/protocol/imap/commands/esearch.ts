import { type Command, LOGGED_IN } from "../command.ts";
import { bad } from "../completion.ts";
import { multiSearch } from "../search/multi_search.ts";

/** ESEARCH (RFC 7377 §2): a search in any number of mailboxes, whose results are UIDs. */
export const esearch: Command<"ESEARCH"> = {
  verb: "ESEARCH",
  phases: LOGGED_IN,
  news: "all",
  brings: ["MULTISEARCH"],
  run({ sources, returns, criteria }, scene, tag) {
    const selectedAlone = sources === null || sources.every(({ filter }) => filter === "selected");
    const { selected } = scene.state;
    // RFC 7377 §2.2.
    if (selected === null && (sources === null || sources.some(({ filter }) => filter === "selected"))) {
      return bad("No mailbox is selected");
    }
    if (returns?.save === true && !selectedAlone) return bad("SAVE is for the selected mailbox");
    if (returns?.update != null && selected === null) return bad("UPDATE is for the selected mailbox");
    return multiSearch({ sources: sources ?? [{ filter: "selected" }], returns, keys: criteria.keys, tag }, scene);
  },
};
