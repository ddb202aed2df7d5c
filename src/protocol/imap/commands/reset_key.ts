import { type Command, LOGGED_IN } from "../command.ts";
import { no, ok } from "../completion.ts";
import { ask } from "../effects.ts";
import { urlMechCode } from "../write/response_code.ts";
import { URL_MECHANISM } from "../url/url_access.ts";

/** RESETKEY (RFC 4467 §7): URLs that were authorized until now are worth nothing, of one mailbox or of all. */
export const resetKey: Command<"RESETKEY"> = {
  verb: "RESETKEY",
  phases: LOGGED_IN,
  news: "all",
  *run({ mailbox, mechanisms }, { state }) {
    if (mailbox === null) return no("Not a name for a mailbox", "CANNOT");
    if (mechanisms.some((mechanism) => mechanism !== URL_MECHANISM)) return no("Only INTERNAL is known", "CANNOT");
    const { type } = yield* ask("mailbox.resetKey", { name: mailbox ?? null });
    switch (type) {
      case "done":
        return mailbox === undefined ? ok("All keys removed") : ok("Key changed", urlMechCode(state.tlsActive));
      case "missing":
        return no("No such mailbox", "NONEXISTENT");
      case "limit":
        return no("Too many users have keys for the mailbox", "LIMIT");
    }
  },
};
