import { assertEquals } from "@std/assert";
import { type ActorAddress, defineActor, type HostedSystem } from "../../src/runtime/mod.ts";
import { linkSystems, settle, testSystem } from "./support/system.ts";

interface GuardProtocol {
  "guard.watch": { request: { address: ActorAddress; unwatch: boolean }; reply: null };
  "guard.crash": { request: null; reply: null };
}

async function guard(system: HostedSystem, name: string) {
  const gone: string[] = [];
  const definition = defineActor<GuardProtocol, null>({
    restart: "temporary",
    inboxMax: 100,
    init: () => null,
    receive: {
      "guard.watch": (_state, { address, unwatch }, reply, context) => {
        const end = context.watch(address, () => gone.push(address.actor));
        if (unwatch) end();
        reply.ok(null);
      },
      "guard.crash": () => {
        throw new TypeError("a defect");
      },
    },
  });
  const ref = await system.spawn(definition, { name, args: undefined });
  const watch = (address: ActorAddress, unwatch = false) => ref.ask("guard.watch", { address, unwatch });
  return { ref, gone, watch };
}

Deno.test("a watcher hears once when the watched actor stops or crashes, and not after it lost interest", async () => {
  const { system } = testSystem();
  const [a, b, c] = [await guard(system, "a"), await guard(system, "b"), await guard(system, "c")];
  await a.watch(b.ref.address);
  await a.watch(c.ref.address);
  await c.watch(b.ref.address, true);
  b.ref.tell("guard.crash", null);
  await system.stop("c");
  await settle();
  assertEquals([a.gone.sort(), c.gone], [["b", "c"], []]);
  await system.shutdown();
});

Deno.test("watching what is not there tells so at once", async () => {
  const { system } = testSystem();
  const a = await guard(system, "a");
  await a.watch({ node: "local", worker: "w", actor: "nobody" });
  await a.watch({ node: "local", worker: "lost", actor: "far" });
  await settle();
  assertEquals(a.gone, ["nobody", "far"]);
  await system.shutdown();
});

Deno.test("a watch reaches across workers: the actor's end, its absence, the end of its worker", async () => {
  const { system: one } = testSystem({ worker: "one" });
  const { system: two } = testSystem({ worker: "two" });
  const { passAll, atA } = linkSystems(one, two);
  const a = await guard(one, "a");
  const [b, c] = [await guard(two, "b"), await guard(two, "c")];
  await a.watch(b.ref.address);
  await a.watch(c.ref.address);
  await a.watch({ ...c.ref.address, actor: "nobody" });
  await passAll();
  assertEquals(a.gone, ["nobody"]);
  b.ref.tell("guard.crash", null);
  await passAll();
  assertEquals(a.gone, ["nobody", "b"]);
  one.disconnect("two");
  await settle();
  assertEquals([a.gone, atA.closed], [["nobody", "b", "c"], true]);
  await one.shutdown();
  await two.shutdown();
});

Deno.test("an unwatched remote actor forgets its watcher", async () => {
  const { system: one } = testSystem({ worker: "one" });
  const { system: two } = testSystem({ worker: "two" });
  const { passAll, atB } = linkSystems(one, two);
  const [a, b] = [await guard(one, "a"), await guard(two, "b")];
  await a.watch(b.ref.address, true);
  await passAll();
  b.ref.tell("guard.crash", null);
  await settle();
  assertEquals([atB.sent.length, a.gone], [0, []]);
  await one.shutdown();
  await two.shutdown();
});
