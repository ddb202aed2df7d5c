import type { OutgoingEnvelope, OutgoingRecipient } from "../mail/envelope.ts";

/** One transaction to be tried now: a mail and those of its recipients that share a destination. */
export interface DeliveryAttempt {
  /** Domain in A-labels, or an address literal with its brackets: what is asked of DNS, or connected to. */
  readonly destination: string;
  readonly envelope: OutgoingEnvelope;
  readonly recipients: readonly OutgoingRecipient[];
  /** The content as it goes out, every line ended by CRLF, dots not stuffed; in pieces. */
  readonly parts: readonly Uint8Array[];
  /** IP address of the host that broke off at the last attempt, perhaps with the mail: the others are tried before it. */
  readonly doubtfulAddress?: string;
}

/** How it went for one recipient. */
export interface RecipientOutcome {
  /**
   * `delivered`: the next server took it and answers for what was asked (DSN); `relayed`: it took it, but does not know DSN, so a
   * success that was asked for is reported by us (RFC 3461 §5.2.2); `deferred`: to be tried again; `failed`: for good.
   */
  readonly action: "delivered" | "relayed" | "deferred" | "failed";
  /** Reply code of the peer; null when the verdict is ours. */
  readonly code: number | null;
  /** Enhanced status code (RFC 3463), e.g. `5.1.1`: the peer's own, or what fits best. */
  readonly status: string;
  /** The peer's reply without codes, or our reason; one line, printable, at most 512 characters. */
  readonly text: string;
}

/** What became of an attempt. */
export interface DeliveryReport {
  /** One for each recipient, in order. */
  readonly outcomes: readonly RecipientOutcome[];
  /** The fault was the destination's (no answer, no host, 421 at the greeting), not this mail's: others to it would fare the same. */
  readonly destinationFault: boolean;
  /** The host that had the last word; null when none was reached. */
  readonly host: { readonly name: string; readonly address: string; readonly port: number } | null;
  /** E.g. `TLSv1.3 TLS_AES_128_GCM_SHA256`; null when the mail went in the clear, or not at all. */
  readonly tls: string | null;
}

/** State of one delivery worker. */
export interface DeliveryStatus {
  readonly attempts: number;
  /** Transactions under way. */
  readonly active: number;
  /** Connections open, those kept for the next mail included. */
  readonly connections: number;
}

/** What a delivery actor understands: it speaks to other servers, keeps nothing, and tells the queue how it went. */
export interface DeliveryProtocol {
  /** Never fails for the world's sake: what went wrong stands in the report. */
  "delivery.attempt": { request: DeliveryAttempt; reply: DeliveryReport };
  "delivery.status": { request: null; reply: DeliveryStatus };
}
