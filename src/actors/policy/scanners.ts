import { asFailure, byteLength, type Clock, describeError, Failure, type Log } from "../../base/mod.ts";
import type { PolicyProtocol } from "../../messages/mod.ts";
import { askService, DeadlineWheel, type ServiceAddress, type ServiceQuestion } from "../../net/mod.ts";
import {
  blocksOf,
  Breaker,
  ClamdReader,
  instreamBody,
  instreamHead,
  judgeScan,
  readRspamdAnswer,
  type RspamdAnswer,
  rspamdFields,
  rulesFor,
  type ScanFindings,
  type ScannerRules,
  type ScanSettings,
  type ScanVerdict,
  type Unscanned,
} from "../../policy/scan/mod.ts";
import { AnswerReader, postHead } from "../../protocol/http/mod.ts";
import { Gate, type GateLimits } from "./gate.ts";

/** Where a scanner is, and how long it may take. */
export interface ScannerPlace {
  readonly at: ServiceAddress;
  /** From the first connection to the whole answer, in ms. */
  readonly timeMsMax: number;
}

/** The scanners, and how what they say is judged. */
export interface ScannersConfig {
  readonly settings: ScanSettings;
  /** Null where the settings have no rules for it. */
  readonly rspamd: ScannerPlace & { readonly password: string | null } | null;
  readonly clamav: ScannerPlace | null;
  /** Mails that are shown to scanners at a time, and that wait. */
  readonly gate: GateLimits;
}

type Request = PolicyProtocol["policy.scan"]["request"];

/** Longest wait for a connection, in ms: scanners are near. */
const CONNECT_MS_MAX = 3_000;
/** How long a scanner that cannot be reached is left alone. */
const PAUSES = { firstMs: 250, maxMs: 30_000 };
/** An answer of rspamd: each of some hundred symbols may quote 4 KiB of the mail. */
const ANSWER = { headBytesMax: 16_384, bodyBytesMax: 4 * 1_048_576 };
/** For a mail above this, clamd is given the time to say that it is too large, in bytes and ms. */
const UNPAUSED_BYTES_MAX = 1_000_000;
const PAUSE_MS = 20;
/** Least time between two lines of the log about one scanner that fails, in ms. */
const NOTE_MS_MIN = 60_000;

type ScannerName = "rspamd" | "clamav";

interface Connecting {
  /** Somebody is there. */
  readonly connected: () => void;
}

/** One scanner's state: whether it can be reached, and when the log last told that it failed, and how often since. */
class Scanner {
  readonly breaker = new Breaker(PAUSES);
  notedMs = -Infinity;
  unnoted = 0;
}

/**
 * Shows mails to scanners, few at a time, each on a connection of its own. What fails, for whatever reason, is a mail unscanned:
 * the settings say what becomes of it. A mail that finds too many before it has to come again, whatever they say: else a flood
 * would open the way.
 */
export class Scanners {
  readonly #gate: Gate;
  readonly #wheel: DeadlineWheel;
  readonly #scanners: Readonly<Record<ScannerName, Scanner>> = { rspamd: new Scanner(), clamav: new Scanner() };

  constructor(
    private readonly config: ScannersConfig,
    private readonly services: { readonly clock: Clock; readonly log: Log },
  ) {
    this.#gate = new Gate(config.gate, services.clock);
    this.#wheel = new DeadlineWheel({ clock: services.clock });
  }

  /** What both say, together. Rejects with Failure `busy`. */
  scan(request: Request): Promise<ScanVerdict> {
    const { settings, rspamd, clamav } = this.config;
    const { direction, staysHere, parts } = request;
    return this.#gate.run(byteLength(parts), async () => {
      const [ofRspamd, ofClamav] = await Promise.all([
        rspamd === null ? null : this.#finding("rspamd", rulesFor(settings.rspamd, direction), {
          parts,
          ask: (connected) => this.#askRspamd(request, { ...rspamd, connected }),
        }),
        clamav === null ? null : this.#finding("clamav", rulesFor(settings.clamav, direction), {
          parts,
          ask: (connected) => this.#askClamd(request, { ...clamav, connected }),
        }),
      ]);
      return judgeScan({ rspamd: ofRspamd, clamav: ofClamav }, settings, { direction, staysHere });
    });
  }

  /** Null where the scanner does not look at such mail. */
  async #finding<T>(
    name: ScannerName,
    rules: ScannerRules | null,
    { parts, ask }: { readonly parts: readonly Uint8Array[]; readonly ask: (connected: () => void) => Promise<T> },
  ): Promise<T | Unscanned | null> {
    if (rules === null) return null;
    if (byteLength(parts) > rules.bytesMax) return { type: "unscanned", why: "tooLarge" };
    const { breaker } = this.#scanners[name];
    const { clock } = this.services;
    if (!breaker.mayTry(clock.monotonicMs())) return { type: "unscanned", why: "failed" };
    try {
      return await ask(() => breaker.reached());
    } catch (error) {
      const failure = asFailure(error);
      // A defect counts, too: else whoever tries for all would be waited for in vain.
      if (failure === null || failure.kind === "refused") breaker.failed(clock.monotonicMs());
      if (failure === null) throw error;
      this.#noteFailure(name, failure);
      return { type: "unscanned", why: "failed" };
    }
  }

  async #askRspamd(
    request: Request,
    place: NonNullable<ScannersConfig["rspamd"]> & Connecting,
  ): Promise<NonNullable<ScanFindings["rspamd"]>> {
    const { id, ip, name: hostname, helo, sender, recipients, user, parts } = request;
    const { settings: { hostname: server } } = this.config;
    const question = { id, ip, hostname, helo, sender, recipients, user, server, password: place.password };
    const head = postHead({
      host: hostField(place.at),
      path: "/checkv2",
      fields: rspamdFields(question),
      bodyBytes: byteLength(parts),
    });
    const reader = new AnswerReader(ANSWER);
    const read = (chunk: Uint8Array) => reader.push(chunk);
    const answer = await this.#ask(place, { pieces: withHead(head, parts), read });
    if (answer.type === "broken") throw new Failure("closed", `its answer cannot be read: ${answer.why}`);
    if (answer.status !== 200) throw new Failure("closed", `it answered with status ${answer.status}`);
    return { type: "answer", answer: readAnswer(answer.body) };
  }

  async #askClamd({ parts }: Request, place: ScannerPlace & Connecting): Promise<NonNullable<ScanFindings["clamav"]>> {
    const reader = new ClamdReader();
    const read = (chunk: Uint8Array) => reader.push(chunk);
    const bytes = byteLength(parts);
    if (bytes === 0) return { type: "clean" };
    const first = { piece: instreamHead(bytes), pauseMs: bytes > UNPAUSED_BYTES_MAX ? PAUSE_MS : 0 };
    const reply = await this.#ask(place, { first, pieces: instreamBody(parts), read });
    if (reply.type === "broken") throw new Failure("closed", reply.why);
    return reply.type === "tooLarge" ? { type: "unscanned", why: "tooLarge" } : reply;
  }

  #ask<T>(
    { at, timeMsMax, connected }: ScannerPlace & Connecting,
    asked: Pick<ServiceQuestion<T>, "first" | "pieces" | "read">,
  ): Promise<T> {
    const connectMsMax = Math.min(CONNECT_MS_MAX, timeMsMax);
    const { clock } = this.services;
    return askService({ ...asked, at, connected, connectMsMax, timeMsMax, clock, wheel: this.#wheel });
  }

  /** A scanner that is gone fails for every mail: the log is told once in a while. */
  #noteFailure(name: ScannerName, error: Failure): void {
    const { clock, log } = this.services;
    const scanner = this.#scanners[name];
    const nowMs = clock.monotonicMs();
    if (nowMs - scanner.notedMs < NOTE_MS_MIN) return void scanner.unnoted++;
    log.warn("scanner failed", { scanner: name, error: describeError(error), failures: scanner.unnoted + 1 });
    scanner.notedMs = nowMs;
    scanner.unnoted = 0;
  }
}

function hostField(at: ServiceAddress): string {
  if ("socket" in at) return "localhost";
  return at.host.includes(":") ? `[${at.host}]` : at.host;
}

function* withHead(head: string, parts: readonly Uint8Array[]): Generator<Uint8Array | string> {
  yield head;
  yield* blocksOf(parts);
}

function readAnswer(body: Uint8Array): RspamdAnswer {
  // What rspamd quotes of a mail need not be UTF-8, and must not make its answer unreadable.
  const answer = readRspamdAnswer(new TextDecoder().decode(body));
  if (answer === null) throw new Failure("closed", "its answer is not one of rspamd");
  return answer;
}
