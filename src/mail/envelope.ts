import type { AccountId } from "./account.ts";

/** When a sender wants to hear of a recipient (NOTIFY, RFC 3461 §4.1); an empty list is NEVER. */
export type Notify = "success" | "failure" | "delay";

/** What MAIL's parameters ask for, as they are kept with the mail and handed on. */
export interface MailParameters {
  /** BODY (RFC 6152, RFC 3030 §3). */
  readonly body: "7bit" | "8bitmime" | "binarymime";
  /** SMTPUTF8 (RFC 6531 §3.4): an address or a header field holds UTF-8. */
  readonly smtpUtf8: boolean;
  /** RET (RFC 3461 §4.3); null when not given. */
  readonly ret: "full" | "headers" | null;
  /** ENVID (RFC 3461 §4.4), xtext decoded: printable ASCII, at most 100 characters; null when not given. */
  readonly envid: string | null;
  /** REQUIRETLS (RFC 8689 §2). */
  readonly requireTls: boolean;
  /** MT-PRIORITY (RFC 6710): -9 to 9, 0 when not given. */
  readonly priority: number;
  /** Released no earlier, ms since 1970 UTC (FUTURERELEASE, RFC 4865); null: at once. */
  readonly releaseAtMs: number | null;
  /** DELIVERBY (RFC 2852): the deadline in ms since 1970 UTC, and what happens then; null when not given. */
  readonly deliverBy: { readonly atMs: number; readonly mode: "return" | "notify"; readonly trace: boolean } | null;
}

/** A mail that asks for nothing special. */
export const NO_PARAMETERS: MailParameters = {
  body: "8bitmime",
  smtpUtf8: false,
  ret: null,
  envid: null,
  requireTls: false,
  priority: 0,
  releaseAtMs: null,
  deliverBy: null,
};

/** What RCPT's parameters ask for. */
export interface RecipientParameters {
  /** Null when NOTIFY was not given: failure, and delay as the server likes (RFC 3461 §4.1). */
  readonly notify: readonly Notify[] | null;
  /** ORCPT (RFC 3461 §4.2): `addr-type;address`, xtext decoded, at most 500 characters; null when not given. */
  readonly orcpt: string | null;
}

/** The envelope of a mail that leaves, beside its recipients. */
export interface OutgoingEnvelope extends MailParameters {
  /** Identity of the mail, as in its Received field and the log. */
  readonly id: string;
  /** Reverse-path as it goes on the wire, without brackets; "" is the null reverse-path. */
  readonly sender: string;
  /** The account that handed it in; null when nobody logged in. */
  readonly account: AccountId | null;
}

/** A recipient elsewhere. */
export interface OutgoingRecipient extends RecipientParameters {
  /** As it goes on the wire: `local@domain` or `local@[literal]`. */
  readonly address: string;
}
