/** Deaths while mail is on its way to others: what was acknowledged arrives, though the next server is moody. */
import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "../../src/base/mod.ts";
import { delay, eventually } from "../support/eventually.ts";
import { type Duplicate, RelayLoad } from "../support/relay_load.ts";
import { emptyQueue } from "../support/relay_world.ts";
import { downAndUp } from "../support/worker_watch.ts";

const ROUNDS = Number(Deno.env.get("STAGEPOST_CRASH_ROUNDS") ?? 16);
const SEED = Number(Deno.env.get("STAGEPOST_CRASH_SEED") ?? Date.now() % 1_000_000);
const SESSIONS = 6;
/** Letters acknowledged in a round before its kill may come, at most. */
const ROUND_LETTERS_MAX = 60;
/** Rounds in which the server is killed once more, while it takes up its queue. */
const KILLS_IN_START = 0.2;
const MOODS = { later: 6, drop: 10 };
/** An attempt that was under way at the kill had its 250 no longer before, in ms: one group commit on a slow disk. */
const UNDER_WAY_MS_MAX = 1_000;
/** Time for the last of the retries, in ms. */
const EMPTY_MS_MAX = 30_000;

/** A mail is given twice only when the server died before it had noted that the first copy was taken. */
function assertAtLeastOnce(duplicates: readonly Duplicate[]): void {
  const wrong = duplicates.filter(({ runs: [first, second], beforeEndMs }) =>
    first === second || beforeEndMs > UNDER_WAY_MS_MAX
  );
  assertEquals(wrong, []);
}

async function round(load: RelayLoad, random: ReturnType<typeof seededRandom>): Promise<void> {
  const { server } = load;
  const until = load.acknowledged + Math.floor(random.next() * ROUND_LETTERS_MAX);
  const extraMs = random.next() * 150;
  const sessions = load.submit(SESSIONS, () => false);
  await eventually("letters were taken", () => load.acknowledged >= until, { ms: 20_000 });
  await delay(extraMs);
  const endMs = performance.now();
  await server.kill();
  await sessions;
  load.runEnded(endMs);
  if (random.next() < KILLS_IN_START) {
    server.launch();
    await delay(300 + random.next() * 700);
    const endMs = performance.now();
    await server.kill();
    load.runEnded(endMs);
  }
  await server.start();
}

Deno.test(`after each of ${ROUNDS} SIGKILLs all mail that was acknowledged goes on to the next server`, async () => {
  console.log(`relay crash test: seed ${SEED} (set STAGEPOST_CRASH_SEED to repeat)`);
  const random = seededRandom(SEED);
  await using load = await RelayLoad.start({ seed: SEED, moods: MOODS });
  for (let i = 0; i < ROUNDS; i++) await round(load, random);
  await emptyQueue(load.server, EMPTY_MS_MAX);
  const duplicates = load.check();
  console.log(
    `relay crash test: ${load.acknowledged} acknowledged, ${load.sink.taken} mails at the sink, ${duplicates.length} duplicates`,
  );
  assertAtLeastOnce(duplicates);
  assert(load.acknowledged > ROUNDS * 10, "the load was too small to prove anything");
  await load.server.stop();
});

/** Those that only silence gives away come first: the pause before a restart grows with each failure. */
const FAULTS = ["loop", "exit", "throw", "reject"] as const;

for (const worker of ["delivery-0", "queue"]) {
  Deno.test(`${worker} may hang, exit, throw or reject under load: all mail goes on, and the queue runs empty`, async () => {
    await using load = await RelayLoad.start({ seed: SEED, moods: MOODS, config: { debug: { faultInjection: true } } });
    let over = false;
    const sessions = load.submit(SESSIONS, () => over);
    // A failure of theirs is told below; until then it must not count as unhandled.
    sessions.catch(() => {});
    const outages: [fromMs: number, toMs: number][] = [];
    for (const fault of FAULTS) {
      const [taken, sent] = [load.sink.taken, load.acknowledged];
      await load.sink.when(`mail flows before ${fault}`, () => load.sink.taken >= taken + 10);
      const fromMs = performance.now() - UNDER_WAY_MS_MAX;
      await downAndUp(load.server, worker, fault);
      outages.push([fromMs, performance.now()]);
      await eventually(`mail is taken after ${fault}`, () => load.acknowledged >= sent + 10, { ms: 20_000 });
    }
    over = true;
    await sessions;
    await emptyQueue(load.server, EMPTY_MS_MAX);
    const duplicates = load.check();
    console.log(`${worker}: ${load.acknowledged} acknowledged, ${duplicates.length} duplicates`);
    const wrong = duplicates.filter(({ firstMs }) => !outages.some(([from, to]) => from <= firstMs && firstMs <= to));
    assertEquals(wrong, [], "a mail is given twice only when its worker died over it");
    await load.server.stop();
  });
}
