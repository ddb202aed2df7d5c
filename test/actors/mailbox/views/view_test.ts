import { assert, assertEquals } from "@std/assert";
import { isIn, rangesOf, rangesOfRising } from "../../../../src/mail/ranges.ts";
import { CHANGED_MAX, GHOSTS_MAX, RowOrder, type RowSource, View } from "../../../../src/actors/mailbox/views/mod.ts";
import { type Dice, dice } from "../../../support/dice.ts";

/** Rows of a store as nothing but their UIDs. */
class Rows implements RowSource {
  uids: number[] = [];
  uidNext = 1;
  reads = 0;
  counts() {
    const counts = new Map<number, number>();
    for (const uid of this.uids) counts.set(Math.floor(uid / 64), (counts.get(Math.floor(uid / 64)) ?? 0) + 1);
    return { blocks: Uint32Array.from(counts.keys()), rows: Uint8Array.from(counts.values()) };
  }
  uidsOf(block: number) {
    this.reads++;
    return this.uids.filter((uid) => Math.floor(uid / 64) === block);
  }
  add(count: number): number[] {
    const added = Array.from({ length: count }, () => this.uidNext++);
    this.uids = this.uids.concat(added);
    return added;
  }
  start(recentFrom = 1) {
    const { uidNext } = this;
    const recent = this.uids.filter((uid) => uid >= recentFrom).length;
    return { uidNext, messages: this.uids.length, modSeq: 1, recentFrom, recent, keywords: [] };
  }
}

/** A view as a plain list: what the session believes the mailbox to be. */
interface Model {
  readonly view: View;
  list: number[];
  changed: Set<number>;
}

Deno.test("a view counts as a plain list of messages does, whatever others do meanwhile", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = dice(seed);
    const rows = new Rows();
    rows.add(random.below(300));
    rows.uids = rows.uids.filter(() => random.below(4) > 0);
    const order = new RowOrder(rows);
    const models: Model[] = [];
    for (let step = 0; step < 250; step++) {
      stepOn({ rows, order, models }, random);
      const model = models[random.below(models.length)];
      if (model !== undefined) compare(rows, model, random);
    }
  }
});

interface World {
  readonly rows: Rows;
  readonly order: RowOrder;
  readonly models: Model[];
}

function stepOn({ rows, order, models }: World, random: Dice): void {
  const model = models[random.below(models.length)];
  switch (random.below(6)) {
    case 0:
      if (models.length >= 4) models.splice(random.below(4), 1);
      models.push({ view: new View(order, rows.start()), list: [...rows.uids], changed: new Set() });
      break;
    case 1:
      order.added(rows.add(random.below(30)));
      break;
    case 2: {
      const some = rows.uids.filter(() => random.below(12) === 0);
      rows.uids = rows.uids.filter((uid) => !some.includes(uid));
      order.removed(some);
      for (const { view } of models) view.expunged(some);
      break;
    }
    case 3: {
      const some = rows.uids.filter(() => random.below(12) === 0);
      for (const { view, list, changed } of models) {
        view.flagsChanged(rangesOfRising(some), 5);
        for (const uid of some) if (list.includes(uid)) changed.add(uid);
      }
      break;
    }
    case 4: {
      if (model === undefined) break;
      for (const { sequence, uid } of model.view.takeGhosts(1 + random.below(9))) {
        assertEquals(model.list[sequence - 1], uid, "the number that is told is the number that the session has");
        assert(!rows.uids.includes(uid), "only what is gone is told to be gone");
        model.list.splice(sequence - 1, 1);
        model.changed.delete(uid);
      }
      break;
    }
    case 5: {
      if (model === undefined) break;
      const taken = model.view.takeChanged(5);
      assert("uids" in taken);
      for (const uid of taken.uids) assert(model.changed.delete(uid), "only what changed is told");
      model.list = model.list.concat(rows.uids.filter((uid) => uid >= model.view.uidNext));
      model.view.takeArrivals(rows.uidNext, rows.uids.length);
    }
  }
  for (const { changed } of models) for (const uid of changed) if (!rows.uids.includes(uid)) changed.delete(uid);
}

function compare(rows: Rows, { view, list, changed }: Model, random: Dice): void {
  assertEquals(view.exists, list.length);
  assertEquals(view.lastUid(), list.at(-1) ?? 0);
  assertEquals(view.hasChanged, changed.size > 0);
  assertEquals(view.ghosts, list.filter((uid) => !rows.uids.includes(uid)).length);
  for (let i = 0; i < 5 && list.length > 0; i++) {
    const sequence = 1 + random.below(list.length);
    assertEquals(view.uidAt(sequence), list[sequence - 1]);
    assertEquals(view.sequenceOf(list[sequence - 1]!), sequence);
  }
  const [a, b] = [random.below(list.length + 4), random.below(list.length + 4)];
  const last = list.length;
  const [from, to] = [Math.min(a || last, b || last), Math.max(a || last, b || last)];
  const named = list.slice(Math.max(0, from - 1), from === 0 ? 0 : to);
  const uids = view.uidsOf({ by: "sequence", pairs: [a, b] });
  assertEquals(list.filter((uid) => uids.length > 0 && uid >= uids[0]! && uid <= uids[1]!), named, `${a}:${b}`);
  assertEquals(view.namesGhosts({ by: "sequence", pairs: [a, b] }), named.some((uid) => !rows.uids.includes(uid)));
}

function viewOf(count: number): { rows: Rows; order: RowOrder; view: View } {
  const rows = new Rows();
  rows.add(count);
  const order = new RowOrder(rows);
  return { rows, order, view: new View(order, rows.start()) };
}

Deno.test("opening a view, counting its messages and naming all of them reads nothing", () => {
  const { rows, order, view } = viewOf(10_000);
  assertEquals(view.exists, 10_000);
  assertEquals([...view.uidsOf({ by: "sequence", pairs: [1, 0] })], [1, 10_000]);
  assertEquals([...view.uidsOf({ by: "uid", pairs: [1, 4_294_967_295] })], [1, 10_000]);
  assertEquals([rows.reads, order.bytes], [0, 0]);
});

Deno.test("a UID set with a star above all messages names the last one", () => {
  const { view } = viewOf(10);
  assertEquals([...view.uidsOf({ by: "uid", pairs: [500, 0] })], [10, 10]);
  assertEquals([...view.uidsOf({ by: "uid", pairs: [500, 600] })], []);
  assertEquals([...viewOf(0).view.uidsOf({ by: "uid", pairs: [1, 0] })], []);
});

Deno.test("what a session changes itself is not told to it again, what others change at the same time is", () => {
  const { view } = viewOf(10);
  view.flagsChanged(rangesOfRising([2]), 4);
  view.ownBegins();
  view.flagsChanged(rangesOfRising([1, 2, 3]), 5);
  view.flagsChanged(rangesOfRising([1, 7]), 6);
  view.ownWas(5);
  view.ownEnds();
  // 3 alone was changed by nobody else.
  assertEquals(view.takeChanged(10), { uids: [1, 2, 7] });
});

Deno.test("whoever asks for news while a change of its own is under way is told of all that changed", () => {
  const { view, rows, order } = viewOf(10);
  view.ownBegins();
  view.flagsChanged(rangesOfRising([1, 2, 3]), 5);
  view.flagsChanged(rangesOfRising([3, 4, 11]), 6);
  assertEquals(view.flagsChanged(rangesOfRising([11, 12]), 7), false);
  assert(view.hasChanged);
  rows.uids = rows.uids.filter((uid) => uid !== 3);
  order.removed([3]);
  view.expunged([3]);
  view.settle(7);
  assertEquals(view.modSeq, 1);
  assertEquals(view.takeChanged(2), { uids: [1, 2] });
  view.ownWas(5);
  assertEquals(view.takeChanged(10), { uids: [4] });
  view.ownEnds();
  assertEquals(view.hasChanged, false);
});

Deno.test("two changes of a session's own at the same time are both its own, in whichever order they are known", () => {
  for (const first of [5, 6]) {
    const { view } = viewOf(10);
    view.ownBegins();
    view.ownBegins();
    view.flagsChanged(rangesOfRising([1, 2]), 5);
    view.flagsChanged(rangesOfRising([2, 3]), 6);
    view.flagsChanged(rangesOfRising([3, 4]), 7);
    view.ownWas(first);
    view.ownEnds();
    assert(view.hasChanged);
    view.ownWas(11 - first);
    view.ownEnds();
    assertEquals(view.takeChanged(10), { uids: [3, 4] });
  }
});

Deno.test("so many changes are kept during a session's own until it is known whose they are; of more it is told all", () => {
  for (const changes of [1_000, 1_001]) {
    const { view } = viewOf(3);
    view.ownBegins();
    for (let i = 1; i <= changes; i++) view.flagsChanged(rangesOfRising([1 + i % 3]), 10 + i);
    for (let i = 1; i <= changes; i++) view.ownWas(10 + i);
    view.ownEnds();
    assertEquals(view.takeChanged(10), { uids: changes === 1_000 ? [] : [1, 2, 3] });
  }
  for (const ranges of [100_000, 100_001]) {
    const { view } = viewOf(2 * ranges);
    const all = Array.from({ length: ranges }, (_, i) => 2 * i + 1);
    view.ownBegins();
    view.flagsChanged(rangesOfRising(all), 2);
    view.ownWas(2);
    view.ownEnds();
    assertEquals(view.takeChanged(10), ranges === 100_000 ? { uids: [] } : { above: 0 });
  }
});

Deno.test("flags of many messages are remembered as one look at all rows", () => {
  const { view } = viewOf(CHANGED_MAX + 2);
  const uids = Array.from({ length: CHANGED_MAX + 1 }, (_, i) => i + 1);
  view.flagsChanged(rangesOfRising(uids.slice(1)), 4);
  assert("uids" in view.takeChanged(0));
  view.flagsChanged(rangesOfRising(uids), 5);
  assertEquals(view.takeChanged(10), { above: 0 });
  view.lookedUpTo(100);
  view.flagsChanged(rangesOfRising([50, 200]), 6);
  assertEquals(view.takeChanged(10), { uids: [50] });
  view.lookedUpTo(null);
  assertEquals(view.hasChanged, false);
});

Deno.test("everything is told before a MODSEQ counts as known", () => {
  const { rows, order, view } = viewOf(10);
  rows.uids.shift();
  order.removed([1]);
  view.expunged([1]);
  view.settle(9);
  assertEquals(view.modSeq, 1);
  view.takeGhosts(1);
  view.settle(9);
  assertEquals(view.modSeq, 9);
});

Deno.test("a view that lies too far behind ends, and lets go of what it remembered", () => {
  const { rows, order, view } = viewOf(GHOSTS_MAX + 1);
  const uids = rows.uids.splice(0);
  order.removed(uids);
  view.expunged(uids.slice(0, GHOSTS_MAX));
  assertEquals([view.gone, view.ghosts], [false, GHOSTS_MAX]);
  view.expunged(uids.slice(GHOSTS_MAX));
  assertEquals([view.gone, view.ghosts], [true, 0]);
});

Deno.test("gaps between rows are found without reading full blocks", () => {
  const rows = new Rows();
  rows.add(1_000);
  rows.uids = rows.uids.filter((uid) => uid !== 70 && uid !== 71 && uid !== 640 && uid < 990);
  const order = new RowOrder(rows);
  const gaps: number[] = [];
  order.eachGap(1, 1_000, (first, last) => void gaps.push(first, last));
  assertEquals(gaps, [70, 71, 640, 640, 990, 1_000]);
  assertEquals(rows.reads < 5, true, `${rows.reads} blocks read`);
  const within: number[] = [];
  order.eachGap(71, 640, (first, last) => void within.push(first, last));
  assertEquals(within, [71, 71, 640, 640]);
});

Deno.test("a set is cut after so many rows and no more, by whole blocks of UIDs, and each part goes on behind the last", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = dice(seed);
    const rows = new Rows();
    rows.add(2_000);
    rows.uids = rows.uids.filter((uid) => seed % 4 === 0 || random.below(1 + (uid >> 7) % 5) === 0);
    const order = new RowOrder(rows);
    const pairs = Array.from({ length: 2 * (1 + random.below(30)) }, () => 1 + random.below(2_100));
    const ranges = rangesOf(seed % 3 === 0 ? [1, 4_294_967_295] : pairs, 0);
    const most = 64 + random.below(400);
    const named = rows.uids.filter((uid) => isIn(ranges, uid));
    const found: number[] = [];
    for (let after = 0, parts = 0;; parts++) {
      assert(parts < 200, `seed ${seed} goes on for ever`);
      const end = order.endOf(ranges, after, most);
      const part = named.filter((uid) => uid > after && uid <= (end ?? Infinity));
      assert(part.length <= most, `seed ${seed}`);
      // One range is cut where it is full, but for what is left of its first and its last block.
      if (end !== null && ranges.length === 2) assert(part.length > most - 128, `seed ${seed}`);
      found.push(...part);
      if (end === null) break;
      assert(end > after);
      after = end;
    }
    assertEquals(found, named, `seed ${seed}`);
  }
});

Deno.test("a set of no more UIDs than may change at once is not counted", () => {
  const rows = new Rows();
  rows.add(500);
  const order = new RowOrder(rows);
  assertEquals(order.endOf(rangesOf([1, 100, 400, 499], 0), 0, 200), null);
  assertEquals([order.bytes, rows.reads], [0, 0]);
});

Deno.test("whether one of some UIDs is of a message that is gone is known until that is told", () => {
  const { view, order, rows } = viewOf(10);
  rows.uids = rows.uids.filter((uid) => uid !== 5);
  order.removed([5]);
  view.expunged([5]);
  const has = (...pairs: number[]) => view.hasGhostIn(rangesOf(pairs, 0));
  assertEquals([has(), has(1, 4, 6, 9), has(5, 5), has(1, 1, 4, 6)], [false, false, true, true]);
  view.takeGhosts(1);
  assertEquals(has(5, 5), false);
});

Deno.test("messages that came since the last session are recent until they are gone", () => {
  const rows = new Rows();
  rows.add(10);
  const order = new RowOrder(rows);
  const view = new View(order, rows.start(8));
  assertEquals(view.recent, 3);
  order.added(rows.add(2));
  view.takeArrivals(rows.uidNext, rows.uids.length);
  assertEquals(view.recent, 5);
  rows.uids = rows.uids.filter((uid) => uid !== 3 && uid !== 9);
  order.removed([3, 9]);
  view.expunged([3, 9]);
  view.takeGhosts(5);
  assertEquals([view.exists, view.recent], [10, 4]);
});
