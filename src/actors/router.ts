import { asFailure, describeError, Failure } from "../base/mod.ts";
import { parseMailbox } from "../mail/mod.ts";
import type { AccountRecord, BanRecord, DirectoryChange, DirectoryProtocol, RouterProtocol } from "../messages/mod.ts";
import { type RoutingChange, RoutingTable } from "../policy/mod.ts";
import { defineActor } from "../runtime/define_actor.ts";
import type { Context, Ref } from "../runtime/types.ts";
import { mayAsk } from "./rights.ts";
import { routerAccepts } from "./router_accepts.ts";

/** Name of the routing actor in every listener worker. */
export const ROUTER_ACTOR = "router";

/** First and longest pause before the directory is asked for a snapshot again, in ms. */
const RESUBSCRIBE_MS_MIN = 100;
const RESUBSCRIBE_MS_MAX = 5_000;

/** The table as the sessions beside the actor see it; null until the first snapshot has come (callers answer "busy"). */
export interface RoutingHolder {
  table: RoutingTable<AccountRecord> | null;
  /** Kept in step with the directory's bans; absent where nobody connects. */
  readonly bans?: BanHolder;
}

/** Who is told of bans. */
export interface BanHolder {
  reset(bans: readonly BanRecord[]): void;
  set(network: string, ban: BanRecord | null): void;
}

/** What a routing actor is started with. */
export interface RouterArgs {
  readonly holder: RoutingHolder;
  readonly directory: Ref<DirectoryProtocol>;
}

interface RouterState extends RouterArgs {
  /** Stops watching the directory that the present table came from. */
  unwatch: () => void;
  /** Whether a `router.resubscribe` is on its way. */
  resubscribing: boolean;
  failures: number;
}

type RouterContext = Context<RouterProtocol>;

/** Keeps a replica of the directory. While the directory is away the last table goes on serving. */
export const routerActor = defineActor<RouterProtocol, RouterState, RouterArgs>({
  restart: "permanent",
  inboxMax: 10_000, // A change that finds it full is not lost: the directory reminds, and the gap asks for a snapshot.
  accepts: routerAccepts,
  mayAsk,
  async init({ holder, directory }, context) {
    const state: RouterState = { holder, directory, unwatch: () => {}, resubscribing: false, failures: 0 };
    await subscribe(state, context);
    return state;
  },
  receive: {
    "router.changed": (state, { version, changes }, _reply, context) => {
      const { table, bans } = state.holder;
      const isNext = table !== null && version === table.version + 1;
      if (table !== null && table.applyChanges(version, changes.filter(isRouting))) {
        if (isNext) { for (const { kind, key, record } of changes) if (kind === "ban") bans?.set(key, record); }
        return;
      }
      context.log.info("routing table has a gap", { has: table?.version ?? null, told: version });
      resubscribe(state, context, 0);
    },
    "router.resubscribe": async (state, _request, _reply, context) => {
      state.resubscribing = false;
      await subscribe(state, context);
    },
    "router.caughtUp": (_state, _request, reply) => reply.ok(),
    "router.resolve": ({ holder }, { address }, reply) => {
      if (holder.table === null) return reply.fail(new Failure("busy", "the directory has not answered yet"));
      const parsed = parseMailbox(address, { utf8: true });
      if (parsed === null) return reply.fail(new Failure("invalid", "not a mailbox address: local@domain is expected"));
      reply.ok(holder.table.resolve(parsed));
    },
  },
  stopped: (state) => state.unwatch(),
});

/** Asks for a snapshot; tries again later when the directory is away, and whenever it goes away. */
async function subscribe(state: RouterState, context: RouterContext): Promise<void> {
  state.unwatch();
  state.unwatch = () => {};
  try {
    const snapshot = await state.directory.ask("directory.subscribe", { subscriber: context.self.address });
    state.holder.table = new RoutingTable(snapshot);
    state.holder.bans?.reset(snapshot.bans);
    state.failures = 0;
    state.unwatch = context.watch(state.directory.address, () => resubscribe(state, context, RESUBSCRIBE_MS_MIN));
    context.log.info("routing table loaded", {
      version: snapshot.version,
      domains: snapshot.domains.length,
      accounts: snapshot.accounts.length,
    });
  } catch (error) {
    if (asFailure(error) === null) throw error;
    const pauseMs = Math.min(RESUBSCRIBE_MS_MAX, RESUBSCRIBE_MS_MIN * 2 ** Math.min(state.failures++, 10));
    context.log.warn("directory did not answer", { cause: describeError(error), pauseMs });
    // Spread over half the pause, so that the routers of many listeners do not come at once.
    resubscribe(state, context, pauseMs * (0.5 + context.random.next() / 2));
  }
}

function resubscribe(state: RouterState, context: RouterContext, delayMs: number): void {
  if (state.resubscribing) return;
  state.resubscribing = true;
  context.later(delayMs, "router.resubscribe", null);
}

/** Bans concern those who connect, not where mail goes. */
function isRouting(change: DirectoryChange): change is DirectoryChange & RoutingChange<AccountRecord> {
  return change.kind !== "ban";
}
