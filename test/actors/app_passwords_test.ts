import { assert, assertEquals, assertMatch } from "@std/assert";
import { directoryActor } from "../../src/actors/directory.ts";
import { Failure } from "../../src/base/mod.ts";
import type { AppScope, AuthenticateReply } from "../../src/messages/mod.ts";
import { inWorld, login, refuses, type World } from "./directory_world.ts";

const JOHN = "john@smith.test";

function add(
  world: World,
  request: { label?: string; scopes?: AppScope[]; expiresAt?: string; dryRun?: boolean } = {},
) {
  const { label = "phone", scopes = ["pop3"], ...rest } = request;
  return world.directory.ask("directory.appPasswordAdd", { address: JOHN, label, scopes, ...rest });
}

function list({ directory }: World, address = JOHN) {
  return directory.ask("directory.appPasswordList", { address });
}

function use({ directory }: World, secret: string, service = "pop3", remote = "192.0.2.1"): Promise<AuthenticateReply> {
  return directory.ask("directory.authenticate", { user: JOHN, secret, service, remote });
}

Deno.test("an app password lets one program in beside the password, and is told once", () =>
  inWorld(async (world) => {
    const { password, ...record } = await add(world);
    assertMatch(password, /^([0-9a-hjkmnp-tv-z]{4}-){4}[0-9a-hjkmnp-tv-z]{4}$/);
    assertEquals((await use(world, password)).type, "accepted");
    assertEquals((await use(world, password.toUpperCase().replaceAll("-", " "))).type, "accepted", "as people type it");
    assertEquals(world.hasher.checks, 0, "no slow hash is needed");
    assertEquals((await login(world)).type, "accepted", "the password still holds");
    const { records } = await list(world);
    assertEquals(records.map(({ id, label, scopes }) => [id, label, scopes]), [[record.id, "phone", ["pop3"]]]);
    const kept = JSON.stringify([world.store.all("appPassword"), records, world.log]);
    assert(!kept.includes(password) && !kept.includes(password.replaceAll("-", "")), "only its hash is kept");
  }));

Deno.test("an app password opens only what it is for, only its own account, and only until it expires", () =>
  inWorld(async (world) => {
    const { directory, clock } = world;
    const { password } = await add(world, { scopes: ["smtp", "imap"], expiresAt: "2026-01-02T00:00:00Z" });
    assertEquals((await use(world, password, "smtp")).type, "accepted");
    assertEquals((await use(world, password, "imap")).type, "accepted");
    assertEquals((await use(world, password, "pop3", "192.0.2.2")).type, "refused");
    await directory.ask("directory.accountAdd", { address: "ann@smith.test", password: "x" });
    const asAnn = { user: "ann@smith.test", secret: password, service: "smtp", remote: "192.0.2.3" };
    assertEquals((await directory.ask("directory.authenticate", asAnn)).type, "refused");
    clock.advance(86_399_999);
    assertEquals((await use(world, password, "smtp")).type, "accepted");
    clock.advance(1);
    assertEquals((await use(world, password, "smtp", "192.0.2.4")).type, "refused");
  }));

Deno.test("an app password that is removed is refused at once, though it was right a moment ago", () =>
  inWorld(async (world) => {
    const [first, second] = [await add(world), await add(world, { label: "laptop" })];
    assertEquals((await use(world, first.password)).type, "accepted");
    await world.directory.ask("directory.appPasswordRemove", { address: JOHN, id: first.id });
    assertEquals((await use(world, first.password)).type, "refused");
    assertEquals((await use(world, second.password)).type, "accepted");
    await refuses("not_found", world.directory.ask("directory.appPasswordRemove", { address: JOHN, id: first.id }));
    assertEquals((await list(world)).records.map(({ label }) => label), ["laptop"]);
  }));

Deno.test("a wrong app password costs one slow check like any wrong password, and a disabled account has none", () =>
  inWorld(async (world) => {
    const { password } = await add(world);
    const wrong = `${password.slice(0, -1)}${password.endsWith("0") ? "1" : "0"}`;
    assertEquals((await use(world, wrong)).type, "refused");
    assertEquals(world.hasher.checks, 1);
    await world.directory.ask("directory.accountUpdate", { address: JOHN, disabled: true });
    assertEquals((await use(world, password, "pop3", "192.0.2.2")).type, "refused");
  }));

Deno.test("app passwords outlive a new start and go with their account", () =>
  inWorld(async (world) => {
    const { password } = await add(world);
    const args = { store: world.store, login: { checksMax: 1, waitingMax: 1 }, hasher: world.hasher };
    const again = await world.system.spawn(directoryActor, { name: "again", args });
    const attempt = { user: JOHN, secret: password, service: "pop3", remote: "192.0.2.1" };
    assertEquals((await again.ask("directory.authenticate", attempt)).type, "accepted");
    await world.directory.ask("directory.accountRemove", { address: JOHN });
    assertEquals(world.store.all("appPassword"), []);
    await world.directory.ask("directory.accountAdd", { address: JOHN, password: "x" });
    assertEquals((await list(world)).records, []);
    assertEquals((await use(world, password)).type, "refused");
  }));

Deno.test("the last use is noted to the hour, and a disk that cannot note it refuses nobody", () =>
  inWorld(async (world) => {
    const { password } = await add(world);
    const lastUse = async () => (await list(world)).records[0]?.lastUsedAt;
    assertEquals(await lastUse(), null);
    await use(world, password);
    const first = new Date(world.clock.wallMs()).toISOString();
    assertEquals(await lastUse(), first);
    world.clock.advance(3_599_999);
    await use(world, password);
    assertEquals(await lastUse(), first, "no flush for a program that looks every minute");
    world.clock.advance(1);
    world.store.failNext = new Failure("disk", "a write or flush failed");
    assertEquals((await use(world, password)).type, "accepted");
    await use(world, password);
    assertEquals(await lastUse(), new Date(world.clock.wallMs()).toISOString());
  }));

Deno.test("labels, scopes and times that make no sense are refused, and there is a limit to their number", () =>
  inWorld(async (world) => {
    for (const label of ["", " ", "a\nb", "x".repeat(101)]) await refuses("invalid", add(world, { label }));
    await refuses("invalid", add(world, { scopes: [] }));
    await refuses("invalid", add(world, { scopes: ["ftp" as AppScope] }));
    for (const expiresAt of ["soon", "2026-01-01T00:00:00Z", "2020-01-01"]) {
      await refuses("invalid", add(world, { expiresAt }));
    }
    await refuses("not_found", list(world, "nobody@smith.test"));
    assertEquals((await add(world, { dryRun: true })).password, "", "what was only tried looks like no password");
    assertEquals((await list(world)).records, []);
    for (let i = 0; i < 50; i++) await add(world, { label: `x${i}` });
    await refuses("refused", add(world));
  }));
