import { assert, assertEquals } from "@std/assert";
import type { Log, LogFields } from "../../../src/base/mod.ts";
import { seeds, simulate } from "../../../src/runtime/mod.ts";
import type { QueueBug } from "./queue_disk.ts";
import { PLANTED_CRASH, type QueueMode } from "./relay.ts";
import { relaySession } from "./relay_session.ts";

/** Nothing may be logged as an error: that is what defects of ours are. */
function strictLog(errors: string[]): Log {
  const error = (event: string, fields?: LogFields) => {
    const line = `${event} ${JSON.stringify(fields ?? {})}`;
    if (!line.includes(PLANTED_CRASH)) errors.push(line);
  };
  const log: Log = { debug() {}, info() {}, warn() {}, error, child: () => log };
  return log;
}

/** A seed to run alone: `deno test -A test/sim/relay -- SEED`. */
const AGAIN = Deno.args[0] === undefined ? null : Number(Deno.args[0]);

function hint(line: string): void {
  const seed = /seed (\d+)/.exec(line)?.[1];
  console.error(`${line}\nto run it alone: deno test -A test/sim/relay --filter "whatever breaks" -- ${seed}`);
}

async function run(mode: QueueMode, bug: QueueBug | null, each: Iterable<number>) {
  const total = { accepted: 0, taken: 0, failed: 0, delayed: 0, untold: 0, again: 0 };
  const errors: string[] = [];
  const print = bug === null ? hint : () => {};
  await simulate({ seeds: each, log: strictLog(errors), print }, async (sim) => {
    const counts = (await relaySession(sim, { mode, bug })).relay!.ledger.counts();
    for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += counts[key];
    assertEquals(errors, []);
  });
  return total;
}

const SEEDS: Readonly<Record<QueueMode, number>> = { maps: 100, store: 30 };

for (const mode of ["maps", "store"] as const) {
  Deno.test(`whatever breaks: mail that got 250 is taken elsewhere or comes back, once each (queue in ${mode})`, async () => {
    const total = await run(mode, null, AGAIN === null ? seeds(1, SEEDS[mode]) : [AGAIN]);
    if (AGAIN !== null) return;
    assert(total.accepted > 4 * SEEDS[mode], `too few mails for this to say much: ${JSON.stringify(total)}`);
    assert(total.failed > 10 && total.delayed > 10 && total.untold > 5, JSON.stringify(total));
  });
}

/** Defects of a queue and what they break. */
const BUGS: Readonly<Record<QueueBug, string>> = {
  "loses reports": "nobody knows what became of it",
  "forgets what was delivered": "twice",
  "loses what is deferred": "nobody knows what became of it",
};

for (const [bug, found] of Object.entries(BUGS) as [QueueBug, string][]) {
  Deno.test(`a planted queue that ${bug} is found`, async () => {
    for (const seed of seeds(1, 60)) {
      const finding = await run("maps", bug, [seed]).then(() => "", (error: Error) => error.message);
      if (finding.includes(found)) return;
    }
    throw new Error(`60 seeds did not show that ${found}`);
  });
}

Deno.test("the same seed relays the same way", async () => {
  assertEquals(await run("store", null, [5]), await run("store", null, [5]));
});
