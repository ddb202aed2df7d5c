/**
 * The policy actor: who sent a message, and signatures on what goes out; the text actor: what of a message is searched.
 * `workers/policy.ts` and `tree.ts` import it; it imports policy, messages and the runtime.
 * It must never open a socket or a file itself, nor write a byte of a message into the log.
 */
export { newPolicyCounters, POLICY_ACTOR, policyActor, type PolicyCounters, type PolicySettings } from "./actor.ts";
export { TEXT_ACTOR, textActor } from "./text_actor.ts";
export type { ScannerPlace, ScannersConfig } from "./scanners.ts";
export { POLICY_DEFAULTS, type PolicyWorkerConfig, startPolicy } from "./worker.ts";
