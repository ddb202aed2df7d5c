import { assert, assertEquals } from "@std/assert";
import { queueAccepts } from "../../../src/actors/queue/accepts.ts";
import type { QueueProtocol } from "../../../src/messages/mod.ts";
import { all, DEFERRED, DELIVERED, DOWN, HOUR, MINUTE, type QueueWorld, withQueue } from "./queue_world.ts";

Deno.test("the queue takes a wish for mail of a domain, and nothing of another form", () => {
  const isGood = queueAccepts["queue.turn"];
  assert(isGood({ domain: "away.test", below: true }));
  for (const bad of [null, {}, { domain: "a.test" }, { domain: "", below: false }, { domain: "a b", below: false }]) {
    assert(!isGood(bad), JSON.stringify(bad));
  }
  assert(!isGood({ domain: "x".repeat(1_000), below: false }));
});

type Turned = QueueProtocol["queue.turn"]["reply"];

function turn(world: QueueWorld, domain: string, below = false): Promise<Turned> {
  return world.ask("queue.turn", { domain, below });
}

/** Destinations of the attempts since the last call. */
function tried(world: QueueWorld): string[] {
  return world.attempts.splice(0).map(({ destination }) => destination).sort();
}

async function sendAll(world: QueueWorld, ...to: string[]): Promise<void> {
  for (const address of to) await world.send(address);
  tried(world);
}

Deno.test("mail that waits for a destination goes out when it is asked for, and no other", () =>
  withQueue(async (world) => {
    await sendAll(world, "a@away.test", "b@away.test", "c@sub.away.test", "d@far-away.test");
    world.outside = all(DELIVERED);
    assertEquals(await turn(world, "away.test"), { type: "counted", items: 2 });
    await world.pass(0);
    assertEquals(tried(world), ["away.test", "away.test"]);
    assertEquals(await turn(world, "nobody.test"), { type: "counted", items: 0 });
    assertEquals(await turn(world, "away.test", true), { type: "counted", items: 1 });
    await world.pass(0);
    assertEquals(tried(world), ["sub.away.test"]);
    assertEquals((await world.entries()).map(({ destination }) => destination), ["far-away.test"]);
  }, all(DEFERRED)));

Deno.test("the same is not looked for again at once, whatever is asked for meanwhile", () =>
  withQueue(async (world) => {
    await sendAll(world, "a@away.test");
    assertEquals(await turn(world, "away.test"), { type: "counted", items: 1 });
    assertEquals(await turn(world, "away.test"), { type: "begun" });
    assertEquals(tried(world), ["away.test"]);
    await world.pass(10_000);
    assertEquals(await turn(world, "away.test"), { type: "counted", items: 1 });
    assertEquals(tried(world), ["away.test"]);
  }, all(DEFERRED)));

Deno.test("what a sender, an operator or a suspension holds back goes on to wait", () =>
  withQueue(async (world) => {
    await world.send("later@away.test", { releaseAtMs: world.clock.wallMs() + HOUR });
    await world.send("held@away.test");
    await world.send("a@suspended.test");
    await world.ask("queue.act", { verb: "hold", filter: { domain: "away.test" }, dryRun: false });
    await world.ask("queue.suspend", { domain: "suspended.test", forSeconds: 0 });
    tried(world);
    assertEquals(await turn(world, "away.test"), { type: "counted", items: 0 });
    await turn(world, "suspended.test");
    await world.pass(MINUTE);
    assertEquals(tried(world), []);
    const states = (await world.entries()).map(({ state }) => state);
    assertEquals(states, ["held", "held", "suspended"]);
  }, all(DEFERRED)));

Deno.test("a destination that rests as it was down is tried when it comes back and says so", () =>
  withQueue(async (world) => {
    const down = all(DOWN, { destinationFault: true, host: null });
    world.outside = down;
    await sendAll(world, ...Array.from({ length: 8 }, (_, i) => `u${i}@away.test`));
    world.outside = all(DELIVERED);
    assertEquals(await turn(world, "away.test"), { type: "counted", items: 8 });
    await world.pass(0);
    assertEquals([tried(world).length, await world.entries()], [8, []]);
  }));

Deno.test("who asks for very much is not kept waiting for the count", () =>
  withQueue(async (world) => {
    await world.send(Array.from({ length: 1_200 }, (_, i) => `u@d${i}.away.test`));
    for (let i = 0; i < 100; i++) await world.pass(0);
    tried(world);
    const answer = world.queue.ask("queue.turn", { domain: "away.test", below: true });
    await world.pass(3_000);
    assertEquals(await answer, { type: "pending" });
    for (let i = 0; i < 100; i++) await world.pass(0);
    assertEquals(new Set(tried(world)).size, 1_200);
    assertEquals(await turn(world, "away.test", true), { type: "begun" });
  }, all(DEFERRED)));
