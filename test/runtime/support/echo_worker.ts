import { type ActorAddress, defineActor, hostWorker } from "../../../src/runtime/mod.ts";

/** What the test worker understands; each way to die is a message. */
export interface EchoProtocol {
  "echo.say": { request: { bytes: Uint8Array }; reply: { bytes: Uint8Array } };
  "echo.never": { request: null; reply: null };
  "echo.config": { request: null; reply: unknown };
  "echo.die": { request: { how: "throw" | "reject" | "loop" | "close" }; reply: null };
  "echo.stall": { request: { ms: number }; reply: null };
  "echo.connect": { request: { port: number }; reply: { error: string } };
  "echo.forward": { request: { to: ActorAddress; bytes: Uint8Array }; reply: { bytes: Uint8Array } };
}

type Config = { greeting?: string; failStart?: boolean };

function die(how: "throw" | "reject" | "loop" | "close"): void {
  switch (how) {
    case "throw":
      return queueMicrotask(() => {
        throw new TypeError("thrown on purpose");
      });
    case "reject":
      return void Promise.reject(new TypeError("rejected on purpose"));
    case "loop":
      for (;;);
    case "close":
      return close();
  }
}

/** Bun's workers have no `close`; there `exit` ends the worker alone. */
function close(): void {
  const scope = globalThis as unknown as { close?: () => void };
  if (scope.close) scope.close();
  else process.exit(0);
}

/** Sits in the thread without yielding, as a slow disk does. */
function stall(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

const echo = defineActor<EchoProtocol, { config: Config }, Config>({
  restart: "permanent",
  inboxMax: 100_000,
  init: (config) => ({ config }),
  receive: {
    "echo.say": (_state, { bytes }, reply) => reply.ok({ bytes }),
    "echo.never": () => {},
    "echo.config": ({ config }, _request, reply) => reply.ok(config),
    "echo.die": (_state, { how }) => die(how),
    "echo.stall": (_state, { ms }, reply) => {
      stall(ms);
      reply.ok(null);
    },
    "echo.connect": async (_state, { port }, reply) => {
      try {
        (await Deno.connect({ port })).close();
        reply.ok({ error: "" });
      } catch (error) {
        reply.ok({ error: (error as Error).name });
      }
    },
    "echo.forward": async (_state, { to, bytes }, reply, { system }) => {
      reply.ok(await system.ref<EchoProtocol>(to).ask("echo.say", { bytes }));
    },
  },
});

hostWorker<Config>({
  async start({ system, config }) {
    if (config.failStart) throw new Error("asked not to start");
    const state = { config };
    await system.spawn(echo, { name: "echo", args: config });
    return {
      reload: async (next) => {
        if (typeof next.greeting !== "string") throw new Error("no greeting");
        await system.stop("echo");
        await system.spawn(echo, { name: "echo", args: next });
        state.config = next;
      },
      stats: () => ({ greeting: state.config.greeting ?? null }),
    };
  },
});
