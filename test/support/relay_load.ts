/** Sessions that hand mail in for servers elsewhere, a sink that takes it and misbehaves, and a book that compares the two. */
import { assert, assertEquals } from "@std/assert";
import { type Random, seededRandom } from "../../src/base/mod.ts";
import { latin1 } from "./latin1.ts";
import { makeLetter } from "./letters.ts";
import { isLoss } from "./mail_load.ts";
import { loggedIn, PASSWORD } from "./relay_world.ts";
import { startServer, type TestServer } from "./server.ts";
import { type SinkEvent, SmtpSink } from "./smtp_sink.ts";

/** The user whose program hands the mail in. */
const SENDER = "ann@a.test";
/** Domains elsewhere; a letter goes to one or several of them. */
const DOMAINS = ["out1.test", "out2.test", "out3.test"];

/** One letter that was sent to its last dot. */
interface SentLetter {
  readonly content: string;
  readonly to: readonly string[];
  acknowledged: boolean;
}

/** A copy beyond the first that the sink was given. */
export interface Duplicate {
  readonly id: string;
  readonly to: string;
  /** The run of the server, counted from 0, that gave the first copy, and the one that gave this. */
  readonly runs: readonly [number, number];
  /** When the first copy was taken, by `performance.now()`. */
  readonly firstMs: number;
  /** From then to the end of its run, in ms. */
  readonly beforeEndMs: number;
}

/** How a sink misbehaves, in percent of what it is asked. */
export interface Moods {
  /** "Come again" (451), to any command of a mail and to its content. */
  readonly later: number;
  /** The connection is reset behind the content: before that, it would be the server's fault and not the mail's, and it would be left alone. */
  readonly drop: number;
}

const MOODY = new Set(["MAIL", "RCPT", "DATA", "CONTENT"]);

/** A server under load whose mail goes to a sink of moods, with a book of both ends. */
export class RelayLoad implements AsyncDisposable {
  /** Letters that were answered 250. */
  acknowledged = 0;
  /** Logins that were lost or refused as the server was not there. */
  losses = 0;
  readonly #sent = new Map<string, SentLetter>();
  /** When each mail of the sink was taken, by `performance.now()`. */
  readonly #takenMs: number[] = [];
  /** For each run of the server that has ended: the mails taken until then, and when it ended. */
  readonly #runs: { readonly mails: number; readonly endMs: number }[] = [];
  #serial = 0;

  private constructor(readonly server: TestServer, readonly sink: SmtpSink, private readonly random: Random) {}

  /** Starts both; `config` has keys beside those of the way to the sink. */
  static async start(
    { seed, moods, config = {} }: {
      readonly seed: number;
      readonly moods: Moods;
      readonly config?: Readonly<Record<string, unknown>>;
    },
  ): Promise<RelayLoad> {
    const random = seededRandom(seed);
    const answer = (event: SinkEvent): string | undefined => {
      const mood = MOODY.has(event.verb) ? random.next() * 100 : 100;
      if (mood < moods.later) return "451 4.3.2 not now";
      if (event.verb !== "CONTENT") return undefined;
      if (mood < moods.later + moods.drop) return "drop";
      load.#takenMs.push(performance.now());
      return undefined;
    };
    const sink = await SmtpSink.start({ answer });
    let load: RelayLoad;
    try {
      const route = { domain: "*", host: "127.0.0.1", port: sink.port, tls: "none" };
      const server = await startServer({
        workers: { listener: 1, mailbox: 1 },
        config: { outbound: { routes: [route] }, queue: { retryMs: [100, 200] }, ...config },
        domains: ["a.test"],
        accounts: [{ address: SENDER, password: PASSWORD }],
      });
      load = new RelayLoad(server, sink, seededRandom(seed + 1));
    } catch (error) {
      await sink[Symbol.asyncDispose]();
      throw error;
    }
    return load;
  }

  /** Letters one after the other on each session, until `enough` or the end of the server. */
  async submit(sessions: number, enough: () => boolean): Promise<void> {
    await Promise.all(Array.from({ length: sessions }, () => this.#session(enough)));
  }

  async #session(enough: () => boolean): Promise<void> {
    try {
      await using client = await loggedIn(this.server, SENDER);
      while (!enough()) {
        const id = `m${this.#serial++}`;
        const bodyBytes = Math.floor(100 + this.random.next() * 4_000);
        const content = makeLetter(this.random, { id, bodyBytes, from: SENDER });
        const to = DOMAINS.slice(Math.floor(this.random.next() * DOMAINS.length)).map((domain) => `${id}@${domain}`);
        const letter: SentLetter = { content: latin1(content), to, acknowledged: false };
        this.#sent.set(id, letter);
        const reply = await client.send({ from: SENDER, to, content });
        // A worker that is away for a moment costs a 451, never a 5xx.
        assert(reply.code < 500, reply.text);
        if (reply.code !== 250) continue;
        letter.acknowledged = true;
        this.acknowledged++;
      }
      await client.quit();
    } catch (error) {
      if (!isLoss(error) || this.server.running) throw error;
      this.losses++;
    }
  }

  /** Notes that the server's run is over; called before the next one starts. */
  runEnded(endMs: number): void {
    this.#runs.push({ mails: this.sink.mails.length, endMs });
  }

  /** Asserts that every acknowledged letter has come to each recipient as it was sent; answers the copies beyond the first. */
  check(): Duplicate[] {
    const seen = new Map<string, number>();
    const duplicates: Duplicate[] = [];
    for (const [index, mail] of this.sink.mails.entries()) {
      const id = /^X-Letter: ([\w-]+)\r$/m.exec(mail.content)?.[1] ?? "";
      const letter = this.#sent.get(id);
      assert(letter !== undefined, `the sink has ${id}, which nobody sent`);
      assert(mail.content.endsWith(letter.content), `${id} has changed on its way`);
      for (const to of mail.to) {
        assert(letter.to.includes(to), `${id} went to ${to}`);
        const first = seen.get(to);
        if (first === undefined) seen.set(to, index);
        else duplicates.push(this.#duplicate(id, to, [first, index]));
      }
    }
    const lost = [...this.#sent.values()].filter(({ acknowledged }) => acknowledged)
      .flatMap(({ to }) => to.filter((address) => !seen.has(address)));
    assertEquals(lost, [], `${lost.length} recipients of acknowledged mail got nothing`);
    return duplicates;
  }

  #duplicate(id: string, to: string, [first, second]: readonly [number, number]): Duplicate {
    const runOf = (index: number) => this.#runs.filter(({ mails }) => mails <= index).length;
    const run = runOf(first);
    const firstMs = this.#takenMs[first]!;
    return { id, to, runs: [run, runOf(second)], firstMs, beforeEndMs: (this.#runs[run]?.endMs ?? Infinity) - firstMs };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.sink[Symbol.asyncDispose]();
  }
}
