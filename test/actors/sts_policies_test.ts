import { assertEquals, assertRejects } from "@std/assert";
import { rmSync } from "node:fs";
import { PolicyShelf, type ShelfLimits } from "../../src/actors/directory/policy_shelf.ts";
import { STS_POLICIES_ACTOR, stsPoliciesActor } from "../../src/actors/directory/sts_policies.ts";
import { Failure } from "../../src/base/mod.ts";
import type { KeptMtaStsPolicy, StsPoliciesProtocol } from "../../src/messages/mod.ts";
import type { Ref } from "../../src/runtime/mod.ts";
import { MemoryDirectoryStore, openDirectoryStore } from "../../src/storage/mod.ts";
import { testSystem } from "../runtime/support/system.ts";
import { temporaryDirectory } from "../storage/support.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const START_MS = Date.UTC(2026, 0, 1);

function policy(domain: string, over: Partial<KeptMtaStsPolicy> = {}): KeptMtaStsPolicy {
  const text = `version:STSv1\nmode:enforce\nmx:mx.${domain}\nmax_age:864000\n`;
  return { domain, id: "1", fetchedAtMs: START_MS, endsAtMs: START_MS + 10 * DAY_MS, text, ...over };
}

async function all(keeper: Ref<StsPoliciesProtocol>): Promise<KeptMtaStsPolicy[]> {
  const found: KeptMtaStsPolicy[] = [];
  for (let after: string | null = null;;) {
    const page: StsPoliciesProtocol["stsPolicies.page"]["reply"] = await keeper.ask("stsPolicies.page", { after });
    found.push(...page.policies);
    if (page.next === null) return found;
    after = page.next;
  }
}

function shelf(store: MemoryDirectoryStore, limits: Partial<ShelfLimits> = {}): PolicyShelf {
  return new PolicyShelf(store, { domainsMax: 100, charsMax: 10_000, ...limits });
}

const domains = (store: MemoryDirectoryStore) => store.all("stsPolicy").map(({ domain }) => domain);

Deno.test("policies outlive the actor, the newest of each domain, and go when they are over", async () => {
  const dir = temporaryDirectory();
  const { system, clock } = testSystem();
  const start = async () => {
    const store = openDirectoryStore(dir);
    const keeper = await system.spawn(stsPoliciesActor, { name: STS_POLICIES_ACTOR, args: { store } });
    const stop = async () => {
      await system.stop(STS_POLICIES_ACTOR);
      await store.close();
    };
    return { keeper, stop };
  };
  const first = await start();
  const many = Array.from({ length: 250 }, (_, i) => policy(`d${i}.test`));
  await first.keeper.ask("stsPolicies.keep", { policies: many });
  const renewed = policy("d7.test", { id: "2", fetchedAtMs: START_MS + 1_000, endsAtMs: START_MS + 20 * DAY_MS });
  await first.keeper.ask("stsPolicies.keep", { policies: [renewed] });
  // Of another worker, which has had the older one for longer.
  await first.keeper.ask("stsPolicies.keep", {
    policies: [policy("d7.test"), policy("past.test", { endsAtMs: START_MS })],
  });
  await first.stop();
  const second = await start();
  const expected = many.with(7, renewed).sort((a, b) => a.domain < b.domain ? -1 : 1);
  assertEquals(await all(second.keeper), expected);
  clock.advance(10 * DAY_MS);
  assertEquals(await all(second.keeper), [renewed]);
  await second.stop();
  await system.shutdown();
  rmSync(dir, { recursive: true });
});

Deno.test("as much is kept as allowed, what was fetched longest ago goes first, after a restart too", () => {
  const store = new MemoryDirectoryStore();
  const of = (i: number) => policy(`d${i}.test`, { fetchedAtMs: START_MS + i });
  shelf(store, { domainsMax: 3 }).keep([4, 3, 2].map(of), START_MS);
  const again = shelf(store, { domainsMax: 3 });
  again.keep([of(5)], START_MS);
  assertEquals(domains(store), ["d3.test", "d4.test", "d5.test"]);
  shelf(store, { charsMax: 2 * of(1).text.length }).keep([of(6)], START_MS);
  assertEquals(domains(store), ["d5.test", "d6.test"]);
});

Deno.test("what is over makes room whenever something is kept", () => {
  const store = new MemoryDirectoryStore();
  const kept = shelf(store);
  kept.keep([policy("a.test", { endsAtMs: START_MS + 1 }), policy("b.test")], START_MS);
  kept.keep([policy("c.test")], START_MS + 1);
  assertEquals(domains(store), ["b.test", "c.test"]);
});

Deno.test("a disk that fails loses nothing of what was kept, and takes the next policies", async () => {
  const { system } = testSystem();
  const store = new MemoryDirectoryStore();
  const keeper = await system.spawn(stsPoliciesActor, { name: STS_POLICIES_ACTOR, args: { store } });
  await keeper.ask("stsPolicies.keep", { policies: [policy("a.test")] });
  store.failNext = new Failure("disk_full", "no space");
  const lost = { policies: [policy("b.test")] };
  assertEquals((await assertRejects(() => keeper.ask("stsPolicies.keep", lost), Failure)).kind, "disk_full");
  assertEquals((await all(keeper)).map(({ domain }) => domain), ["a.test"]);
  await keeper.ask("stsPolicies.keep", lost);
  assertEquals((await all(keeper)).map(({ domain }) => domain), ["a.test", "b.test"]);
  await system.shutdown();
});

Deno.test("pages end where their texts are long, and leave nothing out", () => {
  const store = new MemoryDirectoryStore();
  const long = shelf(store, { charsMax: 10_000_000 });
  const text = "x".repeat(60_000);
  long.keep(Array.from({ length: 50 }, (_, i) => policy(`d${i}.test`, { text })), START_MS);
  const sizes: number[] = [];
  for (let after: string | null = null;;) {
    const page = long.page(after, START_MS);
    sizes.push(page.policies.length);
    if (page.next === null) break;
    after = page.next;
  }
  assertEquals(sizes, [18, 18, 14]);
});
