import { assert, assertEquals } from "@std/assert";
import { GREYLIST_ACTOR, greylistActor } from "../../src/actors/directory/greylist.ts";
import { Failure } from "../../src/base/mod.ts";
import type { GreylistProtocol } from "../../src/messages/mod.ts";
import type { Ref } from "../../src/runtime/mod.ts";
import { MemoryDirectoryStore } from "../../src/storage/mod.ts";
import { settle, testSystem } from "../runtime/support/system.ts";

const POLICY = { delayMs: 300_000, retryMsMax: 86_400_000, keepMs: 864_000_000, entriesMax: 1_000 };
const MAIL = { remote: "192.0.2.1", sender: "a@there.test", recipient: "john@smith.test" };

async function passes(list: Ref<GreylistProtocol>, mail: Partial<typeof MAIL> = {}): Promise<boolean> {
  return (await list.ask("greylist.check", { ...MAIL, ...mail })).passes;
}

async function inWorld(
  run: (world: {
    start: () => Promise<Ref<GreylistProtocol>>;
    stop: () => Promise<void>;
    advance: (ms: number) => Promise<void>;
    store: MemoryDirectoryStore;
  }) => Promise<void>,
): Promise<void> {
  const { system, clock } = testSystem();
  const store = new MemoryDirectoryStore();
  await run({
    start: () => system.spawn(greylistActor, { name: GREYLIST_ACTOR, args: { store, policy: POLICY } }),
    stop: () => system.stop(GREYLIST_ACTOR),
    async advance(ms) {
      clock.advance(ms);
      await settle();
    },
    store,
  });
  await system.shutdown();
}

Deno.test("a triplet is the network, the sender but for its numbers, and the recipient, in any case of letters", () =>
  inWorld(async ({ start, advance }) => {
    const list = await start();
    const numbered = { sender: "bounce-17@list.test" };
    for (const mail of [{}, numbered, { sender: "" }]) assert(!await passes(list, mail));
    await advance(300_000);
    for (const mail of [{ recipient: "JOHN@smith.test" }, { sender: "bounce-18@list.test" }, { sender: "" }]) {
      assert(await passes(list, { remote: "192.0.2.99", ...mail }), JSON.stringify(mail));
    }
    for (const mail of [{ remote: "192.0.3.1" }, { sender: "b@there.test" }, { recipient: "mary@smith.test" }]) {
      assert(!await passes(list, mail), JSON.stringify(mail));
    }
  }));

Deno.test("what is known outlives the actor, kept two seconds late or when it stops, and without anybody's name", () =>
  inWorld(async ({ start, stop, advance, store }) => {
    let list = await start();
    assert(!await passes(list));
    assertEquals(store.all("greylist"), []);
    await advance(2_000);
    assertEquals(store.all("greylist").length, 1);
    assert(!/smith|there|192/.test(JSON.stringify(store.all("greylist"))));
    await advance(298_000);
    assert(await passes(list));
    await stop();
    list = await start();
    assert(await passes(list));
  }));

Deno.test("a disk that fails makes strangers wait again after a restart, and nobody else notices", () =>
  inWorld(async ({ start, stop, advance, store }) => {
    let list = await start();
    assert(!await passes(list));
    store.failNext = new Failure("disk_full", "no space");
    await advance(2_000);
    await advance(298_000);
    assert(await passes(list));
    await stop();
    assertEquals(store.all("greylist").length, 1, "later changes are kept");
    list = await start();
    assert(await passes(list));
  }));
