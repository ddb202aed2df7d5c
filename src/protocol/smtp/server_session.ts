import { assert } from "../../base/assert.ts";
import type { DomainName } from "../../mail/domain.ts";
import type { AuthAnswer, DeliveryOutcome, RecipientVerdict, SenderVerdict, SmtpAction } from "./actions.ts";
import { parseCommandLine } from "./command.ts";
import { authenticated, contentEnded, delivered, recipientChecked, senderChecked, tlsStarted } from "./commands/mod.ts";
import { ContentReader } from "./content_reader.ts";
import { type Frame, LineFramer } from "./framer.ts";
import { SMTP_LIMITS, type SmtpLimits } from "./limits.ts";
import { PieceStore } from "./piece_store.ts";
import { ALL_QUIRKS, type QuirkName } from "./quirks.ts";
import { banner, REPLY } from "./replies.ts";
import {
  closing,
  COMMAND,
  type Effect,
  settle,
  type SmtpContext,
  type SmtpState,
  startState,
  type Step,
  type SubmissionOptions,
} from "./state.ts";
import { badLine, exchangeStep, shutDown, step } from "./step.ts";

/** What a session is told when it begins. */
export interface SmtpSessionOptions {
  /** What the server calls itself in its banner and to EHLO. */
  readonly hostname: string;
  /** Whose postmaster `RCPT TO:<postmaster>` means (RFC 5321 §4.1.1.3). */
  readonly postmasterDomain: DomainName;
  /** `available` offers STARTTLS; `active` is a connection that began with TLS. */
  readonly tls: "none" | "available" | "active";
  /** The TLS channel's `tls-server-end-point` (RFC 5929 §4.1), when the connection began with TLS and has one. */
  readonly binding?: Uint8Array | null;
  /** Makes it a submission port (RFC 6409); absent, mail comes from other servers. */
  readonly submission?: SubmissionOptions;
  /** Overrides of single limits. */
  readonly limits?: Partial<SmtpLimits>;
  /** Leniencies that are granted; all by default. */
  readonly quirks?: ReadonlySet<QuirkName>;
}

/** An SMTP server session without a socket: bytes and answers in, actions out (RFC 5321). */
export interface SmtpSession {
  /** The banner. To be called once, before anything else. */
  open(): SmtpAction[];
  /** Bytes from the client. The buffer now belongs to the session. */
  receive(chunk: Uint8Array): SmtpAction[];
  /** Answers `authenticate`. */
  authenticated(answer: AuthAnswer): SmtpAction[];
  /** Answers `checkSender`. */
  senderChecked(verdict: SenderVerdict): SmtpAction[];
  /** Answers `checkRecipient`. */
  recipientChecked(verdict: RecipientVerdict): SmtpAction[];
  /** Answers `deliver`. */
  delivered(outcome: DeliveryOutcome): SmtpAction[];
  /** Answers `startTls`; `binding` is the new channel's. */
  tlsStarted(binding?: Uint8Array | null): SmtpAction[];
  /** Answers `pause`. */
  resumed(): SmtpAction[];
  /** The client took too long: 421 4.4.2 and the end. */
  timedOut(): SmtpAction[];
  /** The server stops: 421 4.3.2 and the end, after the transaction where one is open. */
  shuttingDown(): SmtpAction[];
  /** Whether a question is open; the pump need not read meanwhile. */
  readonly waiting: boolean;
  /** Chooses the deadline (RFC 5321 §4.5.3.2). */
  readonly phase: "command" | "data" | "waiting" | "closed";
  /** Bytes of client input held in memory. */
  readonly bufferedBytes: number;
}

/** A new session; nothing is sent before `open`. */
export function createSmtpSession(options: SmtpSessionOptions): SmtpSession {
  return new ServerSession(options);
}

class ServerSession implements SmtpSession {
  readonly #context: SmtpContext;
  #state: SmtpState;
  readonly #framer: LineFramer;
  /** Only while content is read. */
  #content: ContentReader | null = null;
  /** Input that can be read, oldest first, and how far the first of it has been. */
  #input: Uint8Array[] = [];
  #at = 0;
  #inputBytes = 0;
  /** Input that came while a question was open. */
  readonly #held = new PieceStore();

  constructor(options: SmtpSessionOptions) {
    const limits = options.limits === undefined ? SMTP_LIMITS : { ...SMTP_LIMITS, ...options.limits };
    const { hostname, postmasterDomain, quirks = ALL_QUIRKS, submission = null } = options;
    this.#context = { hostname, postmasterDomain, limits, quirks, submission };
    this.#state = startState(options.tls, options.binding ?? null);
    const { lineBytesMax, authLineBytesMax } = limits;
    this.#framer = new LineFramer({
      ...limits,
      authLineBytesMax: submission === null ? lineBytesMax : authLineBytesMax,
    });
  }

  get waiting(): boolean {
    return this.phase === "waiting";
  }

  get phase(): SmtpSession["phase"] {
    const type = this.#state.phase.type;
    if (type === "command" || type === "closed") return type;
    if (type === "exchange") return "command";
    return type === "content" ? "data" : "waiting";
  }

  get bufferedBytes(): number {
    return this.#inputBytes + this.#held.bytes + this.#framer.bufferedBytes + (this.#content?.bufferedBytes ?? 0);
  }

  open(): SmtpAction[] {
    const actions = new Actions();
    actions.add(banner(this.#context.hostname));
    return actions.end();
  }

  receive(chunk: Uint8Array): SmtpAction[] {
    const type = this.#state.phase.type;
    // RFC 3207 §5: plaintext behind STARTTLS comes from an attacker or a client that asked for trouble.
    if (type === "closed" || type === "startingTls" || chunk.length === 0) return [];
    if (this.waiting) {
      this.#held.add(chunk, 0, chunk.length);
      const tooMuch = this.#inputBytes + this.#held.bytes > this.#context.limits.inputBytesMax;
      return tooMuch ? this.#run(closing(this.#state, REPLY.tooMuchInput)) : [];
    }
    this.#input.push(chunk);
    this.#inputBytes += chunk.length;
    return this.#run(null);
  }

  authenticated(answer: AuthAnswer): SmtpAction[] {
    if (this.#closed) return [];
    return this.#run(this.#settled(authenticated(this.#context, this.#state, answer)));
  }

  senderChecked(verdict: SenderVerdict): SmtpAction[] {
    if (this.#closed) return [];
    return this.#run(this.#settled(senderChecked(this.#state, verdict)));
  }

  recipientChecked(verdict: RecipientVerdict): SmtpAction[] {
    if (this.#closed) return [];
    return this.#run(this.#settled(recipientChecked(this.#state, verdict)));
  }

  delivered(outcome: DeliveryOutcome): SmtpAction[] {
    if (this.#closed) return [];
    return this.#run(this.#settled(delivered(this.#state, outcome)));
  }

  tlsStarted(binding: Uint8Array | null = null): SmtpAction[] {
    if (this.#closed) return [];
    return this.#run(this.#settled(tlsStarted(this.#state, binding)));
  }

  resumed(): SmtpAction[] {
    if (this.#closed) return [];
    const { phase } = this.#state;
    assert(phase.type === "paused", "resumed without a pause");
    if (phase.then?.code === 421) return this.#run(closing(this.#state, phase.then));
    const held = phase.then === null ? [] : [phase.then];
    return this.#run(this.#settled([{ ...this.#state, phase: COMMAND }, ...held]));
  }

  timedOut(): SmtpAction[] {
    return this.#closed ? [] : this.#run(closing(this.#state, REPLY.timedOut));
  }

  shuttingDown(): SmtpAction[] {
    return this.#closed ? [] : this.#run(shutDown(this.#context, this.#state));
  }

  get #closed(): boolean {
    return this.#state.phase.type === "closed";
  }

  #settled(taken: Step): Step {
    return settle(this.#context.limits, taken);
  }

  /** Takes a step, then reads input until a question is open or the input is used up. */
  #run(first: Step | null): SmtpAction[] {
    const actions = new Actions();
    for (let taken = first ?? this.#advance(); taken !== null; taken = this.#advance()) this.#apply(taken, actions);
    return actions.end();
  }

  #apply([state, ...effects]: Step, actions: Actions): void {
    this.#state = state;
    for (const effect of effects) actions.add(effect);
    const type = state.phase.type;
    if (type === "content") this.#content ??= new ContentReader(this.#context.limits);
    else this.#content = null;
    if (type === "closed" || type === "startingTls") {
      this.#input = [];
      this.#at = 0;
      this.#inputBytes = 0;
      this.#held.take();
    }
  }

  /** The next step that the input gives, or null when none can be taken now. */
  #advance(): Step | null {
    const type = this.#state.phase.type;
    if (type !== "command" && type !== "exchange" && type !== "content") return null;
    if (this.#held.bytes > 0) this.#release();
    for (let chunk = this.#input[0]; chunk !== undefined; chunk = this.#input[0]) {
      const taken = this.#content === null ? this.#readLine(chunk) : this.#readContent(chunk, this.#content);
      if (this.#at === chunk.length) {
        this.#input.shift();
        this.#at = 0;
      }
      if (taken !== null) return taken;
    }
    return null;
  }

  #readLine(chunk: Uint8Array): Step | null {
    const frame = this.#framer.next(chunk, this.#at, this.#state.phase.type === "exchange");
    this.#inputBytes -= this.#framer.at - this.#at;
    this.#at = this.#framer.at;
    return frame === null ? null : this.#takeFrame(frame);
  }

  #readContent(chunk: Uint8Array, content: ContentReader): Step | null {
    const count = content.push(this.#at === 0 ? chunk : chunk.subarray(this.#at));
    this.#inputBytes -= count;
    this.#at += count;
    return content.ended || content.exhausted ? this.#settled(contentEnded(this.#state, content)) : null;
  }

  #takeFrame(frame: Frame): Step {
    if (frame.type === "line" && this.#state.phase.type === "exchange") {
      return exchangeStep(this.#context, this.#state, frame.text);
    }
    if (frame.type === "line") return step(this.#context, this.#state, parseCommandLine(frame.text, frame.ascii));
    if (frame.type === "bad") return badLine(this.#context, this.#state, frame.reply);
    return closing(this.#state, REPLY.tooMuchInput);
  }

  #release(): void {
    for (const piece of this.#held.take()) {
      this.#input.push(piece);
      this.#inputBytes += piece.length;
    }
  }
}

/** Collects what a call answers; consecutive replies become one `send`. */
class Actions {
  readonly #actions: SmtpAction[] = [];
  #text = "";

  add(effect: Effect): void {
    if (effect.type === "reply") this.#text += effect.wire;
    else {
      this.#flush();
      this.#actions.push(effect);
    }
  }

  end(): SmtpAction[] {
    this.#flush();
    return this.#actions;
  }

  #flush(): void {
    if (this.#text !== "") this.#actions.push({ type: "send", text: this.#text });
    this.#text = "";
  }
}
