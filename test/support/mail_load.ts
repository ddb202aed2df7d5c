/** Many SMTP sessions at once, and a ledger of what was acknowledged to them. */
import { assert, assertEquals } from "@std/assert";
import { type Random, seededRandom } from "../../src/base/mod.ts";
import { TooLate } from "./eventually.ts";
import { keptMessage, letterId, makeLetter, sha256 } from "./letters.ts";
import { type Login, Pop3Client } from "./pop3_client.ts";
import { SmtpClient } from "./smtp_client.ts";

/** One letter that was sent to its last dot, or acknowledged. */
interface Entry {
  readonly digest: string;
  readonly account: string;
  acknowledged: boolean;
}

/** What was sent and what the server said to it. */
export class Ledger {
  readonly #entries = new Map<string, Entry>();
  acknowledged = 0;
  /** Replies to the data other than 250, by code. */
  readonly refusals = new Map<number, number>();
  /** Connections that ended under a session. */
  losses = 0;

  sent(id: string, entry: Omit<Entry, "acknowledged">): void {
    this.#entries.set(id, { ...entry, acknowledged: false });
  }

  answered(id: string, code: number): void {
    const entry = this.#entries.get(id);
    assert(entry !== undefined, "an answer belongs to a letter");
    if (code === 250) {
      entry.acknowledged = true;
      this.acknowledged++;
    } else this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
  }

  /** Ids acknowledged for an account. */
  acknowledgedOf(account: string): string[] {
    return [...this.#entries].filter(([, e]) => e.acknowledged && e.account === account).map(([id]) => id);
  }

  /**
   * Asserts that the stored messages of all accounts hold every acknowledged letter byte for byte, none twice, and nothing that was
   * not sent. `removed` are letters that were deleted by a QUIT that was answered.
   */
  check(stored: ReadonlyMap<string, readonly StoredLetter[]>, removed: ReadonlySet<string> = new Set()): void {
    const seen = new Set<string>();
    for (const [account, letters] of stored) {
      for (const { id, digest } of letters) {
        const entry = this.#entries.get(id);
        assert(entry !== undefined, `${account} holds ${id}, which nobody sent`);
        assertEquals(account, entry.account, `${id} is in the wrong maildrop`);
        assertEquals(digest, entry.digest, `${id} differs from what was sent`);
        assert(!seen.has(id), `${id} is stored twice`);
        assert(!removed.has(id), `${id} was deleted for good, yet it is there`);
        seen.add(id);
      }
    }
    const lost = [...this.#entries].filter(([id, entry]) =>
      entry.acknowledged && stored.has(entry.account) && !seen.has(id) && !removed.has(id)
    );
    assertEquals(lost.map(([id]) => id), [], `${lost.length} acknowledged letters are lost`);
  }
}

/** A letter found in a maildrop. */
export interface StoredLetter {
  readonly id: string;
  readonly digest: string;
}

/** Reads a maildrop from message `from` on, by its ids and digests. */
export async function readLetters(port: number, login: Login, from = 1): Promise<StoredLetter[]> {
  await using client = await Pop3Client.open({ port }, login);
  const count = await client.count();
  const letters: StoredLetter[] = [];
  for await (const message of client.retrAll(from, count)) letters.push(storedLetter(message));
  await client.quit();
  return letters;
}

/** The identity of one stored message. */
export function storedLetter(message: Uint8Array): StoredLetter {
  const { content } = keptMessage(message);
  const id = letterId(content);
  assert(id !== null, "a stored message has its X-Letter field");
  return { id, digest: sha256(content) };
}

/** What a load is to do. */
export interface LoadPlan {
  readonly port: number;
  readonly sessions: number;
  readonly accounts: readonly string[];
  /** Start of every id. */
  readonly prefix: string;
  readonly seed: number;
  /** Sessions whose connection ends connect again; otherwise they are over. */
  readonly reconnect?: boolean;
  /** Called after each 250. */
  readonly onAcknowledged?: (session: number) => void;
  /** Bytes of one body; by default mostly small, now and then 60 KB. */
  readonly bodyBytes?: (random: Random) => number;
  /** A session that waits longer for a reply gives its connection up, in ms; by default that fails the test. */
  readonly patienceMs?: number;
}

/** Sessions that send as fast as they are answered, until told to stop or until their server is gone. */
export class MailLoad {
  #stopping = false;
  readonly #done: Promise<unknown>;
  /** Connections made so far, by session. */
  readonly connections: number[];
  /** Letters acknowledged, by session. */
  readonly acknowledged: number[];

  constructor(private readonly plan: LoadPlan, private readonly ledger: Ledger) {
    this.connections = Array.from({ length: plan.sessions }, () => 0);
    this.acknowledged = Array.from({ length: plan.sessions }, () => 0);
    this.#done = Promise.all(this.connections.map((_, session) => this.#run(session)));
    // Whoever awaits the end is told; nobody may do so before the test has failed for another reason.
    this.#done.catch(() => {});
  }

  /** Each session finishes its letter and says QUIT. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#done;
  }

  /** Resolves when every session is over, as after the server's end. */
  async over(): Promise<void> {
    await this.#done;
  }

  async #run(session: number): Promise<void> {
    const random = seededRandom(this.plan.seed * 1_000 + session);
    let serial = 0;
    do {
      try {
        const { port, patienceMs } = this.plan;
        await using client = await SmtpClient.greeted({ port, ...(patienceMs ? { replyMsMax: patienceMs } : {}) });
        this.connections[session]!++;
        while (!this.#stopping) {
          await this.#letter(client, random, `${this.plan.prefix}-${session}-${serial++}`, session);
        }
        await client.quit();
      } catch (error) {
        if (!isLoss(error) && !(this.plan.patienceMs !== undefined && error instanceof TooLate)) throw error;
        this.ledger.losses++;
        if (this.plan.reconnect) await pauseBeforeReconnect();
      }
    } while (this.plan.reconnect && !this.#stopping);
  }

  async #letter(client: SmtpClient, random: Random, id: string, session: number): Promise<void> {
    const { accounts, bodyBytes = usualSize } = this.plan;
    const account = accounts[Math.floor(random.next() * accounts.length)]!;
    const content = makeLetter(random, { id, bodyBytes: bodyBytes(random), to: account });
    for (const line of [`MAIL FROM:<${id}@elsewhere.test>`, `RCPT TO:<${account}>`]) {
      const { code } = await client.command(line);
      if (code === 421) throw new SaidFarewell();
      if (code !== 250) return void await client.command("RSET");
    }
    const go = await client.command("DATA");
    if (go.code === 421) throw new SaidFarewell();
    assertEquals(go.code, 354, go.text);
    this.ledger.sent(id, { digest: sha256(content), account });
    const { code } = await client.data(content);
    this.ledger.answered(id, code);
    if (code === 421) throw new SaidFarewell();
    if (code !== 250) return;
    this.acknowledged[session]!++;
    this.plan.onAcknowledged?.(session);
  }
}

/** The server closes this connection by a 421. */
class SaidFarewell extends Error {
  override name = "SaidFarewell";
}

/** An error by which a connection ends; anything else is a fault of the test or of the server. */
export function isLoss(error: unknown): boolean {
  if (error instanceof SaidFarewell) return true;
  if (!(error instanceof Error)) return false;
  const code = (error as { code?: string }).code ?? "";
  return error.name === "PeerClosed" || /^E(CONNRESET|CONNREFUSED|PIPE|CONNABORTED)|^ERR_STREAM/.test(code) ||
    /reset by peer|refused|broken pipe|closed while connecting|Cannot call write/i.test(error.message);
}

/** Sessions that lost their server do not hammer its port, in ms. */
const RECONNECT_MS = 50;

function pauseBeforeReconnect(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
}

function usualSize(random: Random): number {
  const roll = random.next();
  return Math.floor(roll < 0.03 ? 20_000 + random.next() * 40_000 : 100 + random.next() * 3_000);
}
