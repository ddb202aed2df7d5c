import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { type BanPolicy, directoryActor } from "../../src/actors/directory.ts";
import { addBan, BANS_MAX } from "../../src/actors/directory/edit_bans.ts";
import { type BanHolder, routerActor, type RoutingHolder } from "../../src/actors/router.ts";
import { Failure } from "../../src/base/mod.ts";
import type { BanRecord } from "../../src/messages/mod.ts";
import { parseNetworkList } from "../../src/policy/mod.ts";
import { inWorld, login, refuses, settle, timed, type World } from "./directory_world.ts";

const HOUR_MS = 3_600_000;
const POLICY: BanPolicy = {
  strikesMax: 4,
  windowMs: 600_000,
  banMs: HOUR_MS,
  exempt: parseNetworkList(["127.0.0.0/8", "::1"]),
};
const ALL = { domain: null, after: null, limit: 100 };

async function banned({ directory }: World): Promise<string[]> {
  return (await directory.ask("directory.banList", ALL)).records.map(({ network }) => network);
}

/** Fails to log in so many times, as fast as the guard lets it. */
async function guess(world: World, times: number, attempt: { remote?: string; user?: string } = {}): Promise<void> {
  for (let i = 0; i < times; i++) {
    const [answer] = await timed(world, login(world, { secret: `guess ${i}`, ...attempt }));
    assertEquals(answer.type, "refused");
  }
}

Deno.test("a ban has its canonical network, reason and end; it can be changed, listed and lifted", () =>
  inWorld(async (world) => {
    const { directory } = world;
    const request = { network: "192.0.2.77/24", forMs: 2 * HOUR_MS, reason: "spam" };
    const record = await directory.ask("directory.banAdd", request);
    assertEquals(record, {
      network: "192.0.2.0/24",
      until: "2026-01-01T02:00:00.000Z",
      reason: "spam",
      by: "operator",
      createdAt: "2026-01-01T00:00:00.000Z",
    });
    await directory.ask("directory.banAdd", { network: "2001:DB8::1", forMs: null, reason: "" });
    await directory.ask("directory.banAdd", { network: "192.0.2.0/24", forMs: null, reason: "still" });
    assertEquals(
      (await directory.ask("directory.banList", ALL)).records.map(({ network, until }) => [network, until]),
      [
        ["192.0.2.0/24", null],
        ["2001:db8::1/128", null],
      ],
    );
    assertEquals((await directory.ask("directory.status", null)).bans, 2);
    await directory.ask("directory.banRemove", { network: "192.0.2.0/24" });
    await refuses("not_found", directory.ask("directory.banRemove", { network: "192.0.2.0/24" }));
    assertEquals(await banned(world), ["2001:db8::1/128"]);
  }));

Deno.test("what is no network, would shut the world out or lock the operator out is refused", () =>
  inWorld(async (world) => {
    const ban = (network: string, forMs: number | null = null) =>
      world.directory.ask("directory.banAdd", { network, forMs, reason: "" });
    for (const text of ["", "example.org", "192.0.2.0/33", "0.0.0.0/0", "192.0.2.0/7", "::/15"]) {
      await refuses("invalid", ban(text));
    }
    await refuses("invalid", ban("192.0.2.1", 0));
    await refuses("invalid", ban("192.0.2.1", 11 * 365 * 24 * HOUR_MS));
    for (const text of ["127.0.0.1", "127.0.0.0/8", "::1", "::ffff:127.0.0.1"]) await refuses("refused", ban(text));
    assertEquals((await ban("192.0.0.0/8")).network, "192.0.0.0/8");
    assertEquals(await banned(world), ["192.0.0.0/8"]);
  }, { bans: POLICY }));

Deno.test("a dry run bans nobody, and a disk that fails neither", () =>
  inWorld(async (world) => {
    const { directory, store } = world;
    const request = { network: "192.0.2.1", forMs: null, reason: "" };
    assertEquals((await directory.ask("directory.banAdd", { ...request, dryRun: true })).network, "192.0.2.1/32");
    store.failNext = new Failure("disk_full", "no space");
    await refuses("disk_full", directory.ask("directory.banAdd", request));
    assertEquals(await banned(world), []);
  }));

Deno.test("bans outlive the directory's worker; one whose time is over is not listed, and swept with the next", () =>
  inWorld(async (world) => {
    const { directory, system, clock, store, hasher } = world;
    const ban = (network: string, forMs: number | null) =>
      directory.ask("directory.banAdd", { network, forMs, reason: "" });
    await ban("192.0.2.1", HOUR_MS);
    await ban("192.0.2.2", 2 * HOUR_MS);
    await ban("192.0.2.3", null);
    await system.stop("directory");
    await system.spawn(directoryActor, {
      name: "directory",
      args: { store, hasher, login: { checksMax: 1, waitingMax: 1 } },
    });
    assertEquals(await banned(world), ["192.0.2.1/32", "192.0.2.2/32", "192.0.2.3/32"]);
    clock.advance(HOUR_MS - 1);
    assertEquals((await banned(world)).length, 3);
    clock.advance(1);
    assertEquals(await banned(world), ["192.0.2.2/32", "192.0.2.3/32"]);
    assertEquals(store.all("ban").length, 3);
    await ban("192.0.2.4", null);
    assertEquals(store.all("ban").map(({ network }) => network), ["192.0.2.2/32", "192.0.2.3/32", "192.0.2.4/32"]);
  }));

Deno.test("an address that fails to log in too often is banned for a time, whichever accounts it tried", () =>
  inWorld(async (world) => {
    const remote = "198.51.100.9";
    await guess(world, 3, { remote });
    assertEquals(await banned(world), [], "one failure fewer");
    await guess(world, 1, { remote, user: "nobody@smith.test" });
    const [record] = (await world.directory.ask("directory.banList", ALL)).records;
    assertEquals([record?.network, record?.by], ["198.51.100.9/32", "login"]);
    assertMatch(record!.reason, /^4 failed logins within 10 minutes$/);
    assertEquals(Date.parse(record!.until!) - Date.parse(record!.createdAt), HOUR_MS);
    world.clock.advance(HOUR_MS);
    assertEquals(await banned(world), []);
  }, { bans: POLICY }));

Deno.test("whichever way somebody fails to log in, the failures count together; the start of an exchange is none", () =>
  inWorld(async (world) => {
    const { directory } = world;
    const at = { remote: "198.51.100.9", service: "smtp" };
    const user = "john@smith.test";
    for (let i = 0; i < 5; i++) await directory.ask("directory.scramStart", { user, hash: "SHA-256" });
    const ways = [
      () => directory.ask("directory.authenticate", { ...at, user, secret: "guess" }),
      () =>
        directory.ask("directory.scramProof", {
          ...at,
          user,
          hash: "SHA-256",
          authMessage: "n=john,r=abc,r=abcxyz,s=,i=1,c=biws,r=abcxyz",
          proof: new Uint8Array(32),
        }),
      () => directory.ask("directory.bearer", { ...at, user, token: "a.b.c" }),
      () => directory.ask("directory.certified", { ...at, user, addresses: ["nobody@smith.test"] }),
    ];
    for (const way of ways) {
      assertEquals(await banned(world), []);
      assertEquals((await timed<{ readonly type: string }>(world, way()))[0].type, "refused");
    }
    assertEquals(await banned(world), ["198.51.100.9/32"]);
  }, { bans: POLICY }));

Deno.test("failures that are too far apart ban nobody; those of one IPv6 site count together", () =>
  inWorld(async (world) => {
    await guess(world, 3);
    world.clock.advance(600_000);
    await guess(world, 3);
    assertEquals(await banned(world), []);
    for (const host of ["1", "2", "3", "4"]) await guess(world, 1, { remote: `2001:db8:1:2::${host}` });
    assertEquals(await banned(world), ["2001:db8:1:2::/64"]);
  }, { bans: POLICY }));

Deno.test("guessing at an account from everywhere bans the guessers, never the account or this machine", () =>
  inWorld(async (world) => {
    await guess(world, 4, { remote: "198.51.100.1" });
    await guess(world, 4, { remote: "198.51.100.2" });
    for (const remote of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]) await guess(world, 6, { remote });
    assertEquals(await banned(world), ["198.51.100.1/32", "198.51.100.2/32"]);
    const [answer] = await timed(world, login(world, { remote: "203.0.113.5" }));
    assertEquals(answer.type, "accepted", "its user goes on from elsewhere");
    const [here] = await timed(world, login(world, { remote: "127.0.0.1" }));
    assertEquals(here.type, "accepted");
  }, { bans: POLICY }));

Deno.test("a guesser does not shorten the ban that an operator gave it", () =>
  inWorld(async (world) => {
    await world.directory.ask("directory.banAdd", { network: "198.51.100.9", forMs: null, reason: "known" });
    await guess(world, 5, { remote: "198.51.100.9" });
    const [record] = (await world.directory.ask("directory.banList", ALL)).records;
    assertEquals([record?.until, record?.by], [null, "operator"]);
  }, { bans: POLICY }));

/** What a listener was told. */
class Told implements BanHolder {
  readonly bans = new Map<string, BanRecord>();
  reset(bans: readonly BanRecord[]): void {
    this.bans.clear();
    for (const ban of bans) this.bans.set(ban.network, ban);
  }
  set(network: string, ban: BanRecord | null): void {
    if (ban === null) this.bans.delete(network);
    else this.bans.set(network, ban);
  }
}

Deno.test("listeners know of every ban as soon as it was answered, of those before them, and of none that was lifted", () =>
  inWorld(async ({ directory, system, clock, store, hasher }) => {
    const ban = (network: string) => directory.ask("directory.banAdd", { network, forMs: null, reason: "" });
    await ban("192.0.2.1");
    const told = new Told();
    const holder: RoutingHolder = { table: null, bans: told };
    const router = await system.spawn(routerActor, { name: "router", args: { holder, directory } });
    assertEquals([...told.bans.keys()], ["192.0.2.1/32"]);
    await ban("192.0.2.2");
    await directory.ask("directory.banRemove", { network: "192.0.2.1" });
    await settle();
    assertEquals([...told.bans.keys()], ["192.0.2.2/32"]);
    // What is told twice, late, must not bring a lifted ban back.
    const late = told.bans.get("192.0.2.2/32")!;
    const changes = [{ kind: "ban", key: "192.0.2.1/32", record: { ...late, network: "192.0.2.1/32" } }] as const;
    router.tell("router.changed", { version: holder.table!.version, changes });
    await settle();
    assertEquals([...told.bans.keys()], ["192.0.2.2/32"]);
    // The directory goes and comes back with one ban less.
    await system.stop("directory");
    store.commit(store.version() + 1, [{ table: "ban", key: "192.0.2.2/32", row: null }]);
    const args = { store, hasher, login: { checksMax: 1, waitingMax: 1 } };
    await system.spawn(directoryActor, { name: "directory", args });
    for (let i = 0; i < 20 && told.bans.size > 0; i++) {
      clock.advance(5_000);
      await settle();
    }
    assertEquals(told.bans.size, 0);
  }));

Deno.test("there are fifty thousand bans at most; those that are over make room, and one that stands may be changed", () => {
  const record = (until: string | null): BanRecord => ({ network: "", until, reason: "", by: "login", createdAt: "" });
  const bans = new Map<string, BanRecord>();
  for (let i = 0; i < BANS_MAX; i++) {
    const network = `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}/32`;
    bans.set(network, { ...record(null), network });
  }
  const book = { bans, commit() {} } as unknown as Parameters<typeof addBan>[0];
  const ban = (network: string) =>
    addBan(book, { network, forMs: HOUR_MS, reason: "", by: "login" }, { nowMs: 1_000, policy: POLICY }).changes.length;
  assertThrows(() => ban("192.0.2.1"), Failure, "there are 50000 bans already");
  assertEquals(ban("10.0.0.0"), 1);
  bans.set("10.0.0.1/32", { ...record(new Date(999).toISOString()), network: "10.0.0.1/32" });
  assertEquals(ban("192.0.2.1"), 2, "that of old goes, the new one comes");
});
