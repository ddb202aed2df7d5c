import { assert } from "../../base/assert.ts";
import type { DomainName } from "../../mail/domain.ts";
import { BARE_CHANNEL, type SaslChannel } from "../sasl/mod.ts";
import type {
  AuthAnswer,
  DeliveryOutcome,
  ListedClient,
  QueueTurn,
  RecipientVerdict,
  SenderVerdict,
  SmtpAction,
} from "./actions.ts";
import { ChunkReader } from "./chunk_reader.ts";
import { parseCommandLine } from "./command.ts";
import {
  authenticated,
  chunkRead,
  contentEnded,
  delivered,
  loginAdopted,
  queueTurned,
  recipientChecked,
  senderChecked,
  tlsStarted,
} from "./commands/mod.ts";
import { ContentReader } from "./content_reader.ts";
import { type Frame, LineFramer } from "./framer.ts";
import { SMTP_LIMITS, type SmtpLimits } from "./limits.ts";
import { PieceStore } from "../../base/piece_store.ts";
import { ALL_QUIRKS, type QuirkName } from "./quirks.ts";
import { banner, REPLY } from "./replies.ts";
import {
  type ChunkPhase,
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
  /** LMTP greets by LHLO and answers for each recipient (RFC 2033). Default `smtp`. */
  readonly dialect?: "smtp" | "lmtp";
  /** The channel's, when the connection began with TLS. */
  readonly channel?: SaslChannel;
  /** Makes it a submission port (RFC 6409); absent, mail comes from other servers. */
  readonly submission?: SubmissionOptions;
  /** Whether the client is a proxy that may say for whom it speaks (XCLIENT). Default false. */
  readonly xclient?: boolean;
  /** Whether the client may ask for mail that waits (ETRN), as the user who has logged in or (null) nobody. Default: nobody may. */
  readonly etrn?: (user: string | null) => boolean;
  /** How long the greeting is held back, in ms; who speaks before it is no mail client (RFC 5321 §4.3.1). Default 0. */
  readonly greetDelayMs?: number;
  /** Overrides of single limits. */
  readonly limits?: Partial<SmtpLimits>;
  /** Leniencies that are granted; all by default. */
  readonly quirks?: ReadonlySet<QuirkName>;
}

/** An SMTP server session without a socket: bytes and answers in, actions out (RFC 5321). */
export interface SmtpSession {
  /** The banner, or a pause before it. To be called once, before anything else. */
  open(): SmtpAction[];
  /** Bytes from the client, and when they came, in ms since 1970 UTC. The buffer now belongs to the session. */
  receive(chunk: Uint8Array, wallMs: number): SmtpAction[];
  /** Answers `authenticate`. */
  authenticated(answer: AuthAnswer): SmtpAction[];
  /** Answers `checkSender`. */
  senderChecked(verdict: SenderVerdict): SmtpAction[];
  /** Answers `checkRecipient`. */
  recipientChecked(verdict: RecipientVerdict | ListedClient): SmtpAction[];
  /** Answers `deliver`; in LMTP the outcome is that of each recipient. */
  delivered(outcome: DeliveryOutcome): SmtpAction[];
  /** Answers `deliver` in LMTP: an outcome for each recipient, in their order. */
  deliveredEach(outcomes: readonly DeliveryOutcome[]): SmtpAction[];
  /** Answers `turnQueue`. */
  queueTurned(turn: QueueTurn): SmtpAction[];
  /** Answers `adoptLogin`: the account's address, or null when there is none. */
  loginAdopted(user: string | null): SmtpAction[];
  /** Answers `startTls`; `channel` is the new one's. */
  tlsStarted(channel?: SaslChannel): SmtpAction[];
  /** Answers `pause`. */
  resumed(): SmtpAction[];
  /** The client took too long: 421 4.4.2 and the end. */
  timedOut(): SmtpAction[];
  /** The server stops: 421 4.3.2 and the end, after the transaction where one is open. */
  shuttingDown(): SmtpAction[];
  /** Whether a question is open; the pump need not read meanwhile. */
  readonly waiting: boolean;
  /** Address of the account that has logged in; null while nobody has. */
  readonly user: string | null;
  /** Chooses the deadline (RFC 5321 §4.5.3.2). */
  readonly phase: "command" | "data" | "waiting" | "closed";
  /** Replies of 5xx so far. */
  readonly refusals: number;
  /** Bytes of client input held in memory. */
  readonly bufferedBytes: number;
}

/** A new session; nothing is sent before `open`. */
export function createSmtpSession(options: SmtpSessionOptions): SmtpSession {
  return new ServerSession(options);
}

class ServerSession implements SmtpSession {
  readonly #context: SmtpContext & { wallMs: number };
  readonly #greetDelayMs: number;
  #state: SmtpState;
  readonly #framer: LineFramer;
  /** Only while content is read. */
  #content: ContentReader | null = null;
  /** What has come by BDAT, while more may come; and how many octets of the current chunk have not. */
  #chunks: ChunkReader | null = null;
  #chunkLeft = 0;
  /** Input that can be read, oldest first, and how far the first of it has been. */
  #input: Uint8Array[] = [];
  #at = 0;
  #inputBytes = 0;
  #refusals = 0;
  /** Input that came while a question was open. */
  readonly #held = new PieceStore();

  constructor(options: SmtpSessionOptions) {
    const limits = options.limits === undefined ? SMTP_LIMITS : { ...SMTP_LIMITS, ...options.limits };
    const { hostname, postmasterDomain, quirks = ALL_QUIRKS, dialect = "smtp" } = options;
    const { submission = null, xclient = false, etrn = null } = options;
    this.#context = { hostname, postmasterDomain, limits, quirks, dialect, submission, xclient, etrn, wallMs: 0 };
    this.#greetDelayMs = options.greetDelayMs ?? 0;
    this.#state = startState(options.tls, options.channel ?? BARE_CHANNEL);
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
    // Between two chunks of a message, its data is as due as within one.
    if (type === "command" && this.#chunks !== null) return "data";
    if (type === "command" || type === "closed") return type;
    if (type === "greeting" || type === "exchange") return "command";
    return type === "content" || type === "chunk" ? "data" : "waiting";
  }

  get user(): string | null {
    return this.#state.user;
  }

  get refusals(): number {
    return this.#refusals;
  }

  get bufferedBytes(): number {
    return this.#inputBytes + this.#held.bytes + this.#framer.bufferedBytes + (this.#content?.bufferedBytes ?? 0) +
      (this.#chunks?.bufferedBytes ?? 0);
  }

  open(): SmtpAction[] {
    if (this.#greetDelayMs === 0) return this.#run(this.#greet());
    return this.#run([{ ...this.#state, phase: { type: "greeting" } }, { type: "pause", ms: this.#greetDelayMs }]);
  }

  receive(chunk: Uint8Array, wallMs: number): SmtpAction[] {
    this.#context.wallMs = wallMs;
    const type = this.#state.phase.type;
    // RFC 3207 §5: plaintext behind STARTTLS comes from an attacker or a client that asked for trouble.
    if (type === "closed" || type === "startingTls" || chunk.length === 0) return [];
    if (type === "greeting") return this.#run(closing(this.#state, REPLY.earlyTalker));
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

  recipientChecked(verdict: RecipientVerdict | ListedClient): SmtpAction[] {
    if (this.#closed) return [];
    return this.#run(this.#settled(recipientChecked(this.#state, verdict)));
  }

  delivered(outcome: DeliveryOutcome): SmtpAction[] {
    return this.deliveredEach([outcome]);
  }

  deliveredEach(outcomes: readonly DeliveryOutcome[]): SmtpAction[] {
    if (this.#closed) return [];
    return this.#run(this.#settled(delivered(this.#context, this.#state, outcomes)));
  }

  queueTurned(turn: QueueTurn): SmtpAction[] {
    return this.#closed ? [] : this.#run(this.#settled(queueTurned(this.#state, turn)));
  }

  loginAdopted(user: string | null): SmtpAction[] {
    return this.#closed ? [] : this.#run(this.#settled(loginAdopted(this.#context, this.#state, user)));
  }

  tlsStarted(channel: SaslChannel = BARE_CHANNEL): SmtpAction[] {
    if (this.#closed) return [];
    return this.#run(this.#settled(tlsStarted(this.#state, channel)));
  }

  resumed(): SmtpAction[] {
    if (this.#closed) return [];
    const { phase } = this.#state;
    if (phase.type === "greeting") return this.#run(this.#greet());
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

  #greet(): Step {
    return [{ ...this.#state, phase: COMMAND }, banner(this.#context.hostname, this.#context.dialect)];
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
    const before = this.#state.phase;
    this.#state = state;
    for (const effect of effects) {
      if (effect.type === "reply" && effect.code >= 500) this.#refusals++;
      actions.add(effect);
    }
    const { phase: { type }, phase } = state;
    if (type === "content") this.#content ??= new ContentReader(this.#context.limits);
    else this.#content = null;
    if (phase.type === "chunk" && phase !== before) this.#startChunk(phase);
    else if (state.transaction === null || (state.transaction.chunks?.failed ?? true)) this.#chunks = null;
    if (type === "closed" || type === "startingTls") {
      this.#input = [];
      this.#at = 0;
      this.#inputBytes = 0;
      this.#held.take();
    }
  }

  #startChunk({ octets, refusal }: ChunkPhase): void {
    this.#chunkLeft = octets;
    if (refusal !== null) this.#chunks = null;
    else {
      const binary = this.#state.transaction?.parameters.body === "binarymime";
      this.#chunks ??= new ChunkReader(this.#context.limits, binary);
    }
  }

  /** The next step that the input gives, or null when none can be taken now. */
  #advance(): Step | null {
    const type = this.#state.phase.type;
    if (type !== "command" && type !== "exchange" && type !== "content" && type !== "chunk") return null;
    if (type === "chunk" && this.#chunkLeft === 0) return this.#chunkRead();
    if (this.#held.bytes > 0) this.#release();
    for (let chunk = this.#input[0]; chunk !== undefined; chunk = this.#input[0]) {
      const taken = type === "chunk"
        ? this.#readChunk(chunk)
        : this.#content === null
        ? this.#readLine(chunk)
        : this.#readContent(chunk, this.#content);
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
    return content.ended || content.exhausted ? this.#settled(contentEnded(this.#context, this.#state, content)) : null;
  }

  #readChunk(chunk: Uint8Array): Step | null {
    const count = Math.min(this.#chunkLeft, chunk.length - this.#at);
    this.#chunks?.push(chunk.subarray(this.#at, this.#at + count));
    this.#inputBytes -= count;
    this.#at += count;
    this.#chunkLeft -= count;
    return this.#chunkLeft === 0 ? this.#chunkRead() : null;
  }

  #chunkRead(): Step {
    return this.#settled(chunkRead(this.#context, this.#state, this.#chunks));
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
