import { asFailure, Failure } from "../../base/mod.ts";
import type { StoreProtocol, VerifyProblem } from "../../messages/mod.ts";
import { defineActor } from "../../runtime/mod.ts";
import type { MailStore } from "../../storage/mod.ts";
import { mayAsk } from "../rights.ts";
import { storeAccepts } from "./accepts/store_accepts.ts";

/** Name of the actor that speaks for a worker's shards as a whole. */
export const STORE_ACTOR = "store";

/** Problems that one answer carries; a shard with more is broken as a whole. */
const PROBLEMS_MAX = 1_000;

interface Args {
  readonly store: MailStore;
  readonly owned: ReadonlySet<number>;
}

/** Work on whole shards, beside the mailbox actors. */
export const storeActor = defineActor<StoreProtocol, Args, Args>({
  restart: "permanent",
  inboxMax: 100,
  accepts: storeAccepts,
  mayAsk,
  init: (args) => args,
  receive: {
    "store.verify"({ store, owned }, { shard }, reply) {
      if (!owned.has(shard)) throw new Failure("not_found", `shard ${shard} is not here`);
      verifyShard(store, shard).then(reply.ok, (error) => {
        reply.fail(asFailure(error) ?? new Failure("disk", `verifying shard ${shard} broke`, { cause: error }));
      });
    },
  },
});

async function verifyShard(store: MailStore, shard: number): Promise<StoreProtocol["store.verify"]["reply"]> {
  const problems: VerifyProblem[] = [];
  let messages = 0;
  for await (const event of store.verify({ shards: [shard] })) {
    if (event.type === "progress") messages = event.messages;
    else if (problems.length < PROBLEMS_MAX) {
      problems.push({ ...event, uid: event.uid === 0 ? null : event.uid });
    }
  }
  return { messages, problems };
}
