/** ATTACKS R2: a stack that overflows is a crash of one actor like any other. */
import { assertEquals, assertRejects } from "@std/assert";
import { Failure } from "../../src/base/mod.ts";
import { defineActor } from "../../src/runtime/mod.ts";
import { settle, testSystem } from "./support/system.ts";

interface DeepProtocol {
  "deep.dive": { request: { levels: number }; reply: number };
}

function dive(levels: number): number {
  return levels === 0 ? 0 : 1 + dive(levels - 1);
}

const deep = defineActor<DeepProtocol, null>({
  restart: "permanent",
  inboxMax: 10,
  init: () => null,
  receive: { "deep.dive": (_state, { levels }, reply) => reply.ok(dive(levels)) },
});

Deno.test("an actor whose stack overflows fails its asker with down, is started again, and its neighbour notices nothing", async () => {
  const { system, clock } = testSystem();
  const [one, other] = [
    await system.spawn(deep, { name: "one", args: undefined }),
    await system.spawn(deep, { name: "other", args: undefined }),
  ];
  const crash = assertRejects(() => one.ask("deep.dive", { levels: 10_000_000 }), Failure);
  assertEquals(await other.ask("deep.dive", { levels: 10 }), 10);
  assertEquals((await crash).kind, "down");
  clock.advance(60_000);
  await settle();
  assertEquals(await one.ask("deep.dive", { levels: 5 }), 5);
  await system.shutdown();
});
