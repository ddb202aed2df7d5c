import { latin1 } from "../../../../src/base/latin1.ts";
import { NO_PARAMETERS, type OutgoingRecipient } from "../../../../src/mail/envelope.ts";
import {
  type ClientMail,
  type ClientOutcome,
  type SmtpClientAction,
  type SmtpClientOptions,
  SmtpClientSession,
} from "../../../../src/protocol/smtp/client/mod.ts";
import { transcript, type TranscriptAction } from "../../../support/transcript.ts";
import { bytes } from "../support/session.ts";

/** What a mail of these tests may differ in. */
export interface MailOver {
  readonly sender?: string;
  readonly to?: readonly (string | OutgoingRecipient)[];
  readonly parameters?: Partial<ClientMail["parameters"]>;
  /** Latin-1. */
  readonly content?: string;
  /** Bytes of a piece; all in one by default. */
  readonly pieceBytes?: number;
}

/** A mail from a@here.test to b@there.test. */
export function mail(over: MailOver = {}): ClientMail {
  const content = bytes(over.content ?? "Subject: x\r\n\r\nhello\r\n");
  const size = over.pieceBytes ?? Math.max(1, content.length);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += size) parts.push(content.slice(at, at + size));
  return {
    sender: over.sender ?? "a@here.test",
    parameters: { ...NO_PARAMETERS, ...over.parameters },
    recipients: (over.to ?? ["b@there.test"]).map((to) =>
      typeof to === "string" ? { address: to, notify: null, orcpt: null } : to
    ),
    parts,
  };
}

/** How tests show an outcome. */
export function shown(outcome: ClientOutcome | null): string {
  return outcome === null ? "undecided" : `${outcome.action} ${outcome.code} ${outcome.status} ${outcome.text}`;
}

/** How tests show an action that is no `send`. */
export function describe(action: SmtpClientAction): string {
  switch (action.type) {
    case "failed":
      return `failed at ${action.stage}: ${shown(action.problem)}`;
    case "done":
      return `done ${action.end}: ${action.outcomes.map(shown).join("; ")}` +
        (action.problem === null ? "" : ` | ${shown(action.problem)}`);
    default:
      return action.type;
  }
}

/** A session whose content is pulled at once. */
export class TestClient {
  readonly session: SmtpClientSession;
  constructor(options: Partial<SmtpClientOptions> = {}, private readonly mails: readonly ClientMail[] = [mail()]) {
    this.session = new SmtpClientSession({ heloName: "here.test", tls: "never", login: null, ...options });
  }

  open(): SmtpClientAction[] {
    return [];
  }

  receive(chunk: Uint8Array): SmtpClientAction[] {
    return this.#withContent(this.session.receive(chunk));
  }

  answer(name: string, ...args: unknown[]): SmtpClientAction[] {
    switch (name) {
      case "send": {
        const next = this.mails[args[0] as number ?? 0];
        if (next === undefined) throw new Error("no such mail");
        return this.#withContent(this.session.send(next));
      }
      case "follow": {
        const next = this.mails[args[0] as number ?? 0];
        if (next === undefined) throw new Error("no such mail");
        return this.#withContent(this.session.follow(next));
      }
      case "tlsStarted":
        return this.session.tlsStarted();
      case "ended":
        return this.session.ended(String(args[0]));
      case "quit":
        return this.session.quit();
      default:
        throw new Error(`no such answer: ${name}`);
    }
  }

  describe(action: TranscriptAction): string {
    return describe(action as SmtpClientAction);
  }

  #withContent(actions: readonly SmtpClientAction[]): SmtpClientAction[] {
    return actions.flatMap((action): SmtpClientAction[] => {
      if (action.type !== "content") return [action];
      const pieces: SmtpClientAction[] = [];
      for (let piece = this.session.pull(); piece !== null; piece = this.session.pull()) {
        pieces.push({ type: "send", text: typeof piece === "string" ? piece : latin1(piece) });
      }
      return pieces;
    });
  }
}

/**
 * A conversation from the client's side: `S:` is what the server says, `C:` what the client must say; the rest as in
 * `transcript`. By line and by byte only: a server that answers before it is asked is another test.
 */
export function clientTranscript(
  text: string,
  options: { readonly session?: Partial<SmtpClientOptions>; readonly mails?: readonly ClientMail[] } = {},
): void {
  const swapped = text.replace(/^(\s*)([CS]):/gm, (_, blank, side) => `${blank}${side === "C" ? "S" : "C"}:`);
  transcript(() => new TestClient(options.session, options.mails), swapped, { modes: ["line", "byte"] });
}

/** A conversation with a server that takes commands in groups, up to the end of the first content. */
export const UP_TO_DOT = `
    S: 220 x
    C: EHLO here.test
    S: 250-x
    S: 250 PIPELINING
    ? ready
    ! send 0
    C: MAIL FROM:<a@here.test>
    C: RCPT TO:<b@there.test>
    C: DATA
    S: 250 ok
    S: 250 ok
    S: 354 go
    C: Subject: x
    C:
    C: hello
    C: .`;
