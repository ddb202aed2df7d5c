import type { MailParameters, OutgoingRecipient } from "../../../mail/envelope.ts";
import type { PeerExtensions } from "./extensions.ts";
import type { ClientOutcome } from "./outcome.ts";

/** One mail to hand over. */
export interface ClientMail {
  /** Reverse-path without brackets; "" is the null reverse-path. */
  readonly sender: string;
  readonly parameters: MailParameters;
  readonly recipients: readonly OutgoingRecipient[];
  /** The content, every line ended by CRLF, dots not stuffed; in pieces, which are not changed. */
  readonly parts: readonly Uint8Array[];
}

/** Where a session was when it could not go on, before any mail. */
export type SetupStage = "greeting" | "hello" | "tls" | "login";

/** How far a transaction came. */
export type TransactionEnd =
  /** Every recipient has its outcome. */
  | "complete"
  /** The connection ended before MAIL was answered: a kept connection may only have grown old. */
  | "beforeMail"
  /** The connection ended before the content was taken: whoever has no outcome may be tried elsewhere. */
  | "beforeEnd";

/** What a client session wants done next. */
export type SmtpClientAction =
  /** Wire text, to be sent as UTF-8. Consecutive ones go out in one write. */
  | { readonly type: "send"; readonly text: string }
  /** Send what `pull` gives, as the connection takes it, until it gives null. */
  | { readonly type: "content" }
  /** Start TLS once everything sent has left, then call `tlsStarted`; what arrives meanwhile is thrown away. */
  | { readonly type: "startTls" }
  /** A mail may be handed over. */
  | { readonly type: "ready"; readonly peer: PeerExtensions }
  /** The session ended before it was ready. */
  | { readonly type: "failed"; readonly stage: SetupStage; readonly problem: ClientOutcome }
  /** The transaction is over. A recipient's outcome is null when none was reached: `problem` says what came between. */
  | {
    readonly type: "done";
    readonly end: TransactionEnd;
    readonly outcomes: readonly (ClientOutcome | null)[];
    readonly problem: ClientOutcome | null;
  }
  /** Send what is pending, then close. */
  | { readonly type: "close" };
