import { assertEquals, assertRejects } from "@std/assert";
import { Failure, FakeClock, seededRandom, SILENT } from "../../src/base/mod.ts";
import { createActorSystem, defineActor, type HostedSystem } from "../../src/runtime/mod.ts";

interface CounterProtocol {
  "counter.add": { request: { by: number }; reply: { total: number } };
  "counter.break": { request: null; reply: null };
  "counter.refuse": { request: null; reply: null };
  "counter.never": { request: null; reply: null };
}

const counter = defineActor<CounterProtocol, { total: number }, { from: number }>({
  restart: "permanent",
  inboxMax: 4,
  init: ({ from }) => ({ total: from }),
  receive: {
    "counter.add": (state, { by }, reply) => {
      state.total += by;
      reply.ok({ total: state.total });
    },
    "counter.break": () => {
      throw new TypeError("boom");
    },
    "counter.refuse": () => {
      throw new Failure("disk_full", "no space");
    },
    "counter.never": () => {},
  },
});

function system(): { system: HostedSystem; clock: FakeClock } {
  const clock = new FakeClock();
  const options = { node: "local", worker: "w", clock, log: SILENT, random: seededRandom(1) };
  return { system: createActorSystem(options), clock };
}

Deno.test("an ask is answered with what the handler replies", async () => {
  const { system: sys } = system();
  const ref = await sys.spawn(counter, { name: "c", args: { from: 1 } });
  assertEquals(await ref.ask("counter.add", { by: 2 }), { total: 3 });
  await sys.shutdown();
});

Deno.test("a full inbox answers busy at inboxMax + 1", async () => {
  const { system: sys } = system();
  const ref = await sys.spawn(counter, { name: "c", args: { from: 0 } });
  for (let i = 0; i < 4; i++) assertEquals(ref.tell("counter.add", { by: 1 }), true);
  assertEquals(ref.tell("counter.add", { by: 1 }), false);
  assertEquals((await assertRejects(() => ref.ask("counter.add", { by: 1 }), Failure)).kind, "busy");
  assertEquals(sys.stats()[0]!.busy, 2);
  await sys.shutdown();
});

Deno.test("a crash fails the asker with down and the actor starts anew after its back-off", async () => {
  const { system: sys, clock } = system();
  const ref = await sys.spawn(counter, { name: "c", args: { from: 7 } });
  assertEquals((await assertRejects(() => ref.ask("counter.break", null), Failure)).kind, "down");
  assertEquals((await assertRejects(() => ref.ask("counter.add", { by: 1 }), Failure)).kind, "down");
  clock.advance(100);
  await Promise.resolve();
  assertEquals(await ref.ask("counter.add", { by: 1 }), { total: 8 });
  await sys.shutdown();
});

Deno.test("a failure thrown by a handler keeps kind and message and leaves the actor running", async () => {
  const { system: sys } = system();
  const ref = await sys.spawn(counter, { name: "c", args: { from: 0 } });
  const failure = await assertRejects(() => ref.ask("counter.refuse", null), Failure);
  assertEquals([failure.kind, failure.message], ["disk_full", "no space"]);
  assertEquals(await ref.ask("counter.add", { by: 1 }), { total: 1 });
  await sys.shutdown();
});

Deno.test("an ask that is never answered fails at its deadline", async () => {
  const { system: sys, clock } = system();
  const ref = await sys.spawn(counter, { name: "c", args: { from: 0 } });
  const answer = assertRejects(() => ref.ask("counter.never", null, { deadlineMs: 500 }), Failure);
  clock.advance(499);
  clock.advance(12);
  assertEquals((await answer).kind, "deadline");
  await sys.shutdown();
});
