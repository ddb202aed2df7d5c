/**
 * Figures of the queue store, printed: enqueues and changes a second, the schedule of many items, memory. Run by hand:
 * `deno run -A test/storage/queue/measure.ts [ITEMS]`. Nothing here decides anything by time.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { systemClock } from "../../../src/base/mod.ts";
import { openQueueStore, type QueueStore, type StoredItem } from "../../../src/storage/mod.ts";
import { envelope, inDirectory, next, queueOptions, recipient } from "./support.ts";

const BODY = new Uint8Array(4_096).fill(0x61);
const ITEMS = Number(process.argv[2] ?? 1_000_000);
const print = (line: string) => process.stdout.write(`${line}\n`);

let number = 0;

function mail(parts: readonly Uint8Array[], items = 1): Parameters<QueueStore["enqueue"]>[0] {
  const id = String(number++).padStart(12, "0");
  return {
    opId: `${id}-op`,
    envelope: envelope(id, { sender: `sender-${id}@example.test` }),
    parts,
    items: Array.from({ length: items }, (_, i) => {
      const destination = `domain-${(number * 7_919 + i * 104_729) % 50_000}.example`;
      return { destination, dueMs: 1_700_000_000_000 + number, recipients: [recipient(`someone@${destination}`)] };
    }),
  };
}

/** Runs `count` operations with so many under way; answers how many a second. */
async function rate(count: number, inFlight: number, operation: (i: number) => Promise<unknown>): Promise<number> {
  let started = 0;
  const begin = performance.now();
  const worker = async () => {
    while (started < count) await operation(started++);
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return Math.round(count / ((performance.now() - begin) / 1_000));
}

/** The same, with the time of the processor that each took, in microseconds. */
async function cost(count: number, inFlight: number, operation: () => Promise<unknown>) {
  const before = process.cpuUsage();
  const perSecond = await rate(count, inFlight, operation);
  const { user, system } = process.cpuUsage(before);
  return { rate: perSecond, cpuUs: Math.round(10 * (user + system) / count) / 10 };
}

function readAll(store: QueueStore): { rows: number; ms: number; longestMs: number } {
  const begin = performance.now();
  let rows = 0;
  let longestMs = 0;
  for (let after = 0;;) {
    const pageBegin = performance.now();
    const page = store.schedule(after, 10_000);
    longestMs = Math.max(longestMs, performance.now() - pageBegin);
    if (page.length === 0) break;
    rows += page.length;
    after = page.at(-1)!.item;
  }
  return { rows, ms: Math.round(performance.now() - begin), longestMs: Math.round(longestMs) };
}

function memory(): string {
  const { rss, heapUsed } = process.memoryUsage();
  const anonymous = /RssAnon:\s+(\d+)/.exec(
    existsSync("/proc/self/status") ? readFileSync("/proc/self/status", "utf8") : "",
  )?.[1];
  return `rss ${Math.round(rss / 2 ** 20)} MB (of its own ${Math.round(Number(anonymous ?? 0) / 1024)}), heap ${
    Math.round(heapUsed / 2 ** 20)
  } MB`;
}

await inDirectory(async (dir) => {
  const store = await openQueueStore(queueOptions(dir, { clock: systemClock() }));
  print(`start: ${memory()}`);
  for (const inFlight of [1, 50, 200]) {
    const count = inFlight === 1 ? 1_000 : 20_000;
    print(
      `enqueue 4 KB, ${inFlight} in flight: ${await rate(count, inFlight, () => store.enqueue(mail([BODY])))} a second`,
    );
  }
  const rows = store.schedule(0, 10_000);
  const items = rows.map(({ item }) => store.item(item)!);
  const change = (state: (item: StoredItem) => ReturnType<typeof next> | null) => (i: number) =>
    store.change([{ item: items[i]!.item, next: state(items[i]!) }]);
  const note = {
    atMs: 1,
    host: "mx.example [192.0.2.1]:25",
    tls: "TLSv1.3",
    code: 451,
    status: "4.7.1",
    text: "later",
  };
  const later = change((item) => next(item, { attempts: 1, dueMs: item.dueMs + 60_000, notes: [note] }));
  for (const inFlight of [1, 50, 200]) {
    print(`change, ${inFlight} in flight: ${await rate(inFlight === 1 ? 1_000 : 10_000, inFlight, later)} a second`);
  }
  const relayed = await cost(20_000, 50, async () => {
    const { items: [item] } = await store.enqueue(mail([BODY]));
    // What the queue does for an attempt, and then it is delivered.
    store.body(store.item(item!.item)!.message);
    await store.change([{ item: item!.item, next: null }]);
  });
  print(`enqueue and done of 4 KB, 50 in flight: ${relayed.rate} a second, ${relayed.cpuUs} us of CPU each`);
  print(`done, 50 in flight: ${await rate(10_000, 50, change(() => null))} a second`);
  print(
    `body 4 KB: ${await rate(
      10_000,
      1,
      async (i) => await store.body(store.item(rows.at(-1)!.item + 1 + i)!.message),
    )} a second`,
  );
  print(`after that: ${memory()}`);
  const fillBegin = performance.now();
  while (store.counts().items < ITEMS) {
    await Promise.all(Array.from({ length: 1_000 }, () => store.enqueue(mail([BODY.subarray(0, 100)], 4))));
  }
  print(`index ${Math.round(statSync(`${dir}/queue/index.mdb`).size / 2 ** 20)} MB`);
  print(`filled to ${store.counts().items} items in ${Math.round(performance.now() - fillBegin)} ms: ${memory()}`);
  const read = readAll(store);
  print(
    `schedule: ${read.rows} rows in ${read.ms} ms, the longest page of 10,000 in ${read.longestMs} ms: ${memory()}`,
  );
  await store.close();
  const openBegin = performance.now();
  const again = await openQueueStore(queueOptions(dir, { clock: systemClock() }));
  print(`opened again in ${Math.round(performance.now() - openBegin)} ms`);
  const second = readAll(again);
  print(`schedule: ${second.rows} rows in ${second.ms} ms`);
  await again.close();
});
