import { assert, assertEquals } from "@std/assert";
import { asFailure, Bug, FakeClock, type Random, seededRandom, utf8 } from "../../src/base/mod.ts";
import type { AccountId } from "../../src/mail/account.ts";
import { DEFAULT_LIMITS } from "../../src/storage/mod.ts";
import type { LoggedShard } from "../../src/storage/logged_shard.ts";
import { verifyShard } from "../../src/storage/verify.ts";
import { PowerLoss, SimDisk } from "./sim_disk.ts";
import { openSimShard } from "./sim_shard.ts";
import { account } from "./support.ts";

const ACCOUNTS = ["anna", "bert", "carl"].map(account);
/** Small, so that segments are sealed, compacted and removed within a few operations. */
const LIMITS = {
  ...DEFAULT_LIMITS,
  segmentBytesMax: 700,
  aheadFromBytes: 100,
  compactStepBytesMax: 200,
  changeRowsMax: 8,
  opIdsMax: 40,
};
/** From each record in the index at once to all of a life in the log alone. */
const LOGS = [
  {},
  { unindexedRowsMax: 0 },
  { unindexedRowsMax: 12, segmentBytesMax: 4_000 },
  { unindexedBytesMax: 400, segmentBytesMax: 4_000, unindexedMsMax: 100 },
  { segmentBytesMax: 1_000_000, aheadFromBytes: 1e9, unindexedMsMax: 1e9 },
].map((limits) => ({ ...LIMITS, ...limits }));

interface Sent {
  readonly opId: string;
  readonly body: string;
  readonly to: readonly AccountId[];
  /** acked: must be there; refused: must not; unknown: either, but whole and once. */
  state: "acked" | "unknown" | "refused" | "withdrawn" | "maybe withdrawn";
  uids: readonly number[];
  /** Recipients who deleted it, or may have. */
  readonly gone: Set<AccountId>;
  readonly maybeGone: Set<AccountId>;
}

/** Sends, deletes and takes back at random until the power goes or the rounds are over. */
class Script {
  readonly sent: Sent[] = [];
  #count = 0;
  constructor(private readonly random: Random) {}
  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.random.next() * from.length)]!;
  }
  /** Runs one round of changes at once. False when the power went. */
  async round(shard: LoggedShard): Promise<boolean> {
    const running: Promise<boolean>[] = [];
    for (let i = 1 + Math.floor(this.random.next() * 5); i > 0; i--) {
      const luck = this.random.next();
      if (luck < 0.6) running.push(this.#deliver(shard));
      else if (luck < 0.7) running.push(this.#retry(shard));
      else if (luck < 0.95) running.push(this.#expunge(shard));
      else running.push(this.#withdraw(shard));
    }
    return (await Promise.all(running)).every(Boolean);
  }
  async #deliver(shard: LoggedShard): Promise<boolean> {
    const number = this.#count++;
    const opId = `op-${String(number).padStart(6, "0")}`;
    const to = ACCOUNTS.filter(() => this.random.next() < 0.5);
    if (to.length === 0) to.push(ACCOUNTS[0]!);
    const body = `${opId} ${"x".repeat(Math.floor(this.random.next() * 120))}`;
    const sent: Sent = { opId, body, to, state: "unknown", uids: [], gone: new Set(), maybeGone: new Set() };
    this.sent.push(sent);
    return await this.#send(shard, sent);
  }
  async #retry(shard: LoggedShard): Promise<boolean> {
    // Only young ones: the store forgets answers, and then a repeated delivery would be a new one.
    const sent = this.sent.slice(-10).filter(({ state }) => state === "unknown" || state === "acked");
    return sent.length === 0 ? true : await this.#send(shard, this.#pick(sent));
  }
  async #send(shard: LoggedShard, sent: Sent): Promise<boolean> {
    const { opId, body, to } = sent;
    const targets = to.map((account) => ({ account, quotaBytes: 0 }));
    return await outcome(
      shard.deliver({ opId, targets, mailbox: 1, flags: 0, parts: [utf8(body)], internalDateMs: 1 }),
      (result) => {
        assert(result.type === "delivered");
        if (sent.state === "acked") assertEquals(result.uids, sent.uids as never, "the same answer for the same opId");
        if (sent.state === "unknown" || sent.state === "refused") sent.state = "acked";
        sent.uids = result.uids;
      },
      (kind) => {
        if (kind === "disk_full" && sent.state === "unknown" && sent.uids.length === 0) return;
        assert(kind === "disk" || kind === "disk_full" || kind === "refused", kind);
      },
    );
  }
  async #expunge(shard: LoggedShard): Promise<boolean> {
    const known = this.sent.filter(({ state }) => state === "acked");
    if (known.length === 0) return true;
    const sent = this.#pick(known);
    const at = Math.floor(this.random.next() * sent.to.length);
    const owner = sent.to[at]!;
    sent.maybeGone.add(owner);
    return await outcome(shard.expunge(owner, 1, [sent.uids[at]!]), () => sent.gone.add(owner), () => {});
  }
  async #withdraw(shard: LoggedShard): Promise<boolean> {
    const young = this.sent.slice(-10);
    if (young.length === 0) return true;
    const sent = this.#pick(young);
    sent.state = "maybe withdrawn";
    return await outcome(shard.withdraw(sent.opId), () => sent.state = "withdrawn", () => {});
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
  } catch (error) {
    const failure = asFailure(error);
    if (failure === null) throw error;
    if (failure.cause instanceof PowerLoss) return false;
    failed(failure.kind);
  }
  return true;
}

async function check(shard: LoggedShard, sent: readonly Sent[]): Promise<void> {
  for await (const event of verifyShard(shard, {}, (run) => void setImmediate(run))) {
    assert(event.type === "progress", JSON.stringify(event));
  }
  for (const owner of ACCOUNTS) {
    const { rows } = shard.list(owner, 1, 0, 10_000);
    const bodies = new Map<string, number>();
    for (const { uid } of rows) {
      const body = new TextDecoder().decode(shard.fetch(owner, 1, { uid, offset: 0, length: 1e6 }).bytes);
      const opId = body.slice(0, 9);
      assert(!bodies.has(opId), `${opId} is there twice`);
      bodies.set(opId, uid);
      const known = sent.find((one) => one.opId === opId);
      assert(known !== undefined && known.body === body && known.to.includes(owner), `${opId} is not what was sent`);
      assert(known.state !== "withdrawn", `${opId} was taken back`);
      assert(!known.gone.has(owner), `${opId} was deleted`);
    }
    for (const { opId, state, to, uids, maybeGone } of sent) {
      if (state !== "acked" || !to.includes(owner) || maybeGone.has(owner)) continue;
      assertEquals(bodies.get(opId), uids[to.indexOf(owner)], `${opId} was acknowledged to ${owner}`);
    }
    const usage = shard.usage(owner);
    assertEquals(usage.messages, rows.length);
    assertEquals(usage.bytes, rows.reduce((sum, { size }) => sum + size, 0));
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

/** Runs one seed: four lives of a shard, each ending with a loss of power or a kill. */
async function lives(seed: number, { fault, lies = false, kills = false, endsAt }: Fate): Promise<number> {
  const random = seededRandom(seed);
  const disk = new SimDisk(random);
  disk.lies = lies;
  const clock = new FakeClock();
  const script = new Script(random);
  for (let life = 0; life < 4; life++) {
    disk.fault = () => null;
    const shard = await openSimShard(disk, clock, LOGS[Math.floor(random.next() * LOGS.length)]!);
    await check(shard, script.sent);
    const last = disk.steps + (endsAt ?? 1 + Math.floor(random.next() * 80));
    disk.fault = (step) => step >= last ? "crash" : fault(random);
    for (let round = 0; round < 60; round++) {
      if (!await script.round(shard)) break;
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
  const shard = await openSimShard(disk, clock, LIMITS);
  await check(shard, script.sent);
  await shard.close();
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

Deno.test("after a loss of power at any step, what was acknowledged is there and nothing is there twice", async () => {
  await matrix("power", () => null);
});

Deno.test("the same on a disk where one step in twenty fails for want of space", async () => {
  await matrix("full", (random) => random.next() < 0.05 ? "ENOSPC" : null);
});

Deno.test("the same on a disk where one step in twenty fails with an I/O error", async () => {
  await matrix("EIO", (random) => random.next() < 0.05 ? "EIO" : null);
});

Deno.test("the same when the power goes at each of the first hundred steps in turn", async () => {
  for (const seed of [4_711, 4_712, 4_713, 4_714]) {
    for (let endsAt = 1; endsAt <= 100; endsAt++) {
      await lives(seed, { fault: () => null, endsAt }).catch((error) => {
        throw new Error(`seed ${seed}, step ${endsAt} fails`, { cause: error });
      });
    }
  }
});

Deno.test("the same when the process is killed now and the power goes later, on a disk that fails now and then", async () => {
  await matrix("kills", () => null, true);
  await matrix("kills and EIO", (random) => random.next() < 0.03 ? "EIO" : null, true);
});

Deno.test("canary: on a disk that only says it flushes, acknowledged mail is lost and these tests see it", async () => {
  let seen = 0;
  for (let seed = 1; seed <= 10; seed++) {
    await lives(seed, { fault: () => null, lies: true }).catch(() => seen++);
  }
  assert(seen > 5, `${seen} of 10 seeds showed it`);
});
