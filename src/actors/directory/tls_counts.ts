import type { TlsCountsProtocol } from "../../messages/mod.ts";
import { defineActor } from "../../runtime/define_actor.ts";
import type { DirectoryStore } from "../../storage/directory_store.ts";
import { mayAsk } from "../rights.ts";
import { type Accepts, fields, isListOf, isName } from "../shape.ts";
import { isTlsDay, isTlsReport } from "../tls_report_shape.ts";
import { TlsCountShelf } from "./tls_count_shelf.ts";

/** Name of the actor that keeps the counts for reports on TLS, in the directory's worker. */
export const TLS_COUNTS_ACTOR = "tlsCounts";

const KEY_CHARS_MAX = 400;
const DAYS_MAX = 1_000;

interface ShelfState {
  readonly store: DirectoryStore;
  /** Null after a failed change: only the store knows then what holds. */
  shelf: TlsCountShelf | null;
}

const accepts: Accepts<TlsCountsProtocol> = {
  "tlsCounts.keep": fields(({ days, done }) =>
    isListOf(days, DAYS_MAX, isTlsReport) && isListOf(done, DAYS_MAX, isTlsDay)
  ),
  "tlsCounts.page": fields(({ after }) => after === null || isName(after, KEY_CHARS_MAX)),
};

/** Keeps for the delivery workers, which have no files, what they count of TLS until its domains are told (RFC 8460). */
export const tlsCountsActor = defineActor<TlsCountsProtocol, ShelfState, { readonly store: DirectoryStore }>({
  restart: "permanent",
  inboxMax: 1_000,
  accepts,
  mayAsk,
  init: ({ store }) => ({ store, shelf: new TlsCountShelf(store) }),
  receive: {
    "tlsCounts.keep"(state, request, reply, { clock, sender }) {
      const shelf = state.shelf ?? new TlsCountShelf(state.store);
      state.shelf = null;
      shelf.keep(sender.worker, request, clock.wallMs());
      state.shelf = shelf;
      reply.ok(null);
    },
    "tlsCounts.page"(state, { after }, reply, { sender }) {
      state.shelf ??= new TlsCountShelf(state.store);
      reply.ok(state.shelf.page(sender.worker, after));
    },
  },
});
