import type { TransportAllowed } from "./decision.ts";
import { CHAIN_MAX, verifyDane } from "./dane.ts";
import type { PeerVerdict, TlsResult } from "./verdict.ts";
import { isForHost, isInDate, parseCertificate } from "./x509.ts";

/** What a TLS handshake showed of the server. */
export interface PeerCertificates {
  /** Its certificates in DER, its own first. */
  readonly chain: readonly Uint8Array[];
  /** Whether they lead to an authority that this machine trusts, as the TLS engine found. */
  readonly trusted: boolean;
  /** The engine's word for what is wrong, for logs and reports. */
  readonly error: string | null;
}

/** Checks a server's certificate by what was decided for its host; `nothing` where nothing is asked for. */
export function verifyPeer(
  { level, names, tlsa }: Pick<TransportAllowed, "level" | "names" | "tlsa">,
  peer: PeerCertificates,
  nowMs: number,
): PeerVerdict {
  switch (level) {
    case "verify-dane":
      return verifyDane(peer.chain.slice(0, CHAIN_MAX), tlsa, { names, nowMs });
    case "verify-pkix":
      return verifyPkix(peer, names, nowMs);
    case "none":
    case "opportunistic":
    case "encrypt":
      return { ok: true, by: "nothing" };
  }
}

/** A certificate in date, under a trusted authority, with the host among its DNS names (RFC 8461 §4.2). */
export function verifyPkix(peer: PeerCertificates, names: readonly string[], nowMs: number): PeerVerdict {
  const leaf = peer.chain[0] === undefined ? null : parseCertificate(peer.chain[0]);
  if (leaf === null) return failed("certificate-not-trusted", "the server's certificate cannot be read");
  if (!isInDate(leaf, nowMs)) return failed("certificate-expired", "the certificate is out of date");
  // The engine takes a common name for a host's; the policy wants a DNS name.
  if (!isForHost(leaf, names, { commonName: false })) {
    return failed("certificate-host-mismatch", `the certificate is not for ${names.join(" or ")}`);
  }
  if (peer.trusted) return { ok: true, by: "pkix" };
  return failed("certificate-not-trusted", `the certificate is not trusted (${peer.error ?? "unknown reason"})`);
}

function failed(result: TlsResult, text: string): PeerVerdict {
  return { ok: false, result, text };
}
