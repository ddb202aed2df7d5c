import { Buffer } from "node:buffer";
import type { Dial, Wire } from "./dial.ts";
import type { Letter } from "./letter.ts";
import type { LoadOptions } from "./options.ts";
import { ReplyReader, replyText } from "./reply_reader.ts";

/** Wait in ms before a session tries again after a refusal or a lost connection: no spinning on a server that says no. */
export const RETRY_MS = 10;

/** What a session asks of the run and tells it. Times are in ms of one monotonic clock. */
export interface SessionHost {
  nowMs(): number;
  after(delayMs: number, run: () => void): void;
  /** The intended start of this session's next message, or null when there is none now; `offer` comes later then. */
  next(session: LoadSession): number | null;
  /** Number for the next message's id, and its recipient's index. */
  serial(): number;
  connected(elapsedMs: number): void;
  acknowledged(done: { id: string; recipient: number; intendedMs: number; sentMs: number; nowMs: number }): void;
  /** `inDoubt`: the content had been sent, so the server may have kept the message. */
  failed(reason: string, inDoubt: boolean): void;
  /** The session will do nothing more. */
  ended(session: LoadSession): void;
}

type Phase = "down" | "greeting" | "ehlo" | "auth" | "idle" | "mail" | "rcpt" | "data" | "body" | "reset" | "quit";

/** The command bytes of one recipient's transaction, made once and shared by all sessions. */
export interface Envelope {
  readonly mail: Buffer;
  readonly rcpt: Buffer;
  readonly all: Buffer;
}

const EHLO = Buffer.from("EHLO load.bench.test\r\n");
const DATA = Buffer.from("DATA\r\n");
const RSET = Buffer.from("RSET\r\n");
const QUIT = Buffer.from("QUIT\r\n");
const EMPTY_LETTER = Buffer.from(".\r\n");

/** The envelopes of all recipients `u0` … at their domain. */
export function envelopes(options: { accounts: number; domain: string; toDomain: string | null }): Envelope[] {
  return Array.from({ length: options.accounts }, (_, index) => {
    const mail = Buffer.from(`MAIL FROM:<load@${options.domain}>\r\n`);
    const rcpt = Buffer.from(`RCPT TO:<u${index}@${options.toDomain ?? options.domain}>\r\n`);
    return { mail, rcpt, all: Buffer.concat([mail, rcpt, DATA]) };
  });
}

/** AUTH PLAIN with its response (RFC 4616). */
function authPlain({ domain, password }: LoadOptions): Buffer {
  const response = Buffer.from(`\0load@${domain}\0${password}`).toString("base64");
  return Buffer.from(`AUTH PLAIN ${response}\r\n`);
}

/** One SMTP client connection after another, sending one message after another. Knows no timer and no socket itself. */
export class LoadSession {
  #phase: Phase = "down";
  #wire: Wire | null = null;
  #reader: ReplyReader;
  #stopping = false;
  #ended = false;
  #connectFailures = 0;
  #dialledMs = 0;
  /** When the present wait for a reply began. */
  #waitingMs = 0;
  #busy = false;
  #intendedMs = 0;
  #sentMs = 0;
  #recipient = 0;
  #refused: string | null = null;
  #epoch = 0;

  constructor(
    private readonly options: LoadOptions,
    private readonly parts: { letter: Letter; envelopes: readonly Envelope[]; dial: Dial; host: SessionHost },
  ) {
    this.#reader = new ReplyReader(() => {});
  }

  /** Connects; or, where every message has a connection of its own, looks for a message first. */
  start(): void {
    if (this.options.reconnect) this.offer();
    else this.#dial();
  }

  /** A message may be waiting: the session takes it when it is free. */
  offer(): void {
    const free = this.#phase === "idle" || (this.options.reconnect && this.#phase === "down");
    if (!free || this.#ended || this.#busy) return;
    if (this.#stopping) return this.#leave();
    const intendedMs = this.parts.host.next(this);
    if (intendedMs === null) return;
    this.#busy = true;
    this.#intendedMs = intendedMs;
    if (this.#phase === "down") this.#dial();
    else this.#envelope();
  }

  /** Finishes the message under way, then says QUIT. */
  stop(): void {
    this.#stopping = true;
    if (this.#ended || this.#busy) return;
    if (this.#phase === "idle" || this.#phase === "down") this.#leave();
  }

  /** Gives the connection up at once. */
  abort(): void {
    this.#stopping = true;
    this.#lose("cut off at the end");
  }

  /** Gives the connection up when the server has kept it waiting longer than `replyMsMax`. */
  expire(nowMs: number): void {
    if (this.#ended || this.#phase === "idle" || this.#phase === "down") return;
    if (nowMs - this.#waitingMs > this.options.replyMsMax) this.#lose("no reply in time");
  }

  #dial(): void {
    const { host, dial } = this.parts;
    const epoch = ++this.#epoch;
    this.#phase = "greeting";
    this.#dialledMs = this.#waitingMs = host.nowMs();
    this.#reader = new ReplyReader((code, bytes, start, end) => this.#reply(code, bytes, start, end));
    this.#wire = dial(this.options.host, this.options.port, {
      connected: () => {},
      received: (bytes) => {
        if (epoch !== this.#epoch) return;
        try {
          this.#reader.feed(bytes);
        } catch (error) {
          this.#lose(error instanceof Error ? error.message : "broken reply");
        }
      },
      closed: (reason) => {
        if (epoch === this.#epoch) this.#lose(reason ?? "closed by the server");
      },
    });
  }

  #write(phase: Phase, bytes: Uint8Array): void {
    this.#phase = phase;
    this.#waitingMs = this.parts.host.nowMs();
    this.#wire?.write(bytes);
  }

  #envelope(): void {
    const serial = this.parts.host.serial();
    this.parts.letter.renumber(serial);
    this.#recipient = serial % this.parts.envelopes.length;
    this.#refused = null;
    const envelope = this.parts.envelopes[this.#recipient]!;
    this.#write("mail", this.options.pipelining ? envelope.all : envelope.mail);
  }

  #reply(code: number, bytes: Uint8Array, start: number, end: number): void {
    if (code === 421) return this.#lose(replyText(bytes, start, end));
    const refusal = (expected: number) => (code === expected ? null : replyText(bytes, start, end));
    switch (this.#phase) {
      case "greeting":
        return code === 220 ? this.#write("ehlo", EHLO) : this.#lose(replyText(bytes, start, end));
      case "ehlo":
        if (code !== 250) return this.#lose(replyText(bytes, start, end));
        return this.options.password === null ? this.#up() : this.#write("auth", authPlain(this.options));
      case "auth":
        return code === 235 ? this.#up() : this.#lose(replyText(bytes, start, end));
      case "mail":
      case "rcpt":
      case "data":
        return this.#step(this.#phase, refusal(this.#phase === "data" ? 354 : 250));
      case "body":
        return this.#finish(refusal(250));
      case "reset":
        return this.#settled(RETRY_MS);
      case "quit":
        return this.#lose(null);
      default:
        return this.#lose(`unexpected ${replyText(bytes, start, end)}`);
    }
  }

  #up(): void {
    this.#connectFailures = 0;
    this.parts.host.connected(this.parts.host.nowMs() - this.#dialledMs);
    if (this.#busy) return this.#envelope();
    this.#settled(0);
  }

  /** A reply to MAIL, RCPT or DATA. In a pipelined group the replies behind a refusal still have to be read. */
  #step(phase: "mail" | "rcpt" | "data", refusal: string | null): void {
    if (refusal !== null) this.#refused ??= refusal;
    if (this.#refused !== null && (!this.options.pipelining || (phase === "data" && refusal !== null))) {
      return this.#giveUp();
    }
    const envelope = this.parts.envelopes[this.#recipient]!;
    if (phase === "data") {
      if (this.#refused !== null) return this.#write("body", EMPTY_LETTER);
      this.#write("body", this.parts.letter.bytes);
      this.#sentMs = this.#waitingMs;
      return;
    }
    const next = phase === "mail" ? "rcpt" : "data";
    if (this.options.pipelining) this.#phase = next;
    else this.#write(next, next === "rcpt" ? envelope.rcpt : DATA);
  }

  #finish(refusal: string | null): void {
    if (refusal !== null || this.#refused !== null) {
      this.#refused ??= refusal;
      return this.#giveUp();
    }
    this.#busy = false;
    const { host, letter } = this.parts;
    host.acknowledged({
      id: letter.id,
      recipient: this.#recipient,
      intendedMs: this.#intendedMs,
      sentMs: this.#sentMs,
      nowMs: host.nowMs(),
    });
    if (this.options.reconnect) this.#write("quit", QUIT);
    else this.#settled(0);
  }

  #giveUp(): void {
    this.#busy = false;
    this.parts.host.failed(this.#refused ?? "refused", false);
    this.#write("reset", RSET);
  }

  /** The connection is ready for the next message. */
  #settled(waitMs: number): void {
    this.#phase = "idle";
    if (waitMs === 0) this.offer();
    else this.parts.host.after(waitMs, () => this.offer());
  }

  #leave(): void {
    if (this.#phase === "idle") this.#write("quit", QUIT);
    else this.#end();
  }

  #lose(reason: string | null): void {
    if (this.#ended) return;
    this.#epoch++;
    const phase = this.#phase;
    this.#phase = "down";
    this.#wire?.destroy();
    this.#wire = null;
    if (this.#busy || (reason !== null && phase !== "quit" && !this.#stopping)) {
      this.parts.host.failed(reason ?? "closed", this.#busy && phase === "body");
    }
    this.#busy = false;
    const unconnected = phase === "greeting" || phase === "ehlo" || phase === "auth";
    if (unconnected && ++this.#connectFailures >= this.options.connectFailuresMax) this.#stopping = true;
    if (this.#stopping) return this.#end();
    if (reason === null) return this.start();
    this.parts.host.after(RETRY_MS * Math.max(1, this.#connectFailures), () => this.#again());
  }

  #again(): void {
    if (this.#ended || this.#phase !== "down") return;
    if (this.#stopping) return this.#end();
    this.start();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.parts.host.ended(this);
  }
}
