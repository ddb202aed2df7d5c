import type { Clock, Random } from "../../src/base/mod.ts";
import type { CloseReason, Connection, ConnectionHandlers } from "../../src/net/types.ts";

/** Longest time one piece of bytes is under way, in ms. */
const LATENCY_MS_MAX = 3;
/** Part of the pieces that arrive in two. */
const CUT_CHANCE = 0.2;
/** Bytes on their way to the client beyond which the server's end is congested: low, so that it happens. */
const OUTPUT_BYTES_MAX = 4_096;

type Piece = Uint8Array | "end";

/** One direction of a simulated connection: in order, cut anywhere, at its own pace. */
class Pipe {
  #queue: Piece[] = [];
  #waiting = false;
  #stopped = false;
  #paused = false;
  bytes = 0;

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly arrive: (piece: Piece) => void,
  ) {}

  push(piece: Piece): void {
    if (this.#stopped) return;
    this.#queue.push(piece);
    if (piece !== "end") this.bytes += piece.length;
    this.#arm();
  }

  pause(paused: boolean): void {
    this.#paused = paused;
    this.#arm();
  }

  /** What is under way is lost from some point on; then comes the end. */
  breakOff(): void {
    this.#queue.length = Math.floor(this.random.next() * (this.#queue.length + 1));
    this.push("end");
    this.#stopped = true;
  }

  #arm(): void {
    if (this.#waiting || this.#paused || this.#queue.length === 0) return;
    this.#waiting = true;
    this.clock.after(this.random.next() * LATENCY_MS_MAX, () => {
      this.#waiting = false;
      if (!this.#paused) this.#next();
      this.#arm();
    });
  }

  #next(): void {
    const piece = this.#queue.shift();
    if (piece === undefined) return;
    if (piece !== "end" && piece.length > 1 && this.random.next() < CUT_CHANCE) {
      const at = 1 + Math.floor(this.random.next() * (piece.length - 1));
      this.#queue.unshift(piece.slice(at));
      this.bytes -= at;
      return this.arrive(piece.slice(0, at));
    }
    if (piece !== "end") this.bytes -= piece.length;
    this.arrive(piece === "end" ? piece : piece.slice());
  }
}

/** The client's end. */
export interface SimPeer {
  send(bytes: Uint8Array): void;
  /** FIN: sends no more, still listens. */
  end(): void;
  /** Lets go at once. */
  reset(): void;
  /** What the server sends; null once when it is over. */
  receive: (bytes: Uint8Array | null) => void;
}

/** The server's end of a connection that is only in memory, on simulated time. */
export class SimConnection implements Connection {
  readonly local = { address: "192.0.2.1", port: 25 };
  readonly tls = null;
  readonly openedMs: number;
  bytesIn = 0;
  bytesOut = 0;
  congested = false;
  readonly peer: SimPeer;
  #handlers: ConnectionHandlers | null = null;
  readonly #in: Pipe;
  readonly #out: Pipe;
  #disarm: () => void = () => {};
  #closing = false;
  #over = false;

  constructor(
    readonly id: string,
    readonly remote: { readonly address: string; readonly port: number },
    private readonly clock: Clock,
    random: Random,
  ) {
    this.openedMs = clock.wallMs();
    this.#in = new Pipe(clock, random, (piece) => this.#arrived(piece));
    this.#out = new Pipe(clock, random, (piece) => this.#left(piece));
    this.peer = {
      send: (bytes) => this.#in.push(bytes),
      end: () => this.#in.push("end"),
      reset: () => clock.after(0, () => this.#finish("peer")),
      receive: () => {},
    };
  }

  get pendingBytes(): number {
    return this.#out.bytes;
  }

  start(handlers: ConnectionHandlers): void {
    this.#handlers = handlers;
  }

  write(data: string | Uint8Array): void {
    if (this.#over || this.#closing) return;
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data.slice();
    this.bytesOut += bytes.length;
    this.#out.push(bytes);
    if (this.pendingBytes > OUTPUT_BYTES_MAX) this.congested = true;
  }

  pause(): void {
    this.#in.pause(true);
  }

  resume(): void {
    this.#in.pause(false);
  }

  deadline(ms: number): void {
    this.#disarm();
    this.#disarm = ms === 0 ? () => {} : this.clock.after(ms, () => this.#over || this.#handlers?.deadline());
  }

  startTls(): Promise<void> {
    return Promise.reject(new Error("there is no TLS in the simulation"));
  }

  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#out.push("end");
  }

  destroy(): void {
    this.#out.breakOff();
    this.clock.after(0, () => this.#finish("local"));
  }

  /** The worker is lost: no handler runs any more; the client sees the end after what was on its way. */
  die(): void {
    this.#over = true;
    this.#disarm();
    this.#out.breakOff();
  }

  #arrived(piece: Piece): void {
    if (this.#over || this.#closing) return;
    if (piece === "end") return this.#handlers?.end();
    this.bytesIn += piece.length;
    this.#handlers?.data(piece);
  }

  #left(piece: Piece): void {
    if (piece === "end") {
      this.peer.receive(null);
      return this.#finish("local");
    }
    this.peer.receive(piece);
    if (!this.congested || this.pendingBytes > OUTPUT_BYTES_MAX / 2 || this.#over) return;
    this.congested = false;
    this.#handlers?.drained();
  }

  #finish(reason: CloseReason): void {
    if (this.#over) return;
    this.#over = true;
    this.#disarm();
    this.#handlers?.closed(reason);
  }
}
