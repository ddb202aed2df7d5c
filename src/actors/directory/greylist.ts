import { createHash } from "node:crypto";
import { describeError, Failure } from "../../base/mod.ts";
import type { GreylistProtocol } from "../../messages/mod.ts";
import { type GreyEntry, Greylist, type GreylistPolicy, originOf } from "../../policy/mod.ts";
import { defineActor } from "../../runtime/define_actor.ts";
import type { Context } from "../../runtime/types.ts";
import type { DirectoryRow, DirectoryStore } from "../../storage/directory_store.ts";
import { mayAsk } from "../rights.ts";
import { type Accepts, fields, isText } from "../shape.ts";

/** Name of the greylist actor, in the directory's worker. */
export const GREYLIST_ACTOR = "greylist";

/** UTF-16 units of an address. */
const TEXT_CHARS_MAX = 4_096;
/** How long changes may wait to be kept, in ms: what a crash forgets in between waits once more. */
const KEEP_EVERY_MS = 2_000;
/** Characters of a key, six bits each: names of people are not kept, and every key is short. */
const KEY_CHARS = 22;

/** What the greylist actor is started with. */
export interface GreylistArgs {
  /** A store of its own: what strangers write is kept apart from the directory. */
  readonly store: DirectoryStore;
  readonly policy: GreylistPolicy;
}

interface GreylistState {
  readonly list: Greylist;
  readonly store: DirectoryStore;
  version: number;
  /** Whether a `greylist.keep` is on its way. */
  keeping: boolean;
}

const accepts: Accepts<GreylistProtocol> = {
  "greylist.check": fields(({ remote, sender, recipient }) =>
    isText(remote, TEXT_CHARS_MAX) && isText(sender, TEXT_CHARS_MAX) && isText(recipient, TEXT_CHARS_MAX)
  ),
  // Only the actor itself sends it, and that never crosses a border.
  "greylist.keep": () => false,
};

/** Remembers for all listeners who has come before. It answers from memory, and keeps what it knows a little later. */
export const greylistActor = defineActor<GreylistProtocol, GreylistState, GreylistArgs>({
  restart: "permanent",
  inboxMax: 10_000, // Beyond it listeners let mail in: better some spam than none of the mail.
  accepts,
  mayAsk,
  init({ store, policy }) {
    const version = store.version();
    const list = new Greylist(policy, store.all("greylist").map(entryOf));
    return { list, store, version, keeping: false };
  },
  receive: {
    "greylist.check": (state, request, reply, context) => {
      const passes = state.list.passes(keyOf(request), context.clock.wallMs());
      reply.ok({ passes });
      if (state.keeping) return;
      state.keeping = true;
      context.later(KEEP_EVERY_MS, "greylist.keep", null);
    },
    "greylist.keep": (state, _request, _reply, context) => {
      state.keeping = false;
      keep(state, context);
    },
  },
  stopped: (state) => keep(state, null),
});

function keep(state: GreylistState, context: Context<GreylistProtocol> | null): void {
  const changes = [...state.list.takeChanges()];
  if (changes.length === 0) return;
  try {
    const writes = changes.map(([key, entry]) => ({
      table: "greylist",
      key,
      row: entry === null ? null : { key, ...entry },
    } as const));
    state.store.commit(state.version + 1, writes);
    state.version++;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    context?.log.warn("greylist was not kept", { cause: describeError(error) });
  }
}

function entryOf({ key, state, atMs }: DirectoryRow): readonly [string, GreyEntry] {
  if (typeof key === "string" && (state === "waiting" || state === "known") && typeof atMs === "number") {
    return [key, { state, atMs }];
  }
  throw new Failure("corrupt", "a record of the greylist is malformed");
}

/** Servers of one operator take turns, so their network counts; lists number each mail's sender, so numbers do not. */
function keyOf({ remote, sender, recipient }: GreylistProtocol["greylist.check"]["request"]): string {
  const triplet = [originOf(remote).network, sender.toLowerCase().replace(/\d+/g, "#"), recipient.toLowerCase()];
  return createHash("sha256").update(JSON.stringify(triplet)).digest("base64url").slice(0, KEY_CHARS);
}
