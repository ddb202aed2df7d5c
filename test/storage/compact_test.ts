/** What compaction leaves of mail that dies, and is moved, while it is under way: of a shard and of the queue. */
import { assert, assertEquals } from "@std/assert";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { FakeClock } from "../../src/base/mod.ts";
import { type MailStore, openMailStore, openQueueStore, shardDirectory } from "../../src/storage/mod.ts";
import { RECORD_HEADER_BYTES } from "../../src/storage/disk/segments.ts";
import { bodyText, enqueued, outgoing, problems, queueOptions } from "./queue/support.ts";
import { ANNA, diskOptions, mail, temporaryDirectory, text, uids } from "./support.ts";

/** Twelve records of a size fill a segment, with that of their group behind them; each body that is moved makes its own step. */
const RECORDS = 12;
const BODY_CHARS = 3_000;
const LIMITS = {
  segmentBytesMax: RECORDS * (RECORD_HEADER_BYTES + BODY_CHARS),
  compactStepBytesMax: 1,
  freeBytesMin: 0,
};
/** The first step is made when compaction looks for work. */
const LOOK_MS = 1_000;
const STEP_MS = 20;
/** By then what was done is in the index. */
const CHECKPOINT_MS = 10_000;

/** A store of bodies, each named by the number it was given. */
interface Bodies {
  put(body: string): Promise<number>;
  remove(numbers: readonly number[]): Promise<void>;
  read(number: number): string;
  problems(): Promise<unknown[]>;
  close(): Promise<void>;
}

async function verified(store: MailStore): Promise<unknown[]> {
  const events = await Array.fromAsync(store.verify());
  return events.filter(({ type }) => type === "bad");
}

interface Kind {
  readonly name: string;
  segments(dir: string): string;
  open(dir: string, options: { readonly clock: FakeClock; readonly limits: typeof LIMITS }): Promise<Bodies>;
}

const shardKind: Kind = {
  name: "shard",
  segments: (dir) => `${shardDirectory(dir, 0)}/segments`,
  async open(dir, options) {
    const store = await openMailStore(diskOptions(dir, options));
    const shard = store.shard(0);
    return {
      put: async (body) => uids(await shard.deliver(mail(body)))[0]!,
      remove: async (numbers) => void await shard.expunge(ANNA, 1, [...numbers]),
      read: (number) => text(shard, number),
      problems: () => verified(store),
      close: () => store.close(),
    };
  },
};

const queueKind: Kind = {
  name: "queue",
  segments: (dir) => `${dir}/queue/segments`,
  async open(dir, options) {
    const store = await openQueueStore(queueOptions(dir, options));
    return {
      put: async (body) => (await enqueued(store, outgoing(body)))[0]!.item,
      remove: (numbers) => store.change(numbers.map((item) => ({ item, next: null }))),
      read: (number) => bodyText(store, store.item(number)!.message),
      problems: () => problems(store),
      close: () => store.close(),
    };
  },
};

/** A store of whole segments, with what is in them and what lives. */
class Rig {
  readonly clock = new FakeClock();
  readonly living = new Map<number, string>();
  #bodies: Bodies | null = null;
  #count = 0;
  constructor(private readonly kind: Kind, private readonly dir: string) {}
  get bodies(): Bodies {
    assert(this.#bodies !== null);
    return this.#bodies;
  }
  async open(limits: Partial<typeof LIMITS> = {}): Promise<void> {
    this.#bodies = await this.kind.open(this.dir, { clock: this.clock, limits: { ...LIMITS, ...limits } });
  }
  async reopen(limits: Partial<typeof LIMITS> = {}): Promise<void> {
    await this.close();
    await this.open(limits);
  }
  async close(): Promise<void> {
    await this.#bodies?.close();
    this.#bodies = null;
  }
  /** Bodies that are handed in together, so that they make one group; answers their numbers in the order in which they lie. */
  async put(count: number, chars = BODY_CHARS): Promise<number[]> {
    const bodies = Array.from({ length: count }, () => `<${this.#count++}>`.padEnd(chars, "b"));
    const numbers = await Promise.all(bodies.map((body) => this.bodies.put(body)));
    numbers.forEach((number, i) => this.living.set(number, bodies[i]!));
    return numbers;
  }
  /** Fills so many segments; answers the numbers in each. */
  async fill(segments: number): Promise<number[][]> {
    const filled: number[][] = [];
    for (let i = 0; i < segments; i++) filled.push(await this.put(RECORDS));
    assertEquals(this.files().length, segments);
    filled.forEach((numbers, i) => assertEquals(this.#within(this.files()[i]!), numbers));
    return filled;
  }
  async remove(numbers: readonly number[]): Promise<void> {
    await this.bodies.remove(numbers);
    for (const number of numbers) this.living.delete(number);
  }
  files(): string[] {
    return readdirSync(this.kind.segments(this.dir)).sort();
  }
  /** How often the bodies that live lie in the segments: 1 each when none is under way. */
  copies(): number[] {
    const all = this.files().flatMap((file) => this.#within(file));
    return [...this.living.keys()].map((number) => all.filter((one) => one === number).length);
  }
  /** Lets time go on until the first of the bodies that live was moved. */
  begin(): void {
    for (let ms = 0; ms < CHECKPOINT_MS && this.copies()[0] === 1; ms += STEP_MS) this.clock.advance(STEP_MS);
    assertEquals(this.copies()[0], 2, "a step was made");
  }
  steps(count: number): void {
    for (let i = 0; i < count; i++) this.clock.advance(STEP_MS);
  }
  /** All that lives can be read, in this life and in the next. */
  async check(): Promise<void> {
    for (let life = 0; life < 2; life++) {
      for (const [number, body] of this.living) assertEquals(this.bodies.read(number), body);
      assertEquals(await this.bodies.problems(), []);
      await this.reopen();
    }
  }
  /** Numbers of the living bodies in a file, as they lie there. */
  #within(file: string): number[] {
    const found = readFileSync(`${this.kind.segments(this.dir)}/${file}`, "latin1");
    const numbers = new Map([...this.living].map(([number, body]) => [body, number]));
    return [...found.matchAll(/<\d+>b+/g)].flatMap(([body]) => numbers.get(body.slice(0, BODY_CHARS)) ?? []);
  }
}

for (const kind of [shardKind, queueKind]) {
  const test = (behaviour: string, run: (rig: Rig) => Promise<void>) =>
    Deno.test(`${kind.name}: ${behaviour}`, async () => {
      const dir = temporaryDirectory();
      const rig = new Rig(kind, dir);
      try {
        await rig.open();
        await run(rig);
      } finally {
        await rig.close();
        rmSync(dir, { recursive: true, force: true });
      }
    });

  test("a segment under way is compacted to its end before another, though more of that is dead by then", async (rig) => {
    const [first, second] = await rig.fill(3);
    const [one, two] = rig.files();
    // Its first record lives, so that the first step ends behind that.
    await rig.remove(first!.filter((_, i) => i % 3 > 0));
    rig.begin();
    assert(rig.files().includes(one!), "more steps are to come");
    await rig.remove(second!.slice(1));
    rig.steps(4);
    for (const [number, body] of rig.living) assertEquals(rig.bodies.read(number), body);
    assertEquals([rig.files().includes(one!), rig.files().includes(two!)], [false, true]);
    rig.steps(500);
    assertEquals(rig.files().includes(two!), false, "the other comes next");
    assertEquals(rig.copies(), rig.copies().map(() => 1));
    await rig.check();
  });

  test("what was moved before a restart is not moved again, though it lies as far into the segment it came to", async (rig) => {
    const [first] = await rig.fill(2);
    const [one] = rig.files();
    await rig.remove(first!.filter((_, i) => i % 3 > 0));
    // The open segment is full: the first body of the first comes to the beginning of a new one.
    await rig.put(RECORDS);
    rig.begin();
    assertEquals(rig.files().length, 4);
    await rig.reopen();
    rig.clock.advance(LOOK_MS);
    rig.steps(500);
    assertEquals(rig.files().includes(one!), false);
    assertEquals(rig.copies(), rig.copies().map(() => 1));
    await rig.check();
  });

  test("after a restart the segment that was under way goes on: what was moved counts as dead", async (rig) => {
    const [first, second] = await rig.fill(3);
    const [one, two] = rig.files();
    // 8 of 12; then 9 of 12 in the other, and 10 of 12 in the first when two were moved.
    await rig.remove(first!.filter((_, i) => i % 3 > 0));
    rig.begin();
    rig.steps(1);
    await rig.remove(second!.slice(3));
    await rig.reopen();
    rig.clock.advance(LOOK_MS);
    rig.steps(2);
    assertEquals([rig.files().includes(one!), rig.files().includes(two!)], [false, true]);
    await rig.check();
  });

  test("a segment of which less than half is dead stays as it is, one of which more is dead is compacted", async (rig) => {
    const [first] = await rig.fill(2);
    const before = rig.files();
    await rig.remove(first!.slice(7));
    rig.clock.advance(CHECKPOINT_MS);
    rig.steps(500);
    assertEquals(rig.files().slice(0, 2), before);
    await rig.remove(first!.slice(5, 7));
    rig.clock.advance(CHECKPOINT_MS);
    rig.steps(500);
    assertEquals(rig.files().includes(before[0]!), false);
    await rig.check();
  });

  test("what was moved together is moved again, whole, when most of it is dead", async (rig) => {
    const filled = await rig.fill(3);
    for (const numbers of filled) await rig.remove(numbers.filter((_, i) => i % 3 > 0));
    const [open] = rig.files().slice(-1);
    rig.clock.advance(CHECKPOINT_MS);
    rig.steps(500);
    assertEquals(rig.files()[0], open, "all was moved to the segment that was open");
    await rig.put(RECORDS);
    await rig.remove(filled.flat().filter((number) => rig.living.has(number)).slice(0, 9));
    rig.clock.advance(CHECKPOINT_MS);
    rig.steps(500);
    assert(!rig.files().includes(open!), "it is moved again");
    await rig.check();
  });

  test("a segment of more small bodies than one step looks at is compacted, too", async (rig) => {
    await rig.reopen({ segmentBytesMax: 400_000 });
    const small = [...await rig.put(1_000, 8), ...await rig.put(200, 8)];
    await rig.reopen();
    const [one] = rig.files();
    await rig.put(RECORDS);
    await rig.remove(small.slice(0, 600));
    await rig.remove(small.slice(600, -1));
    rig.clock.advance(CHECKPOINT_MS);
    rig.steps(500);
    assert(!rig.files().includes(one!));
    await rig.check();
  });
}
