import { assertEquals } from "@std/assert";
import { directoryActor } from "../../src/actors/directory.ts";
import { Failure } from "../../src/base/mod.ts";
import { inWorld, login, refuses } from "./directory_world.ts";

Deno.test("accounts are kept in canonical form and found by any way to write them", () =>
  inWorld(async ({ directory }) => {
    const account = await directory.ask("directory.accountGet", { address: '"JOHN"@SMITH.TEST' });
    assertEquals(account.address, "john@smith.test");
    assertEquals([account.disabled, account.quotaBytes], [false, 0]);
    const quoted = { address: '"John Smith"@smith.test', password: "x" };
    assertEquals((await directory.ask("directory.accountAdd", quoted)).address, '"john smith"@smith.test');
    assertEquals((await directory.ask("directory.domainAdd", { name: "Straße.test" })).name, "xn--strae-oqa.test");
  }));

Deno.test("limits stay as they are until they are named", () =>
  inWorld(async ({ directory }) => {
    const address = "john@smith.test";
    const update = async (limits: { quotaBytes?: number; quotaMessages?: number }) => {
      const { quotaBytes, quotaMessages } = await directory.ask("directory.accountUpdate", { address, ...limits });
      return [quotaBytes, quotaMessages];
    };
    assertEquals(await update({}), [0, undefined]);
    assertEquals(await update({ quotaMessages: 9 }), [0, 9]);
    assertEquals(await update({ quotaBytes: 5 }), [5, 9]);
    assertEquals(await update({ quotaMessages: 0 }), [5, 0]);
    const added = await directory.ask("directory.accountAdd", {
      address: "q@smith.test",
      password: "x",
      quotaMessages: 3,
    });
    assertEquals([added.quotaBytes, added.quotaMessages], [0, 3]);
    assertEquals((await directory.ask("directory.accountGet", { address: "q@smith.test" })).quotaMessages, 3);
  }));

Deno.test("what is there twice, missing or malformed is refused by kind, and nothing changes", () =>
  inWorld(async ({ directory }) => {
    const before = await directory.ask("directory.snapshot", null);
    const ask = directory.ask.bind(directory);
    const password = "secret words";
    await refuses("exists", ask("directory.domainAdd", { name: "SMITH.test" }));
    await refuses("invalid", ask("directory.domainAdd", { name: "no domain" }));
    await refuses("not_found", ask("directory.domainAdd", { name: "a.test", aliasOf: "b.test" }));
    await refuses("not_found", ask("directory.domainAdd", { name: "a.test", catchAll: "x@elsewhere.test" }));
    await refuses("exists", ask("directory.accountAdd", { address: "john@smith.test", password }));
    await refuses("not_found", ask("directory.accountAdd", { address: "john@elsewhere.test", password }));
    await refuses("invalid", ask("directory.accountAdd", { address: "john", password }));
    await refuses("invalid", ask("directory.accountAdd", { address: "a@[127.0.0.1]", password }));
    await refuses("invalid", ask("directory.accountAdd", { address: "a@smith.test", password: "" }));
    await refuses("invalid", ask("directory.accountAdd", { address: "a@smith.test", password: "a\r\nb" }));
    await refuses("invalid", ask("directory.accountAdd", { address: "a@smith.test", password, quotaBytes: -1 }));
    await refuses("invalid", ask("directory.accountAdd", { address: "a@smith.test", password, quotaMessages: 1.5 }));
    await refuses("not_found", ask("directory.accountUpdate", { address: "a@smith.test", disabled: true }));
    await refuses("not_found", ask("directory.accountRemove", { address: "a@smith.test" }));
    await refuses("exists", ask("directory.aliasAdd", { address: "john@smith.test", targets: ["john@smith.test"] }));
    await refuses("invalid", ask("directory.aliasAdd", { address: "a@smith.test", targets: [] }));
    await refuses("invalid", ask("directory.aliasAdd", { address: "a@smith.test", targets: ["elsewhere.test"] }));
    await refuses("not_found", ask("directory.aliasRemove", { address: "a@smith.test" }));
    await refuses("refused", ask("directory.domainRemove", { name: "smith.test" }));
    assertEquals(await directory.ask("directory.snapshot", null), before);
  }));

Deno.test("a password may have 1,024 bytes and no more", () =>
  inWorld(async (world) => {
    const add = (address: string, bytes: number) =>
      world.directory.ask("directory.accountAdd", { address, password: "é".repeat(bytes / 2) });
    await add("long@smith.test", 1_024);
    assertEquals((await login(world, { user: "long@smith.test", secret: "é".repeat(512) })).type, "accepted");
    await refuses("invalid", add("longer@smith.test", 1_026));
    const checks = world.hasher.checks;
    assertEquals((await login(world, { secret: "x".repeat(1_000_000) })).type, "refused");
    assertEquals(world.hasher.checks, checks, "what is too long is not even hashed");
  }));

Deno.test("an alias cannot have more than 1,000 targets", () =>
  inWorld(async ({ directory }) => {
    const targets = Array.from({ length: 1_001 }, (_, i) => `u${i}@smith.test`);
    await refuses("invalid", directory.ask("directory.aliasAdd", { address: "all@smith.test", targets }));
    const alias = await directory.ask("directory.aliasAdd", { address: "all@smith.test", targets: targets.slice(1) });
    assertEquals(alias.targets.length, 1_000);
  }));

Deno.test("what was answered is still there after a restart, and the version goes on", () =>
  inWorld(async (world) => {
    const { directory, system, store, hasher } = world;
    await directory.ask("directory.aliasAdd", { address: "j@smith.test", targets: ["john@smith.test"] });
    const before = await directory.ask("directory.snapshot", null);
    await system.stop("directory");
    const args = { store, hasher, login: { checksMax: 2, waitingMax: 4 } };
    const again = await system.spawn(directoryActor, { name: "directory", args });
    assertEquals(await again.ask("directory.snapshot", null), before);
    assertEquals((await login({ ...world, directory: again })).type, "accepted");
  }));

Deno.test("a disk that fails refuses the change and leaves what was", () =>
  inWorld(async ({ directory, store }) => {
    const before = await directory.ask("directory.snapshot", null);
    store.failNext = new Failure("disk_full", "no space is left on the device");
    await refuses("disk_full", directory.ask("directory.domainAdd", { name: "full.test" }));
    assertEquals(await directory.ask("directory.snapshot", null), before);
    store.failNext = new Failure("disk", "a write or flush failed");
    store.unreadable = true;
    await refuses("disk", directory.ask("directory.domainAdd", { name: "full.test" }));
    assertEquals(await directory.ask("directory.snapshot", null), before, "what is known goes on serving");
    await refuses("disk", directory.ask("directory.domainAdd", { name: "full.test" }));
    store.unreadable = false;
    await directory.ask("directory.domainAdd", { name: "full.test" });
  }));

Deno.test("a dry run answers like the change and makes none", () =>
  inWorld(async ({ directory }) => {
    const before = await directory.ask("directory.snapshot", null);
    const dryRun = true;
    assertEquals((await directory.ask("directory.domainAdd", { name: "new.test", dryRun })).name, "new.test");
    const account = { address: "new@smith.test", password: "x", dryRun };
    assertEquals((await directory.ask("directory.accountAdd", account)).address, "new@smith.test");
    await directory.ask("directory.accountRemove", { address: "john@smith.test", dryRun });
    await refuses("exists", directory.ask("directory.domainAdd", { name: "smith.test", dryRun }));
    assertEquals(await directory.ask("directory.snapshot", null), before);
  }));

Deno.test("lists come page by page in order of name", () =>
  inWorld(async ({ directory }) => {
    await directory.ask("directory.domainAdd", { name: "bob.test" });
    for (const local of ["d", "b", "a", "c"]) {
      await directory.ask("directory.accountAdd", { address: `${local}@bob.test`, password: "x" });
    }
    const page = (after: string | null, domain: string | null = "bob.test") =>
      directory.ask("directory.accountList", { domain, after, limit: 2 });
    const first = await page(null);
    assertEquals(first.records.map(({ address }) => address), ["a@bob.test", "b@bob.test"]);
    await directory.ask("directory.accountRemove", { address: "b@bob.test" });
    const second = await page(first.next);
    assertEquals(second.records.map(({ address }) => address), ["c@bob.test", "d@bob.test"]);
    assertEquals(second.next, null);
    assertEquals((await page(null, null)).records.length, 2);
    assertEquals((await page(null, "BOB.test")).records.length, 2, "by any way to write the domain");
    await refuses("not_found", page(null, "elsewhere.test"));
  }));
