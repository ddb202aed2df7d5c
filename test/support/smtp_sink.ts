/**
 * An SMTP server of tests, in the test's own process: it takes mails, keeps them, and misbehaves as its script says. It shares
 * no protocol code with the program, so that the two cannot err alike.
 *
 *   await using sink = await SmtpSink.start({ answer: ({ verb }) => verb === "RCPT" ? "450 4.2.1 later" : undefined });
 *   … deliver to 127.0.0.1, sink.port …
 *   const [mail] = await sink.until(1);
 */
import { type Cancel, type Clock, SILENT, systemClock } from "../../src/base/mod.ts";
import {
  type CertificatePair,
  type Connection,
  createTlsContext,
  listen,
  type Listener,
  selfSignedCertificate,
} from "../../src/net/mod.ts";
import { within } from "./eventually.ts";
import { latin1 } from "./latin1.ts";

/** Longest wait for a mail or a command, in ms: a net against hanging. */
const PATIENCE_MS = 20_000;

/** What a client does: connects, gives a command, or has ended the content of a mail (`CONTENT`). */
export interface SinkEvent {
  /** CONNECT, CONTENT, or the command's first word in upper case; "AUTH-LINE" for a line of an exchange. */
  readonly verb: string;
  readonly line: string;
  /** Of this connection, counted from 0. */
  readonly connection: number;
  /** Mails taken so far, over all connections. */
  readonly mails: number;
}

/**
 * A reply, lines joined by "\r\n" and without the last CRLF; or `drop` (the connection is reset), `close` (it is closed in order),
 * `stall` (no answer ever), `endless` (a reply that does not end). Undefined: as a server should.
 */
export type SinkAnswer = string | undefined;

export interface SinkOptions {
  readonly host?: string;
  readonly port?: number;
  readonly answer?: (event: SinkEvent) => SinkAnswer;
  /** Lines of EHLO; by default PIPELINING, 8BITMIME, SIZE, SMTPUTF8, DSN and ENHANCEDSTATUSCODES. */
  readonly extensions?: readonly string[];
  /** `starttls` and `implicit` show `certificate`; `broken` offers STARTTLS and then sends what is no TLS. */
  readonly tls?: "none" | "starttls" | "implicit" | "broken";
  /** Made for `mx.test` and the host when absent. */
  readonly certificate?: CertificatePair;
  /** The connection is reset when this much of a content has come, in bytes. */
  readonly dropAfterBytes?: number;
  /** From 354 on nothing is read until `resume()`. */
  readonly pauseContent?: boolean;
  /** Replies to these verbs are said a byte at a time, with such a pause between two, in ms. */
  readonly slow?: { readonly verbs: readonly string[]; readonly byteMs: number };
  /** Keeps no content: for measurements. */
  readonly discard?: boolean;
  readonly clock?: Clock;
}

/** A mail as it came. */
export interface SinkMail {
  /** Reverse-path without brackets, and the parameters behind it. */
  readonly from: string;
  readonly fromParameters: string;
  readonly to: readonly string[];
  readonly toParameters: readonly string[];
  /** Latin-1, dots unstuffed. */
  readonly content: string;
  readonly helo: string;
  readonly connection: number;
  /** Protocol of TLS, or null. */
  readonly tls: string | null;
  /** The name by which it was asked for over TLS (SNI). */
  readonly serverName: string | null;
  readonly remote: string;
}

/** One client's connection. */
export interface SinkConnection {
  readonly commands: string[];
  readonly remote: string;
  closed: boolean;
}

export class SmtpSink implements AsyncDisposable {
  readonly mails: SinkMail[] = [];
  /** Mails taken, also when they are not kept. */
  taken = 0;
  readonly connections: SinkConnection[] = [];
  #waiting = new Set<() => void>();
  #sessions = new Set<SinkSession>();
  readonly #listener: Listener;

  private constructor(listener: Listener, readonly host: string, readonly certificate: CertificatePair | null) {
    this.#listener = listener;
  }

  static async start(options: SinkOptions = {}): Promise<SmtpSink> {
    const { host = "127.0.0.1", port = 0, tls = "none", clock = systemClock() } = options;
    const secure = tls === "starttls" || tls === "implicit";
    const certificate = secure
      ? options.certificate ?? await selfSignedCertificate({ names: ["mx.test", host], days: 2 })
      : null;
    const listener = await listen({
      host,
      port,
      reusePort: false,
      tls: tls === "broken" ? "none" : tls,
      ...(certificate === null ? {} : { tlsContext: createTlsContext(certificate) }),
      log: SILENT,
      clock,
      connection: (connection) => sink.#serve(connection, options),
    });
    const sink: SmtpSink = new SmtpSink(listener, host, certificate);
    return sink;
  }

  get port(): number {
    return this.#listener.port;
  }

  /** The mails, once there are so many. */
  async until(count: number): Promise<readonly SinkMail[]> {
    await this.when(`${count} mails`, () => this.mails.length >= count);
    return this.mails;
  }

  /** Waits until a client has said a line that begins so, and answers how often that was. */
  async said(start: string, times = 1): Promise<number> {
    const count = () => this.connections.flatMap(({ commands }) => commands).filter((c) => c.startsWith(start)).length;
    await this.when(`${times} of ${start}`, () => count() >= times);
    return count();
  }

  /** Waits until something holds; looked at after every event. */
  when(what: string, holds: () => boolean): Promise<void> {
    return within(
      PATIENCE_MS,
      what,
      new Promise((resolve) => {
        const look = () => {
          if (!holds()) return;
          this.#waiting.delete(look);
          resolve();
        };
        this.#waiting.add(look);
        look();
      }),
    );
  }

  /** Connections that are open. */
  get open(): number {
    return this.#sessions.size;
  }

  /** Reads on where `pauseContent` has stopped. */
  resume(): void {
    for (const session of this.#sessions) session.connection.resume();
  }

  /** Says something that no command asked for, to everybody. */
  say(text: string): void {
    for (const session of this.#sessions) session.connection.write(text);
  }

  /** Bytes said to the newest client. */
  get saidBytes(): number {
    const connection = [...this.#sessions].at(-1)?.connection;
    return connection === undefined ? 0 : connection.bytesOut + connection.pendingBytes;
  }

  /** Closes every connection without a word. */
  dropAll(): void {
    for (const session of this.#sessions) session.connection.destroy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.dropAll();
    this.#listener.closeAll();
    return this.when("the end of all connections", () => this.#sessions.size === 0);
  }

  #serve(connection: Connection, options: SinkOptions): void {
    const index = this.connections.length;
    const record: SinkConnection = { commands: [], remote: connection.remote.address, closed: false };
    this.connections.push(record);
    const session = new SinkSession(connection, options, {
      answer: (verb, line) => {
        record.commands.push(verb === "CONNECT" || verb === "CONTENT" ? `(${verb})` : line);
        return options.answer?.({ verb, line, connection: index, mails: this.taken });
      },
      taken: (mail) => {
        this.taken++;
        if (options.discard !== true) this.mails.push({ ...mail, connection: index });
      },
      event: () => {
        for (const look of [...this.#waiting]) look();
      },
      closed: () => {
        record.closed = true;
        this.#sessions.delete(session);
      },
    });
    this.#sessions.add(session);
    session.start();
  }
}

interface SinkHooks {
  answer(verb: string, line: string): SinkAnswer;
  taken(mail: Omit<SinkMail, "connection">): void;
  event(): void;
  closed(): void;
}

const EXTENSIONS = ["PIPELINING", "8BITMIME", "SIZE 100000000", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES"];

/** How the end of a content is known: by a line of one dot, or by its size (BDAT). */
type ContentEnd = "dot" | { readonly bytes: number };

class SinkSession {
  #input = "";
  /** Content so far; its last four characters stand alone at the end. */
  #body: string[] = [];
  #bodyBytes = 0;
  #content: "none" | ContentEnd = "none";
  #loginLines = 0;
  /** Ends what is being said slowly. */
  #slowly: Cancel = () => {};
  #silent = false;
  #helo = "";
  #from: readonly [string, string] | null = null;
  #to: (readonly [string, string])[] = [];

  constructor(
    readonly connection: Connection,
    private readonly options: SinkOptions,
    private readonly hooks: SinkHooks,
  ) {}

  start(): void {
    this.connection.start({
      data: (chunk) => this.#receive(latin1(chunk)),
      end: () => this.connection.close(),
      closed: () => {
        this.#slowly();
        this.hooks.closed();
        this.hooks.event();
      },
      deadline: () => {},
      drained: () => {},
    });
    this.#answer("CONNECT", "", "220 mx.test ESMTP");
    this.hooks.event();
  }

  #receive(text: string): void {
    if (this.#silent) return;
    this.#input += text;
    while (!this.#silent && (this.#content === "none" ? this.#command() : this.#data(this.#content)));
    this.hooks.event();
  }

  #command(): boolean {
    const end = this.#input.indexOf("\r\n");
    if (end < 0) return false;
    const line = this.#input.slice(0, end);
    this.#input = this.#input.slice(end + 2);
    const verb = this.#loginLines > 0 ? "AUTH-LINE" : line.split(" ", 1)[0]!.toUpperCase();
    this.#run(verb, line);
    return true;
  }

  #data(kind: ContentEnd): boolean {
    const { dropAfterBytes } = this.options;
    this.#bodyBytes += this.#input.length;
    if (dropAfterBytes !== undefined && this.#bodyBytes >= dropAfterBytes) this.#misbehave("drop");
    if (this.#silent) return false;
    // Only the seam to what came before is looked at again: a search over all of it would take quadratic time.
    const before = this.#body.pop() ?? "";
    const text = before + this.#input;
    const end = kind === "dot"
      ? endOfDots(text, this.#body.length === 0)
      : kind.bytes - (this.#bodyBytes - text.length);
    if (end < 0 || end > text.length) {
      if (text.length > 4) this.#body.push(text.slice(0, -4));
      this.#body.push(text.slice(-4));
      this.#input = "";
      return false;
    }
    this.#input = text.slice(kind === "dot" ? end + 3 : end);
    const raw = this.#body.join("") + text.slice(0, end);
    this.#body = [];
    this.#content = "none";
    this.#contentEnded(kind === "dot" ? `\r\n${raw}`.replaceAll("\r\n.", "\r\n").slice(2) : raw);
    return true;
  }

  #contentEnded(content: string): void {
    const [from, to] = [this.#from, this.#to];
    this.#from = null;
    this.#to = [];
    const said = this.#answer("CONTENT", "", "250 2.0.0 taken");
    if (!said.startsWith("250") || from === null) return;
    this.hooks.taken({
      from: from[0],
      fromParameters: from[1],
      to: to.map(([address]) => address),
      toParameters: to.map(([, parameters]) => parameters),
      content,
      helo: this.#helo,
      tls: this.connection.tls?.protocol ?? null,
      serverName: this.connection.tls?.serverName ?? null,
      remote: this.connection.remote.address,
    });
  }

  #run(verb: string, line: string): void {
    switch (verb) {
      case "EHLO":
      case "HELO":
        this.#helo = line.slice(5);
        return void this.#answer(verb, line, verb === "HELO" ? "250 mx.test" : this.#extensions());
      case "MAIL":
        if (this.#answer(verb, line, "250 2.1.0 sender ok").startsWith("250")) this.#from = path(line);
        return;
      case "RCPT":
        if (this.#from === null) return void this.#answer(verb, line, "503 5.5.1 MAIL first");
        if (this.#answer(verb, line, "250 2.1.5 recipient ok").startsWith("250")) this.#to.push(path(line));
        return;
      case "DATA":
        if (this.#to.length === 0) return void this.#answer(verb, line, "503 5.5.1 RCPT first");
        if (this.#answer(verb, line, "354 go ahead").startsWith("354")) this.#begin("dot");
        return;
      case "BDAT":
        this.hooks.answer(verb, line);
        return this.#begin({ bytes: Number(line.split(" ")[1]) });
      case "RSET":
        [this.#from, this.#to] = [null, []];
        return void this.#answer(verb, line, "250 2.0.0 ok");
      case "STARTTLS":
        if (this.#answer(verb, line, "220 2.0.0 go").startsWith("220")) this.#startTls();
        return;
      case "AUTH":
      case "AUTH-LINE":
        return this.#login(verb, line);
      case "QUIT":
        if (this.#answer(verb, line, "221 2.0.0 bye").startsWith("221")) this.connection.close();
        return;
      default:
        this.#answer(verb, line, "250 2.0.0 ok");
    }
  }

  #begin(kind: ContentEnd): void {
    this.#content = kind;
    this.#bodyBytes = 0;
    if (this.options.pauseContent) this.connection.pause();
  }

  #login(verb: string, line: string): void {
    if (verb === "AUTH") this.#loginLines = /^AUTH LOGIN$/i.test(line) ? 3 : 1;
    this.#loginLines--;
    this.#answer(verb, line, this.#loginLines > 0 ? "334 " : "235 2.7.0 welcome");
  }

  #startTls(): void {
    if (this.options.tls === "broken") {
      this.connection.write("this is no TLS at all\r\n");
      this.connection.close();
      return this.#beSilent();
    }
    this.#input = "";
    this.connection.startTls().catch(() => {});
  }

  #extensions(): string {
    const tls = this.options.tls ?? "none";
    const offer = tls === "broken" || (tls === "starttls" && this.connection.tls === null) ? ["STARTTLS"] : [];
    const lines = ["mx.test", ...offer, ...(this.options.extensions ?? EXTENSIONS)];
    return lines.map((line, i) => `250${i === lines.length - 1 ? " " : "-"}${line}`).join("\r\n");
  }

  /** Says what the script wants, or the usual; answers what was said. */
  #answer(verb: string, line: string, usual: string): string {
    const wanted = this.hooks.answer(verb, line) ?? usual;
    if (["drop", "close", "stall", "endless"].includes(wanted)) this.#misbehave(wanted);
    else if (this.options.slow?.verbs.includes(verb) === true) this.#trickle(`${wanted}\r\n`);
    else this.connection.write(`${wanted}\r\n`);
    return wanted;
  }

  #trickle(text: string): void {
    const { slow, clock = systemClock() } = this.options;
    this.connection.write(text.slice(0, 1));
    if (text.length > 1) this.#slowly = clock.after(slow?.byteMs ?? 0, () => this.#trickle(text.slice(1)));
  }

  #misbehave(how: string): void {
    this.#beSilent();
    if (how === "drop") this.connection.destroy();
    else if (how === "close") this.connection.close();
    else if (how === "endless") this.connection.write("250-and so on\r\n".repeat(10_000));
  }

  #beSilent(): void {
    this.#silent = true;
    this.#input = "";
  }
}

/** Where the line of one dot begins, or -1. */
function endOfDots(text: string, atStart: boolean): number {
  if (atStart && text.startsWith(".\r\n")) return 0;
  const found = text.indexOf("\r\n.\r\n");
  return found < 0 ? -1 : found + 2;
}

/** The path of MAIL or RCPT, without brackets, and what stands behind it. */
function path(line: string): readonly [string, string] {
  const [open, close] = [line.indexOf("<"), line.lastIndexOf(">")];
  return [line.slice(open + 1, close), line.slice(close + 1).trim()];
}
