/** What an attempt brings about is on the disk before the mail that it comes from is done: a crash between the two loses nothing. */
import { assertEquals } from "@std/assert";
import { utf8 } from "../../../src/base/mod.ts";
import { NO_PARAMETERS } from "../../../src/mail/mod.ts";
import type { QueueStore } from "../../../src/storage/mod.ts";
import { all, DEFERRED, DELIVERED, FAILED, HOUR, JOHN, type Outside, POLICY, QueueWorld } from "./queue_world.ts";

/** What is written, in its order; mails that the queue makes itself are held up while `held`. */
class Writes {
  readonly done: string[] = [];
  held = true;
  #waiting: (() => void)[] = [];

  release(): void {
    this.held = false;
    for (const go of this.#waiting.splice(0)) go();
  }
  over(store: QueueStore): QueueStore {
    return new Proxy(store, {
      get: (target, key) => {
        if (key === "enqueue") return (input: Parameters<QueueStore["enqueue"]>[0]) => this.#enqueue(target, input);
        if (key === "change") return (changes: Parameters<QueueStore["change"]>[0]) => this.#change(target, changes);
        const value = Reflect.get(target, key);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }
  async #enqueue(store: QueueStore, input: Parameters<QueueStore["enqueue"]>[0]) {
    const ours = !/^m[0-9]+$/.test(input.opId);
    if (ours && this.held) await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    const kept = await store.enqueue(input);
    if (ours) this.done.push(input.envelope.sender === "" ? "report" : "forward");
    return kept;
  }
  async #change(store: QueueStore, changes: Parameters<QueueStore["change"]>[0]) {
    await store.change(changes);
    for (const { item, next } of changes) this.done.push(`item ${item} ${next === null ? "done" : "waits"}`);
  }
}

async function withWrites(outside: Outside, run: (world: QueueWorld, writes: Writes) => Promise<void>): Promise<void> {
  const writes = new Writes();
  await using world = new QueueWorld(outside, { policy: POLICY, store: (store) => writes.over(store) });
  await world.start();
  await run(world, writes);
}

Deno.test("a mail that is refused is done when its report is on the disk, and not before", () =>
  withWrites(all(FAILED), async (world, writes) => {
    await world.send("gone@bob.test");
    await world.pass(1_000);
    assertEquals([world.attempts.length, writes.done], [1, []]);
    writes.release();
    await world.pass(0);
    assertEquals(writes.done.slice(0, 2), ["report", "item 1 done"]);
    await world.pass(0);
    assertEquals([world.letters().length, await world.entries()], [1, []]);
  }));

Deno.test("a delay and a failure at one attempt are two reports, and the item waits on when both are on the disk", () =>
  withWrites(all(DEFERRED), async (world, writes) => {
    await world.send(["gone@bob.test", "slow@bob.test"]);
    world.outside = (attempt) => {
      const late = world.clock.wallMs() - startMs >= 4 * HOUR;
      return { ...plain(attempt), outcomes: late ? [FAILED, DEFERRED] : [DEFERRED, DEFERRED] };
    };
    const startMs = world.clock.wallMs();
    for (let i = 0; i < 9; i++) await world.pass(HOUR / 2);
    const before = writes.done.filter((what) => what === "item 1 waits").length;
    writes.done.length = 0;
    assertEquals(before > 3, true);
    writes.release();
    await world.pass(0);
    assertEquals(writes.done.slice(0, 3), ["report", "report", "item 1 waits"]);
    await world.pass(0);
    const told = world.letters().flatMap((letter) =>
      [...letter.matchAll(/Action: (\S+)/g)].map(([, action]) => action)
    );
    assertEquals(told.sort(), ["delayed", "failed"]);
  }));

function plain(attempt: Parameters<Outside>[0]) {
  return all(DEFERRED)(attempt) as Awaited<ReturnType<Outside>>;
}

Deno.test("a mail that an alias here leads elsewhere is done when what goes on is on the disk, and not before", () =>
  withWrites(all(DELIVERED), async (world, writes) => {
    await world.send("away@smith.test");
    await world.pass(1_000);
    assertEquals([world.letters().length, world.attempts.length, writes.done], [1, 0, []]);
    writes.release();
    await world.pass(0);
    assertEquals(writes.done.slice(0, 2), ["forward", "item 1 done"]);
    await world.pass(0);
    assertEquals(world.attempts.map(({ recipients }) => recipients[0]?.address), ["me@elsewhere.test"]);
  }));

Deno.test("who hands in a report of success is answered when it is on the disk, and not before", () =>
  withWrites(all(DELIVERED), async (world, writes) => {
    const envelope = { ...NO_PARAMETERS, id: "in1", sender: JOHN, account: null };
    const recipients = [{ address: JOHN, notify: ["success" as const], orcpt: null }];
    const request = { action: "delivered" as const, envelope, recipients, parts: [utf8("Subject: s\r\n\r\n")] };
    let answered = false;
    const answer = world.queue.ask("queue.report", request).then(() => answered = true);
    await world.pass(1_000);
    assertEquals([answered, writes.done], [false, []]);
    writes.release();
    await world.pass(0);
    assertEquals([await answer, writes.done[0]], [true, "report"]);
  }));

Deno.test("a queue that is shut down ends when what it was writing is on the disk", () =>
  withWrites(all(FAILED), async (world, writes) => {
    await world.send("gone@bob.test");
    await world.pass(10);
    let ended = false;
    const shutdown = world.system.shutdown().then(() => ended = true);
    await world.pass(0);
    assertEquals([ended, writes.done], [false, []]);
    writes.release();
    await world.pass(0);
    assertEquals([await shutdown, writes.done], [true, ["report"]]);
  }));
