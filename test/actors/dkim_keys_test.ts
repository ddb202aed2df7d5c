import { assert, assertEquals, assertRejects } from "@std/assert";
import { createPrivateKey } from "node:crypto";
import { directoryActor } from "../../src/actors/directory.ts";
import { DKIM_KEYS_MAX } from "../../src/actors/directory/dkim_keys.ts";
import { Failure, FakeClock } from "../../src/base/mod.ts";
import type { DirectoryProtocol, DkimKeyRecord } from "../../src/messages/mod.ts";
import { createActorSystem, type Ref } from "../../src/runtime/mod.ts";
import { MemoryDirectoryStore } from "../../src/storage/mod.ts";
import { seededRandom, SILENT } from "../../src/base/mod.ts";
import { linkSystems, testSystem } from "../runtime/support/system.ts";
import { inWorld, refuses, type World } from "./directory_world.ts";

const DOMAIN = "smith.test";

function states(records: readonly DkimKeyRecord[]): string[] {
  return records.map(({ selector, state }) => `${selector} ${state}`);
}

async function list({ directory }: Pick<World, "directory">): Promise<string[]> {
  const { records } = await directory.ask("directory.dkimList", { domain: DOMAIN, after: null, limit: 100 });
  return states(records);
}

async function selectorsOf({ directory }: Pick<World, "directory">): Promise<readonly string[] | undefined> {
  const { domains } = await directory.ask("directory.snapshot", null);
  return domains.find(({ name }) => name === DOMAIN)?.dkim;
}

Deno.test("a pair is made, activated, and retired by the next: the snapshot names the selectors that sign", () =>
  inWorld(async (world) => {
    const { directory } = world;
    const ask = directory.ask.bind(directory);
    const { records } = await ask("directory.dkimRotate", { domain: "SMITH.test" });
    assertEquals(states(records), ["20260101-ed next", "20260101-rsa next"]);
    assertEquals(await selectorsOf(world), undefined);
    const active = await ask("directory.dkimActivate", { domain: DOMAIN });
    assertEquals(states(active.records), ["20260101-ed active", "20260101-rsa active"]);
    assertEquals(await selectorsOf(world), ["20260101-ed", "20260101-rsa"]);
    await ask("directory.dkimRotate", { domain: DOMAIN });
    assertEquals(await selectorsOf(world), ["20260101-ed", "20260101-rsa"], "the old ones sign until told otherwise");
    await ask("directory.dkimActivate", { domain: DOMAIN });
    assertEquals(await list(world), [
      "20260101-ed retired",
      "20260101-rsa retired",
      "20260101b-ed active",
      "20260101b-rsa active",
    ]);
    assertEquals(await selectorsOf(world), ["20260101b-ed", "20260101b-rsa"]);
  }));

Deno.test("keys that were made on other days, or were removed, leave their names free", () =>
  inWorld(async (world) => {
    const { directory, clock } = world;
    await directory.ask("directory.dkimRotate", { domain: DOMAIN });
    for (const selector of ["20260101-ed", "20260101-rsa"]) {
      await directory.ask("directory.dkimRemove", { domain: DOMAIN, selector });
    }
    clock.advance(86_400_000);
    const { records } = await directory.ask("directory.dkimRotate", { domain: DOMAIN });
    assertEquals(states(records), ["20260102-ed next", "20260102-rsa next"]);
  }));

Deno.test("a key that signs and is removed signs no more from then on; another change of the domain keeps the rest", () =>
  inWorld(async (world) => {
    const { directory } = world;
    await directory.ask("directory.dkimRotate", { domain: DOMAIN });
    await directory.ask("directory.dkimActivate", { domain: DOMAIN });
    await directory.ask("directory.dkimRemove", { domain: DOMAIN, selector: "20260101-ed" });
    assertEquals(await selectorsOf(world), ["20260101-rsa"]);
    await directory.ask("directory.domainUpdate", { name: DOMAIN, catchAll: "john@smith.test" });
    assertEquals(await selectorsOf(world), ["20260101-rsa"]);
    await directory.ask("directory.dkimRemove", { domain: DOMAIN, selector: "20260101-rsa" });
    assertEquals(await selectorsOf(world), undefined);
  }));

Deno.test("what cannot be is refused by kind, and changes nothing", () =>
  inWorld(async (world) => {
    const ask = world.directory.ask.bind(world.directory);
    await refuses("not_found", ask("directory.dkimRotate", { domain: "other.test" }));
    await refuses("invalid", ask("directory.dkimRotate", { domain: "no domain" }));
    await refuses("not_found", ask("directory.dkimActivate", { domain: DOMAIN }));
    await refuses("not_found", ask("directory.dkimRemove", { domain: DOMAIN, selector: "x" }));
    assertEquals(await ask("directory.dkimRotate", { domain: DOMAIN, dryRun: true }), { records: [], next: null });
    assertEquals(await list(world), []);
    await ask("directory.dkimRotate", { domain: DOMAIN });
    await refuses("exists", ask("directory.dkimRotate", { domain: DOMAIN }));
    await ask("directory.dkimActivate", { domain: DOMAIN, dryRun: true });
    await ask("directory.dkimRemove", { domain: DOMAIN, selector: "20260101-ed", dryRun: true });
    assertEquals(await list(world), ["20260101-ed next", "20260101-rsa next"]);
  }));

Deno.test("two rotations at a time make one pair", () =>
  inWorld(async (world) => {
    const rotate = () => world.directory.ask("directory.dkimRotate", { domain: DOMAIN }).then(() => "made", String);
    const answers = await Promise.all([rotate(), rotate()]);
    assertEquals(answers.filter((answer) => answer === "made").length, 1);
    assertEquals((await list(world)).length, 2);
  }));

Deno.test("a domain has twenty keys at most", () =>
  inWorld(async (world) => {
    const ask = world.directory.ask.bind(world.directory);
    for (let i = 0; i < DKIM_KEYS_MAX / 2; i++) {
      await ask("directory.dkimRotate", { domain: DOMAIN });
      await ask("directory.dkimActivate", { domain: DOMAIN });
    }
    await refuses("refused", ask("directory.dkimRotate", { domain: DOMAIN }));
  }));

Deno.test("keys of many domains are listed page by page, each once", () =>
  inWorld(async ({ directory }) => {
    for (const name of ["a.test", "b.test"]) await directory.ask("directory.domainAdd", { name });
    for (const domain of ["b.test", DOMAIN, "a.test"]) await directory.ask("directory.dkimRotate", { domain });
    const found: string[] = [];
    for (let after: string | null = null;;) {
      const page: { records: readonly DkimKeyRecord[]; next: string | null } = await directory.ask(
        "directory.dkimList",
        { domain: null, after, limit: 1 },
      );
      found.push(...page.records.map(({ domain, selector }) => `${domain} ${selector}`));
      after = page.next;
      if (after === null) break;
    }
    assertEquals(found, [
      "a.test 20260101-ed",
      "a.test 20260101-rsa",
      "b.test 20260101-ed",
      "b.test 20260101-rsa",
      "smith.test 20260101-ed",
      "smith.test 20260101-rsa",
    ]);
  }));

Deno.test("keys outlive the actor, and go with their domain", async () => {
  const store = new MemoryDirectoryStore();
  const open = async () => {
    const system = createActorSystem({
      node: "local",
      worker: "directory",
      clock: new FakeClock(),
      log: SILENT,
      random: seededRandom(1),
    });
    const args = { store, login: { checksMax: 1, waitingMax: 1 } };
    const directory: Ref<DirectoryProtocol> = await system.spawn(directoryActor, { name: "directory", args });
    return { directory, [Symbol.asyncDispose]: () => system.shutdown() };
  };
  {
    await using life = await open();
    await life.directory.ask("directory.domainAdd", { name: DOMAIN });
    await life.directory.ask("directory.dkimRotate", { domain: DOMAIN });
    await life.directory.ask("directory.dkimActivate", { domain: DOMAIN });
  }
  await using life = await open();
  assertEquals(await list(life), ["20260101-ed active", "20260101-rsa active"]);
  assertEquals(await selectorsOf(life), ["20260101-ed", "20260101-rsa"]);
  await life.directory.ask("directory.domainRemove", { name: DOMAIN });
  assertEquals(store.all("dkimKey"), []);
});

Deno.test("a commit that fails leaves the keys as the disk has them", () =>
  inWorld(async (world) => {
    const { directory, store } = world;
    await directory.ask("directory.dkimRotate", { domain: DOMAIN });
    store.failNext = new Failure("disk", "the disk failed");
    await refuses("disk", directory.ask("directory.dkimActivate", { domain: DOMAIN }));
    assertEquals(await list(world), ["20260101-ed next", "20260101-rsa next"]);
    assertEquals(await selectorsOf(world), undefined);
    await directory.ask("directory.dkimActivate", { domain: DOMAIN });
    assertEquals(await list(world), ["20260101-ed active", "20260101-rsa active"]);
  }));

Deno.test("secret keys are given to the worker that signs, whatever others say of themselves, and stand in no log", () =>
  inWorld(async ({ directory, system, log }) => {
    const { records } = await directory.ask("directory.dkimRotate", { domain: DOMAIN });
    const request = { domain: DOMAIN, selectors: ["20260101-rsa", "20260101-ed", "none"] };
    await refuses("refused", directory.ask("directory.signingKeys", request));
    for (const worker of ["policy", "listener-0", "main"]) {
      const { system: other } = testSystem({ worker });
      const { passAll } = linkSystems(other, system as ReturnType<typeof testSystem>["system"]);
      const ref = other.ref<DirectoryProtocol>({ node: "local", worker: "directory", actor: "directory" });
      const answer = ref.ask("directory.signingKeys", request);
      const settled = answer.catch(() => {});
      await passAll();
      await settled;
      if (worker === "policy") {
        const { keys } = await answer;
        assertEquals(keys.map(({ selector }) => selector), ["20260101-ed", "20260101-rsa"]);
        assertEquals(keys.map(({ pem }) => createPrivateKey(pem).asymmetricKeyType), ["ed25519", "rsa"]);
      } else assertEquals((await assertRejects(() => answer, Failure)).kind, "refused", worker);
      await other.shutdown();
    }
    assert(!/PRIVATE KEY|MII[A-Za-z]v/.test(JSON.stringify([records, log])));
  }));
