import { assertEquals } from "@std/assert";
import { rmSync } from "node:fs";
import { TlsCountMemory } from "../../../src/actors/delivery/tls_count_memory.ts";
import { TlsReporting } from "../../../src/actors/delivery/tls_reporting.ts";
import { TLS_COUNTS_ACTOR, tlsCountsActor } from "../../../src/actors/directory/tls_counts.ts";
import { TlsCountShelf } from "../../../src/actors/directory/tls_count_shelf.ts";
import { Failure, FakeClock, seededRandom, SILENT } from "../../../src/base/mod.ts";
import { type DomainName, parseDomain } from "../../../src/mail/mod.ts";
import type { QueueProtocol, TlsCountsProtocol, TlsDayReport } from "../../../src/messages/mod.ts";
import { REPORT_DAY_MS, type TlsFailure, TlsReports } from "../../../src/policy/mod.ts";
import type { Ref } from "../../../src/runtime/mod.ts";
import { type DirectoryStore, MemoryDirectoryStore, openDirectoryStore } from "../../../src/storage/mod.ts";
import { settle, testSystem } from "../../runtime/support/system.ts";
import { temporaryDirectory } from "../../storage/support.ts";

const HOUR_MS = 3_600_000;
const KEEP_EVERY_MS = 300_000;
const NOON_MS = Date.UTC(2026, 0, 1, 12);
const POLICY = { type: "sts", lines: ["version: STSv1"], hosts: ["mx.there.test"] } as const;
const WRONG: TlsFailure = {
  result: "starttls-not-supported",
  host: "mx.there.test",
  sourceAddress: null,
  address: "192.0.2.1",
  reason: null,
};

type Told = QueueProtocol["queue.tlsReport"]["request"];

/** A delivery worker's counts, and what its domains are told; it ends as a process that is killed does. */
class Life {
  readonly told: Told[] = [];
  readonly reports: TlsReports;
  readonly memory: TlsCountMemory;
  readonly #reporting: TlsReporting;

  constructor(private readonly world: World) {
    const { clock, keeper } = world;
    this.reports = new TlsReports({ clock });
    this.memory = new TlsCountMemory({ reports: this.reports, keeper, clock, log: SILENT });
    this.#reporting = new TlsReporting({
      settings: { from: "reports@here.test", organization: "Here", contact: null },
      reports: this.reports,
      memory: this.memory,
      resolver: {
        a: () => Promise.resolve({ type: "nodata", secure: false }),
        aaaa: () => Promise.resolve({ type: "nodata", secure: false }),
        txt: () =>
          Promise.resolve({ type: "found", records: ["v=TLSRPTv1; rua=mailto:tls@there.test"], secure: false }),
      },
      isForbidden: () => false,
      queue: { ask: (_type: string, told: Told) => Promise.resolve(void this.told.push(told)) } as unknown as Ref<
        QueueProtocol
      >,
      clock,
      random: seededRandom(1),
      log: SILENT,
    });
  }
  async start(): Promise<this> {
    const started = this.memory.start().then(() => this.#reporting.start());
    await settle();
    if (!this.world.down) await started;
    return this;
  }
  session(failure: TlsFailure | null = null): void {
    this.reports.record({ domain: parseDomain("there.test") as DomainName, policy: POLICY, failure });
  }
  /** Nothing is kept on the way. */
  kill(): void {
    this.#reporting.stop();
    this.memory.stop();
  }
}

class World {
  readonly clock = new FakeClock(NOON_MS);
  down = false;
  keeper!: Ref<TlsCountsProtocol>;

  async advance(ms: number): Promise<void> {
    this.clock.advance(ms);
    await settle();
  }
}

async function inWorld(run: (world: World) => Promise<void>, store: DirectoryStore = new MemoryDirectoryStore()) {
  const world = new World();
  const { system } = testSystem({ clock: world.clock });
  const real = await system.spawn(tlsCountsActor, { name: TLS_COUNTS_ACTOR, args: { store } });
  world.keeper = {
    address: real.address,
    tell: () => true,
    ask: (...args: Parameters<Ref<TlsCountsProtocol>["ask"]>) =>
      world.down ? Promise.reject(new Failure("down", "it is starting")) : real.ask(...args),
  } as Ref<TlsCountsProtocol>;
  await run(world);
  await system.shutdown();
}

const sums = ({ told }: Life) =>
  told.map(({ report: { dayMs, policies } }) => [
    dayMs,
    ...policies.flatMap(({ successes, failures, details }) => [successes, failures, ...details.map((d) => d.count)]),
  ]);

Deno.test("what was counted outlives a kill, but for the last five minutes, and the day is told as one", () =>
  inWorld(async (world) => {
    const first = await new Life(world).start();
    for (let i = 0; i < 3; i++) first.session();
    first.session(WRONG);
    await world.advance(KEEP_EVERY_MS);
    first.session(); // Of the last five minutes.
    await world.advance(KEEP_EVERY_MS - 1_000);
    first.kill();
    const second = await new Life(world).start();
    second.session();
    second.session(WRONG);
    await world.advance(KEEP_EVERY_MS);
    second.kill();
    const third = await new Life(world).start();
    await world.advance(16 * HOUR_MS);
    assertEquals([sums(first), sums(second), sums(third)], [[], [], [[NOON_MS - 12 * HOUR_MS, 4, 2, 2]]]);
    third.kill();
  }));

Deno.test("a day that was told is not told again, one that ended while nobody was there is told within an hour", () =>
  inWorld(async (world) => {
    const first = await new Life(world).start();
    first.session();
    await world.advance(KEEP_EVERY_MS);
    first.kill();
    world.clock.advance(REPORT_DAY_MS);
    const second = await new Life(world).start();
    await world.advance(HOUR_MS);
    assertEquals(sums(second), [[NOON_MS - 12 * HOUR_MS, 1, 0]]);
    second.kill();
    const third = await new Life(world).start();
    await world.advance(2 * REPORT_DAY_MS);
    assertEquals(sums(third), []);
    third.kill();
  }));

Deno.test("what is counted before the keeper answers is added to what it has, and what it cannot keep is kept later", () =>
  inWorld(async (world) => {
    const first = await new Life(world).start();
    first.session();
    await world.advance(KEEP_EVERY_MS);
    world.down = true;
    first.session();
    await world.advance(KEEP_EVERY_MS);
    world.down = false;
    await world.advance(KEEP_EVERY_MS);
    first.kill();
    world.down = true;
    const second = await new Life(world).start();
    second.session();
    await world.advance(2 * KEEP_EVERY_MS);
    world.down = false;
    await world.advance(1_000);
    await world.advance(KEEP_EVERY_MS);
    second.kill();
    const third = await new Life(world).start();
    await world.advance(16 * HOUR_MS);
    assertEquals(sums(third), [[NOON_MS - 12 * HOUR_MS, 3, 0]]);
    third.kill();
  }));

Deno.test("counts are on the disk when that was answered, and an order of a whole day more goes page by page", async () => {
  const dir = temporaryDirectory();
  const count = (i: number): TlsDayReport => ({
    domain: `d${i}.test`,
    dayMs: 0,
    policies: [{ policy: POLICY, successes: i, failures: 0, details: [] }],
  });
  const days = Array.from({ length: 250 }, (_, i) => count(i));
  const store = openDirectoryStore(dir);
  await inWorld(async ({ keeper }) => {
    await keeper.ask("tlsCounts.keep", { days: days.map((day) => ({ ...day, dayMs: NOON_MS })), done: [] });
  }, store);
  await store.close();
  const again = openDirectoryStore(dir);
  await inWorld(async ({ keeper }) => {
    const found: TlsDayReport[] = [];
    for (let after: string | null = null;;) {
      const page: TlsCountsProtocol["tlsCounts.page"]["reply"] = await keeper.ask("tlsCounts.page", { after });
      found.push(...page.days);
      if (page.next === null) break;
      after = page.next;
    }
    assertEquals(found.map(({ policies }) => policies[0]!.successes).sort((a, b) => a - b), days.map((_, i) => i));
  }, again);
  await again.close();
  rmSync(dir, { recursive: true });
});

Deno.test("a shelf keeps each worker's days apart, up to its limits and four days", () => {
  const store = new MemoryDirectoryStore();
  const shelf = new TlsCountShelf(store, { daysMax: 3, charsMax: 10_000 });
  const day = (domain: string, dayMs: number, line = "x"): TlsDayReport => ({
    domain,
    dayMs,
    policies: [{ policy: { type: "sts", lines: [line], hosts: [] }, successes: 1, failures: 0, details: [] }],
  });
  const names = (worker: string) => shelf.page(worker, null).days.map(({ domain }) => domain);
  shelf.keep("delivery-0", { days: [day("a.test", 0), day("b.test", REPORT_DAY_MS)], done: [] }, REPORT_DAY_MS);
  shelf.keep("delivery-1", { days: [day("a.test", REPORT_DAY_MS), day("c.test", 0)], done: [] }, REPORT_DAY_MS);
  assertEquals([names("delivery-0"), names("delivery-1")], [["a.test", "b.test"], ["a.test"]], "three at most");
  shelf.keep("delivery-1", { days: [], done: [{ domain: "a.test", dayMs: REPORT_DAY_MS }] }, REPORT_DAY_MS);
  assertEquals([names("delivery-0"), names("delivery-1")], [["a.test", "b.test"], []]);
  shelf.keep("delivery-1", { days: [day("d.test", REPORT_DAY_MS, "x".repeat(10_000))], done: [] }, REPORT_DAY_MS);
  assertEquals(names("delivery-1"), [], "too long");
  shelf.keep("delivery-0", { days: [], done: [] }, 4 * REPORT_DAY_MS + 1);
  assertEquals(names("delivery-0"), ["b.test"]);
  assertEquals(store.all("tlsCount").length, 1);
});
