import { createPrivateKey, X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import {
  createSecureContext,
  createServer,
  type SecureContext,
  type SecureVersion,
  type Server,
  type TLSSocket,
} from "node:tls";
import { Failure } from "../base/mod.ts";
import { mailAddressesOf } from "./certificate_names.ts";
import type { TlsInfo } from "./types.ts";

/** A certificate chain and its private key, as PEM text. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

/** What a TLS server shows: one pair for everybody, and others by the name asked for (exact, or `*.domain`). */
export interface TlsMaterial extends CertificatePair {
  /** Default TLSv1.2 (RFC 8996 ended the older ones). */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
  /** PEM of the authorities that vouch for clients: they are then asked for a certificate, and need not have one. */
  readonly clientCa?: string | null;
  readonly names?: Readonly<Record<string, CertificatePair>>;
}

/** Hears of the end of a handshake: the secured socket, or null and what went wrong. */
export type TlsDone = (secured: TLSSocket | null, error?: Error) => void;

/** Server-side TLS with a certificate that can be exchanged while it runs. */
export interface TlsContextHolder {
  /** New handshakes show the new certificate; sessions go on. Throws an `invalid` Failure and keeps the old one if it does not load. */
  replace(material: TlsMaterial): void;
  /** Starts the server's side of a handshake on a connected socket; `done` is called at most once. For `net` only. */
  accept(socket: Socket, done: TlsDone): void;
}

/** Makes the TLS side of a server. Throws an `invalid` Failure when certificate and key do not load or match. */
export function createTlsContext(material: TlsMaterial): TlsContextHolder {
  const waiting = new WeakMap<Socket, TlsDone>();
  const settle: Settle = (secured, result, error) => {
    secured.on("error", () => {}); // The connection learns of it by "close".
    const raw = (secured as unknown as { readonly _parent?: Socket })._parent;
    const done = raw === undefined ? undefined : waiting.get(raw);
    if (raw === undefined || done === undefined) return void secured.destroy();
    waiting.delete(raw);
    done(result, error);
  };
  let server = makeServer(material, settle);
  return {
    // A whole new server rather than a new context in the old one: a client without SNI gets the new certificate too.
    replace: (next) => void (server = makeServer(next, settle)),
    accept(socket, done) {
      waiting.set(socket, done);
      // Otherwise Deno does not notice a peer that leaves in its handshake. The secured socket is half-open again.
      socket.allowHalfOpen = false;
      // On Deno a TLSSocket made by hand around a socket in use never starts; the server's own path works everywhere.
      server.emit("connection", socket);
    },
  };
}

const NO_CERTIFICATE = new Uint8Array(0);

/** What was agreed on in the handshake of this socket. */
export function tlsInfo(socket: TLSSocket): TlsInfo {
  const name = (socket as unknown as { readonly servername?: string | false | null }).servername;
  return {
    protocol: socket.getProtocol() ?? "unknown",
    cipher: socket.getCipher()?.name ?? "unknown",
    serverName: typeof name === "string" && name !== "" ? name : null,
    peerAddresses: socket.authorized ? mailAddressesOf(socket.getPeerCertificate().raw ?? NO_CERTIFICATE) : [],
  };
}

type Settle = (secured: TLSSocket, result: TLSSocket | null, error?: Error) => void;

function makeServer(material: TlsMaterial, settle: Settle): Server {
  try {
    const minVersion: SecureVersion = material.minVersion ?? "TLSv1.2";
    const byName = new Map<string, SecureContext>();
    for (const [name, pair] of Object.entries(material.names ?? {})) {
      checkPair(pair);
      byName.set(name.toLowerCase(), createSecureContext({ cert: pair.cert, key: pair.key, minVersion }));
    }
    checkPair(material);
    const choose = (name: string, done: (error: Error | null, context?: SecureContext) => void) =>
      done(null, byName.get(name.toLowerCase()) ?? byName.get(wildcard(name)));
    const server = createServer({
      cert: material.cert,
      key: material.key,
      minVersion,
      // Whoever has no certificate, or a foreign one, goes on without: what it may do is not decided here.
      ...(material.clientCa ? { ca: material.clientCa, requestCert: true, rejectUnauthorized: false } : {}),
      ...(byName.size === 0 ? {} : { SNICallback: choose }),
    });
    server.on("secureConnection", (secured: TLSSocket) => settle(secured, secured));
    server.on("tlsClientError", (error: Error, secured: TLSSocket) => settle(secured, null, error));
    return server;
  } catch (cause) {
    throw new Failure("invalid", "the TLS certificate or key cannot be used", { cause });
  }
}

/** Throws when the two do not belong together: on Deno, `node:tls` would find out in the first handshake only. */
function checkPair(pair: CertificatePair): void {
  const matches = new X509Certificate(pair.cert).checkPrivateKey(createPrivateKey(pair.key));
  if (!matches) throw new Failure("invalid", "the key is not that of the certificate");
}

function wildcard(name: string): string {
  const dot = name.indexOf(".");
  return dot < 0 ? "" : `*${name.slice(dot).toLowerCase()}`;
}
