import { createServer, type Server, type Socket } from "node:net";
import { assert, type Clock, Failure, type Log, randomId, systemRandom } from "../base/mod.ts";
import { kindOf } from "./error_kind.ts";
import { guardAccept } from "./accept_guard.ts";
import { addressBlock, isLoopback, normalizeAddress } from "./address.ts";
import { ConnectionCounts } from "./connection_counts.ts";
import { type ConnectionHost, Flusher, SocketConnection } from "./connection.ts";
import type { Networks } from "./networks.ts";
import type { ProxiedEnds } from "./proxy_header.ts";
import { type ProxyReading, readProxyHeader } from "./proxy_reader.ts";
import type { TlsContextHolder } from "./tls_context.ts";
import { type CloseReason, type Connection, CONNECTION_LIMITS, type ConnectionLimits } from "./types.ts";
import { DeadlineWheel } from "./wheel.ts";

/** Where and how to listen. */
export interface ListenOptions {
  /** An IP address; "::" is IPv6 and, where the system allows it, IPv4 too. */
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  /** Several workers share the port; the kernel spreads the connections. */
  readonly reusePort: boolean;
  /** `implicit`: `connection` is called after the handshake. */
  readonly tls: "none" | "starttls" | "implicit";
  readonly tlsContext?: TlsContextHolder;
  /** Proxies, the only ones that may connect then; each tells who its client is by the PROXY protocol, before TLS. */
  readonly proxies?: Networks;
  readonly limits?: Partial<ConnectionLimits>;
  readonly log: Log;
  readonly clock: Clock;
  /** One for all listeners of the worker, so that the limits hold for them together; by default the listener has its own. */
  readonly counts?: ConnectionCounts;
  /** One wheel for all listeners of the worker; by default the listener has its own. */
  readonly wheel?: DeadlineWheel;
  /** A new connection: set it going with `start` in this call or later. */
  connection(connection: Connection): void;
  /** Says why an address is not served, before anything is spent on it; null: it is. */
  admit?(address: string): string | null;
  /** One over the limit or not admitted, in plain text: write one line and `close()`. Without it, and under implicit TLS, it is dropped. */
  refused?(connection: Connection, limit: string): void;
}

/** A socket that accepts. */
export interface Listener {
  readonly address: string;
  readonly port: number;
  /** Stops accepting; open connections go on. */
  close(): void;
  /** Open connections, those in their handshake included. */
  connections(): number;
  /** Destroys every open connection. */
  closeAll(): void;
}

/** Listens on a TCP port. Rejects with a Failure: `exists` (port taken), `refused` (not allowed), `invalid` (no such address). */
export async function listen(options: ListenOptions): Promise<Listener> {
  assert(options.tls === "none" || options.tlsContext !== undefined, "TLS needs a certificate");
  const hub = new Hub(options);
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  await bound(server, { host: options.host, port: options.port, reusePort: options.reusePort });
  const guard = guardAccept(server, options.clock);
  server.on("connection", (socket) => {
    guard.accepted();
    hub.accept(socket);
  });
  server.on("error", (error) => options.log.warn("accept failed", { kind: kindOf(error) }));
  const at = server.address();
  assert(at !== null && typeof at === "object", "a TCP server has an address");
  return {
    address: at.address,
    port: at.port,
    close() {
      guard.end();
      server.close();
    },
    connections: () => hub.count,
    closeAll: () => hub.destroyAll(),
  };
}

/** Resolves when the server listens, rejects with a Failure when it cannot. */
export function bound(server: Server, where: Parameters<Server["listen"]>[0]): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) => {
      const kind = kindOf(cause);
      const failure = kind === "EADDRINUSE" ? "exists" : kind === "EACCES" || kind === "EPERM" ? "refused" : "invalid";
      reject(new Failure(failure, `cannot listen: ${kind}`, { cause }));
    };
    server.once("error", fail);
    server.listen(where, () => {
      server.removeListener("error", fail);
      resolve();
    });
  });
}

/** The open connections of one listener, counted in total and by address. */
class Hub implements ConnectionHost {
  readonly limits: ConnectionLimits;
  readonly wheel: DeadlineWheel;
  readonly flusher = new Flusher();
  readonly secure?: NonNullable<ConnectionHost["secure"]>;
  readonly #options: ListenOptions;
  readonly #open = new Map<SocketConnection, string | null>();
  readonly #refused = new Set<SocketConnection>();
  /** Connections of proxies that have not said yet whose they are. */
  readonly #nameless = new Set<ProxyReading>();
  readonly #counts: ConnectionCounts;
  readonly #prefix = randomId(systemRandom(), 5);
  #serial = 0;
  #handshakes = 0;

  constructor(options: ListenOptions) {
    this.#options = options;
    this.#counts = options.counts ?? new ConnectionCounts();
    this.limits = { ...CONNECTION_LIMITS, ...options.limits };
    this.wheel = options.wheel ?? new DeadlineWheel({ clock: options.clock });
    const context = options.tlsContext;
    if (options.tls !== "none" && context !== undefined) this.secure = (socket, done) => context.accept(socket, done);
  }

  get count(): number {
    return this.#open.size + this.#nameless.size;
  }

  accept(socket: Socket): void {
    const address = normalizeAddress(socket.remoteAddress ?? "");
    // Already reset by the peer.
    if (address === "") return void socket.on("error", () => {}).destroy();
    if (this.#options.proxies === undefined) return this.#admit(socket, address, null);
    const full = this.#counts.total + this.#nameless.size >= this.limits.connectionsMax;
    if (full || !this.#options.proxies.has(address)) {
      return this.#dropProxy(socket, address, full ? "connections" : "not a proxy");
    }
    const reading = readProxyHeader(socket, this.wheel, (ends) => {
      this.#nameless.delete(reading);
      if (ends === "refused") this.#options.log.debug("connection refused", { address, limit: "proxy header" });
      else this.#admit(socket, ends?.remote.address ?? address, ends);
    });
    this.#nameless.add(reading);
  }

  #dropProxy(socket: Socket, address: string, limit: string): void {
    this.#options.log.debug("connection refused", { address, limit });
    socket.on("error", () => {}).destroy();
  }

  #admit(socket: Socket, address: string, ends: ProxiedEnds | null): void {
    const block = this.limits.loopbackExempt && isLoopback(address) ? null : addressBlock(address);
    const limit = this.#options.admit?.(address) ?? this.#full(block);
    if (limit !== null) return this.#refuse(socket, address, { limit, ends });
    const connection = this.#make(socket, ends);
    this.#open.set(connection, block);
    this.#counts.opened(block);
    if (this.#options.tls !== "implicit") return this.#options.connection(connection);
    connection.startTls().then(
      () => this.#options.connection(connection),
      () => {}, // Logged by `gone`.
    );
  }

  handshakeBegins(): boolean {
    if (this.#handshakes >= this.limits.handshakesMax) return false;
    this.#handshakes++;
    return true;
  }

  handshakeEnds(): void {
    this.#handshakes--;
  }

  gone(connection: SocketConnection, reason: CloseReason): void {
    this.#refused.delete(connection);
    const block = this.#open.get(connection) ?? null;
    if (!this.#open.delete(connection)) return;
    this.#counts.closed(block);
    if (reason === "error" || reason === "deadline") {
      this.#options.log.debug("connection broken", { connection: connection.id, reason, kind: connection.trouble });
    }
  }

  destroyAll(): void {
    for (const connection of [...this.#open.keys(), ...this.#refused, ...this.#nameless]) connection.destroy();
    this.#nameless.clear();
  }

  #make(socket: Socket, ends: ProxiedEnds | null): SocketConnection {
    const id = `${this.#prefix}${(this.#serial++).toString(36)}`;
    return new SocketConnection(socket, id, this.#options.clock.wallMs(), this, ends);
  }

  /** Which limit on open connections is reached; null: none. */
  #full(block: string | null): string | null {
    if (this.#counts.total >= this.limits.connectionsMax) return "connections";
    return this.#counts.from(block) >= this.limits.perAddressMax ? "address" : null;
  }

  #refuse(
    socket: Socket,
    address: string,
    { limit, ends }: { readonly limit: string; readonly ends: ProxiedEnds | null },
  ): void {
    this.#options.log.debug("connection refused", { address, limit });
    const { refused, tls } = this.#options;
    if (refused === undefined || tls === "implicit" || this.#refused.size >= this.limits.refusedMax) {
      return void socket.on("error", () => {}).destroy();
    }
    const connection = this.#make(socket, ends);
    this.#refused.add(connection);
    this.#options.refused?.(connection, limit);
    connection.close();
  }
}
