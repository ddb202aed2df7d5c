/** How the queue takes up what lies on the disk, all of it, and sends each mail with the bytes that are its own. */
import { assertEquals } from "@std/assert";
import { Failure, utf8 } from "../../../src/base/mod.ts";
import { NO_PARAMETERS } from "../../../src/mail/mod.ts";
import type { QueueStore } from "../../../src/storage/mod.ts";
import {
  all,
  DEFERRED,
  DELIVERED,
  DOWN,
  HOUR,
  JOHN,
  MINUTE,
  type Outside,
  POLICY,
  QueueWorld,
  withQueue,
} from "./queue_world.ts";

/** Rows that are read at a time. */
const PAGE_ROWS = 10_000;

/** A mail of so many items, as an earlier life left it. */
function left(store: QueueStore, id: string, count: number, dueMs: number): Promise<unknown> {
  const items = Array.from({ length: count }, (_, i) => ({
    destination: `${id}-${i}.test`,
    recipients: [{ address: `u@${id}-${i}.test`, notify: null, orcpt: null }],
    dueMs,
  }));
  return store.enqueue({
    opId: id,
    envelope: { ...NO_PARAMETERS, id, sender: JOHN, account: null },
    parts: [utf8(id)],
    items,
  });
}

Deno.test("a queue of more items than are read at a time is taken up to the last", async () => {
  await using world = new QueueWorld(all(DELIVERED));
  const nowMs = world.store.nowMs();
  for (let i = 0; i < PAGE_ROWS / 5_000; i++) await left(world.store, `later${i}`, 5_000, nowMs + HOUR);
  await left(world.store, "next", 1, nowMs);
  await left(world.store, "last", 1, nowMs);
  await world.start();
  for (let i = 0; i < 3; i++) await world.pass(10);
  assertEquals(world.attempts.map(({ destination }) => destination), ["next-0.test", "last-0.test"]);
});

Deno.test("a queue that cannot be read at its start is taken up when it can be", async () => {
  let broken = true;
  const unreadable = (store: QueueStore) =>
    new Proxy(store, {
      get(target, key) {
        const value = Reflect.get(target, key);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          if (broken && key === "schedule") throw new Failure("disk", "the index cannot be read");
          return Reflect.apply(value, target, args);
        };
      },
    });
  await using world = new QueueWorld(all(DELIVERED), { policy: POLICY, store: unreadable });
  await left(world.store, "old", 1, world.store.nowMs());
  await world.start();
  await world.send("new@bob.test");
  assertEquals(world.attempts.map(({ destination }) => destination), ["bob.test"]);
  broken = false;
  await world.pass(2 * MINUTE);
  assertEquals(world.attempts.map(({ destination }) => destination), ["bob.test", "old-0.test"]);
});

Deno.test("a mail that was written though its answer said otherwise is tried when it is handed in again", async () => {
  let doubt = true;
  const doubtful = (store: QueueStore) =>
    new Proxy(store, {
      get(target, key) {
        const value = Reflect.get(target, key);
        if (typeof value !== "function") return value;
        return async (...args: unknown[]) => {
          const answer = await Reflect.apply(value, target, args);
          if (key !== "enqueue" || !doubt) return answer;
          doubt = false;
          throw new Failure("disk", "nobody knows whether it was flushed");
        };
      },
    });
  const store = (base: QueueStore) =>
    new Proxy(doubtful(base), {
      get: (target, key) => {
        const value = Reflect.get(key === "enqueue" ? target : base, key);
        return typeof value === "function" ? value.bind(base) : value;
      },
    });
  await withQueue(
    async (world) => {
      const request = {
        opId: "once",
        envelope: { ...NO_PARAMETERS, id: "once", sender: JOHN, account: null },
        recipients: [{ address: "billy@bob.test", notify: null, orcpt: null }],
        parts: [utf8("body")],
      };
      assertEquals(await world.ask("queue.enqueue", request).catch(({ kind }) => kind), "disk");
      assertEquals(world.attempts.length, 0);
      await world.ask("queue.enqueue", request);
      await world.pass(0);
      assertEquals([world.attempts.length, await world.entries()], [1, []]);
    },
    all(DELIVERED),
    { policy: POLICY, store },
  );
});

Deno.test("each mail goes out with its own bytes, whatever numbers it and its items have", () =>
  withQueue(async (world) => {
    await world.send(["a@one.test", "a@two.test"]);
    await world.send("b@three.test");
    await world.send("c@four.test");
    await world.pass(0);
    world.outside = all(DELIVERED);
    await world.pass(6 * MINUTE);
    const sent = world.attempts.map(({ destination, parts }) => `${destination} ${new TextDecoder().decode(parts[0])}`);
    const body = (id: string) => `Subject: ${id}\r\n\r\nbody of ${id}\r\n`;
    const once = [
      `four.test ${body("m3")}`,
      `one.test ${body("m1")}`,
      `three.test ${body("m2")}`,
      `two.test ${body("m1")}`,
    ];
    assertEquals(sent.sort(), once.flatMap((line) => [line, line]));
  }, all(DEFERRED)));

Deno.test("recipients who each have a transaction of their own go out one by one", () =>
  withQueue(async (world) => {
    const recipients = ["a@bob.test", "b@bob.test"].map((address) => ({ address, notify: null, orcpt: null }));
    const envelope = { ...NO_PARAMETERS, id: "list", sender: JOHN, account: null };
    await world.ask("queue.enqueue", { opId: "list", envelope, recipients, parts: [utf8("post")], each: true });
    await world.pass(0);
    assertEquals(world.attempts.map(({ recipients }) => recipients.map(({ address }) => address)), [
      ["a@bob.test"],
      ["b@bob.test"],
    ]);
  }));

/** Five mails that are being tried and a sixth that stands in line behind them, until `go` says how they end. */
async function withLine(run: (world: QueueWorld, go: (outside: Outside) => Promise<void>) => Promise<void>) {
  const gate = Promise.withResolvers<Outside>();
  await withQueue(async (world) => {
    for (let i = 1; i <= 6; i++) await world.send(`u${i}@bob.test`);
    assertEquals(world.attempts.length, 5);
    await run(world, async (outside) => {
      world.outside = outside;
      gate.resolve(outside);
      await world.pass(10);
    });
  }, async (attempt) => (await gate.promise)(attempt));
}

Deno.test("the one mail that stands in line for a destination that goes down is tried again with the others", () =>
  withLine(async (world, go) => {
    await go(all(DOWN, { destinationFault: true, host: null }));
    assertEquals([world.attempts.length, (await world.entries()).map(({ attempts }) => attempts)], [
      5,
      Array(6).fill(1),
    ]);
    world.outside = all(DELIVERED);
    for (let i = 0; i < 20; i++) await world.pass(MINUTE);
    assertEquals(await world.entries(), []);
  }));

Deno.test("a mail that is held while it stands in line is not tried when its turn comes", () =>
  withLine(async (world, go) => {
    assertEquals(await world.ask("queue.act", { verb: "hold", filter: { id: "m6" }, dryRun: false }), { items: 1 });
    await go(all(DELIVERED));
    assertEquals((await world.entries()).map(({ id, state }) => [id, state]), [["m6", "held"]]);
    assertEquals(world.attempts.length, 5);
  }));
