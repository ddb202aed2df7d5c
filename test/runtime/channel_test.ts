import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "../../src/base/mod.ts";
import type { Sent } from "../../src/runtime/beside.ts";
import { Bell, channelLink, makeChannel } from "../../src/runtime/channel/mod.ts";
import { settle } from "./support/system.ts";

function channel() {
  const [first, second] = [Bell.memory(), Bell.memory()];
  const [bell1, bell2] = [new Bell(first), new Bell(second)];
  const [end1, end2] = makeChannel(first, second);
  const [port1, port2] = [channelLink(end1, bell1), channelLink(end2, bell2)];
  const close = () => {
    port1.close();
    port2.close();
    bell1.close();
    bell2.close();
  };
  return { port1, port2, end1, end2, close };
}

/** A batch that says its number. */
function batchOf(number: number, bytes: number): ArrayBuffer {
  const words = new Uint32Array(Math.max(1, bytes >>> 2));
  words[0] = number;
  words[words.length - 1] = number;
  return words.buffer;
}

function numberOf(batch: unknown): number {
  const words = new Uint32Array((Array.isArray(batch) ? batch[0] : batch) as ArrayBuffer);
  assertEquals(words[0], words.at(-1));
  return words[0]!;
}

/** Keeps what arrives, and says when so much has. */
function keeper() {
  const got: unknown[] = [];
  let wanted = 0;
  let enough = () => {};
  const handle = (batch: unknown) => {
    got.push(batch);
    if (got.length >= wanted) enough();
  };
  const arrived = (count: number) => {
    wanted = count;
    return got.length >= count ? Promise.resolve() : new Promise<void>((resolve) => enough = resolve);
  };
  return { got, handle, arrived };
}

Deno.test("batches of all sizes arrive in the order sent, in both directions at once", async () => {
  const { port1, port2, close } = channel();
  const [at1, at2] = [keeper(), keeper()];
  port1.receive(at1.handle);
  port2.receive(at2.handle);
  const random = seededRandom(20261126);
  const count = 3_000;
  // Small ones, ones about the size that is copied, large ones, and some with bytes beside them.
  const next = (number: number): Sent => {
    const kind = random.next();
    const bytes = kind < 0.6 ? 500 : kind < 0.9 ? 12_288 + Math.floor(random.next() * 16) * 4 - 32 : 100_000;
    const batch = batchOf(number, kind < 0.6 ? Math.floor(random.next() * bytes) : bytes);
    return kind > 0.97 ? [batch, new ArrayBuffer(20_000)] : batch;
  };
  for (let number = 1; number <= count; number++) {
    port1.send(next(number));
    port2.send(next(number));
    if (random.next() < 0.02) await settle();
  }
  await Promise.all([at1.arrived(count), at2.arrived(count)]);
  const expected = Array.from({ length: count }, (_, i) => i + 1);
  assertEquals(at1.got.map(numberOf), expected);
  assertEquals(at2.got.map(numberOf), expected);
  assert(at1.got.some((batch) => Array.isArray(batch) && batch[1].byteLength === 20_000));
  close();
});

Deno.test("what was sent before anybody listened arrives", async () => {
  const { port1, port2, close } = channel();
  port1.send(batchOf(1, 100));
  port1.send(batchOf(2, 50_000));
  port1.send(batchOf(3, 100));
  const at2 = keeper();
  port2.receive(at2.handle);
  await at2.arrived(3);
  assertEquals(at2.got.map(numberOf), [1, 2, 3]);
  close();
});

Deno.test("a small batch is given as a copy, a large one and what is beside it are moved", () => {
  const { port1, close } = channel();
  const [small, large, batch, beside] = [12_288, 12_289, 100, 200].map((bytes) => new ArrayBuffer(bytes));
  for (const each of [small!, large!, [batch!, beside!]]) port1.send(each);
  assertEquals([small, large, batch, beside].map((buffer) => buffer!.byteLength), [12_288, 0, 0, 0]);
  close();
});

Deno.test("a peer that writes no records and numbers no batches is told apart from one that is silent", async () => {
  const { port1, port2, end1, close } = channel();
  const at2 = keeper();
  port2.receive(at2.handle);
  for (const wrong of [null, 1, [], [1], [2, batchOf(9, 100)], ["1", batchOf(9, 100)], [1, 2, 3]]) {
    end1.port.postMessage(wrong);
  }
  await at2.arrived(7);
  assertEquals(at2.got, new Array(7).fill(null), "none of them is a batch");
  port1.send(batchOf(1, 100));
  await at2.arrived(8);
  assertEquals(numberOf(at2.got[7]), 1);
  new Int32Array(end1.out)[16] = -8; // What was put in, as it were.
  Bell.ring(new Int32Array(end1.bell));
  await at2.arrived(9);
  assertEquals(at2.got[8], "broken");
  Bell.ring(new Int32Array(end1.bell));
  await settle();
  assertEquals(at2.got.length, 9, "it is said once");
  close();
});

Deno.test("a closed end hands on nothing", async () => {
  const { port1, port2, close } = channel();
  const at2 = keeper();
  port2.receive(at2.handle);
  port2.close();
  port1.send(batchOf(1, 100));
  port1.send(batchOf(2, 50_000));
  await settle();
  assertEquals(at2.got, []);
  close();
});
