/**
 * Actors, their supervision, and the links between workers. Knows nothing of mail.
 * Everything above may import it; it imports base only, and is the only home of msgpackr, comlink, Worker and ports.
 * It must never look into a message, nor hold state outside of a system.
 */
export { type ActorSystemOptions, createActorSystem, type HostedSystem } from "./actor_system.ts";
export { defineActor } from "./define_actor.ts";
export type { LinkPort, LinkStats } from "./link.ts";
export { DEFAULT_RESTART_POLICY, type RestartPolicy } from "./restart_policy.ts";
export type * from "./types.ts";
export { acceptsVersion, WIRE_VERSION } from "./wire.ts";
export type { Permission, WorkerPermissions } from "./spawn_worker.ts";
export {
  createSupervisor,
  type Supervisor,
  type SupervisorOptions,
  type WorkerSpec,
  type WorkerState,
  type WorkerStats,
  type WorkerWatcher,
} from "./supervisor.ts";
export { hostWorker, type WorkerHooks, type WorkerHost } from "./worker_host.ts";
export { seeds, type SimBoot, simulate, Simulation, type SimulationOptions } from "./sim.ts";
