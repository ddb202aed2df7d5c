import * as z from "zod";
import { Failure } from "../../base/mod.ts";
import type { VerifyProblem } from "../../messages/mod.ts";
import type { ActorStats } from "../../runtime/types.ts";
import type { WorkerRow } from "../control_context.ts";
import { read, type Shown, write } from "../method.ts";
import { address, workerName } from "./fields.ts";
import { said } from "./shows.ts";

export const workerList = read({
  name: "worker.list",
  summary: "All workers: state, restarts, why the last one ended",
  params: {},
  verbs: [{
    usage: "worker list",
    show: ({ workers }: { workers: readonly WorkerRow[] }) => ({
      type: "table",
      columns: ["WORKER", "STATE", "RESTARTS", "SINCE", "LAST ERROR"],
      rows: workers.map((row) => [
        row.name,
        row.state,
        String(row.restarts),
        row.startedAt?.slice(0, 19) ?? "-",
        row.lastError ?? "-",
      ]),
    }),
  }],
  run: (_params, context) => Promise.resolve({ workers: context.workers() }),
});

export const workerRestart = write({
  name: "worker.restart",
  summary: "Stop a worker in order and start it again",
  params: { name: workerName },
  verbs: [{
    usage: "worker restart NAME",
    show: ({ name }: { name: string }) => said(`${name} was started again`),
  }],
  async run({ name, dryRun }, context) {
    if (!context.workers().some((row) => row.name === name)) {
      throw new Failure("not_found", `there is no worker ${name}`);
    }
    if (dryRun !== true) await context.restartWorker(name);
    return { name };
  },
});

export const workerFault = write({
  name: "worker.fault",
  summary: "Break a worker on purpose, for drills; only with debug.faultInjection",
  params: { name: workerName, kind: z.enum(["throw", "reject", "loop", "exit", "heap"]) },
  run({ name, kind, dryRun }, context) {
    if (context.injectFault === null) throw new Failure("refused", "debug.faultInjection is off in the config");
    if (!context.workers().some((row) => row.name === name)) {
      throw new Failure("not_found", `there is no worker ${name}`);
    }
    if (dryRun !== true) context.injectFault(name, kind);
    return Promise.resolve({ name, kind });
  },
});

/** Rows one `actor.list` answers, busiest first. */
const ACTORS_MAX = 1_000;

export const actorList = read({
  name: "actor.list",
  summary: "Actors, those with the fullest inboxes first",
  params: { limit: z.int().min(1).max(ACTORS_MAX).default(100) },
  verbs: [{
    usage: "actor list",
    show: ({ actors }: { actors: readonly ActorStats[] }) => ({
      type: "table",
      columns: ["WORKER", "ACTOR", "INBOX", "HANDLED", "BUSY", "RESTARTS", "SLOWEST"],
      rows: actors.map(({ address, inbox, handled, busy, restarts, slowestMs }) => [
        address.worker,
        address.actor,
        String(inbox),
        String(handled),
        String(busy),
        String(restarts),
        `${slowestMs.toFixed(1)} ms`,
      ]),
    }),
  }],
  async run({ limit }, context) {
    const all = [...await context.actors()].sort((a, b) => b.inbox - a.inbox || b.handled - a.handled);
    return { total: all.length, actors: all.slice(0, limit) };
  },
});

export const addressResolve = read({
  name: "address.resolve",
  summary: "Where mail to an address would go, and why",
  params: { address },
  verbs: [{ usage: "resolve ADDRESS", show: showRoute }],
  run: ({ address }, context) => context.resolve(address),
});

const VERDICTS: Readonly<Record<string, string>> = {
  relayDenied: "refused: not a domain of this server (550 5.7.1)",
  unknownUser: "refused: no such user (550 5.1.1)",
  disabled: "refused for the time being: disabled (450 4.2.1)",
  loop: "refused: the aliases go round (550 5.4.6)",
};

function showRoute(
  route: {
    type: string;
    accounts?: readonly { address: string }[];
    forwards?: readonly string[];
    lists?: readonly { list: string }[];
    steps: readonly string[];
  },
): Shown {
  const { accounts = [], forwards = [], lists = [] } = route;
  const goesTo = [
    ...accounts.map(({ address }) => address),
    ...forwards.map((address) => `${address} (elsewhere)`),
    ...lists.map(({ list }) => `the list ${list}`),
  ];
  const verdict = VERDICTS[route.type] ?? `goes to ${goesTo.join(", ")}`;
  return { type: "lines", lines: [...route.steps, verdict] };
}

/** What `storage.verify` found. */
interface Verified {
  readonly done: true;
  readonly messages: number;
  readonly problems: readonly VerifyProblem[];
}

/** Problems one answer lists; the count goes on. */
const PROBLEMS_MAX = 1_000;

export const storageVerify = read({
  name: "storage.verify",
  summary: "Read every stored message and compare its checksum; mail goes on meanwhile",
  params: { progress: z.boolean().default(false).describe("Send a notification after each shard") },
  verbs: [{ usage: "verify", fixed: { progress: true }, show: showVerified }],
  async run({ progress }, context, call): Promise<Verified & { problemCount: number }> {
    let messages = 0;
    let problemCount = 0;
    const problems: VerifyProblem[] = [];
    for (let shard = 0; shard < context.shardCount; shard++) {
      if (call.signal.aborted) throw new Failure("closed", "cancelled");
      const verdict = await context.verifyShard(shard);
      messages += verdict.messages;
      problemCount += verdict.problems.length;
      problems.push(...verdict.problems.slice(0, PROBLEMS_MAX - problems.length));
      if (progress) call.progress({ done: shard + 1, of: context.shardCount, messages, problems: problemCount });
    }
    return { done: true, messages, problems, problemCount };
  },
});

function showVerified({ messages, problems, problemCount }: Verified & { problemCount: number }): Shown {
  if (problemCount === 0) return said(`${messages} messages, all sound`);
  const lines = problems.map(({ shard, account, mailbox, uid, problem }) =>
    `shard ${shard}, account ${account}, mailbox ${mailbox}, UID ${uid ?? "-"}: ${problem}`
  );
  return { type: "lines", lines: [`${messages} messages, ${problemCount} problems:`, ...lines] };
}
