/** 250 means durable: the order of the system calls shows it, and a disk that fails to flush gets no 250 at all. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { assert, assertEquals, assertGreater, assertMatch } from "@std/assert";
import { seededRandom } from "../../src/base/mod.ts";
import { eventually } from "../support/eventually.ts";
import { makeLetter, sha256 } from "../support/letters.ts";
import { Ledger, MailLoad, readLetters } from "../support/mail_load.ts";
import { testWith } from "../support/programs.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { type Reply, SmtpClient } from "../support/smtp_client.ts";
import { assertStoreSound } from "../support/store_check.ts";
import { Strace, type SystemCall } from "../support/strace.ts";

const LOGIN = { user: "john@smith.test", password: "flush order" };
const WRITES = ["write", "writev", "pwrite64", "pwritev", "pwritev2"];
const SENDS = ["write", "writev", "sendto", "sendmsg"];
const FLUSHES = ["fdatasync", "fsync"];

function flushServer(): Promise<TestServer> {
  return startServer({
    domains: ["smith.test"],
    accounts: [{ address: LOGIN.user, password: LOGIN.password }],
  });
}

/** The first call that fits and began after `after`. */
function next(
  calls: readonly SystemCall[],
  after: number,
  fits: (call: SystemCall) => boolean,
): SystemCall | undefined {
  return calls.find((call) => call.began > after && fits(call));
}

function isFlush(call: SystemCall, file: RegExp): boolean {
  return FLUSHES.includes(call.name) && file.test(call.args) && call.result.startsWith("0");
}

/** Begins every record of a segment. */
const RECORD = "SPB1";

/** Asserts that what a reply promises had been flushed when the reply was written: the body, and the group that makes it count. */
function assertDurableBefore(reply: SystemCall, calls: readonly SystemCall[]): void {
  const id = /250 2\.0\.0 Accepted (\w+)/.exec(reply.args)![1]!;
  const body = calls.find((call) => WRITES.includes(call.name) && /\.seg>/.test(call.args) && call.args.includes(id));
  assert(body !== undefined, `no write of the body of ${id}`);
  const behind = body.args.slice(body.args.indexOf(id));
  assert(behind.includes(RECORD), `${id}: what makes the body count was not written with it`);
  const segment = fileOf(body);
  const segmentFlush = next(calls, body.returned, (call) => isFlush(call, /\.seg>/) && fileOf(call) === segment);
  assert(segmentFlush !== undefined && segmentFlush.returned < reply.began, `${id}: 250 before the segment's flush`);
}

/** The file that a call works on, as strace shows it behind the descriptor. */
function fileOf(call: SystemCall): string {
  return /^\d+<([^>]*)>/.exec(call.args)?.[1] ?? "";
}

testWith(
  { programs: ["strace"], root: true },
  "each 250 is written after the flush of the segment that holds the letter has returned",
  async () => {
    await using server = await flushServer();
    const ledger = new Ledger();
    const plan = { port: server.ports.smtp, accounts: [LOGIN.user], bodyBytes: () => 600 };
    const file = `${server.dir}/trace`;
    const trace = [...new Set([...WRITES, ...SENDS, ...FLUSHES])];
    await using strace = await Strace.attach(server.pid, { trace, stringBytes: 1_000_000, file });
    const load = new MailLoad({ ...plan, sessions: 12, prefix: "order", seed: 1 }, ledger);
    await eventually("120 letters", () => ledger.acknowledged >= 120, { ms: 60_000 });
    await load.stop();
    const calls = await strace.detach();

    let proven = 0;
    for (const reply of calls.filter((call) => SENDS.includes(call.name) && /"250 2\.0\.0 Accepted /.test(call.args))) {
      assertDurableBefore(reply, calls);
      proven++;
    }
    const flushes = calls.filter((call) => isFlush(call, /\.seg>/)).length;
    console.log(`flush order: ${proven} replies proven, ${flushes} segment flushes`);
    assertGreater(proven, 100);
    assertEquals(proven, ledger.acknowledged);
    await server.stop();
  },
);

interface Fault {
  readonly name: string;
  readonly trace: readonly string[];
  readonly inject: readonly string[];
  /** What the client is told while the disk is bad. */
  readonly reply: RegExp;
}

const FAULTS: readonly Fault[] = [
  {
    name: "fdatasync fails once with EIO",
    trace: ["fdatasync"],
    inject: ["fdatasync:error=EIO:when=1"],
    reply: /^451 4\.3\.[02] /,
  },
  {
    name: "fdatasync fails with EIO all the time",
    trace: ["fdatasync"],
    inject: ["fdatasync:error=EIO"],
    reply: /^451 4\.3\.[02] /,
  },
  {
    name: "fdatasync fails with ENOSPC all the time",
    trace: ["fdatasync"],
    inject: ["fdatasync:error=ENOSPC"],
    // Nor can it be made sure then that nothing of the letter is left in the log: that is more than a full disk.
    reply: /^451 4\.3\.[02] /,
  },
  {
    name: "writing at a position fails with ENOSPC all the time",
    trace: ["pwrite64", "pwritev"],
    inject: ["pwrite64:error=ENOSPC", "pwritev:error=ENOSPC"],
    reply: /^452 4\.3\.1 /,
  },
];

/** One letter, noted in the ledger whatever becomes of it. */
async function letterTo(server: TestServer, id: string, ledger: Ledger): Promise<Reply> {
  const content = makeLetter(seededRandom(id.length), { id, bodyBytes: 900 });
  await using client = await SmtpClient.greeted({ port: server.ports.smtp, replyMsMax: 90_000 });
  ledger.sent(id, { digest: sha256(content), account: LOGIN.user });
  const reply = await client.send({ from: "", to: [LOGIN.user], content });
  ledger.answered(id, reply.code);
  await client.quit();
  return reply;
}

async function assertMailKept(server: TestServer, ledger: Ledger): Promise<void> {
  ledger.check(new Map([[LOGIN.user, await readLetters(server.ports.pop3, LOGIN)]]));
}

/** Whether every shard has brought to its index what was written to its segments. */
function rests(server: TestServer): boolean {
  const shards = `${server.dataDir}/shards`;
  return readdirSync(shards).every((shard) => {
    const index = statSync(`${shards}/${shard}/index.mdb`).mtimeMs;
    const segments = readdirSync(`${shards}/${shard}/segments`);
    return segments.every((name) => statSync(`${shards}/${shard}/segments/${name}`).mtimeMs < index);
  });
}

const CHECKPOINT: Fault = {
  name: "the flush of a checkpoint fails with EIO",
  trace: ["fdatasync"],
  inject: ["fdatasync:error=EIO:when=2"],
  // The letter itself is durable by the first flush.
  reply: /^250 2\.0\.0 /,
};

/** A letter before, while and after the disk is bad; `mark` begins their names. */
async function survives({ trace, inject, reply }: Fault, mark: string): Promise<void> {
  await using server = await flushServer();
  const ledger = new Ledger();
  const before = await letterTo(server, `${mark}-before`, ledger);
  assertEquals(before.code, 250);
  await eventually("no other flush is left to fail", () => rests(server), { ms: 20_000 });
  const file = `${server.dir}/trace`;
  await using strace = await Strace.attach(server.pid, { trace, inject, file });
  const during = await letterTo(server, `${mark}-during`, ledger);
  assertMatch(during.text, reply);
  await assertMailKept(server, ledger);
  await eventually("the fault is met", () => readFileSync(file, "utf8").includes("INJECTED"), { ms: 20_000 });
  await strace.detach();
  await eventually(
    "mail is taken again",
    async () => (await letterTo(server, `${mark}-after${crypto.randomUUID().slice(0, 8)}`, ledger)).code === 250,
    { ms: 20_000 },
  );
  await assertMailKept(server, ledger);
  await assertStoreSound(server);
  // What recovery makes of the failed attempt is the same as what the running server showed.
  await server.kill();
  await server.start();
  await assertMailKept(server, ledger);
  await assertStoreSound(server);
  assert([...ledger.refusals.keys()].every((code) => code >= 400 && code < 500), "only temporary refusals");
  await server.stop();
}

for (const [number, fault] of FAULTS.entries()) {
  testWith(
    { programs: ["strace"], root: true },
    `when ${fault.name} no 250 is given, reads go on, and mail is taken again afterwards`,
    () => survives(fault, `f${number}`),
  );
}

testWith(
  { programs: ["strace"], root: true },
  `when ${CHECKPOINT.name} what was acknowledged before stays, and mail is taken again afterwards`,
  () => survives(CHECKPOINT, "checkpoint"),
);
