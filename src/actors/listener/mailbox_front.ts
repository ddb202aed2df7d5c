import { describeError } from "../../base/mod.ts";
import type { AccountRecord } from "../../messages/mod.ts";
import type { SaslAnswer } from "../../protocol/sasl/mod.ts";
import { askLogin, type LoginQuestion, loginScene } from "./login.ts";
import { SessionFront } from "./session_front.ts";

/** Settings of a listener by which users read their mail; `S` are those of its sessions. */
export interface MailboxFrontOptions<S> {
  readonly session: S;
  readonly tls: "none" | "available" | "active";
  /** `tls-server-end-point` of the certificate that is shown now; absent, connections cannot be bound to it. */
  readonly binding?: () => Uint8Array | null;
  /** Longest silence of a session, in ms. */
  readonly idleMsMax: number;
  /** Shorter before a login, as a stranger holds the connection; ms. */
  readonly loginMsMax: number;
}

/** What the fronts of protocols have in common by which users read their mail. */
export abstract class MailboxFront<A> extends SessionFront<A> {
  protected abstract readonly service: "pop3" | "imap";
  /** Whose account the last exchange has proven. */
  protected account: AccountRecord | null = null;

  /** Gives back what the owner of the mailboxes keeps for this session. */
  protected abstract letGo(): void;

  protected override left(): void {
    this.letGo();
  }

  /** Gives the session an answer when there is one. */
  protected settle<T>(work: Promise<T>, answer: (value: T) => readonly A[]): void {
    work.then(
      (value) => {
        // A client that left while its mailbox was opened must not keep it.
        if (this.closed) this.letGo();
        else this.perform(answer(value));
      },
      (error) => {
        this.services.log.error("session broke", { service: this.service, error: describeError(error) });
        this.connection.destroy();
      },
    );
  }

  /** Takes a question of a login to the directory, and notes whose account it was. */
  protected async askWhose(question: LoginQuestion): Promise<SaslAnswer | { readonly type: "temporary" }> {
    const { answer, account } = await askLogin(question, loginScene(this.service, this.connection), this.services);
    this.account = account;
    return answer;
  }

  /** Logs in by name and password, and then opens what the session works on. */
  protected async logIn<O>(
    { user, secret }: { readonly user: string; readonly secret: string },
    open: (account: AccountRecord | null) => O | Promise<O>,
  ): Promise<O | { readonly type: "refused" } | { readonly type: "temporary" }> {
    const answer = await this.askWhose({ type: "password", user, secret });
    if (answer.type === "accepted") return open(this.account);
    return { type: answer.type === "refused" ? "refused" : "temporary" };
  }
}
