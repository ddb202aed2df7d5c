import { assert, assertEquals, assertLess, assertNotEquals, assertRejects } from "@std/assert";
import { directoryActor, type DirectoryArgs, type PasswordHasher } from "../../src/actors/directory.ts";
import { routerActor, type RoutingHolder } from "../../src/actors/router.ts";
import { Failure, FakeClock, jsonLog, type LogLevel, seededRandom, systemClock } from "../../src/base/mod.ts";
import { parseMailbox } from "../../src/mail/mod.ts";
import type { AuthenticateReply, DirectoryProtocol, RouterProtocol } from "../../src/messages/mod.ts";
import { type ActorSystem, createActorSystem, type Ref } from "../../src/runtime/mod.ts";
import { MemoryDirectoryStore } from "../../src/storage/mod.ts";

/** Counts its work and does none; a hash names its password, so that nothing can be mixed up. */
class FakeHasher implements PasswordHasher {
  checks = 0;
  running = 0;
  runningMax = 0;
  version = 1;
  /** Set to hold checks back until it settles. */
  gate: Promise<void> = Promise.resolve();

  hash(password: string): Promise<string> {
    return Promise.resolve(`v${this.version}:${password}`);
  }
  async verify(hashed: string, password: string): Promise<boolean> {
    this.checks++;
    this.runningMax = Math.max(this.runningMax, ++this.running);
    await this.gate;
    this.running--;
    return hashed.slice(hashed.indexOf(":") + 1) === password;
  }
  isOutdated(hashed: string): boolean {
    return !hashed.startsWith(`v${this.version}:`);
  }
}

interface World {
  readonly system: ActorSystem;
  readonly directory: Ref<DirectoryProtocol>;
  readonly clock: FakeClock;
  readonly store: MemoryDirectoryStore;
  readonly hasher: FakeHasher;
  readonly log: string[];
}

async function inWorld(run: (world: World) => Promise<void>, args: Partial<DirectoryArgs> = {}): Promise<void> {
  const clock = new FakeClock();
  const log: string[] = [];
  const options = {
    level: "debug" as LogLevel,
    wallMs: () => clock.wallMs(),
    write: (line: string) => void log.push(line),
  };
  const system = createActorSystem({
    node: "local",
    worker: "directory",
    clock,
    log: jsonLog(options),
    random: seededRandom(1),
  });
  const hasher = new FakeHasher();
  const store = new MemoryDirectoryStore();
  const login = { checksMax: 2, waitingMax: 4 };
  const directory = await system.spawn(directoryActor, {
    name: "directory",
    args: { store, login, hasher, ...args },
  });
  try {
    await directory.ask("directory.domainAdd", { name: "smith.test" });
    await directory.ask("directory.accountAdd", { address: "John@Smith.test", password: "boxing match" });
    await run({ system, directory, clock, store, hasher, log });
  } finally {
    await system.shutdown();
  }
}

/** Lets everything happen that can happen without the clock. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}

function login(
  { directory }: World,
  attempt: { user?: string; secret?: string; remote?: string } = {},
): Promise<AuthenticateReply> {
  const { user = "john@smith.test", secret = "boxing match", remote = "192.0.2.1" } = attempt;
  return directory.ask("directory.authenticate", { user, secret, remote, service: "pop3" });
}

async function refuses(kind: string, ask: Promise<unknown>): Promise<string> {
  const failure = await assertRejects(() => ask, Failure);
  assertEquals(failure.kind, kind, failure.message);
  return failure.message;
}

/** Asks, moving the clock on until the answer is there; the answer and the time it took, in ms. */
async function timed<T>(world: World, ask: Promise<T>): Promise<[T, number]> {
  const startMs = world.clock.monotonicMs();
  const answer: { value?: { is: T } } = {};
  const done = ask.then((value) => void (answer.value = { is: value }));
  for (let i = 0; answer.value === undefined && i < 4_000; i++) {
    await settle();
    if (answer.value === undefined) world.clock.advance(10);
  }
  await done;
  return [answer.value!.is, world.clock.monotonicMs() - startMs];
}

Deno.test("accounts are kept in canonical form and found by any way to write them", () =>
  inWorld(async ({ directory }) => {
    const account = await directory.ask("directory.accountGet", { address: '"JOHN"@SMITH.TEST' });
    assertEquals(account.address, "john@smith.test");
    assertEquals([account.disabled, account.quotaBytes], [false, 0]);
    const quoted = { address: '"John Smith"@smith.test', password: "x" };
    assertEquals((await directory.ask("directory.accountAdd", quoted)).address, '"john smith"@smith.test');
    assertEquals((await directory.ask("directory.domainAdd", { name: "Straße.test" })).name, "xn--strae-oqa.test");
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
    await refuses("not_found", ask("directory.accountUpdate", { address: "a@smith.test", disabled: true }));
    await refuses("not_found", ask("directory.accountRemove", { address: "a@smith.test" }));
    await refuses("exists", ask("directory.aliasAdd", { address: "john@smith.test", targets: ["john@smith.test"] }));
    await refuses("invalid", ask("directory.aliasAdd", { address: "a@smith.test", targets: [] }));
    await refuses("invalid", ask("directory.aliasAdd", { address: "a@smith.test", targets: ["x@elsewhere.test"] }));
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

Deno.test("a login gives the account; a wrong password, an unknown user and a disabled one get the same answer", () =>
  inWorld(async (world) => {
    const { directory, hasher } = world;
    const accepted = await login(world, { user: "JOHN@smith.test" });
    assertEquals(accepted.type === "accepted" && accepted.account.address, "john@smith.test");
    await directory.ask("directory.accountAdd", { address: "off@smith.test", password: "right" });
    await directory.ask("directory.accountUpdate", { address: "off@smith.test", disabled: true });
    const attempts = [
      { secret: "wrong" },
      { user: "nobody@smith.test" },
      { user: "john@elsewhere.test" },
      { user: "john" },
      { user: "\r\n\u001b[2J" },
      { user: "off@smith.test", secret: "right" },
    ];
    for (const [i, attempt] of attempts.entries()) {
      const before = hasher.checks;
      assertEquals(await login(world, { ...attempt, remote: `192.0.2.${i + 2}` }), { type: "refused" });
      assertEquals(hasher.checks, before + 1, "each costs one check");
    }
    await directory.ask("directory.domainUpdate", { name: "smith.test", disabled: true });
    assertEquals(await login(world), { type: "refused" });
  }));

Deno.test("another name of the domain serves for logging in", () =>
  inWorld(async (world) => {
    await world.directory.ask("directory.domainAdd", { name: "smith.example", aliasOf: "smith.test" });
    assertEquals((await login(world, { user: "john@smith.example" })).type, "accepted");
  }));

Deno.test("no password, right or wrong, reaches the log or the snapshot", () =>
  inWorld(async (world) => {
    await login(world);
    await login(world, { secret: "hunter22" });
    await login(world, { user: "hunter22 typed in the wrong field", secret: "x1x2x3" });
    const text = world.log.join("\n") + JSON.stringify(await world.directory.ask("directory.snapshot", null));
    for (const secret of ["boxing match", "hunter22", "x1x2x3", "v1:"]) assert(!text.includes(secret), secret);
    assert(world.log.some((line) => line.includes('"event":"login refused"')));
  }));

Deno.test("a client that logs in every minute costs one check in five minutes", () =>
  inWorld(async (world) => {
    const { hasher, clock, directory } = world;
    for (let minute = 0; minute < 5; minute++) {
      assertEquals((await login(world)).type, "accepted");
      clock.advance(60_000);
    }
    assertEquals(hasher.checks, 1);
    await login(world);
    assertEquals(hasher.checks, 2);
    await directory.ask("directory.accountUpdate", { address: "john@smith.test", password: "new words" });
    assertEquals((await login(world)).type, "refused", "the old password is forgotten at once");
    assertEquals((await login(world, { secret: "new words" })).type, "accepted");
    await directory.ask("directory.accountUpdate", { address: "john@smith.test", disabled: true });
    assertEquals((await login(world, { secret: "new words", remote: "192.0.2.9" })).type, "refused");
  }));

Deno.test("a password that changes while it is checked lets nobody in", () =>
  inWorld(async (world) => {
    const { hasher, directory } = world;
    const gate = Promise.withResolvers<void>();
    hasher.gate = gate.promise;
    const attempt = login(world);
    await settle();
    await directory.ask("directory.accountUpdate", { address: "john@smith.test", password: "new words" });
    gate.resolve();
    assertEquals((await attempt).type, "refused");
  }));

Deno.test("few checks run at a time, few wait, the rest are told to come back", () =>
  inWorld(async (world) => {
    const { hasher } = world;
    const gate = Promise.withResolvers<void>();
    hasher.gate = gate.promise;
    const attempts = Array.from(
      { length: 10 },
      (_, i) => login(world, { remote: `198.51.100.${i}`, secret: `no ${i}` }),
    );
    await settle();
    gate.resolve();
    const types = (await Promise.all(attempts)).map(({ type }) => type);
    assertEquals(types.filter((type) => type === "refused").length, 6, "2 ran, 4 waited");
    assertEquals(types.filter((type) => type === "busy").length, 4);
    assertEquals(hasher.runningMax, 2);
  }));

Deno.test("an operator's change does not wait for strangers' checks", () =>
  inWorld(async (world) => {
    const gate = Promise.withResolvers<void>();
    world.hasher.gate = gate.promise;
    const attempts = Array.from({ length: 6 }, (_, i) => login(world, { remote: `198.51.100.${i}`, secret: "no" }));
    await settle();
    await world.directory.ask("directory.accountAdd", { address: "new@smith.test", password: "x" });
    gate.resolve();
    await Promise.all(attempts);
  }));

Deno.test("logins of many users from this machine do not get in each other's way", () =>
  inWorld(async (world) => {
    const users = Array.from({ length: 20 }, (_, i) => `u${i}@smith.test`);
    const attempts = users.map((user) => login(world, { user, remote: "127.0.0.1", secret: "no" }));
    const types = (await Promise.all(attempts)).map(({ type }) => type);
    assertEquals(types.filter((type) => type === "busy"), []);
  }, { login: { checksMax: 2, waitingMax: 100 } }));

Deno.test("one address has at most eight attempts under way", () =>
  inWorld(async (world) => {
    const gate = Promise.withResolvers<void>();
    world.hasher.gate = gate.promise;
    const attempts = Array.from({ length: 9 }, () => login(world, { secret: "no" }));
    await settle();
    gate.resolve();
    const types = (await Promise.all(attempts)).map(({ type }) => type);
    assertEquals(types.filter((type) => type === "busy").length, 1);
  }, { login: { checksMax: 2, waitingMax: 100 } }));

Deno.test("an address that guesses waits longer and longer, though it opens many connections", () =>
  inWorld(async (world) => {
    const waits: number[] = [];
    for (let i = 0; i < 10; i++) {
      const [answer, tookMs] = await timed(world, login(world, { user: `u${i}@smith.test`, secret: "guess" }));
      assertEquals(answer.type, "refused");
      waits.push(tookMs);
    }
    assertEquals(waits.slice(0, 2), [0, 0], "typing errors cost nothing");
    for (let i = 3; i < 10; i++) assert(waits[i]! >= waits[i - 1]!, `${waits}`);
    assertEquals(waits.at(-1), 8_000);
    const burst = [1, 2, 3, 4].map((i) => login(world, { user: `v${i}@smith.test`, secret: "guess" }));
    const [answers, tookMs] = await timed(world, Promise.all(burst));
    assertEquals(answers.filter(({ type }) => type === "refused").length, 2, "they wait for one another");
    assertEquals(answers.filter(({ type }) => type === "busy").length, 2);
    assert(tookMs >= 16_000, `${tookMs}`);
    const [elsewhere, freeMs] = await timed(world, login(world, { remote: "203.0.113.5" }));
    assertEquals([elsewhere.type, freeMs], ["accepted", 0], "others do not notice");
  }));

Deno.test("an account that is attacked from everywhere is never locked: its user waits nothing, or three seconds", () =>
  inWorld(async (world) => {
    assertEquals((await login(world, { remote: "203.0.113.5" })).type, "accepted");
    world.clock.advance(301_000); // The remembered login is forgotten.
    for (let i = 0; i < 200; i++) {
      await timed(world, login(world, { remote: `198.51.${i >> 4}.${i}`, secret: "guess" }));
    }
    const [known, knownMs] = await timed(world, login(world, { remote: "203.0.113.5" }));
    assertEquals([known.type, knownMs], ["accepted", 0]);
    const [fresh, freshMs] = await timed(world, login(world, { remote: "203.0.113.77" }));
    assertEquals(fresh.type, "accepted");
    assert(freshMs > 0 && freshMs <= 3_000, `${freshMs}`);
  }));

Deno.test("on this machine, where one address stands for many users, guessing at one slows no other", () =>
  inWorld(async (world) => {
    for (let i = 0; i < 8; i++) {
      await timed(world, login(world, { user: "mary@smith.test", secret: "guess", remote: "127.0.0.1" }));
    }
    const [, guesserMs] = await timed(
      world,
      login(world, { user: "mary@smith.test", secret: "x", remote: "127.0.0.1" }),
    );
    assertNotEquals(guesserMs, 0);
    assertEquals((await timed(world, login(world, { remote: "127.0.0.1" })))[1], 0);
  }));

Deno.test("failures are forgiven as time goes by", () =>
  inWorld(async (world) => {
    for (let i = 0; i < 6; i++) await timed(world, login(world, { user: `u${i}@smith.test`, secret: "guess" }));
    world.clock.advance(600_000);
    assertEquals((await timed(world, login(world, { secret: "guess" })))[1], 0);
  }));

Deno.test("a hash of old parameters is renewed at the next login, without a new version", () =>
  inWorld(async (world) => {
    const { hasher, store, directory } = world;
    const { version } = await directory.ask("directory.status", null);
    hasher.version = 2;
    assertEquals((await login(world)).type, "accepted");
    assertEquals(store.all("credential"), [{ hash: "v2:boxing match" }]);
    assertEquals((await directory.ask("directory.status", null)).version, version);
    store.failNext = new Failure("disk", "a write or flush failed");
    hasher.version = 3;
    world.clock.advance(301_000);
    assertEquals((await login(world)).type, "accepted", "a disk that fails is no reason to refuse");
  }));

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

Deno.test("argon2id: a login works, its hash has our parameters, and an unknown user takes as long", async () => {
  const random = seededRandom(3);
  const log = jsonLog({ level: "error", wallMs: () => 0, write: () => {} });
  const system = createActorSystem({ node: "local", worker: "w", clock: systemClock(), log, random });
  const store = new MemoryDirectoryStore();
  const args = { store, login: { checksMax: 1, waitingMax: 8 } };
  const directory = await system.spawn(directoryActor, { name: "directory", args });
  await directory.ask("directory.domainAdd", { name: "smith.test" });
  await directory.ask("directory.accountAdd", { address: "john@smith.test", password: "boxing match" });
  const hash = String(store.all("credential")[0]?.["hash"]);
  assert(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/.test(hash), hash.slice(0, 30));
  const attempt = async (user: string, secret: string, remote: string) => {
    const startMs = performance.now();
    const { type } = await directory.ask("directory.authenticate", { user, secret, service: "pop3", remote });
    return { type, ms: performance.now() - startMs };
  };
  const median = (times: number[]) => times.sort((a, b) => a - b)[times.length >> 1]!;
  const known: number[] = [];
  const unknown: number[] = [];
  for (let i = 0; i < 5; i++) {
    known.push((await attempt("john@smith.test", `wrong ${i}`, `192.0.2.${i}`)).ms);
    unknown.push((await attempt(`nobody${i}@smith.test`, "wrong", `192.0.3.${i}`)).ms);
  }
  const ratio = median(known) / median(unknown);
  assert(ratio > 0.5 && ratio < 2, `known ${median(known)} ms, unknown ${median(unknown)} ms`);
  assertEquals((await attempt("john@smith.test", "boxing match", "192.0.2.100")).type, "accepted");
  const cached = await attempt("john@smith.test", "boxing match", "192.0.2.100");
  assertEquals(cached.type, "accepted");
  assertLess(cached.ms, median(known), "the second login is remembered");
  await system.shutdown();
});
