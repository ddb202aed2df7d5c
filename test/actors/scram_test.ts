import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { ARGON2_HASHER } from "../../src/actors/directory/password_hasher.ts";
import { directoryActor } from "../../src/actors/directory.ts";
import { Failure } from "../../src/base/mod.ts";
import type { ScramReply } from "../../src/messages/mod.ts";
import { MemoryDirectoryStore } from "../../src/storage/mod.ts";
import { ScramClient } from "../support/scram_client.ts";
import { inWorld, login, settle, timed, type World } from "./directory_world.ts";

type Hash = "SHA-1" | "SHA-256";
type Start = { salt: Uint8Array; iterations: number };

function start(world: World, user: string, hash: Hash = "SHA-256"): Promise<Start> {
  return world.directory.ask("directory.scramStart", { user, hash });
}

/** One whole exchange as a listener would lead it. */
async function scram(
  world: World,
  { user = "john@smith.test", password = "boxing match", hash = "SHA-256" as Hash, remote = "192.0.2.1" } = {},
): Promise<{ reply: ScramReply; client: ScramClient }> {
  const client = new ScramClient({ user, password, hash, nonce: "abc" });
  const { salt, iterations } = await start(world, user, hash);
  const serverFirst = `r=abcxyz,s=${btoa(String.fromCharCode(...salt))},i=${iterations}`;
  const final = client.final(serverFirst);
  const [withoutProof, proofText] = final.split(",p=") as [string, string];
  const authMessage = `${client.first.slice(3)},${serverFirst},${withoutProof}`;
  const proof = Uint8Array.from(atob(proofText), (character) => character.charCodeAt(0));
  const request = { user, hash, authMessage, proof, remote, service: "pop3" };
  return { reply: await world.directory.ask("directory.scramProof", request), client };
}

Deno.test("a right proof gives the account and the server's own proof, for both hashes", () =>
  inWorld(async (world) => {
    for (const hash of ["SHA-1", "SHA-256"] as const) {
      const { reply, client } = await scram(world, { hash, user: "JOHN@smith.test" });
      assert(reply.type === "accepted");
      assertEquals(reply.account.address, "john@smith.test");
      assert(client.verifies(`v=${btoa(String.fromCharCode(...reply.signature))}`));
    }
    assertEquals(world.hasher.checks, 0, "no slow hash is needed");
  }));

Deno.test("a wrong password, an unknown user and a disabled one get the same answer", () =>
  inWorld(async (world) => {
    const { directory } = world;
    await directory.ask("directory.accountAdd", { address: "off@smith.test", password: "boxing match" });
    await directory.ask("directory.accountUpdate", { address: "off@smith.test", disabled: true });
    const attempts = [{ password: "boxing" }, { user: "nobody@smith.test" }, { user: "john" }, {
      user: "off@smith.test",
    }];
    const { store } = world;
    const get = store.get.bind(store);
    let reads = 0;
    store.get = (table, key) => {
      reads++;
      return get(table, key);
    };
    for (const [i, attempt] of attempts.entries()) {
      reads = 0;
      assertEquals((await scram(world, { ...attempt, remote: `192.0.2.${i + 2}` })).reply, { type: "refused" });
      assertEquals([reads, world.hasher.checks], [2, 0], "each costs the same work");
    }
    assertEquals(world.log.filter((line) => line.includes('"event":"login refused"')).length, attempts.length);
  }));

Deno.test("an unknown user has a salt like any other: always the same, another for each name, after a new start too", () =>
  inWorld(async (world) => {
    const real = await start(world, "john@smith.test");
    const fake = await start(world, "nobody@smith.test");
    assertEquals([fake.salt.length, fake.iterations], [real.salt.length, real.iterations]);
    assertEquals(await start(world, "NOBODY@smith.test"), fake, "however the name is written");
    assertEquals((await start(world, "nobody@smith.test", "SHA-1")).salt.length, real.salt.length);
    assertNotEquals(await start(world, "somebody@smith.test"), fake);
    const args = { store: world.store, login: { checksMax: 1, waitingMax: 1 }, hasher: world.hasher };
    const again = await world.system.spawn(directoryActor, { name: "again", args });
    assertEquals(await again.ask("directory.scramStart", { user: "nobody@smith.test", hash: "SHA-256" }), fake);
    assertEquals(await again.ask("directory.scramStart", { user: "john@smith.test", hash: "SHA-256" }), real);
  }));

Deno.test("two servers make up different salts for the same unknown user", async () => {
  const salts: string[] = [];
  for (let i = 0; i < 2; i++) {
    await inWorld(async (world) => {
      const secret = world.store.get("secret", "scram");
      assert(typeof secret?.["value"] === "string" && secret["value"].length >= 26, "at least 128 bits");
      if (i === 1) {
        world.store.commit(world.store.version(), [{ table: "secret", key: "scram", row: { value: "other" } }]);
      }
      const args = { store: world.store, login: { checksMax: 1, waitingMax: 1 }, hasher: world.hasher };
      const again = await world.system.spawn(directoryActor, { name: "again", args });
      const { salt } = await again.ask("directory.scramStart", { user: "nobody@smith.test", hash: "SHA-256" });
      salts.push(String(salt));
    });
  }
  assertNotEquals(salts[0], salts[1]);
});

Deno.test("wrong proofs make an address wait like wrong passwords, and count together with them", () =>
  inWorld(async (world) => {
    const waits: number[] = [];
    for (let i = 0; i < 3; i++) waits.push((await timed(world, scram(world, { password: "guess" })))[1]);
    waits.push((await timed(world, login(world, { secret: "guess" })))[1]);
    waits.push((await timed(world, scram(world, { password: "guess" })))[1]);
    assertEquals(waits.slice(0, 3), [0, 0, 0]);
    assert(waits[3]! >= 250 && waits[4]! >= 2 * waits[3]!, waits.join());
  }));

Deno.test("an account from before has no keys: it is refused like an unknown one until its password was right once", () =>
  inWorld(async (world) => {
    const { store, directory } = world;
    const { id } = await directory.ask("directory.accountGet", { address: "john@smith.test" });
    const { version } = await directory.ask("directory.status", null);
    store.commit(version, [{ table: "credential", key: id, row: { hash: "v1:boxing match" } }]);
    assertEquals((await scram(world)).reply, { type: "refused" });
    assertEquals((await login(world, { secret: "wrong", remote: "192.0.2.2" })).type, "refused");
    assertEquals((await scram(world, { remote: "192.0.2.3" })).reply, { type: "refused" });
    assertEquals((await login(world)).type, "accepted");
    await settle();
    assertEquals((await scram(world)).reply.type, "accepted");
    assertEquals((await directory.ask("directory.status", null)).version, version, "no subscriber needs to know");
  }));

Deno.test("a new password makes new keys, and the old proof is worth nothing", () =>
  inWorld(async (world) => {
    const before = await start(world, "john@smith.test");
    await world.directory.ask("directory.accountUpdate", { address: "john@smith.test", password: "new words" });
    assertNotEquals((await start(world, "john@smith.test")).salt, before.salt);
    assertEquals((await scram(world)).reply, { type: "refused" });
    assertEquals((await scram(world, { password: "new words" })).reply.type, "accepted");
  }));

Deno.test("neither keys nor the server's secret reach a snapshot or the log", () =>
  inWorld(async (world) => {
    await scram(world);
    await scram(world, { password: "guess" });
    const text = world.log.join("\n") + JSON.stringify(await world.directory.ask("directory.snapshot", null));
    const stored = JSON.stringify([...world.store.all("credential"), ...world.store.all("secret")]);
    for (const [secret] of stored.matchAll(/[A-Za-z0-9+/=]{24,}/g)) assert(!text.includes(secret), secret);
  }));

Deno.test("a disk that cannot keep the secret is no reason not to start", () =>
  inWorld(async (world) => {
    const store = new MemoryDirectoryStore();
    store.failNext = new Failure("disk_full", "no space is left");
    const args = { store, login: { checksMax: 1, waitingMax: 1 }, hasher: world.hasher };
    const directory = await world.system.spawn(directoryActor, { name: "full", args });
    const { salt } = await directory.ask("directory.scramStart", { user: "x@y.test", hash: "SHA-1" });
    assertEquals(salt.length, 16);
    assert(world.log.some((line) => line.includes("secret was not kept")));
  }));

Deno.test("keys cost a guesser 4,096 rounds at least, as they say (RFC 7677 §4)", async () => {
  const keys = await ARGON2_HASHER.scramKeys("pencil", new Uint8Array(16));
  for (const { iterations } of Object.values(keys)) {
    assert(iterations >= 4_096, `${iterations}`);
    assertEquals(iterations, ARGON2_HASHER.scramIterations);
  }
});
