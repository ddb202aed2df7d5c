import { assertEquals } from "@std/assert";
import { directoryActor } from "../../src/actors/directory.ts";
import { routerActor, type RoutingHolder } from "../../src/actors/router.ts";
import { FakeClock, jsonLog, seededRandom } from "../../src/base/mod.ts";
import { parseMailbox } from "../../src/mail/mod.ts";
import type { DirectoryProtocol, RouterProtocol } from "../../src/messages/mod.ts";
import { defineActor } from "../../src/runtime/define_actor.ts";
import { createActorSystem, type Ref } from "../../src/runtime/mod.ts";
import { MemoryDirectoryStore } from "../../src/storage/mod.ts";
import { FakeHasher, inWorld, refuses, settle, type World } from "./directory_world.ts";

async function withRouter(
  { system, directory }: World,
): Promise<{ holder: RoutingHolder; router: Ref<RouterProtocol> }> {
  const holder: RoutingHolder = { table: null };
  const router = await system.spawn(routerActor, { name: "router", args: { holder, directory } });
  return { holder, router };
}

function goesTo(holder: RoutingHolder, address: string): string {
  const parsed = parseMailbox(address, { utf8: true });
  return parsed === null ? "no address" : holder.table?.resolve(parsed).type ?? "busy";
}

Deno.test("a routing actor knows of every change as soon as the change was answered", () =>
  inWorld(async (world) => {
    const { holder, router } = await withRouter(world);
    const { directory } = world;
    assertEquals(goesTo(holder, "john@smith.test"), "local");
    await directory.ask("directory.aliasAdd", { address: "j@smith.test", targets: ["john@smith.test"] });
    assertEquals((await router.ask("router.resolve", { address: "j@smith.test" })).type, "local");
    await directory.ask("directory.aliasRemove", { address: "j@smith.test" });
    assertEquals((await router.ask("router.resolve", { address: "j@smith.test" })).type, "unknownUser");
    await directory.ask("directory.accountRemove", { address: "john@smith.test" });
    await directory.ask("directory.domainRemove", { name: "smith.test" });
    assertEquals((await router.ask("router.resolve", { address: "john@smith.test" })).type, "relayDenied");
    await refuses("invalid", router.ask("router.resolve", { address: "nonsense" }));
  }));

Deno.test("a change is settled when every routing actor has it, and one that hangs is not waited for any longer", () =>
  inWorld(async (world) => {
    const { holder } = await withRouter(world);
    const { system, directory, clock } = world;
    await directory.ask("directory.accountRemove", { address: "john@smith.test" });
    await directory.ask("directory.settled", null);
    assertEquals(goesTo(holder, "john@smith.test"), "unknownUser");
    const hanging = defineActor<RouterProtocol, null, undefined>({
      restart: "permanent",
      inboxMax: 10,
      init: () => null,
      receive: {
        "router.changed": () => {},
        "router.caughtUp": () => {},
        "router.resubscribe": () => {},
        "router.resolve": () => {},
      },
    });
    const { address } = await system.spawn(hanging, { name: "hanging", args: undefined });
    await directory.ask("directory.subscribe", { subscriber: address });
    let settled = false;
    const waiting = directory.ask("directory.settled", null).then(() => settled = true);
    await settle();
    clock.advance(900);
    await settle();
    assertEquals(settled, false);
    clock.advance(200);
    await waiting;
  }));

Deno.test("a routing actor that misses a change asks for a snapshot", () =>
  inWorld(async (world) => {
    const { holder, router } = await withRouter(world);
    const version = holder.table!.version;
    router.tell("router.changed", { version: version + 5, changes: [] });
    await settle();
    world.clock.advance(1);
    await settle();
    assertEquals(holder.table!.version, version);
    assertEquals((await world.directory.ask("directory.status", null)).subscribers, 1);
    router.tell("router.changed", {
      version: version + 1,
      changes: [{ kind: "account", key: "john@smith.test", record: null }],
    });
    await settle();
    assertEquals(goesTo(holder, "john@smith.test"), "unknownUser");
  }));

Deno.test("while the directory is away the last table serves, and it is renewed when the directory is back", () =>
  inWorld(async (world) => {
    const { system, store, hasher, directory } = world;
    const { holder } = await withRouter(world);
    await system.stop("directory");
    await settle();
    assertEquals(goesTo(holder, "john@smith.test"), "local");
    world.clock.advance(2_000);
    await settle();
    const args = { store, hasher, login: { checksMax: 2, waitingMax: 4 } };
    await system.spawn(directoryActor, { name: "directory", args });
    await directory.ask("directory.domainAdd", { name: "later.test" });
    for (let i = 0; i < 20 && goesTo(holder, "x@later.test") === "relayDenied"; i++) {
      world.clock.advance(5_000);
      await settle();
    }
    assertEquals(goesTo(holder, "x@later.test"), "unknownUser");
  }));

Deno.test("a routing actor that starts before the directory answers busy until it is there", async () => {
  const clock = new FakeClock();
  const system = createActorSystem({
    node: "local",
    worker: "w",
    clock,
    log: jsonLog({ level: "error", wallMs: () => 0, write: () => {} }),
    random: seededRandom(2),
  });
  const directory = system.ref<DirectoryProtocol>({ node: "local", worker: "w", actor: "directory" });
  const holder: RoutingHolder = { table: null };
  const router = await system.spawn(routerActor, { name: "router", args: { holder, directory } });
  await refuses("busy", router.ask("router.resolve", { address: "a@smith.test" }));
  const args = { store: new MemoryDirectoryStore(), hasher: new FakeHasher(), login: { checksMax: 1, waitingMax: 1 } };
  await system.spawn(directoryActor, { name: "directory", args });
  for (let i = 0; i < 20 && holder.table === null; i++) {
    clock.advance(5_000);
    await settle();
  }
  assertEquals(goesTo(holder, "a@smith.test"), "relayDenied");
  await system.shutdown();
});
