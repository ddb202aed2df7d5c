import { assert, assertEquals, assertLess, assertNotEquals } from "@std/assert";
import { directoryActor } from "../../src/actors/directory.ts";
import { Failure, jsonLog, seededRandom, systemClock } from "../../src/base/mod.ts";
import { createActorSystem } from "../../src/runtime/mod.ts";
import { MemoryDirectoryStore } from "../../src/storage/mod.ts";
import { inWorld, login, settle, timed } from "./directory_world.ts";

const LIST = { domain: null, after: null, limit: 10 };

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
    // Whoever they say that they are.
    const attempts = Array.from(
      { length: 9 },
      (_, i) => login(world, { user: `u${i}@smith.test`, secret: `no ${i}`, remote: `2001:db8::${i}` }),
    );
    await settle();
    gate.resolve();
    const types = (await Promise.all(attempts)).map(({ type }) => type);
    assertEquals(types.filter((type) => type === "busy").length, 1);
  }, { login: { checksMax: 2, waitingMax: 100 } }));

Deno.test("all addresses together have at most a thousand attempts under way", () =>
  inWorld(async (world) => {
    const gate = Promise.withResolvers<void>();
    world.hasher.gate = gate.promise;
    const attempts = Array.from(
      { length: 1_001 },
      (_, i) => login(world, { secret: `no ${i}`, remote: `198.51.${i >> 8}.${i & 255}` }),
    );
    await settle();
    gate.resolve();
    const types = (await Promise.all(attempts)).map(({ type }) => type);
    assertEquals(types.filter((type) => type === "busy").length, 1);
  }, { login: { checksMax: 2, waitingMax: 2_000 } }));

Deno.test("a password that is longer than any may be is not looked at", () =>
  inWorld(async (world) => {
    const before = world.hasher.checks;
    assertEquals(await login(world, { secret: "x".repeat(1_025) }), { type: "refused" });
    assertEquals(await login(world, { secret: "\u00e9".repeat(513), remote: "192.0.2.9" }), { type: "refused" });
    assertEquals(world.hasher.checks, before);
    assertEquals(await login(world, { secret: "x".repeat(1_024), remote: "192.0.2.9" }), { type: "refused" });
    assertEquals(world.hasher.checks, before + 1);
  }));

Deno.test("fifty logins that say the same at once are one check, and all are let in", () =>
  inWorld(async (world) => {
    const gate = Promise.withResolvers<void>();
    world.hasher.gate = gate.promise;
    const attempts = Array.from({ length: 50 }, () => login(world));
    await settle();
    gate.resolve();
    assertEquals(new Set((await Promise.all(attempts)).map(({ type }) => type)), new Set(["accepted"]));
    assertEquals(world.hasher.checks, 1);
    // Even the user's own connections end somewhere.
    world.clock.advance(301_000);
    const held = Promise.withResolvers<void>();
    world.hasher.gate = held.promise;
    const many = Array.from({ length: 101 }, () => login(world));
    await settle();
    held.resolve();
    assertEquals((await Promise.all(many)).filter(({ type }) => type === "busy").length, 1);
  }));

Deno.test("the same wrong password at once is one check, and each time a failure", () =>
  inWorld(async (world) => {
    const gate = Promise.withResolvers<void>();
    world.hasher.gate = gate.promise;
    const wrong = Array.from({ length: 5 }, () => login(world, { secret: "guess" }));
    const nobody = Array.from({ length: 5 }, () => login(world, { user: "nobody@smith.test", secret: "guess" }));
    await settle();
    gate.resolve();
    const types = (await Promise.all([...wrong, ...nobody])).map(({ type }) => type);
    assertEquals(new Set(types), new Set(["refused"]));
    assertEquals(world.hasher.checks, 2, "unknown users cost what others cost");
    assertEquals((await world.directory.ask("directory.banList", LIST)).records.length, 1, "ten failures");
    assertEquals(
      (await timed(world, login(world, { secret: "guess" })))[1],
      8_000,
      "the next one waits for all of them",
    );
  }, { bans: { strikesMax: 10, windowMs: 600_000, banMs: 600_000, exempt: [] } }));

Deno.test("checks are shared by those alone who say the same, of the same user, from the same address", () =>
  inWorld(async (world) => {
    const gate = Promise.withResolvers<void>();
    world.hasher.gate = gate.promise;
    const attempts = [
      login(world),
      login(world, { secret: "no" }),
      login(world, { user: "mary@smith.test" }),
      login(world, { remote: "192.0.2.9" }),
    ];
    await settle();
    gate.resolve();
    const types = (await Promise.all(attempts)).map(({ type }) => type);
    assertEquals(types, ["accepted", "refused", "refused", "accepted"]);
    assertEquals(world.hasher.checks, 4);
  }));

Deno.test("who shares a check is not let in by a password that changed, or an account that was disabled, meanwhile", () =>
  inWorld(async (world) => {
    const { hasher, directory } = world;
    const changes = [{ password: "new words" }, { password: "boxing match", disabled: true }];
    for (const [i, change] of changes.entries()) {
      const gate = Promise.withResolvers<void>();
      hasher.gate = gate.promise;
      const remote = `192.0.2.${i + 10}`;
      const secret = i === 0 ? "boxing match" : "new words";
      const before = [login(world, { remote, secret }), login(world, { remote, secret })];
      await settle();
      const checks = hasher.checks;
      await directory.ask("directory.accountUpdate", { address: "john@smith.test", ...change });
      const after = login(world, { remote, secret });
      await settle();
      assertEquals(hasher.checks, checks + 1, "who comes later is checked against what stands now");
      gate.resolve();
      const types = (await Promise.all([...before, after])).map(({ type }) => type);
      assertEquals(types, ["refused", "refused", "refused"]);
    }
  }));

Deno.test("a hash that is renewed while others share its check lets them all in, and is made once", () =>
  inWorld(async (world) => {
    const { hasher, store } = world;
    hasher.version = 2;
    const gate = Promise.withResolvers<void>();
    hasher.gate = gate.promise;
    const attempts = Array.from({ length: 20 }, () => login(world));
    await settle();
    const hashes = hasher.hashes;
    gate.resolve();
    assertEquals(new Set((await Promise.all(attempts)).map(({ type }) => type)), new Set(["accepted"]));
    assertEquals(hasher.hashes - hashes, 1);
    assertEquals(store.all("credential").map(({ hash }) => hash), ["v2:boxing match"]);
  }));

Deno.test("an account that is disabled while its hash is renewed lets nobody in", () =>
  inWorld(async (world) => {
    const { hasher, directory } = world;
    hasher.version = 2;
    const gate = Promise.withResolvers<void>();
    hasher.hashGate = gate.promise;
    const attempts = [login(world), login(world)];
    await settle();
    await directory.ask("directory.accountUpdate", { address: "john@smith.test", disabled: true });
    gate.resolve();
    assertEquals((await Promise.all(attempts)).map(({ type }) => type), ["refused", "refused"]);
  }));

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
    for (let i = 0; i < 60; i++) {
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
    assertEquals(store.all("credential").map(({ hash }) => hash), ["v2:boxing match"]);
    assertEquals((await directory.ask("directory.status", null)).version, version);
    store.failNext = new Failure("disk", "a write or flush failed");
    hasher.version = 3;
    world.clock.advance(301_000);
    assertEquals((await login(world)).type, "accepted", "a disk that fails is no reason to refuse");
  }));

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
  // The shortest of several: what else the machine does can only add to a time.
  const shortest = (times: number[]) => Math.min(...times);
  const known: number[] = [];
  const unknown: number[] = [];
  for (let i = 0; i < 5; i++) {
    known.push((await attempt("john@smith.test", `wrong ${i}`, `192.0.2.${i}`)).ms);
    unknown.push((await attempt(`nobody${i}@smith.test`, "wrong", `192.0.3.${i}`)).ms);
  }
  const ratio = shortest(known) / shortest(unknown);
  assert(ratio > 0.5 && ratio < 2, `known ${shortest(known)} ms, unknown ${shortest(unknown)} ms`);
  assertEquals((await attempt("john@smith.test", "boxing match", "192.0.2.100")).type, "accepted");
  const cached: number[] = [];
  for (let i = 0; i < 5; i++) cached.push((await attempt("john@smith.test", "boxing match", "192.0.2.100")).ms);
  assertLess(shortest(cached), shortest(known), "the next logins are remembered");
  await system.shutdown();
});
