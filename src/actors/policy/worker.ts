import type { DirectoryProtocol, QueueProtocol } from "../../messages/mod.ts";
import { createResolver, type ResolverOptions } from "../../net/mod.ts";
import type { WorkerHooks, WorkerHost } from "../../runtime/mod.ts";
import { FAULT_ACTOR, faultActor } from "../fault.ts";
import { LIST_ACTOR, listActor } from "../lists/mod.ts";
import { TEXT_ACTOR, textActor } from "./text_actor.ts";
import { newPolicyCounters, POLICY_ACTOR, policyActor, type PolicySettings } from "./actor.ts";

/** What the policy worker is started with. */
export interface PolicyWorkerConfig {
  readonly settings: PolicySettings;
  readonly dns: Pick<ResolverOptions, "servers" | "trustAd">;
  /** Key of the reverse-paths and tokens of lists. */
  readonly listKey: Uint8Array;
  /** Whether the worker can be broken on purpose. */
  readonly faultInjection: boolean;
}

/** Settings that suit a server of any size: a check ends within 20 s, and their messages hold 128 MiB together. */
export const POLICY_DEFAULTS: Omit<PolicySettings, "authservId"> = {
  trustedSealers: [],
  lists: [],
  scanners: null,
  checkMsMax: 20_000,
  gate: { checksMax: 64, waitingMax: 256, bytesMax: 128 * 1024 * 1024, waitMsMax: 20_000 },
};

/** Starts the policy actor over resolvers of its own, and the list actor, which asks it, the directory and the queue. */
export async function startPolicy(
  { system, config, clock, random }: WorkerHost<PolicyWorkerConfig>,
): Promise<WorkerHooks<PolicyWorkerConfig>> {
  const resolver = createResolver({ ...config.dns, clock, random });
  const freshResolver = createResolver({ ...config.dns, clock, random, limits: { cacheEntriesMax: 0 } });
  const directory = system.ref<DirectoryProtocol>({ node: system.node, worker: "directory", actor: "directory" });
  const counters = newPolicyCounters();
  const args = { resolver, freshResolver, directory, settings: config.settings, counters };
  const policy = await system.spawn(policyActor, { name: POLICY_ACTOR, args });
  const queue = system.ref<QueueProtocol>({ node: system.node, worker: "queue", actor: "queue" });
  await system.spawn(listActor, { name: LIST_ACTOR, args: { directory, queue, policy, key: config.listKey } });
  await system.spawn(textActor, { name: TEXT_ACTOR, args: undefined });
  if (config.faultInjection) await system.spawn(faultActor, { name: FAULT_ACTOR, args: undefined });
  const stop = () => {
    resolver.close();
    freshResolver.close();
    return Promise.resolve();
  };
  return { stop, stats: () => ({ ...counters }) };
}
