import type { DetailedPeerCertificate, TLSSocket } from "node:tls";
import type { PeerCertificates } from "./types.ts";

/** Certificates that are taken from a handshake; a chain that means something is shorter. */
const CERTIFICATES_MAX = 16;

/** What the server showed in the handshake of this socket, whose name was not checked by the engine. */
export function peerCertificates(socket: TLSSocket): PeerCertificates {
  const chain: Uint8Array[] = [];
  const seen = new Set<string>();
  // An authority that signed itself is its own issuer.
  for (
    let at: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
    at?.raw !== undefined && chain.length < CERTIFICATES_MAX && !seen.has(at.fingerprint256);
    at = at.issuerCertificate
  ) {
    seen.add(at.fingerprint256);
    chain.push(new Uint8Array(at.raw));
  }
  return { chain, trusted: socket.authorized, error: socket.authorized ? null : wordOf(socket.authorizationError) };
}

/** The runtimes give an error, or its code. */
function wordOf(error: unknown): string {
  const code = error instanceof Error ? (error as { code?: unknown }).code ?? error.message : error;
  return typeof code === "string" && /^[A-Z0-9_]{1,64}$/.test(code) ? code : "unknown";
}
