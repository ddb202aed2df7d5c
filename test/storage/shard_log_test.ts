import { assert, assertEquals } from "@std/assert";
import { rmSync } from "node:fs";
import { FakeClock, seededRandom, SILENT, utf8 } from "../../src/base/mod.ts";
import {
  DEFAULT_LIMITS,
  LocalLog,
  type LoggedRecord,
  MemoryLog,
  nodeFiles,
  type ShardLog,
  type ShardOp,
  type ShardRecord,
} from "../../src/storage/mod.ts";
import { LoggedShard } from "../../src/storage/logged_shard.ts";
import { checksum } from "../../src/storage/disk/segments.ts";
import { ShardState } from "../../src/storage/shard_state.ts";
import { adding } from "./account_inputs.ts";
import { ANNA, BERT, kindOf, mail, targets, temporaryDirectory, text, uids } from "./support.ts";

const LIMITS = { ...DEFAULT_LIMITS, freeBytesMin: 0 };

function openState(dir: string): ShardState {
  const options = {
    dir,
    shard: 0,
    shardCount: 1,
    files: nodeFiles(),
    log: SILENT,
    random: seededRandom(3),
    wallMs: 1e12,
  };
  return new ShardState({ ...options, limits: LIMITS });
}

function shardOver(state: ShardState, log: ShardLog, dir: string): LoggedShard {
  const defer = (run: () => void) => void setImmediate(run);
  const clock = new FakeClock();
  return new LoggedShard(state, log, {
    number: 0,
    dir,
    node: "a",
    clock,
    log: SILENT,
    files: nodeFiles(),
    limits: LIMITS,
    defer,
  });
}

function delivery(uid: number, body: string): ShardOp {
  const parts = [utf8(body)];
  const deliveries = [{ account: "anna", mailbox: 1, uid, modSeq: uid + 1, uidValidity: 9 }];
  const stored = {
    flags: 0,
    internalDateMs: 5,
    body: uid,
    size: body.length,
    crc: checksum(parts),
    parts,
    index: null,
  };
  return { kind: "deliver", opId: `op-${uid}`, ...stored, deliveries };
}

function record(state: ShardState, epoch: number, ops: ShardOp[]): ShardRecord {
  return { version: 1, epoch, incarnation: state.incarnation, ageMs: 10, ops };
}

async function withState(run: (state: ShardState, dir: string) => Promise<void>): Promise<void> {
  const dir = temporaryDirectory();
  const state = openState(dir);
  try {
    await run(state, dir);
  } finally {
    await state.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** A log that answers later, as one on another machine does. */
class DistantLog implements ShardLog {
  readonly #log: MemoryLog;
  constructor(readonly incarnation: string) {
    this.#log = new MemoryLog(incarnation);
  }
  head(): number {
    return this.#log.head();
  }
  first(): number {
    return this.#log.first();
  }
  append(expected: number, record: ShardRecord): Promise<number> {
    return new Promise((resolve, reject) => {
      setImmediate(() => {
        try {
          resolve(this.#log.append(expected, record));
        } catch (error) {
          reject(error);
        }
      });
    });
  }
  async *read(from: number): AsyncIterable<LoggedRecord> {
    yield* this.#log.read(from);
  }
  async claim(node: string, applied: number, ageMs: number): Promise<number> {
    await Promise.resolve();
    return this.#log.claim(node, applied, ageMs);
  }
}

const LOGS: [string, (state: ShardState) => ShardLog][] = [
  ["local log", (state) => new LocalLog(state)],
  ["memory log", (state) => new MemoryLog(state.incarnation)],
  ["distant log", (state) => new DistantLog(state.incarnation)],
];

for (const [name, make] of LOGS) {
  Deno.test(`${name}: numbers records from 1 and refuses whoever has not seen the head`, () =>
    withState(async (state) => {
      const log = make(state);
      assertEquals([log.head(), log.first()], [0, 1]);
      const epoch = await log.claim("a", 0, 0);
      assertEquals([epoch, log.head()], [1, 1]);
      assertEquals(await kindOf(() => log.append(0, record(state, epoch, []))), "refused");
      assertEquals(await kindOf(() => log.append(2, record(state, epoch, []))), "refused");
      assertEquals(log.head(), 1);
      assertEquals(await log.append(1, record(state, epoch, [delivery(1, "a")])), 2);
      assertEquals(await kindOf(() => log.claim("b", 1, 0)), "refused");
    }));

  Deno.test(`${name}: what is asked while a record is under way forms the next one, and closing waits for both`, () =>
    withState(async (state, dir) => {
      const log = make(state);
      const shard = shardOver(state, log, dir);
      await shard.open();
      const first = Array.from({ length: 3 }, (_, i) => shard.deliver(mail(`a${i}`)));
      await new Promise((resolve) => setImmediate(resolve));
      const second = Array.from({ length: 3 }, (_, i) => shard.deliver(mail(`b${i}`)));
      const closed = shard.close();
      assertEquals((await Promise.all([...first, ...second])).flatMap(uids), [1, 2, 3, 4, 5, 6]);
      await closed;
      assertEquals(log.head(), 3);
    }));

  Deno.test(`${name}: a shard over it delivers, and goes on under a new epoch after it was opened again`, () =>
    withState(async (state, dir) => {
      const log = make(state);
      const first = shardOver(state, log, dir);
      await first.open();
      assertEquals(uids(await first.deliver(mail("one", { targets: targets(ANNA, BERT) }))), [1, 1]);
      const second = shardOver(state, log, dir);
      await second.open();
      assertEquals(uids(await second.deliver(mail("two"))), [2]);
      // The first owner is fenced: it writes under an epoch that is over.
      assertEquals(await kindOf(() => first.deliver(mail("three"))), "refused");
      assertEquals(await kindOf(() => first.expunge(ANNA, 1, [1])), "refused");
      assertEquals([text(second, 1), text(second, 2)], ["one", "two"]);
      assertEquals(uids(await second.deliver(mail("four"))), [3]);
      assertEquals(second.status(ANNA, 1).messages, 3);
    }));
}

Deno.test("applying a record again changes nothing and answers what it did", () =>
  withState((state) => {
    state.apply(1, { ...record(state, 0, [{ kind: "claim", node: "a" }]) });
    const two = record(state, 1, [delivery(1, "once")]);
    const outcome = state.apply(2, two);
    const position = state.segments.position;
    assertEquals(state.apply(2, two), outcome);
    assertEquals(state.apply(1, two), null);
    assertEquals([state.appliedSeq, state.segments.position], [2, position]);
    return Promise.resolve();
  }));

Deno.test("a record with a hole before it, or of another log, is not applied", () =>
  withState(async (state) => {
    const claim = record(state, 0, [{ kind: "claim", node: "a" }]);
    assertEquals(await kindOf(() => state.apply(2, claim)), "corrupt");
    assertEquals(await kindOf(() => state.apply(1, { ...claim, incarnation: "other" })), "refused");
    assertEquals(state.appliedSeq, 0);
  }));

Deno.test("a follower that replays the log of an owner shows the same mail under the same numbers", async () => {
  const dirs = [temporaryDirectory(), temporaryDirectory()];
  const [owner, follower] = dirs.map(openState) as [ShardState, ShardState];
  try {
    const log = new MemoryLog(owner.incarnation);
    const shard = shardOver(owner, log, dirs[0]!);
    await shard.open();
    for (let i = 0; i < 20; i++) await shard.deliver(mail(`message ${i}`, { targets: targets(ANNA, BERT) }));
    await shard.expunge(ANNA, 1, [2, 3]);
    await shard.storeFlags(BERT, 1, [5], adding(1));
    await shard.purge(BERT);
    // Both were made with the same seed, as a follower made from a snapshot would have the owner's identity.
    assertEquals(follower.incarnation, owner.incarnation);
    for (const { seq, record } of log.read(1)) follower.apply(seq, record);
    const copy = shardOver(follower, log, dirs[1]!);
    assertEquals(copy.list(ANNA, 1, 0, 100), shard.list(ANNA, 1, 0, 100));
    assertEquals(copy.status(ANNA, 1), shard.status(ANNA, 1));
    assertEquals(copy.usage(BERT), { bytes: 0, messages: 0 });
    assertEquals(text(copy, 20), "message 19");
    const everywhere = ({ header }: ShardState) => ({ ...header, position: null, commits: null, place: null });
    assertEquals(everywhere(follower), everywhere(owner));
  } finally {
    for (const state of [owner, follower]) await state.close();
    for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
  }
});

Deno.test("a memory log forgets what it is told to, and says so when that is asked for", async () => {
  const log = new MemoryLog("x");
  const empty: ShardRecord = { version: 1, epoch: 0, incarnation: "x", ageMs: 0, ops: [] };
  for (let head = 0; head < 5; head++) log.append(head, empty);
  log.purge(4);
  assertEquals([log.first(), log.head()], [4, 5]);
  assertEquals([...log.read(4)].map(({ seq }) => seq), [4, 5]);
  assertEquals(await kindOf(() => [...log.read(3)]), "not_found");
});

Deno.test("a memory log keeps the bytes that were appended, whatever becomes of the caller's buffer", () => {
  const log = new MemoryLog("x");
  const part = utf8("abc");
  const op = { ...delivery(1, "abc"), parts: [part] } as ShardOp;
  log.append(0, { version: 1, epoch: 0, incarnation: "x", ageMs: 0, ops: [op] });
  part.fill(0);
  const [logged] = [...log.read(1)];
  const first = logged?.record.ops[0];
  assert(first?.kind === "deliver");
  assertEquals(first.parts, [utf8("abc")]);
});

Deno.test("a shard that opens behind its log has all of it before it claims", () =>
  withState(async (state, dir) => {
    const log = new MemoryLog(state.incarnation);
    const epoch = log.claim("b", 0, 0);
    log.append(1, record(state, epoch, [delivery(1, "one")]));
    log.append(2, record(state, epoch, [delivery(2, "two")]));
    const shard = shardOver(state, log, dir);
    await shard.open();
    assertEquals([text(shard, 1), text(shard, 2), shard.health(), log.head()], ["one", "two", "ok", 4]);
    assertEquals(uids(await shard.deliver(mail("three"))), [3]);
  }));
