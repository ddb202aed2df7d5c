import { chmodSync, lstatSync, type Stats, unlinkSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { dirname } from "node:path";
import { Buffer } from "node:buffer";
import { type Clock, Failure, type Log, randomId, systemRandom } from "../base/mod.ts";
import { guardAccept } from "./accept_guard.ts";
import { makePrivateDirectory } from "./certificate.ts";
import { type ConnectionHost, Flusher, SocketConnection } from "./connection.ts";
import { clientConnection, connected } from "./dial.ts";
import { kindOf } from "./error_kind.ts";
import { bound, type Listener } from "./listen.ts";
import { type Connection, CONNECTION_LIMITS, type ConnectionLimits } from "./types.ts";
import { DeadlineWheel } from "./wheel.ts";

/** Longest path of a Unix socket (`sun_path` less its final NUL). */
export const PATH_BYTES_MAX = 107;

/** How to serve a Unix socket. */
export interface ListenUnixOptions {
  readonly limits?: Partial<ConnectionLimits>;
  readonly log: Log;
  readonly clock: Clock;
  readonly wheel?: DeadlineWheel;
  connection(connection: Connection): void;
}

/**
 * Listens on a Unix socket of mode 0600 in a directory of mode 0700 that is ours (made when absent). What a dead process left
 * there is replaced. Rejects with a Failure: `locked` (a live process answers there), `refused` (a directory or file of somebody
 * else, a link, not a socket), `invalid` (path too long).
 */
export async function listenUnix(path: string, options: ListenUnixOptions): Promise<Listener> {
  checkPath(path);
  // The directory is closed to others before the socket exists, so nobody can come in between bind and chmod.
  makePrivateDirectory(dirname(path));
  await removeStale(path, options.clock);
  const server = createServer({ allowHalfOpen: true });
  const hub = new UnixHub(path, options);
  const guard = { accepted() {}, end() {} };
  server.on("connection", (socket) => {
    guard.accepted();
    hub.accept(socket);
  });
  await bound(server, { path });
  chmodSync(path, 0o600);
  Object.assign(guard, guardAccept(server, options.clock));
  server.on("error", (error) => options.log.warn("accept failed", { kind: kindOf(error) }));
  return {
    address: path,
    port: 0,
    close() {
      guard.end();
      server.close(); // Removes the file too.
    },
    connections: () => hub.open.size,
    closeAll: () => {
      for (const connection of [...hub.open]) connection.destroy();
    },
  };
}

/** Connects to a Unix socket. Rejects with a Failure: `not_found` (no such socket), `refused` (nobody answers), `deadline`, `invalid`. */
export async function connectUnix(
  path: string,
  options: {
    readonly connectMsMax: number;
    readonly clock: Clock;
    readonly wheel?: DeadlineWheel;
    readonly limits?: Partial<ConnectionLimits>;
  },
): Promise<Connection> {
  checkPath(path);
  if (found(path) === null) throw new Failure("not_found", `there is no socket ${path}`);
  const socket = await connected(connect({ path, allowHalfOpen: true }), options);
  return clientConnection(socket, { ...options, tls: "none" }, path);
}

class UnixHub implements ConnectionHost {
  readonly limits: ConnectionLimits;
  readonly wheel: DeadlineWheel;
  readonly flusher = new Flusher();
  readonly open = new Set<SocketConnection>();
  readonly #prefix = randomId(systemRandom(), 5);
  #serial = 0;
  constructor(private readonly path: string, private readonly options: ListenUnixOptions) {
    this.limits = { ...CONNECTION_LIMITS, ...options.limits };
    this.wheel = options.wheel ?? new DeadlineWheel({ clock: options.clock });
  }
  accept(socket: Socket): void {
    if (this.open.size >= this.limits.connectionsMax) return void socket.on("error", () => {}).destroy();
    const id = `${this.#prefix}${(this.#serial++).toString(36)}`;
    const connection = new SocketConnection(socket, id, this.options.clock.wallMs(), this, this.path);
    this.open.add(connection);
    this.options.connection(connection);
  }
  handshakeBegins(): boolean {
    return false;
  }
  handshakeEnds(): void {}
  gone(connection: SocketConnection): void {
    this.open.delete(connection);
  }
}

function checkPath(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes > PATH_BYTES_MAX) {
    throw new Failure("invalid", `the socket path has ${bytes} bytes, the system allows ${PATH_BYTES_MAX}: ${path}`);
  }
  // A leading NUL would be a name in the abstract space, which knows no permissions.
  if (path === "" || path.includes("\0")) throw new Failure("invalid", "not the path of a socket");
}

function found(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch (cause) {
    if (kindOf(cause) === "ENOENT") return null;
    throw new Failure("refused", `cannot look at ${path}`, { cause });
  }
}

/** Removes the socket of a process that is gone; anything else in that place is left alone and refused. */
async function removeStale(path: string, clock: Clock): Promise<void> {
  const there = found(path);
  if (there === null) return;
  if (!there.isSocket()) throw new Failure("refused", `${path} is in the way and not a socket`);
  const uid = process.geteuid?.();
  if (uid !== undefined && there.uid !== uid) throw new Failure("refused", `${path} belongs to another user`);
  try {
    const socket = await connected(connect({ path }), { connectMsMax: 2_000, clock });
    socket.destroy();
  } catch (error) {
    // Only "nobody listens" proves that it is stale; one who is too busy to answer lives.
    if (kindOf((error as Failure).cause) === "ECONNREFUSED") return unlinkSync(path);
  }
  throw new Failure("locked", `another process serves ${path}`);
}
