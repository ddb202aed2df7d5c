import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type Clock, Failure, randomId, systemRandom } from "../base/mod.ts";
import { type ConnectionHost, Flusher, SocketConnection } from "./connection.ts";
import { kindOf } from "./error_kind.ts";
import { peerCertificates } from "./peer_certificates.ts";
import { type Connection, CONNECTION_LIMITS, type ConnectionLimits, type PeerCertificates } from "./types.ts";
import { DeadlineWheel } from "./wheel.ts";

/** How a client checks the server's certificate. */
export interface DialTls {
  /** The name to ask for (SNI) and to find in the certificate; none for an IP address. */
  readonly serverName?: string;
  /** Certificates to trust instead of the system's, as PEM. */
  readonly ca?: string;
  /** False accepts any certificate: opportunistic TLS (RFC 7435) and tests. */
  readonly verify: boolean;
  /** Judges the certificates in place of `verify`: a text (`kind_of_error`) ends the handshake and stands in its Failure. */
  readonly check?: (peer: PeerCertificates) => string | null;
}

/** Whom to connect to. */
export interface DialOptions {
  readonly host: string;
  readonly port: number;
  /** The address to connect from; by default the system chooses. */
  readonly localAddress?: string;
  /** Longest time until the connection stands, the handshake of implicit TLS not included, in ms. */
  readonly connectMsMax: number;
  /** `starttls` lets the owner call `startTls()` later. */
  readonly tls: "none" | "starttls" | "implicit";
  readonly tlsOptions?: DialTls;
  readonly limits?: Partial<ConnectionLimits>;
  readonly clock: Clock;
  /** One wheel for many connections; by default each has its own. */
  readonly wheel?: DeadlineWheel;
}

/** Connects to a server. Rejects with a Failure: `deadline`, `refused`, or `closed` when the TLS handshake fails. */
export async function dial(options: DialOptions): Promise<Connection> {
  const socket = await connected(
    connect({
      host: options.host,
      port: options.port,
      allowHalfOpen: true,
      noDelay: true,
      ...(options.localAddress === undefined ? {} : { localAddress: options.localAddress }),
    }),
    options,
  );
  const connection = clientConnection(socket, options);
  if (options.tls === "implicit") await connection.startTls();
  return connection;
}

/** Waits for the socket to stand. */
export function connected(socket: Socket, options: { connectMsMax: number; clock: Clock }): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const fail = (failure: Failure) => {
      cancel();
      socket.removeListener("connect", done);
      socket.destroy();
      reject(failure);
    };
    const done = () => {
      cancel();
      socket.removeListener("error", broken);
      resolve(socket);
    };
    const broken = (cause: Error) => {
      socket.on("error", () => {});
      fail(new Failure("refused", `cannot connect: ${kindOf(cause)}`, { cause, temporary: true }));
    };
    const cancel = options.clock.after(options.connectMsMax, () => {
      fail(new Failure("deadline", "cannot connect in time"));
    });
    socket.once("connect", done);
    socket.once("error", broken);
  });
}

/** The client's side of a connection over a connected socket. `path` is that of a Unix socket. */
export function clientConnection(
  socket: Socket,
  options: Pick<DialOptions, "tls" | "tlsOptions" | "limits" | "clock" | "wheel"> & { readonly host?: string },
  path?: string,
): SocketConnection {
  const host: ConnectionHost = {
    limits: { ...CONNECTION_LIMITS, ...options.limits },
    wheel: options.wheel ?? new DeadlineWheel({ clock: options.clock }),
    flusher: new Flusher(),
    ...(options.tls === "none" ? {} : { secure: secureWith(options.tlsOptions ?? { verify: true }, options.host) }),
    handshakeBegins: () => true,
    handshakeEnds: () => {},
    gone: () => {},
  };
  return new SocketConnection(socket, randomId(systemRandom(), 8), options.clock.wallMs(), host, path);
}

function secureWith(tls: DialTls, host: string | undefined): NonNullable<ConnectionHost["secure"]> {
  const { check } = tls;
  return (socket, done) => {
    const secured = connectTls({
      socket,
      rejectUnauthorized: check === undefined && tls.verify,
      minVersion: "TLSv1.2",
      // Without a name, the certificate must be for the address.
      ...(tls.serverName === undefined ? { host } : { servername: tls.serverName }),
      ...(tls.ca === undefined ? {} : { ca: tls.ca }),
      ...(check === undefined ? {} : { checkServerIdentity: () => undefined }),
    });
    secured.on("error", (error) => done(null, error));
    secured.once("close", () => done(null));
    // A promise stands behind `done`: whatever comes after the first call changes nothing.
    secured.once("secureConnect", () => {
      const objection = check?.(peerCertificates(secured)) ?? null;
      if (objection === null) return done(secured);
      done(null, Object.assign(new Error(objection), { code: objection }));
      secured.destroy();
    });
  };
}
