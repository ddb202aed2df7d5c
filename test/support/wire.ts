import { Buffer } from "node:buffer";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type PeerCertificate, type TLSSocket } from "node:tls";
import { within } from "./eventually.ts";
import { latin1, latin1Bytes } from "./latin1.ts";

/** Longest wait for anything from a server. */
const REPLY_MS_MAX = 30_000;

/** The peer has closed, where more was expected. `received` is what came and was not read. */
export class PeerClosed extends Error {
  override name = "PeerClosed";
  constructor(readonly received: string, cause: unknown) {
    super(`the connection ended; unread: ${JSON.stringify(received.slice(0, 200))}`, { cause });
  }
}

/** How to reach a server. */
export interface WireOptions {
  readonly port: number;
  readonly host?: string;
  /** Address to come from, e.g. another one of 127.0.0.0/8. */
  readonly from?: string;
  /** TLS from the first byte; the certificate is not checked. */
  readonly tls?: boolean;
  /** Sent as soon as the connection is there, in plain text: what a proxy says of its client. */
  readonly first?: string;
  /** Longest wait for one read, in ms. */
  readonly replyMsMax?: number;
  /** Stay open for reading after `end()` was called, and for writing after the peer's end. */
  readonly halfOpen?: boolean;
}

/** One client connection that reads only when asked, so that a test decides how slow a reader is. */
export class Wire implements AsyncDisposable {
  #socket: Socket;
  #buffer = Buffer.alloc(0);
  #filled = 0;
  #error: unknown = null;
  #ended = false;
  #closed: Promise<void>;

  private constructor(socket: Socket, private readonly options: WireOptions) {
    this.#socket = socket;
    this.#closed = this.#adopt(socket);
  }

  static async connect(options: WireOptions): Promise<Wire> {
    const { port, host = "127.0.0.1", tls = false, halfOpen = false, from } = options;
    const origin = from === undefined ? {} : { localAddress: from };
    const socket = tls
      ? connectTls({ host, port, rejectUnauthorized: false, ...origin })
      : connectTcp({ host, port, allowHalfOpen: halfOpen, ...origin });
    const connected = new Promise<void>((resolve, reject) => {
      socket.once(tls ? "secureConnect" : "connect", () => resolve());
      socket.once("error", reject);
      socket.once("close", () => reject(new Error("closed while connecting")));
    });
    const wire = new Wire(socket, options);
    try {
      await within(REPLY_MS_MAX, `connecting to port ${port}`, connected);
      if (options.first !== undefined) await wire.write(options.first);
    } catch (error) {
      await wire.destroy();
      throw error;
    }
    return wire;
  }

  #adopt(socket: Socket): Promise<void> {
    socket.pause();
    socket.setNoDelay(true);
    socket.on("error", (error) => this.#error ??= error);
    socket.once("end", () => this.#ended = true);
    return new Promise((resolve) =>
      socket.once("close", () => {
        this.#ended = true;
        resolve();
      })
    );
  }

  /** Queues bytes; a text is Latin-1, one character a byte. Resolves when the kernel has taken them. */
  write(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? latin1Bytes(data) : data;
    return new Promise((resolve, reject) => this.#socket.write(bytes, (error) => error ? reject(error) : resolve()));
  }

  /** Reads more into the buffer; false at the end of the stream. */
  async #fill(): Promise<boolean> {
    const socket = this.#socket;
    for (;;) {
      const chunk = socket.read() as Buffer | null;
      if (chunk !== null) {
        this.#append(chunk);
        return true;
      }
      if (this.#ended || socket.destroyed || socket.readableEnded) return false;
      await this.#news(socket);
    }
  }

  #news(socket: Socket): Promise<void> {
    const names = ["readable", "end", "close", "error"] as const;
    let wake = () => {};
    const news = new Promise<void>((resolve) => wake = () => resolve());
    for (const name of names) socket.on(name, wake);
    return within(this.options.replyMsMax ?? REPLY_MS_MAX, "waiting for the server", news)
      .finally(() => names.forEach((name) => socket.off(name, wake)));
  }

  #append(chunk: Buffer): void {
    if (this.#filled + chunk.length > this.#buffer.length) {
      const grown = Buffer.alloc(Math.max(4_096, 2 * (this.#filled + chunk.length)));
      this.#buffer.copy(grown, 0, 0, this.#filled);
      this.#buffer = grown;
    }
    chunk.copy(this.#buffer, this.#filled);
    this.#filled += chunk.length;
  }

  #take(count: number): Buffer {
    const taken = Buffer.from(this.#buffer.subarray(0, count));
    this.#buffer.copy(this.#buffer, 0, count, this.#filled);
    this.#filled -= count;
    return taken;
  }

  /** All bytes up to and with `marker`. Throws PeerClosed when the stream ends before it. */
  async readUntil(marker: string): Promise<Uint8Array> {
    const sought = latin1Bytes(marker);
    for (let from = 0;;) {
      const at = this.#buffer.subarray(0, this.#filled).indexOf(sought, from);
      if (at >= 0) return this.#take(at + sought.length);
      from = Math.max(0, this.#filled - sought.length + 1);
      if (!await this.#fill()) throw new PeerClosed(this.#take(this.#filled).toString("latin1"), this.#error);
    }
  }

  /** Puts bytes back in front of what is read next. */
  unread(bytes: Uint8Array): void {
    const rest = this.#take(this.#filled);
    this.#append(Buffer.from(bytes));
    this.#append(rest);
  }

  /** The lines that still come until the peer is gone. */
  async *rest(): AsyncGenerator<string> {
    try {
      for (;;) yield await this.readLine();
    } catch (error) {
      if (!(error instanceof PeerClosed)) throw error;
    }
  }

  /** One line without its CRLF, as Latin-1. */
  async readLine(): Promise<string> {
    const line = await this.readUntil("\r\n");
    return latin1(line.subarray(0, line.length - 2));
  }

  /** So many bytes. Throws PeerClosed when the stream ends before. */
  async readBytes(count: number): Promise<Uint8Array> {
    while (this.#filled < count) {
      if (!await this.#fill()) throw new PeerClosed(this.#take(this.#filled).toString("latin1"), this.#error);
    }
    return this.#take(count);
  }

  /** Everything until the peer closes, as Latin-1. */
  async readToEnd(): Promise<string> {
    while (await this.#fill());
    return this.#take(this.#filled).toString("latin1");
  }

  /** Continues with TLS; the certificate is not checked. */
  async startTls(): Promise<void> {
    const plain = this.#socket;
    plain.removeAllListeners();
    const secure = connectTls({ socket: plain, rejectUnauthorized: false });
    const ready = new Promise<void>((resolve, reject) => {
      secure.once("secureConnect", () => resolve());
      secure.once("error", reject);
      secure.once("close", () => reject(new Error("closed during the handshake")));
    });
    plain.on("error", (error) => this.#error ??= error);
    this.#socket = secure;
    this.#closed = this.#adopt(secure);
    await within(REPLY_MS_MAX, "the TLS handshake", ready);
  }

  /** The certificate the server showed. */
  certificate(): PeerCertificate {
    return (this.#socket as TLSSocket).getPeerCertificate();
  }

  get localPort(): number {
    return this.#socket.localPort ?? 0;
  }

  /** Sends FIN and goes on reading. */
  end(): void {
    this.#socket.end();
  }

  /** Lets go at once, so that the server sees the connection vanish. */
  async destroy(): Promise<void> {
    this.#socket.destroy();
    await this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.destroy();
  }
}
