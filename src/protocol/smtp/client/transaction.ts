import type { ClientMail } from "./actions.ts";
import { mailLine, recipientLine } from "./commands.ts";
import { type ContentFacts, type OutgoingContent, PlainContent, StuffedContent } from "./content.ts";
import type { PeerExtensions } from "./extensions.ts";
import { needsUtf8 } from "./offer.ts";
import { acceptance, classOf, type ClientOutcome, ours, refusal } from "./outcome.ts";
import type { ClientReply } from "./reply_reader.ts";

/** A command of a transaction; the reply to it is counted, never guessed (RFC 2920 §3.1). */
export type TransactionStep =
  | { readonly type: "rset" }
  | { readonly type: "mail" }
  | { readonly type: "recipient"; readonly index: number }
  | { readonly type: "data" }
  /** The content; behind BDAT (RFC 3030) it needs no command of its own. */
  | { readonly type: "content" }
  /** The end of content that nobody is to get. */
  | { readonly type: "emptyDot" };

/** What follows from a reply. */
export type Turn =
  | { readonly type: "next" }
  /** The content goes out now. */
  | { readonly type: "content" }
  | { readonly type: "emptyDot" }
  /** The peer can be followed no further. */
  | { readonly type: "broken"; readonly problem: ClientOutcome };

const NEXT: Turn = { type: "next" };

/** One mail on its way through a session: which commands there are, what their replies mean for each recipient. */
export class Transaction {
  readonly outcomes: (ClientOutcome | null)[];
  /** MAIL has been answered: the connection was alive. */
  mailAnswered = false;
  /** The peer holds a transaction that must be undone before the next one. */
  open = false;
  readonly #steps: readonly TransactionStep[];
  #sent = 0;
  #refused = false;
  /** Recipients that the peer has taken and that have no outcome yet, by index. */
  #accepted: number[] = [];

  constructor(
    private readonly mail: ClientMail,
    private readonly facts: ContentFacts,
    private readonly peer: PeerExtensions,
    options: { readonly reset: boolean },
  ) {
    this.outcomes = mail.recipients.map(() => null);
    this.#steps = [
      ...(options.reset ? [{ type: "rset" } as const] : []),
      { type: "mail" },
      ...mail.recipients.map((_, index) => ({ type: "recipient", index } as const)),
      this.#binary ? { type: "content" } : { type: "data" },
    ];
  }

  /** The commands to send now: all that may go together (RFC 2920 §3.1: DATA is the last of a group), or one. */
  nextGroup(): readonly TransactionStep[] {
    const [from, last] = [this.#sent, this.#steps.length - 1];
    const contentOnly = from === last && this.#accepted.length === 0;
    if (this.#refused || from > last || contentOnly) return [];
    const whole = this.#binary && from < last ? last : last + 1;
    this.#sent = this.peer.pipelining ? whole : from + 1;
    return this.#steps.slice(from, this.#sent);
  }

  /** The command on the wire. */
  lineOf(step: TransactionStep): string {
    switch (step.type) {
      case "rset":
        return "RSET\r\n";
      case "mail":
        return mailLine({ ...this.mail, facts: this.facts, utf8: needsUtf8(this.mail, this.facts) }, this.peer);
      case "recipient": {
        const recipient = this.mail.recipients[step.index];
        return recipient === undefined ? "" : recipientLine(recipient, this.peer);
      }
      case "data":
        return "DATA\r\n";
      case "content":
        return `BDAT ${this.facts.bytes} LAST\r\n`;
      case "emptyDot":
        return ".\r\n";
    }
  }

  /** The content as the peer gets it. */
  content(): OutgoingContent {
    return this.#binary ? new PlainContent(this.mail.parts) : new StuffedContent(this.mail.parts, this.facts);
  }

  /** Takes the reply to a command. */
  take(step: TransactionStep, reply: ClientReply): Turn {
    switch (step.type) {
      case "rset":
        return classOf(reply) === "done" ? NEXT : broken(reply);
      case "mail":
        return this.#mail(reply);
      case "recipient":
        return this.#recipient(step.index, reply);
      case "data":
        return this.#data(reply);
      case "content":
        return this.#content(reply);
      case "emptyDot":
        this.open = false;
        return NEXT;
    }
  }

  /** The verdict on everybody who was accepted and has none yet. */
  settle(outcome: ClientOutcome): void {
    for (const index of this.#accepted) this.outcomes[index] ??= outcome;
    this.#accepted = [];
  }

  get #binary(): boolean {
    return this.mail.parameters.body === "binarymime";
  }

  #mail(reply: ClientReply): Turn {
    this.mailAnswered = true;
    const kind = classOf(reply);
    if (kind === "more") return broken(reply);
    if (kind === "done") {
      this.open = true;
      return NEXT;
    }
    this.#refused = true;
    this.outcomes.fill(refusal(reply));
    return NEXT;
  }

  #recipient(index: number, reply: ClientReply): Turn {
    const kind = classOf(reply);
    if (kind === "more") return broken(reply);
    if (kind === "done") this.#accepted.push(index);
    else this.outcomes[index] ??= recipientRefusal(reply);
    return NEXT;
  }

  #data(reply: ClientReply): Turn {
    const kind = classOf(reply);
    if (kind === "done") return broken(reply);
    if (kind !== "more") {
      this.settle(refusal(reply));
      return NEXT;
    }
    // RFC 2920 §3.1: a server may say yes to DATA though nobody is left to send to; it gets a lone dot.
    if (this.#accepted.length === 0) return { type: "emptyDot" };
    // With recipients but without a sender there is no telling what it would do with an empty mail.
    return this.#refused ? broken(reply) : { type: "content" };
  }

  #content(reply: ClientReply): Turn {
    const kind = classOf(reply);
    this.open = false;
    if (kind === "done") this.settle(acceptance(reply, this.peer.dsn ? "delivered" : "relayed"));
    else this.settle(refusal(reply));
    return kind === "more" ? broken(reply) : NEXT;
  }
}

function broken(reply: ClientReply): Turn {
  const kind = classOf(reply);
  const confused = kind === "done" || kind === "more";
  return {
    type: "broken",
    problem: confused
      ? ours("deferred", "4.5.0", `unexpected reply ${reply.code}`)
      : { ...refusal(reply), action: "deferred" },
  };
}

/** Whether a recipient was refused for being one too many: another transaction may take it (RFC 5321 §4.5.3.1.10). */
export function isSurplus(outcome: ClientOutcome): boolean {
  return outcome.status === TOO_MANY && outcome.action === "deferred";
}

/** Too many recipients (RFC 3463 §3.6). */
const TOO_MANY = "4.5.3";

/** RFC 5321 §4.5.3.1.10: 452 without another reason is for one recipient too many; so is 552, as it once was, and temporary. */
function recipientRefusal(reply: ClientReply): ClientOutcome {
  const outcome = refusal(reply);
  const reason = /^[45]\.[0-9.]+/.exec(reply.lines[0] ?? "")?.[0] ?? null;
  const surplus = (reply.code === 452 || reply.code === 552) && (reason === null || reason.endsWith(".5.3"));
  return surplus ? { ...outcome, action: "deferred", status: TOO_MANY } : outcome;
}
