/** What the TLS handshake agreed on. */
export interface TlsInfo {
  /** "TLSv1.2" or "TLSv1.3". */
  readonly protocol: string;
  readonly cipher: string;
  /** The name the client asked for (SNI, RFC 6066 §3), or null. Untrusted text. */
  readonly serverName: string | null;
  /** Mail addresses in the peer's certificate, when an authority that we trust has signed it; else none. */
  readonly peerAddresses: readonly string[];
}

/** What a server showed of itself in the TLS handshake. */
export interface PeerCertificates {
  /** Its certificates in DER, its own first; issuers that this machine trusts may follow. */
  readonly chain: readonly Uint8Array[];
  /** Whether they lead to an authority that this machine trusts, and are in date; names are not looked at. */
  readonly trusted: boolean;
  /** The TLS engine's word for what is wrong, or null. */
  readonly error: string | null;
}

/** One end of a connection; the address is normalised (see `normalizeAddress`). A Unix socket has its path and port 0. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Why a connection ended: who went first, or what broke it. */
export type CloseReason = "peer" | "local" | "error" | "deadline";

/** What the owner of a connection wants to know. Handlers never run inside `start`, `write` or `close`. */
export interface ConnectionHandlers {
  /** Bytes from the peer. The chunk is fresh and belongs to the receiver. */
  data(chunk: Uint8Array): void;
  /** The peer sends no more (FIN), but still listens: answer what waits and `close()`. */
  end(): void;
  /** The last call, exactly once. */
  closed(reason: CloseReason): void;
  /** The time given to `deadline()` is over. The connection stays open: say so and `close()`. */
  deadline(): void;
  /** `congested` is over: write on. */
  drained(): void;
}

/** A stream of bytes to a peer: TCP, TLS over TCP, or a Unix socket. */
export interface Connection {
  /** Unique in this process and short enough for every log line. */
  readonly id: string;
  readonly remote: Endpoint;
  /** To be asked for while the connection stands. */
  readonly local: Endpoint;
  /** Null while the connection is in plain text. */
  readonly tls: TlsInfo | null;
  /** Wall clock, milliseconds since 1970. */
  readonly openedMs: number;
  /** Payload bytes received since the start (decrypted, under TLS). */
  readonly bytesIn: number;
  /** Payload bytes given to the kernel or the TLS engine since the start. */
  readonly bytesOut: number;
  /** Sets the handlers and starts reading; once. */
  start(handlers: ConnectionHandlers): void;
  /**
   * Queues bytes, or a text as UTF-8. What is written in one event-loop turn goes out in one write. The array belongs to
   * the connection from now on: do not change it. `given`: its whole buffer does, and is let go of once it was sent, which costs
   * less than to have it found and freed. After `close()` or the end of the connection it does nothing.
   */
  write(data: string | Uint8Array, given?: boolean): void;
  /** Bytes written but not yet taken by the kernel. */
  readonly pendingBytes: number;
  /** True from more than `outputBytesMax` pending bytes until half of it is left; then `drained` is called. */
  readonly congested: boolean;
  /** Stops reading: the peer's TCP window fills and it waits. */
  pause(): void;
  resume(): void;
  /** Calls `handlers.deadline` once, `ms` from now (late by at most one tick of the wheel); replaces the one before; 0 disarms. */
  deadline(ms: number): void;
  /**
   * Upgrades to TLS after what is written has gone out; plain text that has arrived meanwhile is dropped (RFC 3207 §4.2).
   * Write nothing until it resolves. Rejects with a `closed` Failure when the handshake fails or takes longer than `handshakeMsMax`; the connection is then closed.
   */
  startTls(): Promise<void>;
  /** Sends what is written, then FIN, and lets go once the peer has closed too, or after `closeMsMax`. */
  close(): void;
  /** Lets go at once; what is not yet sent is lost. */
  destroy(): void;
}

/** The limits of one listener and of each of its connections. */
export interface ConnectionLimits {
  /** Connections at a time. */
  readonly connectionsMax: number;
  /** Connections at a time from one address (IPv6: one /64, what a single site is given). */
  readonly perAddressMax: number;
  /** Whether 127.0.0.0/8 and ::1 are free of `perAddressMax`. */
  readonly loopbackExempt: boolean;
  /** Connections over the limit that may be told so at a time; further ones are dropped without a word. */
  readonly refusedMax: number;
  /** TLS handshakes under way at a time: each costs about a millisecond of CPU. */
  readonly handshakesMax: number;
  /** Longest TLS handshake, in ms. */
  readonly handshakeMsMax: number;
  /** Unsent bytes beyond which a connection is congested. */
  readonly outputBytesMax: number;
  /** Unsent bytes beyond which the connection is destroyed: its owner did not heed `congested`. */
  readonly outputBytesHardMax: number;
  /** Longest time in which the peer takes no 64 KiB of the output, in ms; then the connection is destroyed. */
  readonly writeMsMax: number;
  /** Longest time from `close()` to the end, in ms. */
  readonly closeMsMax: number;
  /** Bytes read and dropped after `close()`, so that a last reply is not lost to a reset; beyond it, the end. */
  readonly lingerBytesMax: number;
}

/** Limits that suit a mail server facing the Internet. */
export const CONNECTION_LIMITS: ConnectionLimits = {
  connectionsMax: 10_000,
  perAddressMax: 50,
  loopbackExempt: true,
  refusedMax: 100,
  handshakesMax: 500,
  handshakeMsMax: 10_000,
  outputBytesMax: 256 * 1024,
  outputBytesHardMax: 64 * 1024 * 1024,
  writeMsMax: 60_000,
  closeMsMax: 10_000,
  lingerBytesMax: 1024 * 1024,
};
