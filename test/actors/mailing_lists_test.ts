/** Lists and their members as the directory keeps them. */
import { assert, assertEquals } from "@std/assert";
import { directoryActor } from "../../src/actors/directory.ts";
import { BOUNCE_DAYS_MAX, BOUNCE_PAUSE_DAYS } from "../../src/actors/directory/mailing_lists.ts";
import type { DirectorySnapshot, ListMember } from "../../src/messages/mod.ts";
import { inWorld, refuses, type World } from "./directory_world.ts";

const LIST = "cats@smith.test";
const DAY_MS = 86_400_000;

function withList(run: (world: World) => Promise<void>): Promise<void> {
  return inWorld(async (world) => {
    await world.directory.ask("directory.listAdd", { address: "Cats@smith.test", owners: ["John@smith.test"] });
    await run(world);
  });
}

function join({ directory }: World, address: string): Promise<ListMember> {
  return directory.ask("directory.memberPut", { list: LIST, address, mode: "each" });
}

Deno.test("a list begins with careful settings, and is changed only where it is said", () =>
  withList(async ({ directory }) => {
    const { list, members } = await directory.ask("directory.listGet", { address: LIST });
    assertEquals([list.post, list.join, list.replyTo, list.verp, members], ["members", "open", "author", false, 0]);
    assertEquals(list.owners, ["john@smith.test"]);
    const changed = await directory.ask("directory.listUpdate", { address: LIST, post: "anybody", verp: true });
    assertEquals(changed, { ...list, post: "anybody", verp: true });
    await directory.ask("directory.listUpdate", { address: LIST, post: "moderators", dryRun: true });
    assertEquals((await directory.ask("directory.listGet", { address: LIST })).list, changed);
  }));

Deno.test("the four addresses of a list are its own, and must have been nobody's", () =>
  withList(async ({ directory }) => {
    const password = "boxing match";
    for (const local of ["cats", "cats-request", "cats-owner", "cats-bounces", "cats-bounces+x"]) {
      await refuses("exists", directory.ask("directory.accountAdd", { address: `${local}@smith.test`, password }));
      const targets = ["john@smith.test"];
      await refuses("exists", directory.ask("directory.aliasAdd", { address: `${local}@smith.test`, targets }));
    }
    await directory.ask("directory.accountAdd", { address: "dogs-owner@smith.test", password });
    const owners = ["john@smith.test"];
    const refused = [["dogs", "exists"], ["cats", "exists"], ["a-request", "invalid"], ["a+b", "invalid"]] as const;
    for (const [local, kind] of [...refused, ["grün", "invalid"], ["x".repeat(41), "invalid"]] as const) {
      await refuses(kind, directory.ask("directory.listAdd", { address: `${local}@smith.test`, owners }));
    }
    await refuses("invalid", directory.ask("directory.listAdd", { address: "b@smith.test", owners: [] }));
    await refuses("not_found", directory.ask("directory.listAdd", { address: "b@other.test", owners }));
    await refuses("invalid", directory.ask("directory.listUpdate", { address: LIST, title: "a\r\nBcc: b" }));
    await refuses("invalid", directory.ask("directory.listUpdate", { address: LIST, archiveUrl: "http://a.test/" }));
    const unsubscribeUrl = "https://a.test/";
    await refuses("invalid", directory.ask("directory.listUpdate", { address: LIST, unsubscribeUrl }));
    await refuses("refused", directory.ask("directory.domainRemove", { name: "smith.test" }));
  }));

Deno.test("members are found however their address is written, in pages, and outlive the actor", () =>
  withList(async (world) => {
    const { directory, store, system, hasher } = world;
    for (const name of ["Bea", "ann", "carl"]) await join(world, `${name}@elsewhere.test`);
    assertEquals((await join(world, "BEA@Elsewhere.test")).address, "Bea@elsewhere.test");
    const first = await directory.ask("directory.memberPage", { list: LIST, after: null, limit: 2 });
    assertEquals(first.records.map(({ address }) => address), ["ann@elsewhere.test", "Bea@elsewhere.test"]);
    const second = await directory.ask("directory.memberPage", { list: LIST, after: first.next, limit: 2 });
    assertEquals([second.records.map(({ address }) => address), second.next], [["carl@elsewhere.test"], null]);
    await directory.ask("directory.memberRemove", { list: LIST, address: "CARL@elsewhere.test" });
    await refuses("not_found", directory.ask("directory.memberRemove", { list: LIST, address: "carl@elsewhere.test" }));
    await refuses("invalid", join(world, LIST));
    const args = { store, hasher, login: { checksMax: 1, waitingMax: 1 } };
    const again = await system.spawn(directoryActor, { name: "again", args });
    assertEquals((await again.ask("directory.listGet", { address: LIST })).members, 2);
    const { member } = await again.ask("directory.memberGet", { list: LIST, address: "bea@elsewhere.test" });
    assertEquals(member?.address, "Bea@elsewhere.test");
  }));

Deno.test("the snapshot that every listener holds knows the list and none of its members", () =>
  withList(async (world) => {
    const before = await world.directory.ask("directory.snapshot", null);
    for (let i = 0; i < 1_100; i++) await join(world, `u${i}@elsewhere.test`);
    const after: DirectorySnapshot = await world.directory.ask("directory.snapshot", null);
    assertEquals(after, before);
    assertEquals(after.lists.map(({ address }) => address), [LIST]);
    assertEquals((await world.directory.ask("directory.listRemove", { address: LIST, dryRun: true })).address, LIST);
    assertEquals((await world.directory.ask("directory.listGet", { address: LIST })).members, 1_100);
    await world.directory.ask("directory.listRemove", { address: LIST });
    assertEquals(world.store.all("listMember"), []);
    await world.directory.ask("directory.listAdd", { address: LIST, owners: ["john@smith.test"] });
    assertEquals((await world.directory.ask("directory.listGet", { address: LIST })).members, 0);
  }));

Deno.test("a member is suspended when mail came back on five days, not when it came back often on one", () =>
  withList(async (world) => {
    await join(world, "bea@elsewhere.test");
    const bounced = () => world.directory.ask("directory.memberBounced", { list: LIST, address: "bea@elsewhere.test" });
    for (let day = 1; day < BOUNCE_DAYS_MAX; day++) {
      for (let i = 0; i < 3; i++) assertEquals((await bounced()).suspended, false);
      world.clock.advance(DAY_MS);
    }
    const { member, suspended } = await bounced();
    assertEquals([suspended, member?.bounceDays], [true, BOUNCE_DAYS_MAX]);
    assert(member?.suspendedAt !== null);
    assertEquals((await bounced()).suspended, false, "once is enough to tell the owner");
    assertEquals((await join(world, "bea@elsewhere.test")).suspendedAt, null);
    const gone = await world.directory.ask("directory.memberBounced", { list: LIST, address: "x@elsewhere.test" });
    assertEquals(gone, { member: null, suspended: false });
  }));

Deno.test("bounces are forgotten after two weeks without one", () =>
  withList(async (world) => {
    await join(world, "bea@elsewhere.test");
    const bounced = () => world.directory.ask("directory.memberBounced", { list: LIST, address: "bea@elsewhere.test" });
    for (const [pauseDays, count] of [[0, 1], [BOUNCE_PAUSE_DAYS, 2], [BOUNCE_PAUSE_DAYS + 1, 1]] as const) {
      world.clock.advance(pauseDays * DAY_MS);
      assertEquals((await bounced()).member?.bounceDays, count);
    }
  }));
