import { assert, assertEquals } from "@std/assert";
import { asFailure, Bug, FakeClock, type Random, seededRandom } from "../../../src/base/mod.ts";
import {
  type EnqueueInput,
  type ItemState,
  openQueueStore,
  type QueueLimits,
  type QueueStore,
  type StoredItem,
} from "../../../src/storage/mod.ts";
import { PowerLoss, SimDisk, SimIndex } from "../sim_disk.ts";
import { bodyText, envelope, next, outgoing, problems, queueOptions, to } from "./support.ts";

/**
 * Small, so that segments are sealed, compacted and removed within a few operations; and larger, so that groups gather in the
 * log, and are brought to the index by time, by their number, or only when the queue is opened again.
 */
const SMALL = { segmentBytesMax: 700, compactStepBytesMax: 200, opIdsMax: 200 };
const LIMITS: readonly Partial<QueueLimits>[] = [
  SMALL,
  { ...SMALL, segmentBytesMax: 8_000, unindexedMsMax: 60 },
  { ...SMALL, segmentBytesMax: 8_000, unindexedMsMax: 1e9, unindexedRowsMax: 9 },
  { ...SMALL, segmentBytesMax: 1e6, unindexedMsMax: 1e9 },
];
const DESTINATIONS = ["a.test", "b.test", "c.test"];
const GONE = "gone";

/** An item whose mail was acknowledged, and every state that it may be in. */
interface Tracked {
  readonly stored: StoredItem;
  possible: readonly string[];
}

interface Sent {
  readonly input: EnqueueInput;
  readonly body: string;
  /** Null until it was acknowledged: then it may be there whole, or not at all. */
  items: readonly Tracked[] | null;
}

function openQueue(disk: SimDisk, clock: FakeClock, limits: Partial<QueueLimits> = SMALL): Promise<QueueStore> {
  const random = seededRandom(1);
  return openQueueStore(queueOptions("", { clock, random, files: disk, index: () => new SimIndex(disk), limits }));
}

/** What is compared of an item. */
function stateOf({ dueMs, held, attempts, recipients, notes }: ItemState): string {
  return JSON.stringify([dueMs, held, attempts, recipients.map(({ address, last }) => [address, last]), notes]);
}

/** Sends, changes and removes at random until the power goes or the rounds are over. */
class Script {
  readonly sent: Sent[] = [];
  constructor(private readonly random: Random) {}
  #below(limit: number): number {
    return Math.floor(this.random.next() * limit);
  }
  /** Runs one round of changes at once. False when the power went. */
  async round(store: QueueStore): Promise<boolean> {
    const running: Promise<boolean>[] = [];
    for (let i = 1 + this.#below(5); i > 0; i--) {
      const luck = this.random.next();
      if (luck < 0.45) running.push(this.#enqueue(store));
      else if (luck < 0.55) running.push(this.#retry(store));
      else running.push(this.#change(store, luck < 0.75));
    }
    return (await Promise.all(running)).every(Boolean);
  }
  async #enqueue(store: QueueStore): Promise<boolean> {
    const id = `op-${String(this.sent.length).padStart(6, "0")}`;
    const body = `${id} ${"x".repeat(this.#below(120))}`;
    const items = Array.from({ length: 1 + this.#below(3) }, () => to(DESTINATIONS[this.#below(3)]!, this.#below(1e6)));
    const sent: Sent = { input: outgoing(body, { opId: id, envelope: envelope(id), items }), body, items: null };
    this.sent.push(sent);
    return await this.#send(store, sent);
  }
  async #retry(store: QueueStore): Promise<boolean> {
    // Only young ones: the store forgets answers, and then a repeated mail would be a new one.
    const young = this.sent.slice(-8);
    return young.length === 0 || await this.#send(store, young[this.#below(young.length)]!);
  }
  async #send(store: QueueStore, sent: Sent): Promise<boolean> {
    return await outcome(store.enqueue(sent.input), ({ items, known }) => {
      if (sent.items !== null) return assert(known, "an acknowledged mail is known");
      assertEquals(items.length, sent.input.items.length, "nobody has changed its items");
      sent.items = items.map((stored) => ({ stored, possible: [stateOf(stored)] }));
    }, () => {});
  }
  async #change(store: QueueStore, done: boolean): Promise<boolean> {
    const open = this.sent.flatMap(({ items }) => items ?? []).filter(({ possible }) =>
      possible.some((one) => one !== GONE)
    );
    if (open.length === 0) return true;
    const changes = Array.from({ length: 1 + this.#below(3) }, () => {
      const tracked = open[this.#below(open.length)]!;
      const state = done
        ? null
        : next(tracked.stored, { dueMs: this.#below(1e6), attempts: this.#below(9), held: this.#below(2) > 0 });
      return { tracked, state };
    });
    return await outcome(
      store.change(changes.map(({ tracked, state }) => ({ item: tracked.stored.item, next: state }))),
      () => {
        for (const { tracked, state } of changes) {
          const after = state === null ? GONE : stateOf(state);
          // One that may be gone stays gone.
          tracked.possible = tracked.possible.includes(GONE) && after !== GONE ? [GONE, after] : [after];
        }
      },
      (kind) => {
        if (kind === "disk_full") return;
        for (const { tracked, state } of changes) {
          tracked.possible = [...tracked.possible, state === null ? GONE : stateOf(state)];
        }
      },
    );
  }
}

/** False when the power went meanwhile; other failures must be Failures. */
async function outcome<T>(
  asked: Promise<T>,
  done: (value: T) => void,
  failed: (kind: string) => void,
): Promise<boolean> {
  try {
    done(await asked);
    return true;
  } catch (error) {
    const failure = asFailure(error);
    if (failure === null) throw error;
    assert(failure.kind === "disk" || failure.kind === "disk_full", failure.kind);
    failed(failure.kind);
    return !(failure.cause instanceof PowerLoss);
  }
}

async function check(store: QueueStore, sent: readonly Sent[]): Promise<void> {
  assertEquals(await problems(store), []);
  const bySubject = new Map(sent.map((one) => [one.body, one]));
  const mails = new Map<number, Sent>();
  const there = new Map<string, number>();
  for (const { item, dueMs, held } of store.schedule(0, 10_000)) {
    const stored = store.item(item)!;
    assertEquals([stored.dueMs, stored.held], [dueMs, held]);
    const mail = mails.get(stored.message) ?? bySubject.get(bodyText(store, stored.message));
    assert(mail !== undefined, `the body of mail ${stored.message} is what was sent`);
    if (!mails.has(stored.message)) {
      assert(!there.has(mail.input.opId), `${mail.input.opId} is there twice`);
      there.set(mail.input.opId, stored.message);
      mails.set(stored.message, mail);
      assertEquals(store.message(stored.message)?.envelope, mail.input.envelope);
    }
    assert(store.itemsOf(stored.destination, item - 1, 1)[0] === item, "its destination leads to it");
    if (mail.items === null) continue;
    const tracked = mail.items.find((one) => one.stored.item === item);
    assert(tracked !== undefined, `item ${item} was never acknowledged`);
    assert(tracked.possible.includes(stateOf(stored)), `item ${item} is in a state nobody asked for`);
  }
  for (const { input, items } of sent) {
    const message = there.get(input.opId);
    if (items === null) {
      if (message !== undefined) {
        assertEquals(store.itemsOfMail(input.envelope.id).length, input.items.length, "it is whole");
      }
      continue;
    }
    for (const { stored, possible } of items) {
      if (!possible.includes(GONE)) assert(store.item(stored.item) !== null, `item ${stored.item} was acknowledged`);
    }
  }
}

type Faults = (random: Random) => "ENOSPC" | "EIO" | null;

interface Fate {
  readonly fault: Faults;
  /** Whether the disk only says that it flushes. */
  readonly lies?: boolean;
  /** Whether the process may be killed in place of a loss of power. */
  readonly kills?: boolean;
  /** The step of each life at which the power goes (default: at random). */
  readonly endsAt?: number;
}

/** Runs one seed: four lives of a queue, each ending with a loss of power or a kill. */
async function lives(seed: number, { fault, lies = false, kills = false, endsAt }: Fate): Promise<number> {
  const random = seededRandom(seed);
  const disk = new SimDisk(random);
  disk.lies = lies;
  const script = new Script(random);
  for (let life = 0; life < 4; life++) {
    disk.fault = () => null;
    const clock = new FakeClock();
    const store = await openQueue(disk, clock, LIMITS[Math.floor(random.next() * LIMITS.length)]!);
    await check(store, script.sent);
    const last = disk.steps + (endsAt ?? 1 + Math.floor(random.next() * 80));
    disk.fault = (step) => step >= last ? "crash" : fault(random);
    for (let round = 0; round < 60; round++) {
      if (!await script.round(store)) break;
      try {
        // Compaction runs from the clock, and so do the pauses of a failed disk.
        clock.advance(random.next() < 0.3 ? 6_000 : 25);
      } catch (error) {
        if (error instanceof Bug) throw error;
        break;
      }
    }
    // Killed, it leaves more than the disk has; the power may go later, before or after that was found.
    if (kills && random.next() < 0.6) disk.kill();
    else disk.restart();
  }
  disk.fault = () => null;
  const store = await openQueue(disk, new FakeClock());
  await check(store, script.sent);
  await store.close();
  return script.sent.length;
}

const SEEDS = Number(process.env["STORE_SEEDS"] ?? 60);

async function matrix(name: string, fault: Faults, kills = false): Promise<void> {
  let sent = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      sent += await lives(seed, { fault, kills });
    } catch (error) {
      throw new Error(`${name}: seed ${seed} fails`, { cause: error });
    }
  }
  assert(sent > SEEDS, "the script sends mail");
}

Deno.test("after a loss of power at any step, what the queue acknowledged is there, once and byte for byte", async () => {
  await matrix("power", () => null);
});

Deno.test("the same when the power goes at each of the first hundred steps in turn", async () => {
  for (let endsAt = 1; endsAt <= 100; endsAt++) {
    await lives(4_711, { fault: () => null, endsAt }).catch((error) => {
      throw new Error(`step ${endsAt} fails`, { cause: error });
    });
  }
});

Deno.test("the same on a disk where one step in twenty fails for want of space", async () => {
  await matrix("full", (random) => random.next() < 0.05 ? "ENOSPC" : null);
});

Deno.test("the same on a disk where one step in twenty fails with an I/O error", async () => {
  await matrix("EIO", (random) => random.next() < 0.05 ? "EIO" : null);
});

Deno.test("the same when the process is killed now and the power goes later, on a disk that fails now and then", async () => {
  await matrix("kills", () => null, true);
  await matrix("kills and EIO", (random) => random.next() < 0.03 ? "EIO" : null, true);
});

Deno.test("canary: on a disk that only says it flushes, acknowledged mail is lost from the queue and these tests see it", async () => {
  let seen = 0;
  for (let seed = 1; seed <= 10; seed++) {
    await lives(seed, { fault: () => null, lies: true }).catch(() => seen++);
  }
  assert(seen > 5, `${seen} of 10 seeds showed it`);
});
