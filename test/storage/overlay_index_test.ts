import { assert, assertEquals, assertThrows } from "@std/assert";
import { type Random, seededRandom } from "../../src/base/mod.ts";
import { NAMES_TABLE } from "../../src/storage/layout/keys.ts";
import { OverlayIndex } from "../../src/storage/overlay_index.ts";
import { SimDisk, SimIndex } from "./sim_disk.ts";

/** Keys of one to three octets, few of them, so that they meet. */
function randomKey(random: Random): Uint8Array {
  const octets = [0, 1, NAMES_TABLE, 0x7f, 0x80, 0xfe, 0xff];
  const length = 1 + Math.floor(random.next() * 3);
  return Uint8Array.from({ length }, () => octets[Math.floor(random.next() * octets.length)]!);
}

function randomValue(random: Random): Uint8Array {
  return Uint8Array.from({ length: 1 + Math.floor(random.next() * 4) }, () => Math.floor(random.next() * 256));
}

interface Pair {
  readonly overlay: OverlayIndex;
  /** The index below; and one that had all changes at once. */
  readonly below: SimIndex;
  readonly model: SimIndex;
}

function pair(): Pair {
  const below = new SimIndex(new SimDisk(seededRandom(1)));
  return { overlay: new OverlayIndex(below), below, model: new SimIndex(new SimDisk(seededRandom(1))) };
}

class Undo extends Error {}

/** Some changes as one, which may be undone at its end, and may look around in between. */
function change({ overlay, model }: Pair, random: Random): void {
  const undone = random.next() < 0.3;
  const steps = Array.from({ length: Math.floor(random.next() * 12) }, () => ({
    key: randomKey(random),
    value: random.next() < 0.5 ? randomValue(random) : null,
    looks: random.next() < 0.3,
  }));
  for (const index of [overlay, model]) {
    const make = () =>
      index.commit(() => {
        for (const { key, value, looks } of steps) {
          if (value === null) index.remove(key);
          else index.put(key, value);
          if (looks) index.range({ start: Uint8Array.of(0), end: Uint8Array.of(0xff), limit: 3 });
        }
        if (undone) throw new Undo();
      });
    if (undone) assertThrows(make, Undo);
    else make();
  }
}

function looksAlike({ overlay, model }: Pair, random: Random): void {
  const key = randomKey(random);
  assertEquals(overlay.get(key), model.get(key));
  const [start, end] = random.next() < 0.2
    ? [Uint8Array.of(0), Uint8Array.of(0xff, 0xff, 0xff, 0xff)]
    : [key, randomKey(random)];
  const limit = [0, 1, 2, 5, 40, Infinity][Math.floor(random.next() * 6)]!;
  for (const reverse of [false, true]) {
    const wanted = { start, end, limit, reverse };
    assertEquals(overlay.range(wanted), model.range(wanted), JSON.stringify(wanted));
  }
}

Deno.test("an overlay shows what the index below would if it had all changes, whatever is undone or brought down", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = seededRandom(seed);
    const both = pair();
    try {
      for (let round = 0; round < 60; round++) {
        change(both, random);
        for (let i = 0; i < 4; i++) looksAlike(both, random);
        if (random.next() < 0.1) {
          both.below.commit(() => both.overlay.fold());
          both.overlay.clear();
          assertEquals(both.overlay.size, 0);
        }
      }
    } catch (error) {
      throw new Error(`seed ${seed} fails`, { cause: error });
    }
  }
});

const ALL = { start: Uint8Array.of(0), end: Uint8Array.of(0xff) };

function numbered(number: number): Uint8Array {
  return Uint8Array.of(number >>> 8, number);
}

Deno.test("rows that are taken from the front of a range, one after the other, are walked over once, not each time", () => {
  class Counted extends SimIndex {
    rows = 0;
    override range(options: Parameters<SimIndex["range"]>[0]) {
      const found = super.range(options);
      this.rows += found.length;
      return found;
    }
  }
  const below = new Counted(new SimDisk(seededRandom(1)));
  const count = 2_000;
  below.commit(() => {
    for (let i = 0; i < count; i++) below.put(numbered(i), Uint8Array.of(1));
  });
  const overlay = new OverlayIndex(below);
  for (let i = 0; i < count; i++) {
    overlay.commit(() => {
      const [first] = overlay.range({ ...ALL, limit: 1 });
      assertEquals(first?.key, numbered(i));
      overlay.remove(first!.key);
    });
  }
  assertEquals(overlay.range({ ...ALL, limit: 1 }), []);
  assert(below.rows < 30 * count, `${below.rows} rows were read`);
  // One that comes back in front is seen.
  overlay.commit(() => overlay.put(numbered(7), Uint8Array.of(2)));
  assertEquals(overlay.range({ ...ALL, limit: 1 }), [{ key: numbered(7), value: Uint8Array.of(2) }]);
  // And so is one whose removal was undone.
  overlay.commit(() => overlay.remove(numbered(7)));
  assertThrows(() =>
    overlay.commit(() => {
      overlay.put(numbered(3), Uint8Array.of(3));
      assertEquals(overlay.range({ ...ALL, limit: 9 }).length, 1);
      throw new Undo();
    }), Undo);
  assertEquals(overlay.range({ ...ALL, limit: 1 }), []);
});

Deno.test("a row that comes and goes above the index leaves nothing to be brought down", () => {
  const { overlay } = pair();
  overlay.commit(() => overlay.put(numbered(1), Uint8Array.of(1)));
  overlay.commit(() => overlay.remove(numbered(1)));
  assertEquals([overlay.size, overlay.get(numbered(1))], [0, undefined]);
});

Deno.test("a table's changes are told apart from those of others, also when they are undone or brought down", () => {
  const { overlay } = pair();
  const key = (table: number) => Uint8Array.of(table, 1);
  let before = [overlay.changesOf(1), overlay.changesOf(2)];
  const risen = () => {
    const now = [overlay.changesOf(1), overlay.changesOf(2)];
    const differences = now.map((changes, table) => changes > before[table]!);
    before = now;
    return differences;
  };
  overlay.commit(() => overlay.put(key(1), Uint8Array.of(1)));
  assertEquals(risen(), [true, false]);
  overlay.get(key(1));
  overlay.range({ start: key(1), end: key(2), limit: 9 });
  assertEquals(risen(), [false, false]);
  overlay.commit(() => overlay.remove(key(1)));
  assertEquals(risen(), [true, false]);
  let within = 0;
  assertThrows(() =>
    overlay.commit(() => {
      overlay.put(key(2), Uint8Array.of(1));
      within = overlay.changesOf(2);
      throw new Undo();
    }), Undo);
  assert(overlay.changesOf(2) > within, "what was read within the change is not what is there now");
  assertEquals(risen(), [false, true]);
  overlay.clear();
  assertEquals(risen(), [true, true]);
});
