import { assert, assertEquals } from "@std/assert";
import { PolicyMemory } from "../../../src/actors/delivery/policy_memory.ts";
import { STS_POLICIES_ACTOR, stsPoliciesActor } from "../../../src/actors/directory/sts_policies.ts";
import { Failure, SILENT, utf8 } from "../../../src/base/mod.ts";
import { type DomainName, parseDomain } from "../../../src/mail/mod.ts";
import type { StsPoliciesProtocol } from "../../../src/messages/mod.ts";
import { MtaStsCache } from "../../../src/policy/mod.ts";
import type { Ref } from "../../../src/runtime/mod.ts";
import { MemoryDirectoryStore } from "../../../src/storage/mod.ts";
import { settle, testSystem } from "../../runtime/support/system.ts";

const POLICY = utf8("version: STSv1\nmode: enforce\nmx: mx.there.test\nmax_age: 864000\n");
const name = (text: string) => parseDomain(text) as DomainName;

async function inWorld(run: (world: World) => Promise<void>): Promise<void> {
  const { system, clock } = testSystem();
  const store = new MemoryDirectoryStore();
  await system.spawn(stsPoliciesActor, { name: STS_POLICIES_ACTOR, args: { store } });
  const real = system.ref<StsPoliciesProtocol>({ node: "local", worker: "w", actor: STS_POLICIES_ACTOR });
  const keeper = {
    address: real.address,
    tell: () => true,
    ask: (...args: Parameters<Ref<StsPoliciesProtocol>["ask"]>) =>
      world.down ? Promise.reject(new Failure("down", "it is starting")) : real.ask(...args),
  } as Ref<StsPoliciesProtocol>;
  const life = () => {
    const cache = new MtaStsCache({ clock });
    return { cache, memory: new PolicyMemory({ cache, keeper, clock, log: SILENT }) };
  };
  const world = {
    down: false,
    store,
    life,
    async advance(ms: number) {
      clock.advance(ms);
      await settle();
    },
  };
  await run(world);
  await system.shutdown();
}

interface World {
  down: boolean;
  readonly store: MemoryDirectoryStore;
  /** A cache and its memory, as a worker that starts has them. */
  readonly life: () => { cache: MtaStsCache; memory: PolicyMemory };
  readonly advance: (ms: number) => Promise<void>;
}

Deno.test("what one life fetched is there in the next, though name server and web server say nothing", () =>
  inWorld(async ({ life, advance, store }) => {
    const first = life();
    for (let i = 0; i < 300; i++) first.cache.fetched(name(`d${i}.test`), "1", POLICY);
    first.memory.fetched();
    assertEquals(store.all("stsPolicy"), []);
    await advance(500);
    assertEquals(store.all("stsPolicy").length, 300);
    const second = life();
    await second.memory.load();
    assertEquals(second.cache.size.policies, 300);
    const step = second.cache.recordFailed(name("d299.test"));
    assertEquals(step.type === "use" && step.policy?.mode, "enforce");
  }));

Deno.test("what was fetched right before the end is kept by a drain", () =>
  inWorld(async ({ life, store }) => {
    const { cache, memory } = life();
    cache.fetched(name("a.test"), "1", POLICY);
    memory.fetched();
    await memory.keep();
    memory.stop();
    assertEquals(store.all("stsPolicy").length, 1);
  }));

Deno.test("what cannot be kept is tried again until it is", () =>
  inWorld(async (world) => {
    const { cache, memory } = world.life();
    world.down = true;
    cache.fetched(name("a.test"), "1", POLICY);
    memory.fetched();
    await world.advance(500);
    cache.fetched(name("b.test"), "1", POLICY);
    memory.fetched();
    world.store.failNext = new Failure("disk_full", "no space");
    world.down = false;
    await world.advance(30_000);
    assertEquals(world.store.all("stsPolicy"), []);
    await world.advance(30_000);
    assertEquals(world.store.all("stsPolicy").map(({ domain }) => domain), ["a.test", "b.test"]);
  }));

Deno.test("mail waits for what was kept while its keeper starts, but not for ever", () =>
  inWorld(async (world) => {
    const first = world.life();
    first.cache.fetched(name("a.test"), "1", POLICY);
    await first.memory.keep();
    world.down = true;
    const second = world.life();
    let loaded = false;
    void second.memory.load().then(() => loaded = true);
    await world.advance(3_000);
    assert(!loaded);
    world.down = false;
    await world.advance(1_000);
    assert(loaded);
    assertEquals(second.cache.size.policies, 1);
    world.down = true;
    const third = world.life();
    let given = false;
    void third.memory.load().then(() => given = true);
    for (let i = 0; i < 15; i++) await world.advance(1_000);
    assert(given, "after 15 s mail goes without");
    world.down = false;
    await world.advance(1_000);
    assertEquals(third.cache.size.policies, 1, "what comes late counts from then on");
  }));
