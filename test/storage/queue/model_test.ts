import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { asFailure, FakeClock } from "../../../src/base/mod.ts";
import { createMemoryQueueStore, openQueueStore, type QueueStore, type StoredItem } from "../../../src/storage/mod.ts";
import { envelope, inDirectory, next, outgoing, problems, queueOptions, to } from "./support.ts";

const DESTINATIONS = ["a.test", "a", "b.test", "[192.0.2.1]"];

/** One change, the same for both stores; items are named by where they stand among those that there are. */
type Step =
  | { readonly kind: "enqueue"; readonly op: number; readonly size: number; readonly to: readonly number[] }
  | {
    readonly kind: "change";
    readonly picks: readonly { readonly at: number; readonly dueMs: number; readonly done: boolean }[];
  }
  | { readonly kind: "suspend"; readonly destination: number; readonly until: number | null | "resume" };

const below = (limit: number) => fc.nat({ max: limit - 1 });

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("enqueue" as const),
    op: below(60),
    size: below(900),
    to: fc.array(below(4), { minLength: 1, maxLength: 4 }),
  }),
  fc.record({
    kind: fc.constant("change" as const),
    picks: fc.array(fc.record({ at: below(1_000), dueMs: below(1e9), done: fc.boolean() }), { maxLength: 5 }),
  }),
  fc.record({
    kind: fc.constant("suspend" as const),
    destination: below(4),
    until: fc.oneof(below(1e9), fc.constant(null), fc.constant("resume" as const)),
  }),
);

/** Steps that are asked at once, and what comes after them. */
const history = fc.array(
  fc.record({ steps: fc.array(step, { minLength: 1, maxLength: 5 }), waitMs: below(3_000), reopen: below(6) }),
  { minLength: 3, maxLength: 15 },
);

function ask(store: QueueStore, step: Step, there: readonly StoredItem[]): Promise<unknown> {
  switch (step.kind) {
    case "enqueue": {
      const items = step.to.map((one, i) => to(DESTINATIONS[one]!, 1_000 * i, ["x", "y"].slice(0, 1 + i % 2)));
      const id = `mail-${step.op % 40}`;
      return store.enqueue(outgoing("b".repeat(step.size), { opId: `op-${step.op}`, envelope: envelope(id), items }));
    }
    case "change":
      if (there.length === 0) return store.change([]);
      return store.change(step.picks.map(({ at, dueMs, done }) => {
        const item = there[at % there.length]!;
        const state = next(item, {
          dueMs,
          attempts: item.attempts + 1,
          held: dueMs % 3 === 0,
          warned: dueMs % 2 === 0,
        });
        return { item: item.item, next: done ? null : state };
      }));
    case "suspend": {
      const name = DESTINATIONS[step.destination]!;
      return step.until === "resume" ? store.resume(name) : store.suspend(name, step.until);
    }
  }
}

/** What a step answers. Which changes of the same moment a known mail's items show is the store's affair. */
async function answer(asked: Promise<unknown>): Promise<unknown> {
  try {
    const result = await asked;
    return (result as { known?: boolean } | undefined)?.known === true ? "known" : result;
  } catch (error) {
    const failure = asFailure(error);
    if (failure === null) throw error;
    return failure.kind;
  }
}

function itemsOf(store: QueueStore): StoredItem[] {
  return store.schedule(0, 10_000).map(({ item }) => store.item(item)!);
}

/** Everything a store shows. */
function picture(store: QueueStore): unknown {
  const items = itemsOf(store);
  const messages = [...new Set(items.map(({ message }) => message))];
  return {
    items,
    schedule: store.schedule(0, 10_000),
    mails: messages.map((message) => [store.message(message), store.body(message).length]),
    byDestination: DESTINATIONS.map((name) => store.itemsOf(name, 0, 10_000)),
    byMail: Array.from({ length: 40 }, (_, i) => store.itemsOfMail(`mail-${i}`)),
    suspensions: store.suspensions(),
    counts: store.counts(),
    nowMs: store.nowMs(),
  };
}

Deno.test("disk and memory queue answer and show the same over random histories, whatever is closed and opened between", async () => {
  await fc.assert(
    fc.asyncProperty(history, (rounds) =>
      inDirectory(async (dir) => {
        const clock = new FakeClock();
        const limits = { segmentBytesMax: 2_000, compactStepBytesMax: 500 };
        const open = () => openQueueStore(queueOptions(dir, { clock, limits }));
        const memory = createMemoryQueueStore({ clock });
        let disk = await open();
        try {
          for (const { steps, waitMs, reopen } of rounds) {
            const there = itemsOf(memory);
            const answers = [];
            for (const store of [disk, memory]) {
              answers.push(await Promise.all(steps.map((step) => answer(ask(store, step, there)))));
            }
            assertEquals(answers[0], answers[1]);
            clock.advance(waitMs);
            if (reopen === 0) {
              await disk.close();
              disk = await open();
            }
            assertEquals(picture(disk), picture(memory));
          }
          assertEquals(await problems(disk), []);
        } finally {
          await disk.close();
          await memory.close();
        }
      })),
    { seed: 20261126, numRuns: 40 },
  );
});
