import { type ActorAddress, defineActor, hostWorker } from "../../src/runtime/mod.ts";

/** What the two workers of the link benchmark understand. */
export interface LinkBenchProtocol {
  "bench.store": { request: { opId: string; parts: Uint8Array[] }; reply: { uid: number } };
  "bench.run": {
    request: { to: ActorAddress; inFlight: number; count: number; bytes: number };
    reply: { ms: number; latencyUs: number[] };
  };
}

/** `drained` answers all that came in one turn, as a mailbox does after its group commit. */
interface State {
  uid: number;
  readonly waiting: (() => void)[];
  groups: number;
}

const bench = defineActor<LinkBenchProtocol, State>({
  restart: "permanent",
  inboxMax: 10_000,
  init: () => ({ uid: 0, waiting: [], groups: 0 }),
  receive: {
    "bench.store": (state, _request, reply) => {
      state.waiting.push(() => reply.ok({ uid: ++state.uid }));
    },
    "bench.run": async (_state, { to, inFlight, count, bytes }, reply, { system, clock }) => {
      const store = system.ref<LinkBenchProtocol>(to);
      const latencyUs: number[] = [];
      let left = count;
      const body = new Uint8Array(bytes);
      const from = clock.monotonicMs();
      const client = async () => {
        while (left-- > 0) {
          const at = clock.monotonicMs();
          await store.ask("bench.store", { opId: `op-${left}`, parts: [body] });
          latencyUs.push((clock.monotonicMs() - at) * 1_000);
        }
      };
      await Promise.all(Array.from({ length: inFlight }, client));
      reply.ok({ ms: clock.monotonicMs() - from, latencyUs });
    },
  },
  drained: (state) => {
    if (state.waiting.length > 0) state.groups++;
    for (const answer of state.waiting.splice(0)) answer();
  },
});

hostWorker({
  async start({ system }) {
    await system.spawn(bench, { name: "bench", args: undefined });
    return {};
  },
});
