import type { Address } from "../../mail/address.ts";
import type { DomainName } from "../../mail/domain.ts";
import type { MailParameters, RecipientParameters } from "../../mail/envelope.ts";
import type { Credentials, SaslAnswer, SaslQuestion } from "../sasl/mod.ts";

/** How a routing actor answered for one recipient; the reply each gets stands in `replies.ts`. */
export type RecipientVerdict =
  | "accepted"
  | "relayDenied" // 550 5.7.1
  | "unknownUser" // 550 5.1.1
  | "mailboxFull" // 452 4.2.2
  | "disabled" // 450 4.2.1
  | "loop" // 550 5.4.6
  | "limited" // 450 4.7.1
  | "greylisted" // 450 4.7.1
  | "busy"; // 451 4.3.2

/** A block list names the client: its recipients are refused by 550 5.7.1. */
export interface ListedClient {
  /** The list, and its own words or null: printable ASCII, 400 characters together at most. */
  readonly listedBy: string;
  readonly text: string | null;
}

/** What became of a complete message. `accepted` is said only when it is durable. */
export type DeliveryOutcome =
  | { readonly type: "accepted"; readonly id: string }
  | { readonly type: "limited" } // 450 4.7.1
  | { readonly type: "mailboxFull" } // 452 4.2.2
  | { readonly type: "diskFull" } // 452 4.3.1
  | { readonly type: "busy" } // 451 4.3.2
  | { readonly type: "failed" } // 451 4.3.0
  /** What is known of its sender speaks against it; `text` is told to the client, in printable ASCII. */
  | { readonly type: "refused"; readonly code: 550 | 451; readonly enhanced: string; readonly text: string };

/** A recipient that was accepted, and what was asked for it. */
export interface ReceivedRecipient extends RecipientParameters {
  readonly address: Address;
}

/** Whether the user of a submission may send as the address in MAIL. */
export type SenderVerdict =
  | "accepted"
  | "notYours" // 550 5.7.1
  | "busy"; // 451 4.3.2

/** What a login hangs on: a name and its password, or a question of a SASL mechanism. */
export type AuthQuestion = { readonly type: "password" } & Credentials | SaslQuestion;

/** `temporary`: nobody can tell now (454 4.7.0). */
export type AuthAnswer = SaslAnswer | { readonly type: "temporary" };

/** A complete message with its envelope. */
export interface ReceivedMail {
  /** What the client called itself in HELO or EHLO. */
  readonly helo: string;
  /** Transmission type for the Received field (RFC 3848, RFC 6531 §4.3): SMTP, ESMTP, ESMTPS, UTF8SMTP … */
  readonly protocol: string;
  /** Address of the account that submits it; null when nobody has logged in. */
  readonly user: string | null;
  readonly parameters: MailParameters;
  /** Null is the null reverse-path `<>`. */
  readonly sender: Address | null;
  readonly recipients: readonly ReceivedRecipient[];
  /**
   * The content, dots unstuffed, in pieces that are the receiver's to keep. Every line ends in CRLF, the last one too, and
   * there is no other CR or LF; only behind the header of a BINARYMIME mail may there be anything.
   */
  readonly body: readonly Uint8Array[];
  /** Bytes of `body`. */
  readonly size: number;
}

/** Whose mail is asked for by ETRN. */
export interface QueueNode {
  /** As the client wrote it: ASCII without controls. */
  readonly text: string;
  readonly domain: DomainName;
  /** All names below it, too. */
  readonly below: boolean;
}

/** What became of the wish for mail that waits. */
export type QueueTurn =
  /** It goes out now. */
  | { readonly type: "counted"; readonly mails: number } // 253
  /** So many that they are still being counted. */
  | { readonly type: "pending" } // 252
  | { readonly type: "none" } // 251
  /** It was asked for a moment ago. */
  | { readonly type: "started" } // 250
  /** Not now. */
  | { readonly type: "unable" } // 458
  | { readonly type: "notAllowed" }; // 459

/** What a trusted proxy says of the client behind it; what is absent stays as it was, null is not known. */
export interface ClientChange {
  /** IPv4 or IPv6, in lower case. */
  readonly address?: string | null;
  readonly port?: number;
  readonly name?: string | null;
  /** Address and port that it connected to. */
  readonly destAddress?: string | null;
  readonly destPort?: number;
}

/**
 * What a session wants done. `authenticate`, `checkSender`, `checkRecipient`, `deliver`, `turnQueue`, `adoptLogin`, `startTls`
 * and `pause` are questions: the session holds all further input back until the matching answer (`authenticated`, `senderChecked`,
 * `recipientChecked`, `delivered`, `queueTurned`, `loginAdopted`, `tlsStarted`, `resumed`) is called.
 */
export type SmtpAction =
  /** Wire text, to be sent as UTF-8. Consecutive ones go out in one write. */
  | { readonly type: "send"; readonly text: string }
  | { readonly type: "authenticate"; readonly mechanism: string; readonly question: AuthQuestion }
  /** Asked in a session that somebody has logged in to. */
  | { readonly type: "checkSender"; readonly sender: Address }
  /** `relay`: somebody has logged in, so that mail for other servers is taken, too. */
  | {
    readonly type: "checkRecipient";
    readonly recipient: Address;
    readonly sender: Address | null;
    readonly size: number;
    readonly relay: boolean;
  }
  | { readonly type: "deliver"; readonly mail: ReceivedMail }
  | { readonly type: "turnQueue"; readonly node: QueueNode }
  /** Start TLS once everything sent has left; plaintext that arrived behind STARTTLS has been thrown away (RFC 3207 §5). */
  | { readonly type: "startTls" }
  /** The client is another than the one that is connected (XCLIENT). */
  | { readonly type: "clientNamed"; readonly client: ClientChange }
  /** It has logged in at a proxy that is trusted (XCLIENT LOGIN): whose account is that? */
  | { readonly type: "adoptLogin"; readonly login: Address }
  /** Slow a misbehaving client down. */
  | { readonly type: "pause"; readonly ms: number }
  /** Send what is pending, then close. */
  | { readonly type: "close" };
