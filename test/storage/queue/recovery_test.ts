import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { FakeClock, type Log, type LogFields, SILENT } from "../../../src/base/mod.ts";
import {
  DEFAULT_QUEUE_LIMITS,
  nodeFiles,
  openMailStore,
  openQueueStore,
  type QueueLimits,
  type QueueStore,
} from "../../../src/storage/mod.ts";
import { LmdbIndex } from "../../../src/storage/disk/index_env.ts";
import { HEADER_KEY } from "../../../src/storage/layout/keys.ts";
import { diskOptions, kindOf } from "../support.ts";
import { bodyText, enqueued, inDirectory, next, outgoing, problems, queueOptions, to } from "./support.ts";

/** Opens the queue, runs, closes it; answers what was logged. */
async function use(
  dir: string,
  run: (store: QueueStore) => Promise<void>,
  options: { clock?: FakeClock; limits?: Partial<QueueLimits> } = {},
): Promise<string[]> {
  const lines: [string, LogFields | undefined][] = [];
  const note = (event: string, fields?: LogFields) => void lines.push([event, fields]);
  const log: Log = { ...SILENT, info: note, warn: note, error: note, child: () => log };
  const store = await openQueueStore(queueOptions(dir, { log, limits: { segmentBytesMax: 4_000 }, ...options }));
  try {
    await run(store);
  } finally {
    await store.close();
  }
  return lines.map(([event]) => event);
}

const nothing = () => Promise.resolve();

function segments(dir: string): string[] {
  const path = `${dir}/queue/segments`;
  return readdirSync(path).sort().map((name) => `${path}/${name}`);
}

Deno.test("the queue is there after it was closed and opened again, numbers go on and opIds are known", () =>
  inDirectory(async (dir) => {
    const input = outgoing("one", { items: [to("a.test"), to("b.test")] });
    let before: unknown;
    await use(dir, async (store) => {
      const [item, other] = await enqueued(store, input);
      const [gone] = await enqueued(store, outgoing("two"));
      await store.change([{ item: gone!.item, next: null }, { item: item!.item, next: next(other!, { attempts: 2 }) }]);
      await store.suspend("a.test", 9);
      before = [
        store.item(1),
        store.item(2),
        store.message(1),
        store.counts(),
        store.suspensions(),
        store.schedule(0, 9),
      ];
    });
    await use(dir, async (store) => {
      const after = [store.item(1), store.item(2), store.message(1), store.counts(), store.suspensions()];
      assertEquals([...after, store.schedule(0, 9)], before);
      assertEquals(bodyText(store, 1), "one");
      assertEquals((await store.enqueue(input)).known, true);
      assertEquals((await enqueued(store, outgoing("three"))).map(({ item, message }) => [item, message]), [[4, 3]]);
    });
  }));

Deno.test("what lies behind the last committed mail is cut off, told in the log, and written over", () =>
  inDirectory(async (dir) => {
    await use(dir, async (store) => void await store.enqueue(outgoing("one")));
    const [path] = segments(dir);
    const size = statSync(path!).size;
    appendFileSync(path!, new Uint8Array(1_000).fill(7));
    const log = await use(dir, async (store) => {
      assertEquals(statSync(path!).size, size);
      await store.enqueue(outgoing("two"));
      assertEquals([bodyText(store, 1), bodyText(store, 2)], ["one", "two"]);
    });
    assertEquals(log, ["uncommitted bytes cut off"]);
    assertEquals(segments(dir), [path]);
  }));

Deno.test("a segment of the queue that was never committed is removed; several of them are put aside", () =>
  inDirectory(async (dir) => {
    await use(dir, async (store) => void await store.enqueue(outgoing("one")));
    const [path] = segments(dir);
    const other = (number: number) => path!.replace("00000001", String(number).padStart(8, "0"));
    copyFileSync(path!, other(2));
    await use(dir, nothing);
    assertEquals(segments(dir), [path]);
    for (const number of [3, 4]) copyFileSync(path!, other(number));
    await use(dir, (store) => Promise.resolve(assertEquals(bodyText(store, 1), "one")));
    assertEquals(segments(dir), [path, `${other(3)}.unclaimed`, `${other(4)}.unclaimed`]);
  }));

Deno.test("a segment that lost its end is not written again; only its lost mails are corrupt", () =>
  inDirectory(async (dir) => {
    await use(dir, async (store) => {
      await store.enqueue(outgoing("one"));
      await store.enqueue(outgoing("two"));
    });
    const [path] = segments(dir);
    truncateSync(path!, readFileSync(path!).indexOf("two") + 1);
    const log = await use(dir, async (store) => {
      assertEquals([bodyText(store, 1), await kindOf(() => store.body(2))], ["one", "corrupt"]);
      await store.enqueue(outgoing("three"));
      assertEquals(bodyText(store, 3), "three");
      assertEquals(await problems(store), [
        { message: 2, item: null, problem: "segment 1 ends before its record does" },
      ]);
    });
    assertEquals(log, ["segment is shorter than what was committed"]);
    assertEquals(segments(dir).length, 2);
  }));

Deno.test("a segment whose last record is damaged is not written again, whatever of it is; what is whole in it is read", () =>
  inDirectory(async (dir) => {
    const texts = ["one", "two"];
    await use(dir, async (store) => {
      for (const text of texts) await store.enqueue(outgoing(text));
    });
    const whole = readFileSync(segments(dir)[0]!);
    // The group's own record is the last: its last byte, its first, and its header.
    const tail = whole.lastIndexOf("SPB1");
    for (const at of [whole.length - 1, tail + 32, tail + 9]) {
      const left = `${dir}/${at}`;
      cpSync(`${dir}/queue`, `${left}/queue`, { recursive: true });
      const damaged = Uint8Array.from(whole);
      damaged[at]! ^= 1;
      writeFileSync(segments(left)[0]!, damaged);
      const log = await use(left, async (store) => {
        await store.enqueue(outgoing("three"));
        assertEquals([1, 2, 3].map((message) => bodyText(store, message)), [...texts, "three"]);
        assertEquals(await problems(store), []);
      });
      assertEquals([log, segments(left).length], [["last committed record is damaged"], 2]);
      assertEquals([...readFileSync(segments(left)[0]!)], [...damaged]);
    }
  }));

Deno.test("a flipped bit makes only that mail fail, and verify names it", () =>
  inDirectory(async (dir) => {
    await use(dir, async (store) => {
      for (const body of ["first", "second", "third"]) await store.enqueue(outgoing(body));
    });
    const [path] = segments(dir);
    const bytes = readFileSync(path!);
    bytes[bytes.indexOf("second") + 3]! ^= 0x10;
    writeFileSync(path!, bytes);
    await use(dir, async (store) => {
      assertEquals(await kindOf(() => store.body(2)), "corrupt");
      assertEquals([bodyText(store, 1), bodyText(store, 3)], ["first", "third"]);
      assertEquals(await problems(store), [{ message: 2, item: null, problem: "the checksum of the mail is wrong" }]);
      await store.change([{ item: 2, next: null }]);
      assertEquals(await problems(store), []);
    });
  }));

Deno.test("a segment file that is gone makes its mails corrupt, and no others", () =>
  inDirectory(async (dir) => {
    await use(dir, async (store) => {
      await store.enqueue(outgoing("x".repeat(5_000)));
      await store.enqueue(outgoing("two"));
    });
    rmSync(segments(dir)[0]!);
    await use(dir, async (store) => {
      assertEquals([await kindOf(() => store.body(1)), bodyText(store, 2)], ["corrupt", "two"]);
    });
  }));

Deno.test("segments of the queue without an index are refused, not thrown away", () =>
  inDirectory(async (dir) => {
    await use(dir, async (store) => void await store.enqueue(outgoing("one")));
    for (const name of ["index.mdb", "index.mdb-lock"]) rmSync(`${dir}/queue/${name}`);
    assertEquals(await kindOf(() => use(dir, nothing)), "corrupt");
    assertEquals(segments(dir).length, 1);
  }));

Deno.test("a queue of another schema version, and another store's data, are refused with a clear message", () =>
  inDirectory(async (dir) => {
    await use(dir, async (store) => void await store.enqueue(outgoing("one")));
    const index = new LmdbIndex(`${dir}/queue/index.mdb`, nodeFiles());
    const header = JSON.parse(new TextDecoder().decode(index.get(HEADER_KEY)));
    index.commit(() => index.put(HEADER_KEY, new TextEncoder().encode(JSON.stringify({ ...header, schema: 3 }))));
    index.close();
    await index.gone();
    assertEquals(await kindOf(() => use(dir, nothing)), "schema");
    const message = await use(dir, nothing).then(() => "opened", String);
    assertStringIncludes(message, "schema version 3; this program reads 2. A newer version");
    const shards = await openMailStore(diskOptions(`${dir}/data`));
    await shards.close();
    mkdirSync(`${dir}/other/queue`, { recursive: true });
    copyFileSync(`${dir}/data/shards/000/index.mdb`, `${dir}/other/queue/index.mdb`);
    assertEquals(await kindOf(() => use(`${dir}/other`, nothing)), "schema");
    assert(existsSync(`${dir}/other/queue/index.mdb`));
  }));

Deno.test("opIds are forgotten after their time, not before, and never more than the bound are kept", () =>
  inDirectory(async (dir) => {
    const clock = new FakeClock();
    const day = 86_400_000;
    const MS = DEFAULT_QUEUE_LIMITS.unindexedMsMax;
    await use(dir, async (store) => {
      const known = async (input: Parameters<QueueStore["enqueue"]>[0]) => (await store.enqueue(input)).known;
      const first = outgoing("first");
      await store.enqueue(first);
      clock.advance(MS);
      clock.advance(3 * day - 1);
      await store.enqueue(outgoing("later"));
      assertEquals(await known(first), true);
      clock.advance(1);
      await store.enqueue(outgoing("after three days"));
      clock.advance(MS);
      assertEquals(await known(first), false);
      const second = outgoing("second");
      await store.enqueue(second);
      for (let i = 0; i < 49; i++) await store.enqueue(outgoing("more"));
      assertEquals(await known(second), true);
      clock.advance(MS);
      assertEquals(await known(second), true);
      for (let i = 0; i < 2; i++) await store.enqueue(outgoing("more"));
      clock.advance(MS);
      assertEquals(await known(second), false);
    }, { clock, limits: { opIdsMax: 50 } });
  }));

Deno.test("queue time counts a stop, up to a day of it, and never goes back over one", () =>
  inDirectory(async (dir) => {
    const hour = 3_600_000;
    const start = Date.UTC(2026, 0, 1);
    let seen = 0;
    const life = async (wallMs: number, runMs: number) => {
      const clock = new FakeClock(wallMs);
      await use(dir, (store) => {
        const before = store.nowMs();
        clock.advance(runMs);
        seen = store.nowMs();
        assertEquals(seen - before, runMs);
        return Promise.resolve();
      }, { clock });
      return seen - runMs;
    };
    assertEquals(await life(start, 5 * hour), start);
    assertEquals(await life(start + 7 * hour, hour), start + 7 * hour, "a stop of two hours");
    assertEquals(await life(start + 1_000 * hour, 0), seen + 0, "begins where the last life ended and a day later");
    const afterLong = seen;
    assertEquals(afterLong, start + 8 * hour + 24 * hour);
    assertEquals(await life(start - 500 * hour, 0), afterLong, "a clock that was set back");
    assertEquals(await life(0, 0), afterLong, "a clock that was never set");
  }));

Deno.test("the time is written down while nothing happens, so that a kill after days costs no more than an hour", () =>
  inDirectory(async (dir) => {
    const hour = 3_600_000;
    const clock = new FakeClock();
    const store = await openQueueStore(queueOptions(dir, { clock }));
    for (let i = 0; i < 72; i++) {
      clock.advance(hour);
      // A change that is answered comes behind the hour's own.
      await store.change([]);
    }
    const seen = store.nowMs();
    // Opened by another while the first still stands there, as after a kill; its wall clock is off by years.
    const again = await openQueueStore(queueOptions(dir, { clock: new FakeClock(0) }));
    assert(again.nowMs() > seen - hour && again.nowMs() <= seen, `${seen - again.nowMs()} ms were lost`);
    await again.close();
    await store.close();
  }));
