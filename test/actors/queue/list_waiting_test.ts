import { assertEquals } from "@std/assert";
import { refuses } from "../directory_world.ts";
import { all, DEFERRED, HOUR, withQueue } from "./queue_world.ts";

const HELD = "cats+held-abcdefghijklmnop@smith.test";

Deno.test("what waits for a list is seen, read and decided on under its own address", () =>
  withQueue(async (world) => {
    const releaseAtMs = world.clock.wallMs() + HOUR;
    const ids = [await world.send(HELD, { releaseAtMs }), await world.send(HELD, { releaseAtMs })];
    await world.send("cats+held-other@smith.test", { releaseAtMs });
    const first = await world.ask("queue.listWaiting", { address: HELD, after: 0, limit: 1 });
    assertEquals(first.mails.map(({ id }) => id), [ids[0]]);
    const second = await world.ask("queue.listWaiting", { address: HELD, after: first.next!, limit: 10 });
    assertEquals([second.mails.map(({ id }) => id), second.next], [[ids[1]], null]);
    const { parts, envelope } = await world.ask("queue.listFetch", { id: ids[1]!, address: HELD });
    assertEquals([new TextDecoder().decode(parts[0]), envelope.id], ["Subject: m2\r\n\r\nbody of m2\r\n", "m2"]);
    const gone = { id: ids[1]!, address: HELD, verb: "delete" } as const;
    assertEquals(await world.ask("queue.listDecide", gone), { done: true });
    assertEquals(await world.ask("queue.listDecide", gone), { done: false });
    assertEquals((await world.entries()).length, 2);
  }));

Deno.test("no other mail of the queue can be read or decided on so, whatever address is given", () =>
  withQueue(async (world) => {
    const id = await world.send("billy@bob.test");
    for (const address of ["billy@bob.test", "@bob.test", "cats+x@bob.test", "cats@smith.test", ""]) {
      await refuses("invalid", world.ask("queue.listFetch", { id, address }));
      await refuses("invalid", world.ask("queue.listWaiting", { address, after: 0, limit: 10 }));
      await refuses("invalid", world.ask("queue.listDecide", { id, address, verb: "delete" }));
    }
    await refuses("not_found", world.ask("queue.listFetch", { id, address: HELD }));
    assertEquals(await world.ask("queue.listDecide", { id, address: HELD, verb: "delete" }), { done: false });
    assertEquals((await world.entries()).length, 1);
  }, all(DEFERRED)));
