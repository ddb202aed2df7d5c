import { assert, assertEquals } from "@std/assert";
import { seeds, simulate } from "../../src/runtime/mod.ts";
import { lostMailboxes, session } from "./session.ts";
import type { PlantedBug } from "./sim_disk.ts";

Deno.test("whatever breaks: 250 means exactly one copy for each recipient, byte for byte, and a refusal none", async () => {
  const total = { unknown: 0, accepted: 0, refused: 0, copies: 0, removed: 0 };
  await simulate({ seeds: seeds(1, 210) }, async (sim) => {
    const counts = (await session(sim)).ledger.counts();
    for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += counts[key];
  });
  assert(total.accepted > 1_000, "too few mails were accepted for this to say much");
  assert(total.refused > 100 && total.unknown > 50 && total.removed > 100, JSON.stringify(total));
});

Deno.test("a mailbox worker that is lost for a moment costs no client a temporary failure", async () => {
  let accepted = 0;
  await simulate({ seeds: seeds(1, 30) }, async (sim) => {
    const { ledger } = await session(sim, { happens: lostMailboxes });
    assertEquals(ledger.answered(451), 0);
    accepted += ledger.counts().accepted;
  });
  assert(accepted > 200);
});

/** Defects of a disk and what they break. */
const BUGS: Readonly<Record<PlantedBug, string>> = {
  "acknowledges before it is durable": "was answered 250 and never reached",
  "forgets what it has stored for whom": "twice",
  "does not take back": "was refused and is in",
  "changes a byte": "was not read as it was stored",
};

/** Seeds that are tried until a defect shows: one of them needs a worker to be lost between two flushes. */
const SEEDS_MAX = 400;

for (const [bug, found] of Object.entries(BUGS) as [PlantedBug, string][]) {
  Deno.test(`a planted disk that ${bug} is found`, async () => {
    for (const seed of seeds(1, SEEDS_MAX)) {
      const run = simulate({ seeds: [seed], print: () => {} }, async (sim) => void await session(sim, { bug }));
      const finding = await run.then(() => "", (error: Error) => error.message);
      if (finding.includes(found)) return;
    }
    throw new Error(`${SEEDS_MAX} seeds did not show that ${found}`);
  });
}

Deno.test("the same seed runs the same way", async () => {
  const runs: unknown[] = [];
  for (let i = 0; i < 2; i++) {
    await simulate({ seeds: [17] }, async (sim) => {
      const { ledger } = await session(sim);
      runs.push({ counts: ledger.counts(), at: sim.clock.monotonicMs(), next: sim.random.next() });
    });
  }
  assertEquals(runs[0], runs[1]);
});
