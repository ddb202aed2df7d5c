import type { StsPoliciesProtocol } from "../../messages/mod.ts";
import { defineActor } from "../../runtime/define_actor.ts";
import type { DirectoryStore } from "../../storage/directory_store.ts";
import { mayAsk } from "../rights.ts";
import { type Accepts, fields, fieldsOf, isCount, isListOf, isName, isText } from "../shape.ts";
import { PolicyShelf } from "./policy_shelf.ts";

/** Name of the actor that keeps MTA-STS policies, in the directory's worker. */
export const STS_POLICIES_ACTOR = "stsPolicies";

const DOMAIN_CHARS_MAX = 253;
/** RFC 8461 §3.1. */
const ID_CHARS_MAX = 32;
const TEXT_CHARS_MAX = 65_536;
const POLICIES_MAX = 1_000;

interface ShelfState {
  readonly store: DirectoryStore;
  /** Null after a failed change: only the store knows then what holds. */
  shelf: PolicyShelf | null;
}

const accepts: Accepts<StsPoliciesProtocol> = {
  "stsPolicies.keep": fields(({ policies }) => isListOf(policies, POLICIES_MAX, isPolicy)),
  "stsPolicies.page": fields(({ after }) => after === null || isName(after, DOMAIN_CHARS_MAX)),
};

function isPolicy(value: unknown): boolean {
  const policy = fieldsOf(value);
  return policy !== null && isName(policy["domain"], DOMAIN_CHARS_MAX) && isName(policy["id"], ID_CHARS_MAX) &&
    isCount(policy["fetchedAtMs"]) && isCount(policy["endsAtMs"]) && isText(policy["text"], TEXT_CHARS_MAX);
}

/** Keeps for the delivery workers, which have no files, what domains demanded of their mail (RFC 8461 §3.3). */
export const stsPoliciesActor = defineActor<StsPoliciesProtocol, ShelfState, { readonly store: DirectoryStore }>({
  restart: "permanent",
  inboxMax: 1_000,
  accepts,
  mayAsk,
  init: ({ store }) => ({ store, shelf: new PolicyShelf(store) }),
  receive: {
    "stsPolicies.keep"(state, { policies }, reply, { clock }) {
      const shelf = state.shelf ?? new PolicyShelf(state.store);
      state.shelf = null;
      shelf.keep(policies, clock.wallMs());
      state.shelf = shelf;
      reply.ok(null);
    },
    "stsPolicies.page"(state, { after }, reply, { clock }) {
      state.shelf ??= new PolicyShelf(state.store);
      reply.ok(state.shelf.page(after, clock.wallMs()));
    },
  },
});
