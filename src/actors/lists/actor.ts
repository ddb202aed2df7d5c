import { byteLength, describeError, Failure } from "../../base/mod.ts";
import type {
  DirectoryProtocol,
  ListOutcome,
  ListProtocol,
  PolicyProtocol,
  QueueProtocol,
} from "../../messages/mod.ts";
import { readMessage } from "../../policy/header/mod.ts";
import { ListKeys } from "../../policy/list/mod.ts";
import { defineActor } from "../../runtime/define_actor.ts";
import type { Ref } from "../../runtime/types.ts";
import { mayAsk } from "../rights.ts";
import { listAccepts } from "./accepts.ts";
import { countBounces } from "./bounces.ts";
import { ANSWERS_MAX, HELD_MAX, LetterBudget, LETTERS_MAX } from "./letter_budget.ts";
import { leave } from "./confirm.ts";
import { distribute } from "./post.ts";
import { obey } from "./request.ts";
import type { ListServices } from "./services.ts";

/** Name of the list actor, in the policy worker. */
export const LIST_ACTOR = "lists";

/** What the list actor is started with. */
export interface ListArgs {
  readonly directory: Ref<DirectoryProtocol>;
  readonly queue: Ref<QueueProtocol>;
  /** Who signs what lists send. */
  readonly policy: Ref<PolicyProtocol>;
  /** Key of reverse-paths and tokens. */
  readonly key: Uint8Array;
}

/** Sees to what comes to the addresses of lists. It keeps nothing itself: the queue asks again until all is durable elsewhere. */
export const listActor = defineActor<ListProtocol, ListServices, ListArgs>({
  restart: "permanent",
  inboxMax: 1_000,
  accepts: listAccepts,
  mayAsk,
  init: ({ directory, queue, policy, key }, { clock, log }) => ({
    directory,
    queue,
    policy,
    keys: new ListKeys(key),
    budget: new LetterBudget(LETTERS_MAX),
    answers: new LetterBudget(ANSWERS_MAX),
    notices: new LetterBudget(HELD_MAX),
    clock,
    log,
  }),
  receive: {
    "list.leave": (services, { token }, reply) => {
      leaveBy(token, services).then((left) => reply.ok(left), (error) => reply.fail(error));
    },
    "list.take": (services, request, reply, { log }) => {
      take(request, services).then((outcome) => reply.ok(outcome), (error) => {
        if (!(error instanceof Failure)) log.error("list request failed", { cause: describeError(error) });
        reply.fail(error);
      });
    },
  },
});

async function leaveBy(token: string, services: ListServices) {
  const named = services.keys.readLeavePath(token, services.clock.wallMs());
  const found = named === null ? null : await listOf(named.list, services);
  if (named === null || found === null) throw new Failure("invalid", "that names no member of a list here");
  await leave(named.member, found.list, services);
  return named;
}

async function take(
  request: ListProtocol["list.take"]["request"],
  services: ListServices,
): Promise<ListOutcome> {
  const { id, target: { list: address, role } } = request;
  const found = await listOf(address, services);
  if (found === null) return { type: "refused", status: "5.1.1", text: "there is no such list any more" };
  const mail = { ...request, ...found, message: readMessage(request.parts), size: byteLength(request.parts) };
  const outcome = await ROLES[role](mail, services);
  services.log.info("list mail", { id, list: address, role, outcome: outcome.type, text: outcome.text });
  return outcome;
}

const ROLES = { post: distribute, request: obey, bounces: countBounces } as const;

async function listOf(address: string, { directory }: ListServices) {
  try {
    const { list, members, signer } = await directory.ask("directory.listGet", { address });
    return { list: { ...list, signer }, members };
  } catch (error) {
    if (error instanceof Failure && error.kind === "not_found") return null;
    throw error;
  }
}
