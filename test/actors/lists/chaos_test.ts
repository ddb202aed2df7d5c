/** Posts to lists while everything goes wrong: answers are lost, actors start again; whatever was accepted arrives, and once. */
import { assertEquals, assertThrows } from "@std/assert";
import { Failure, type Random, seededRandom } from "../../../src/base/mod.ts";
import { all, DEFERRED, DELIVERED } from "../queue/queue_world.ts";
import { LIST, ListWorld, OWNER, post } from "./list_world.ts";

const SEEDS = 25;
const POSTS = 4;
const MEMBERS = 130;
const HOUR = 3_600_000;

/** Fails some of what the list actor asks of the queue: before it is done, or after it, when nobody knows any more. */
function disturb(world: ListWorld, random: Random): void {
  const lose = () => {
    if (random.next() < 0.4) throw new Failure(random.next() < 0.5 ? "down" : "deadline", "lost");
  };
  world.beforeEnqueue = lose;
  world.afterEnqueue = lose;
  world.outside = (attempt) => all(random.next() < 0.3 ? DEFERRED : DELIVERED)(attempt);
}

/** How often each member got each post, in the attempts that went well. */
async function deliveries(seed: number): Promise<Map<string, number>> {
  const random = seededRandom(seed);
  const counts = new Map<string, number>();
  await using world = new ListWorld();
  await world.open({ verp: seed % 2 === 0 });
  await world.join(...Array.from({ length: MEMBERS }, (_, i) => `u${i}@d${i % 3}.test`));
  disturb(world, random);
  const outside = world.outside;
  world.outside = async (attempt) => {
    const report = await outside(attempt);
    const subject = /^Subject: (\S+)/m.exec(attempt.parts.map((part) => new TextDecoder().decode(part)).join(""))?.[1];
    for (const [i, { address }] of attempt.recipients.entries()) {
      if (report.outcomes[i]?.action !== "delivered") continue;
      counts.set(`${subject} ${address}`, (counts.get(`${subject} ${address}`) ?? 0) + 1);
    }
    return report;
  };
  for (let i = 0; i < POSTS; i++) {
    await world.mail(LIST, post(OWNER, { subject: `p${i}` }), { sender: OWNER });
    if (random.next() < 0.5) {
      await world.stop();
      await world.start();
    }
  }
  for (let hour = 0; hour < 60 && world.waiting > 0; hour++) await world.pass(HOUR);
  return counts;
}

function judge(counts: ReadonlyMap<string, number>, seed: number): void {
  assertEquals(counts.size, POSTS * MEMBERS, `seed ${seed}: everybody gets everything`);
  assertEquals([...counts].filter(([, count]) => count !== 1), [], `seed ${seed}: once`);
}

Deno.test("whatever is lost on the way, every member gets every post exactly once", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) judge(await deliveries(seed), seed);
});

Deno.test("canary: a member who is missing, or who got a post twice, would be seen", async () => {
  const counts = await deliveries(1);
  assertThrows(() => judge(new Map(counts).set("p0 u0@d0.test", 2), 1));
  counts.delete("p1 u5@d2.test");
  assertThrows(() => judge(counts, 1));
});
