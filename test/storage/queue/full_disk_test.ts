/** The queue on a device on which nothing finds space any more, while mail keeps coming. */
import { assert, assertEquals } from "@std/assert";
import { FakeClock, seededRandom } from "../../../src/base/mod.ts";
import { openQueueStore } from "../../../src/storage/mod.ts";
import { SimDisk, SimIndex } from "../sim_disk.ts";
import { kindOf } from "../support.ts";
import { enqueued, outgoing, problems, queueOptions } from "./support.ts";

/** Mails that are sent again as soon as they are refused. */
const TRIES = 60;
/** Mail that is refused until a change beside it is answered. */
const REFUSED_MEANWHILE = 3;

for (const known of [true, false]) {
  Deno.test(`what has become of a mail is refused soon on a device ${known ? "known to be" : "that nobody knows to be"} full, however much mail comes`, async () => {
    const disk = new SimDisk(seededRandom(3));
    const open = () =>
      openQueueStore(queueOptions("", { clock: new FakeClock(), files: disk, index: () => new SimIndex(disk) }));
    const store = await open();
    const [item] = await enqueued(store, outgoing("one"));
    disk.fault = (_step, what) => ["write", "reserve", "commit", "create"].includes(what) ? "ENOSPC" : null;
    if (known) disk.free = 0;
    const told: string[] = [];
    const { steps } = disk;
    const raging = (async () => {
      for (let i = 0; i < TRIES; i++) told.push(await kindOf(() => store.enqueue(outgoing(`again ${i}`))));
    })();
    const held = { ...store.item(item!.item)!, held: true };
    const answer = await kindOf(() => store.change([{ item: item!.item, next: held }]));
    const meanwhile = told.length;
    assertEquals([answer, meanwhile <= REFUSED_MEANWHILE], ["disk_full", true], `${meanwhile} were refused before`);
    await raging;
    assertEquals(told, Array<string>(TRIES).fill("disk_full"));
    assert(disk.steps - steps < 12 * TRIES, `${disk.steps - steps} steps of the disk`);
    disk.fault = () => null;
    disk.free = 1e15;
    assertEquals(store.counts().items, 1);
    await store.enqueue(outgoing("two"));
    await store.change([{ item: item!.item, next: held }]);
    assertEquals(store.health(), "ok");
    disk.restart();
    const again = await open();
    assertEquals([again.counts().items, again.item(item!.item)?.held, await problems(again)], [2, true, []]);
    await again.close();
  });
}
