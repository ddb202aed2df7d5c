import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { assert, Failure } from "../base/mod.ts";
import { normalizeAddress } from "./address.ts";
import { kindOf } from "./error_kind.ts";
import { letGo, OutputQueue } from "./output.ts";
import type { ProxiedEnds } from "./proxy_header.ts";
import { type TlsDone, tlsInfo } from "./tls_context.ts";
import type { CloseReason, Connection, ConnectionHandlers, ConnectionLimits, Endpoint, TlsInfo } from "./types.ts";
import { type DeadlineWheel, WheelEntry } from "./wheel.ts";

/** What the connections of one listener (or one dialler) share. */
export interface ConnectionHost {
  readonly limits: ConnectionLimits;
  readonly wheel: DeadlineWheel;
  readonly flusher: Flusher;
  /** Starts TLS on the raw socket; null means that it failed. Absent where there is no TLS to start. */
  readonly secure?: (socket: Socket, done: TlsDone) => void;
  /** Takes one of the handshakes that may run at a time; false when none is left. */
  handshakeBegins(): boolean;
  handshakeEnds(): void;
  /** The connection is over: forget it. */
  gone(connection: SocketConnection, reason: CloseReason): void;
}

/** Sends what was written outside a data handler, for all connections together, at the end of the event-loop turn. */
export class Flusher {
  #waiting: SocketConnection[] = [];
  #scheduled = false;
  add(connection: SocketConnection): void {
    this.#waiting.push(connection);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const each of waiting) each.flush();
    });
  }
}

type Phase = "open" | "handshake" | "closing" | "closed";

/** The `Connection` over a `node:net` or `node:tls` socket. */
export class SocketConnection implements Connection {
  readonly remote: Endpoint;
  tls: TlsInfo | null = null;
  bytesIn = 0;
  bytesOut = 0;
  congested = false;
  /** The kind of the error that broke the connection, for the log. */
  trouble: string | null = null;

  #socket: Socket;
  #local: Endpoint | null;
  #handlers: ConnectionHandlers | null = null;
  #phase: Phase = "open";
  #reason: CloseReason | null = null;
  /** Who went first, if the connection ends in good order after `close()`. */
  #closing: CloseReason = "local";
  #peerEnded = false;
  #finSent = false;
  #paused = false;
  #handling = false;
  #flushQueued = false;
  #inFlight = 0;
  /** The buffer of what is in flight, if it may be let go of then. */
  #spent: ArrayBuffer | null = null;
  #lingered = 0;
  #ownerDue = Infinity;
  #writeDue = Infinity;
  #phaseDue = Infinity;
  #reading = false;
  #flushed: (() => void) | null = null;
  #handshake: ((secured: TLSSocket | null) => void) | null = null;
  readonly #output = new OutputQueue();
  readonly #entry = new WheelEntry(() => this.#expired());

  constructor(
    socket: Socket,
    readonly id: string,
    readonly openedMs: number,
    private readonly host: ConnectionHost,
    /** The path of a Unix socket, or the ends that a proxy has told; by default the socket's own. */
    ends: string | ProxiedEnds | null = null,
  ) {
    this.#socket = socket;
    const told = typeof ends === "string"
      ? { remote: { address: ends, port: 0 }, local: { address: ends, port: 0 } }
      : ends;
    this.remote = told?.remote ?? remoteOf(socket);
    this.#local = told?.local ?? null;
    this.#watch(socket);
  }

  /** Asked of the system with the first who wants to know: of connections that come in, nobody does. */
  get local(): Endpoint {
    return this.#local ??= localOf(this.#socket);
  }

  get pendingBytes(): number {
    return this.#inFlight + this.#output.bytes;
  }

  start(handlers: ConnectionHandlers): void {
    assert(this.#handlers === null, "a connection is started once");
    this.#handlers = handlers;
    if (this.#phase === "closed") queueMicrotask(() => handlers.closed(this.#reason ?? "peer"));
    else this.#read();
  }

  write(data: string | Uint8Array, given = false): void {
    if (this.#phase === "closing" || this.#phase === "closed" || data.length === 0) return;
    this.#output.push(data, given);
    const pending = this.pendingBytes;
    if (pending > this.host.limits.outputBytesMax) this.congested = true;
    if (pending > this.host.limits.outputBytesHardMax) return this.#drop("error");
    if (!this.#handling) this.#flushLater();
  }

  pause(): void {
    this.#paused = true;
    if (this.#phase === "open") this.#socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#phase === "open" && this.#handlers !== null) this.#socket.resume();
  }

  deadline(ms: number): void {
    if (this.#phase === "closed") return;
    this.#ownerDue = ms > 0 ? this.host.wheel.nowMs() + ms : Infinity;
    this.#rearm();
  }

  async startTls(): Promise<void> {
    assert(this.tls === null && this.host.secure !== undefined, "this connection has no TLS to start");
    assert(this.#phase !== "handshake", "TLS is started once");
    if (this.#phase !== "open") throw new Failure("closed", "the connection is closed");
    if (!this.host.handshakeBegins()) {
      this.#drop("error");
      throw new Failure("closed", "too many TLS handshakes at a time");
    }
    const secured = await this.#shakeHands(this.host.secure);
    this.host.handshakeEnds();
    if (secured !== null && !this.#over()) return this.#secured(secured);
    secured?.destroy();
    this.#drop("error");
    throw new Failure("closed", `the TLS handshake failed${this.trouble === null ? "" : ` (${this.trouble})`}`);
  }

  close(): void {
    if (this.#phase === "closing" || this.#phase === "closed") return;
    if (this.#phase === "handshake") return this.#drop("local");
    if (this.#peerEnded) this.#closing = "peer";
    this.#phase = "closing";
    this.#ownerDue = Infinity;
    this.#phaseDue = this.host.wheel.nowMs() + this.host.limits.closeMsMax;
    this.#rearm();
    // The peer's bytes are read and dropped: unread ones would turn our FIN into a reset and lose the last reply.
    this.#paused = false;
    this.#read();
    this.#socket.resume();
    if (!this.#handling) this.#flushLater();
  }

  destroy(): void {
    this.#drop("local");
  }

  /** Gives what waits to the socket. For the `Flusher`. */
  flush(): void {
    this.#flushQueued = false;
    if (this.#inFlight > 0 || this.#phase === "closed" || this.#phase === "handshake") return;
    const piece = this.#output.take();
    if (piece === null) return this.#outputEmpty();
    this.#inFlight = piece.bytes;
    this.#spent = piece.spent;
    this.bytesOut += piece.bytes;
    this.#writeDue = this.host.wheel.nowMs() + this.host.limits.writeMsMax;
    this.#rearm();
    this.#socket.write(piece.data, this.#written);
  }

  readonly #written = (error?: Error | null): void => {
    if (error || this.#phase === "closed") return;
    this.#inFlight = 0;
    this.#writeDue = Infinity;
    if (this.#spent !== null) letGo(this.#spent);
    this.#spent = null;
    if (this.#phase === "handshake") return this.#flushed?.();
    if (this.#output.bytes > 0 || this.#phase === "closing") this.flush();
    if (!this.congested || this.pendingBytes > this.host.limits.outputBytesMax / 2) return;
    this.congested = false;
    if (this.#phase === "open") this.#handle(() => this.#handlers?.drained());
  };

  #outputEmpty(): void {
    if (this.#phase !== "closing" || this.#finSent) return;
    this.#finSent = true;
    this.#socket.end();
  }

  #flushLater(): void {
    if (this.#flushQueued || this.#inFlight > 0) return;
    this.#flushQueued = true;
    this.host.flusher.add(this);
  }

  /** Runs a handler of the owner and sends what it wrote in one write. */
  #handle(run: () => void): void {
    this.#handling = true;
    try {
      run();
    } finally {
      this.#handling = false;
    }
    this.#afterHandler();
  }

  #afterHandler(): void {
    if (this.#output.bytes > 0 || this.#phase === "closing") this.flush();
  }

  #watch(socket: Socket): void {
    socket.on("error", (error) => {
      // Once our FIN is out, a reset is only an impolite way for the peer to end.
      if (socket !== this.#socket || this.#finSent) return;
      this.#reason ??= "error";
      this.trouble ??= kindOf(error);
    });
    socket.on("close", () => {
      if (socket === this.#socket) this.#ended();
    });
  }

  #read(): void {
    if (this.#reading) return;
    this.#reading = true;
    const socket = this.#socket;
    socket.on("data", this.#received);
    socket.on("end", () => {
      if (socket !== this.#socket || this.#peerEnded) return;
      this.#peerEnded = true;
      if (this.#phase === "open") this.#handle(() => this.#handlers?.end());
    });
    if (this.#paused) socket.pause();
    else socket.resume(); // Whoever read a PROXY header has stopped it.
  }

  readonly #received = (chunk: Uint8Array): void => {
    if (this.#phase === "open") {
      this.bytesIn += chunk.length;
      this.#handling = true;
      try {
        this.#handlers?.data(chunk);
      } finally {
        this.#handling = false;
      }
      this.#afterHandler();
    } else if (this.#phase === "closing") {
      this.#lingered += chunk.length;
      if (this.#lingered > this.host.limits.lingerBytesMax) this.#drop(this.#closing);
    }
  };

  /**
   * Stops reading, sends what waits and hands the raw socket to the TLS engine in the same turn: the peer's first TLS
   * bytes, which follow our last plain ones, cannot be read by anybody else.
   */
  #shakeHands(start: NonNullable<ConnectionHost["secure"]>): Promise<TLSSocket | null> {
    const raw = this.#socket;
    this.#phase = "handshake";
    this.#phaseDue = this.host.wheel.nowMs() + this.host.limits.handshakeMsMax;
    this.#rearm();
    raw.removeListener("data", this.#received);
    return new Promise((resolve) => {
      this.#handshake = resolve;
      this.#flushed = () => {
        this.#flushed = null;
        // Plain text after STARTTLS is an attack (RFC 3207 §4.2, CVE-2011-0411): what has come is dropped, what comes breaks the handshake.
        // Before the first handler nothing was said: what follows a PROXY header is the handshake.
        if (this.#handlers !== null) { while (raw.read() !== null); }
        for (let piece = this.#output.take(); piece !== null; piece = this.#output.take()) {
          this.bytesOut += piece.bytes;
          raw.write(piece.data);
        }
        start(raw, (secured, error) => {
          if (error !== undefined) this.trouble ??= kindOf(error);
          resolve(secured);
        });
      };
      if (this.#inFlight === 0) this.#flushed();
      else raw.pause();
    });
  }

  #over(): boolean {
    return this.#phase === "closed";
  }

  #secured(secured: TLSSocket): void {
    this.#handshake = null;
    this.#socket = secured;
    this.#phase = "open";
    this.#phaseDue = Infinity;
    this.#rearm();
    this.tls = tlsInfo(secured);
    // Half-closed clients still get their replies (the default of a TLS server is to close at once).
    secured.allowHalfOpen = true;
    this.#watch(secured);
    if (secured.destroyed) return this.#ended();
    this.#reading = false;
    if (this.#handlers !== null) this.#read();
    if (this.#output.bytes > 0) this.#flushLater();
    if (!this.congested) return;
    this.congested = false; // All of it went out before the handshake.
    this.#handle(() => this.#handlers?.drained());
  }

  #rearm(): void {
    this.host.wheel.arm(this.#entry, Math.min(this.#ownerDue, this.#writeDue, this.#phaseDue));
  }

  #expired(): void {
    const now = this.host.wheel.nowMs();
    if (this.#writeDue <= now) return this.#drop("deadline");
    if (this.#phaseDue <= now) return this.#drop(this.#finSent ? this.#closing : "deadline");
    const owner = this.#ownerDue <= now;
    if (owner) this.#ownerDue = Infinity;
    this.#rearm();
    if (owner) this.#handle(() => this.#handlers?.deadline());
  }

  #drop(reason: CloseReason): void {
    if (this.#phase === "closed") return;
    this.#reason ??= reason;
    this.#socket.destroy();
    this.#ended();
  }

  #ended(): void {
    if (this.#phase === "closed") return;
    const reason = this.#reason ??= this.#phase === "closing" ? this.#closing : "peer";
    this.#phase = "closed";
    this.#output.clear();
    this.#inFlight = 0;
    this.host.wheel.arm(this.#entry, Infinity);
    this.#handshake?.(null);
    this.host.gone(this, reason);
    const handlers = this.#handlers;
    if (handlers !== null) queueMicrotask(() => handlers.closed(reason));
  }
}

function remoteOf(socket: Socket): Endpoint {
  return { address: normalizeAddress(socket.remoteAddress ?? ""), port: socket.remotePort ?? 0 };
}

function localOf(socket: Socket): Endpoint {
  return { address: normalizeAddress(socket.localAddress ?? ""), port: socket.localPort ?? 0 };
}
