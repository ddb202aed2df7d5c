import { Failure, SILENT, systemClock } from "../../src/base/mod.ts";
import type { CloseReason, Connection, ListenOptions } from "../../src/net/mod.ts";
import { dial, type DialOptions, listen, type Listener } from "../../src/net/mod.ts";

export const clock = systemClock();

/** Longest wait for anything in these tests, in ms: a net against hanging, never a pause. */
const PATIENCE_MS = 10_000;

/** A connection whose events a test can wait for. */
export class Peer {
  received = "";
  chunks = 0;
  ended = false;
  closed: CloseReason | null = null;
  deadlines = 0;
  drains = 0;
  /** Something the data handler began and a test waits for. */
  work: Promise<void> = Promise.resolve();
  /** Leaves it to the test to answer the peer's FIN. */
  halfOpen = false;
  #waiting: (() => void)[] = [];
  constructor(readonly connection: Connection, private readonly onData?: (peer: Peer, text: string) => void) {
    const decoder = new TextDecoder();
    connection.start({
      data: (chunk) => {
        this.chunks++;
        const text = decoder.decode(chunk, { stream: true });
        this.received += text;
        this.onData?.(this, text);
        this.#wake();
      },
      end: () => {
        this.#set(() => (this.ended = true));
        if (!this.halfOpen) connection.close();
      },
      closed: (reason) => this.#set(() => (this.closed = reason)),
      deadline: () => this.#set(() => this.deadlines++),
      drained: () => this.#set(() => this.drains++),
    });
  }
  /** Waits until `condition` holds; looked at after every event. */
  async until(condition: (peer: this) => boolean): Promise<this> {
    const endMs = clock.monotonicMs() + PATIENCE_MS;
    while (!condition(this)) {
      if (clock.monotonicMs() > endMs) throw new Error(`waited in vain; received ${JSON.stringify(this.received)}`);
      await new Promise<void>((resolve) => {
        const cancel = clock.after(PATIENCE_MS, resolve);
        this.#waiting.push(() => {
          cancel();
          resolve();
        });
      });
    }
    return this;
  }
  /** Waits for this text. */
  text(expected: string): Promise<this> {
    return this.until((peer) => peer.received.includes(expected));
  }
  /** Waits for the end and tells why. */
  async gone(): Promise<CloseReason> {
    await this.until((peer) => peer.closed !== null);
    return this.closed ?? "error";
  }
  #set(change: () => void): void {
    change();
    this.#wake();
  }
  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const each of waiting) each();
  }
}

/** A listener on loopback whose accepted connections can be waited for. */
export class TestServer {
  readonly accepted: Connection[] = [];
  #waiting: ((connection: Connection) => void)[] = [];
  listener!: Listener;
  static async start(
    options: Partial<ListenOptions> = {},
    serve?: (connection: Connection) => void,
  ): Promise<TestServer> {
    const server = new TestServer();
    server.listener = await listen({
      host: "127.0.0.1",
      port: 0,
      reusePort: false,
      tls: "none",
      log: SILENT,
      clock,
      ...options,
      connection(connection) {
        serve?.(connection);
        const waiter = server.#waiting.shift();
        if (waiter !== undefined) waiter(connection);
        else server.accepted.push(connection);
      },
    });
    return server;
  }
  /** The next accepted connection. */
  next(): Promise<Connection> {
    const there = this.accepted.shift();
    return there !== undefined ? Promise.resolve(there) : new Promise((resolve) => this.#waiting.push(resolve));
  }
  dial(options: Partial<DialOptions> = {}): Promise<Connection> {
    return dial({ host: "127.0.0.1", port: this.listener.port, connectMsMax: 5_000, tls: "none", clock, ...options });
  }
  stop(): void {
    this.listener.close();
    this.listener.closeAll();
  }
}

/** The kind of the Failure that `work` rejects with. */
export async function failureKind(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Failure) return error.kind;
    throw error;
  }
  return "none";
}
