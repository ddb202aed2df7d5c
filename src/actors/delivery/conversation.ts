import { assert, type Clock, Failure } from "../../base/mod.ts";
import {
  type Connection,
  CONNECTION_LIMITS,
  type DeadlineWheel,
  dial,
  isLoopback,
  type PeerCertificates,
} from "../../net/mod.ts";
import {
  type ClientMail,
  type ClientOutcome,
  type ClientPhase,
  ours,
  type SetupStage,
  type SmtpClientAction,
  SmtpClientSession,
} from "../../protocol/smtp/client/mod.ts";
import { type Finding, findingOf, isChecked, verifiedBy } from "./security.ts";
import type { DeliverySettings, DeliveryTimeouts } from "./settings.ts";
import type { Target } from "./targets.ts";

/** Why a host could not be spoken to. */
export interface OpenFailure {
  readonly type: "failed";
  readonly stage: "connect" | SetupStage;
  readonly problem: ClientOutcome;
  /** What was found of the server's certificate; null where it was not looked at. */
  readonly finding: Finding | null;
}

type SetupFailure = Extract<SmtpClientAction, { readonly type: "failed" }>;

/** How a transaction ended. */
export type Sent = Extract<SmtpClientAction, { readonly type: "done" }>;

/** What conversations share. */
export interface ConversationHost {
  readonly clock: Clock;
  /** One for all of them. */
  readonly wheel: DeadlineWheel;
  readonly settings: DeliverySettings;
  opened(conversation: Conversation): void;
  closed(conversation: Conversation): void;
}

/** Connects, greets, secures and logs in; after this a mail can be sent. */
export async function openConversation(target: Target, host: ConversationHost): Promise<Conversation | OpenFailure> {
  const seen: { finding: Finding | null } = { finding: null };
  const check = (peer: PeerCertificates) => {
    const { verdict } = seen.finding = findingOf(target.security, peer, host.clock.wallMs());
    return verdict.ok ? null : verdict.text;
  };
  let connection: Connection;
  try {
    connection = await connect(target, check, host);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const stage = error.kind === "closed" ? "tls" : "connect";
    const problem = ours("deferred", stage === "tls" ? "4.7.5" : "4.4.1", error.message);
    return { type: "failed", stage, problem, finding: seen.finding };
  }
  const session = new SmtpClientSession({
    heloName: host.settings.heloName,
    tls: target.tls === "implicit" ? "active" : target.tls,
    login: target.login,
    loginInClear: isLoopback(target.address),
  });
  const conversation = new Conversation(connection, session, host);
  const failure = await conversation.begin();
  if (failure !== null) {
    const { problem } = failure;
    // X.7.5: cryptographic failure.
    return {
      ...failure,
      problem: conversation.handshakeFailed ? { ...problem, status: "4.7.5" } : problem,
      finding: seen.finding,
    };
  }
  conversation.finding = seen.finding;
  return conversation;
}

function connect(
  { name, address, port, tls, ca, security }: Target,
  check: (peer: PeerCertificates) => string | null,
  host: ConversationHost,
): Promise<Connection> {
  const { source, timeouts } = host.settings;
  const localAddress = address.includes(":") ? source.ipv6 : source.ipv4;
  return dial({
    host: address,
    port,
    ...(localAddress === null ? {} : { localAddress }),
    tls: tls === "never" ? "none" : tls === "implicit" ? "implicit" : "starttls",
    tlsOptions: {
      verify: false,
      ...(isChecked(security) ? { check } : {}),
      // RFC 6066 §3: no server name for an address. RFC 7672 §8.1: that of the TLSA records, which is the host's own without.
      ...(name === address ? {} : { serverName: security.decision.names[0] ?? name }),
      ...(ca === null ? {} : { ca }),
    },
    connectMsMax: timeouts.connectMsMax,
    limits: { ...CONNECTION_LIMITS, handshakeMsMax: timeouts.handshakeMsMax, writeMsMax: timeouts.blockMsMax },
    clock: host.clock,
    wheel: host.wheel,
  });
}

/** How long a phase may take, in ms; 0: as long as the connection's own limits say. */
function phaseMsMax(phase: ClientPhase, timeouts: DeliveryTimeouts): number {
  switch (phase) {
    case "greeting":
      return timeouts.greetingMsMax;
    case "data":
      return timeouts.dataMsMax;
    case "content":
      return timeouts.endMsMax;
    case "quit":
      return timeouts.quitMsMax;
    case "sending":
    case "handshake":
    case "ready":
    case "closed":
      return 0;
    default:
      return timeouts.commandMsMax;
  }
}

/** A client session over its connection. */
export class Conversation {
  /** It was kept after a mail: it may have died meanwhile. */
  kept = false;
  /** It goes without the TLS that the server offers, as that is broken. */
  fellBack = false;
  /** TLS was begun, but not agreed on. */
  handshakeFailed = false;
  /** What was found of the server's certificate; null where it was not looked at. */
  finding: Finding | null = null;
  /** Our address: asked for while the connection surely stands. */
  readonly localAddress: string;
  #setUp: ((failure: SetupFailure | null) => void) | null = null;
  #sent: ((sent: Sent) => void) | null = null;
  /** Of the mail that follows the one under way. */
  #sentNext: ((sent: Sent) => void) | null = null;
  /** Called when the content of the mail under way is out and another one may follow. */
  #mayFollow: (() => void) | null = null;
  /** For what the deadline runs: it begins anew with each reply. */
  #armedFor: { readonly phase: ClientPhase; readonly replies: number } | null = null;
  #idle = false;
  /** Bytes that must have left for the peer to know the end of the content. */
  #contentEndAt = 0;

  constructor(
    private readonly connection: Connection,
    private readonly session: SmtpClientSession,
    private readonly host: ConversationHost,
  ) {
    this.localAddress = connection.local.address;
  }

  /** TLS as it was agreed on and checked, e.g. `TLSv1.3 TLS_AES_128_GCM_SHA256 dane-ee`; null in the clear. */
  get tls(): string | null {
    const { tls } = this.connection;
    if (tls === null) return null;
    const by = this.finding === null ? null : verifiedBy(this.finding);
    return `${tls.protocol} ${tls.cipher}${by === null ? "" : ` ${by}`}`;
  }

  /** What it waits for. */
  get phase(): ClientPhase {
    return this.session.phase;
  }

  /** Bytes that the peer has said. */
  get bytesIn(): number {
    return this.connection.bytesIn;
  }

  /** Bytes that wait for the peer to take them. */
  get pendingBytes(): number {
    return this.connection.pendingBytes;
  }

  /** A mail can be sent. */
  get ready(): boolean {
    return this.session.phase === "ready" && this.#sent === null;
  }

  /** Mails that may still be sent over this connection. */
  get mailsLeft(): number {
    return this.ready ? this.#mailsLeft : 0;
  }

  get #mailsLeft(): number {
    const most = Math.min(this.host.settings.limits.mailsPerConnectionMax, this.session.peer.mailsMax ?? Infinity);
    return most - this.session.transactions;
  }

  /** Recipients that the peer takes in one transaction. */
  get recipientsMax(): number {
    return Math.min(this.host.settings.limits.recipientsMax, this.session.peer.recipientsMax ?? Infinity);
  }

  /** Waits until the session is ready: null, or why it is not. */
  begin(): Promise<SetupFailure | null> {
    return new Promise((resolve) => {
      this.#setUp = resolve;
      this.host.opened(this);
      this.connection.start({
        data: (chunk) => this.#perform(this.session.receive(chunk)),
        end: () => this.#over("the server closed the connection"),
        closed: (reason) => {
          this.#over(reason === "deadline" ? "the server took too long" : "the connection was lost");
          this.host.closed(this);
        },
        deadline: () => this.#expired(),
        drained: () => this.#pump(),
      });
      this.#arm();
    });
  }

  /** The peer hands on the demand for TLS. */
  get offersRequireTls(): boolean {
    return this.session.peer.requireTls;
  }

  /** Sends one mail at a time. `mayFollow` is called when another one may follow, and must call `follow` then or never. */
  send(mail: ClientMail, mayFollow: (() => void) | null = null): Promise<Sent> {
    assert(this.#sent === null, "one mail at a time");
    if (!this.ready) {
      // The server took its leave a moment ago, perhaps with the same bytes that said it was ready.
      const problem = ours("deferred", "4.4.2", "the server closed the connection");
      return Promise.resolve({ type: "done", end: "beforeMail", outcomes: mail.recipients.map(() => null), problem });
    }
    return new Promise((resolve) => {
      this.#idle = false;
      this.#sent = resolve;
      this.#mayFollow = mayFollow;
      this.#perform(this.session.send(mail));
    });
  }

  /** Sends one mail behind the content of the one under way, in the same write; only out of `mayFollow`. */
  follow(mail: ClientMail, mayFollow: (() => void) | null): Promise<Sent> {
    return new Promise((resolve) => {
      this.#sentNext = resolve;
      this.#mayFollow = mayFollow;
      this.#perform(this.session.follow(mail));
    });
  }

  /** Waits for the next mail; takes leave when none comes in time. */
  keep(): void {
    this.kept = this.#idle = true;
    this.connection.deadline(this.host.settings.limits.keepMsMax);
  }

  /** Takes leave (RFC 5321 §4.1.1.10); nobody waits for it. */
  quit(): void {
    this.#idle = false;
    this.#perform(this.session.quit());
  }

  /** Lets go at once. */
  destroy(): void {
    this.#over("the delivery was stopped");
    this.connection.destroy();
  }

  #perform(actions: readonly SmtpClientAction[]): void {
    for (const action of actions) {
      switch (action.type) {
        case "send":
          this.connection.write(action.text);
          break;
        case "content":
          this.#pump();
          break;
        case "startTls":
          this.#startTls();
          break;
        case "ready":
          this.#settleSetUp(null);
          break;
        case "failed":
          this.#settleSetUp(action);
          break;
        case "done":
          this.#settleSent(action);
          break;
        case "close":
          this.connection.close();
      }
    }
    this.#arm();
  }

  /** Sends content as fast as the peer takes it, and holds no more of it than a connection may. */
  #pump(): void {
    if (this.session.phase !== "sending") return;
    while (!this.connection.congested) {
      const piece = this.session.pull();
      if (piece === null) {
        this.#contentEndAt = this.connection.bytesOut + this.connection.pendingBytes;
        this.#contentSent();
        break;
      }
      this.connection.write(piece);
    }
    this.#arm();
  }

  /** A kept connection could take the next mail after the reply: it may as well follow now. */
  #contentSent(): void {
    const mayFollow = this.#mayFollow;
    this.#mayFollow = null;
    if (!this.session.mayFollow || this.#mailsLeft <= 0 || this.host.settings.limits.keepMsMax === 0) return;
    mayFollow?.();
  }

  #startTls(): void {
    this.connection.startTls().then(
      () => this.#perform(this.session.tlsStarted()),
      (error) => {
        if (!(error instanceof Failure)) throw error;
        this.handshakeFailed = true;
        this.#over(error.message);
      },
    );
  }

  #settleSetUp(failure: SetupFailure | null): void {
    const settle = this.#setUp;
    this.#setUp = null;
    settle?.(failure);
  }

  #settleSent(sent: Sent): void {
    const settle = this.#sent;
    this.#sent = this.#sentNext;
    this.#sentNext = null;
    settle?.(sent);
  }

  #arm(): void {
    if (this.#idle) return;
    const { phase, replies } = this.session;
    if (phase === this.#armedFor?.phase && replies === this.#armedFor.replies) return;
    this.#armedFor = { phase, replies };
    this.connection.deadline(phaseMsMax(phase, this.host.settings.timeouts));
  }

  #expired(): void {
    if (this.#idle) return this.quit();
    this.#over(`no answer in time (${this.session.phase})`);
    this.connection.destroy();
  }

  /** The connection is of no more use. */
  #over(reason: string): void {
    // How a handshake went wrong is said where it was begun.
    if (this.session.phase === "handshake" && !this.handshakeFailed) return;
    this.#perform(this.session.ended(reason, { unsent: this.connection.bytesOut < this.#contentEndAt }));
    this.connection.close();
  }
}
