/** SIGKILL at random moments: what was acknowledged is there afterwards, byte for byte, once. */
import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "../../src/base/mod.ts";
import { delay } from "../support/eventually.ts";
import { Ledger, MailLoad, readLetters, type StoredLetter, storedLetter } from "../support/mail_load.ts";
import { Pop3Client } from "../support/pop3_client.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { assertStoreSound } from "../support/store_check.ts";

const ROUNDS = Number(Deno.env.get("STAGEPOST_CRASH_ROUNDS") ?? 50);
const SEED = Number(Deno.env.get("STAGEPOST_CRASH_SEED") ?? Date.now() % 1_000_000);
const SESSIONS = 24;
/** Acknowledged letters after which a round's kill may come, at most. */
const ROUND_LETTERS_MAX = 300;
/** Letters a round's reader deletes at most. */
const ROUND_DELETIONS_MAX = 15;
const PASSWORD = "crash test";
const ACCOUNTS = ["ann@north.test", "bob@north.test", "cid@south.test", "dot@east.test", "eve@west.test"];
const KILLS_IN_START = 0.2;

interface Campaign {
  readonly server: TestServer;
  readonly ledger: Ledger;
  readonly random: ReturnType<typeof seededRandom>;
  /** Letters whose deletion was confirmed. */
  readonly removed: Set<string>;
  /** Letters that were about to be deleted when the server died: either outcome is right. */
  readonly doubtful: Set<string>;
}

/** Deletes letters of one maildrop; whether QUIT was answered decides what must be true of them afterwards. */
async function deleteSome({ server, random, removed, doubtful }: Campaign): Promise<void> {
  const user = ACCOUNTS[Math.floor(random.next() * ACCOUNTS.length)]!;
  const chosen = new Set<string>();
  try {
    await using client = await Pop3Client.open({ port: server.ports.pop3 }, { user, password: PASSWORD });
    const count = Math.min(await client.count(), Math.floor(random.next() * ROUND_DELETIONS_MAX));
    for (let number = 1; number <= count; number++) {
      const { id } = storedLetter(await client.retr(number));
      await client.ok(`DELE ${number}`);
      chosen.add(id);
    }
    for (const id of chosen) doubtful.add(id);
    const farewell = await client.command("QUIT");
    assert(farewell.startsWith("+OK"), farewell);
    for (const id of chosen) {
      removed.add(id);
      doubtful.delete(id);
    }
  } catch (error) {
    // The server was killed meanwhile: that is what this test is about.
    if (server.running) throw error;
  }
}

/** Load, deletions and a SIGKILL somewhere among them. */
async function loadAndKill(campaign: Campaign, round: number): Promise<void> {
  const { server, ledger, random } = campaign;
  const letters = Math.floor(random.next() * ROUND_LETTERS_MAX);
  const extraMs = random.next() * 20;
  const before = ledger.acknowledged;
  let enough = () => {};
  const reached = new Promise<void>((resolve) => enough = resolve);
  const load = new MailLoad({
    port: server.ports.smtp,
    sessions: SESSIONS,
    accounts: ACCOUNTS,
    prefix: `r${round}`,
    seed: SEED + round,
    onAcknowledged: () => ledger.acknowledged - before >= letters && enough(),
  }, ledger);
  const deletions = random.next() < 0.5 ? deleteSome(campaign) : Promise.resolve();
  await Promise.race([reached, load.over()]);
  await delay(extraMs);
  await server.kill();
  await Promise.all([load.over(), deletions]);
}

/** Kills the server while it starts, so that recovery itself is interrupted. */
async function killInStart({ server, random }: Campaign): Promise<void> {
  server.launch();
  await delay(100 + random.next() * 900);
  await server.kill();
}

/** Reads every maildrop and holds it against the ledger. */
async function checkAll({ server, ledger, removed, doubtful }: Campaign): Promise<number> {
  const stored = new Map<string, StoredLetter[]>();
  for (const user of ACCOUNTS) {
    stored.set(user, await readLetters(server.ports.pop3, { user, password: PASSWORD }));
  }
  const there = new Set([...stored.values()].flat().map(({ id }) => id));
  // A deletion that was never confirmed has happened or not; from now on that is settled.
  for (const id of doubtful) if (!there.has(id)) removed.add(id);
  doubtful.clear();
  ledger.check(stored, removed);
  return there.size;
}

Deno.test(`after each of ${ROUNDS} SIGKILLs every acknowledged message is there, byte for byte and once`, async () => {
  console.log(`crash test: seed ${SEED} (set STAGEPOST_CRASH_SEED to repeat)`);
  await using server = await startServer({
    domains: ["north.test", "south.test", "east.test", "west.test"],
    accounts: ACCOUNTS.map((address) => ({ address, password: PASSWORD })),
  });
  const campaign: Campaign = {
    server,
    ledger: new Ledger(),
    random: seededRandom(SEED),
    removed: new Set(),
    doubtful: new Set(),
  };
  for (let round = 1; round <= ROUNDS; round++) {
    await loadAndKill(campaign, round);
    if (campaign.random.next() < KILLS_IN_START) await killInStart(campaign);
    await server.start();
    if (campaign.doubtful.size > 0 || round % 10 === 0 || round === ROUNDS) await checkAll(campaign);
  }
  const kept = await checkAll(campaign);
  await assertStoreSound(server);
  const { ledger, removed } = campaign;
  console.log(`crash test: ${ledger.acknowledged} acknowledged, ${removed.size} deleted, ${kept} found`);
  assert(ledger.acknowledged > ROUNDS * 10, "the load was too small to prove anything");
  assertEquals([...ledger.refusals], [], "no letter was refused");
  await server.stop();
});
