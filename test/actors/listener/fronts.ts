import { Admission } from "../../../src/actors/listener/admission.ts";
import type { ContentPolicy } from "../../../src/actors/listener/content_policy.ts";
import { TogetherBudget } from "../../../src/actors/listener/together.ts";
import { newCounters } from "../../../src/actors/listener/counters.ts";
import { ImapFront } from "../../../src/actors/listener/imap_front.ts";
import { MemoryBudget } from "../../../src/actors/listener/memory_budget.ts";
import { Pop3Front } from "../../../src/actors/listener/pop3_front.ts";
import type { Front, FrontServices } from "../../../src/actors/listener/services.ts";
import type { SenderAuthentication } from "../../../src/actors/listener/sender_check.ts";
import { SessionBook } from "../../../src/actors/listener/session_book.ts";
import { SmtpFront, type SmtpFrontOptions } from "../../../src/actors/listener/smtp_front.ts";
import { type TurnPolicy, TurnRules } from "../../../src/actors/listener/queue_turns.ts";
import { FakeClock, seededRandom, SILENT, utf8 } from "../../../src/base/mod.ts";
import type { AccountId } from "../../../src/mail/account.ts";
import type { DomainName } from "../../../src/mail/domain.ts";
import type { AccountRecord, RouteVerdict } from "../../../src/messages/mod.ts";
import { type Connection, type ConnectionHandlers, parseNetworks } from "../../../src/net/mod.ts";
import { type RateLimitsConfig, SenderRewriting } from "../../../src/policy/mod.ts";
import type { SmtpSessionOptions } from "../../../src/protocol/smtp/mod.ts";
import { NO_RATES } from "../../support/no_rates.ts";
import { NO_SCANS } from "../../support/no_scans.ts";
import { settle } from "../../runtime/support/system.ts";

/** Whom mail is for, and who logs in. */
export const ACCOUNT: AccountRecord = {
  ...{ id: "a1" as AccountId, address: "john@smith.test", disabled: false, quotaBytes: 0, createdAt: "" },
};

/** Settles an answer that was asked for. */
type Answer = (value: unknown) => void;

type Service = "smtp" | "submission" | "lmtp" | "pop3" | "imap";

/** How a client is connected. */
interface Connected {
  readonly address?: string;
  readonly tls?: "none" | "available";
  /** Whether it is a proxy that may say for whom it speaks. */
  readonly xclient?: boolean;
}

/** A connection whose bytes are kept, and the session behind it. */
export interface Client {
  readonly front: Front;
  /** All that it was told since the last look. */
  told(): string;
  /** Sends lines and gives what is answered at once. */
  say(...lines: string[]): string;
  /** Whether it reads what it is told; when not, what was written waits. */
  reads(is: boolean): void;
  /** The connection breaks. */
  leaves(): void;
  /** The deadline that was set last passes. */
  expires(): void;
  /** That deadline, in ms; 0: none. */
  readonly deadlineMs: number;
  /** Whether nothing more is read of what it sends. */
  readonly paused: boolean;
  /** How the connection ended; null while it stands. */
  readonly end: "closed" | "destroyed" | null;
  readonly gone: boolean;
  /** Lets a TLS handshake end well. */
  secure(): Promise<void>;
}

/** A listener worker without sockets, whose directory and mailboxes answer when the test says so. */
export class FakeListener {
  readonly clock = new FakeClock();
  readonly counters = newCounters();
  readonly book = new SessionBook();
  readonly admission: Admission;
  readonly memory = new MemoryBudget(1_000_000);
  readonly changesTogether = new TogetherBudget(5);
  readonly appendsTogether = new TogetherBudget(50);
  /** Questions that wait for their answers, by name. */
  readonly asked = new Map<string, Answer>();
  /** All that was asked, in its order. */
  readonly all: { readonly type: string; readonly request: unknown; readonly answer: Answer }[] = [];
  /** What was asked last, by name. */
  readonly requests = new Map<string, unknown>();
  /** Who may ask for mail that waits, in sessions that begin from now on. */
  turns: readonly TurnPolicy[] = [];
  /** What its sessions work with. */
  get services(): FrontServices {
    return this.#services;
  }
  readonly #services: FrontServices;
  /** Where mail goes, whatever its address is. */
  route: RouteVerdict = {
    ...{ type: "local", accounts: [ACCOUNT], forwards: [], lists: [], steps: [] },
  };
  /** Networks whose senders are not judged. */
  readonly #exempt: readonly string[];
  readonly #senders: SenderAuthentication;
  #serial = 0;

  constructor(
    rates: Partial<RateLimitsConfig> = {},
    {
      greylisting = false,
      lists = false,
      exempt = [] as readonly string[],
      senders = "off" as SenderAuthentication,
      content = NO_SCANS as ContentPolicy,
    } = {},
  ) {
    const { clock, counters } = this;
    const config = { exempt: ["127.0.0.0/8"], rates: { ...NO_RATES, ...rates } };
    this.#exempt = exempt;
    this.#senders = senders;
    this.admission = new Admission(config, { clock, counters, overloaded: () => false });
    const ask = (type: string, request: unknown) =>
      new Promise((resolve) => {
        this.requests.set(type, request);
        this.asked.set(type, resolve);
        this.all.push({ type, request, answer: resolve });
      });
    this.#services = {
      routes: {
        resolve: () => this.route,
        signer: () => null,
      },
      mailboxes: { forDomain: () => ({ ask }), forAccount: () => ({ ask, tell: () => true }) },
      viewers: { owner: () => ({}), add: () => {}, remove: () => {} },
      directory: { ask },
      policy: { ask },
      srs: new SenderRewriting(new Uint8Array(32)),
      queue: { ask },
      presence: { node: "local", worker: "listener-0", actor: "router" },
      hostname: "mx.smith.test",
      clock,
      random: seededRandom(1),
      log: SILENT,
      memory: this.memory,
      changesTogether: this.changesTogether,
      appendsTogether: this.appendsTogether,
      counters,
      admission: this.admission,
      greylist: greylisting ? { ask } : null,
      lists,
      content,
    } as unknown as FrontServices;
  }

  /** Answers the question of that name, which may still be on its way, and lets what follows happen. */
  async answer(type: string, value: unknown): Promise<void> {
    if (!this.asked.has(type)) await settle();
    const answer = this.asked.get(type);
    if (answer === undefined) throw new Error(`${type} was not asked: ${[...this.asked.keys()]}`);
    this.asked.delete(type);
    answer(value);
    await settle();
  }

  connect(service: Service, { address = "192.0.2.1", tls = "none", xclient = false }: Connected = {}): Client {
    const written: string[] = [];
    const state = {
      ...{ end: null as Client["end"], gone: false, paused: false, deadlineMs: 0 },
      secured: (_: void) => {},
    };
    let handlers: ConnectionHandlers | null = null;
    const connection = {
      id: `c${++this.#serial}`,
      remote: { address, port: 40_000 },
      local: { address: "192.0.2.200", port: 25 },
      tls: null,
      openedMs: this.clock.wallMs(),
      bytesIn: 0,
      bytesOut: 0,
      pendingBytes: 0,
      congested: false as boolean,
      start: (given: ConnectionHandlers) => void (handlers = given),
      write: (data: string | Uint8Array) => {
        if (state.end === null) written.push(typeof data === "string" ? data : new TextDecoder().decode(data));
      },
      pause: () => void (state.paused = true),
      resume: () => void (state.paused = false),
      deadline: (ms: number) => void (state.deadlineMs = ms),
      startTls: () => new Promise<void>((resolve) => void (state.secured = resolve)),
      close: () => void (state.end ??= "closed"),
      destroy: () => void (state.end ??= "destroyed"),
    } satisfies Connection;
    const gone = () => {
      state.gone = true;
      this.book.remove(front);
    };
    const front = this.#front(service, { connection, tls, xclient, gone });
    this.book.add(service, front);
    front.start();
    const told = () => written.splice(0).join("");
    return {
      front,
      told,
      say(...lines) {
        const chunk = utf8(lines.map((line) => `${line}\r\n`).join(""));
        connection.bytesIn += chunk.length;
        handlers?.data(chunk);
        return told();
      },
      reads(is) {
        connection.congested = !is;
        if (is) handlers?.drained();
      },
      leaves: () => void handlers?.closed("peer"),
      expires: () => void handlers?.deadline(),
      get deadlineMs() {
        return state.deadlineMs;
      },
      get paused() {
        return state.paused;
      },
      get end() {
        return state.end;
      },
      get gone() {
        return state.gone;
      },
      secure() {
        state.secured();
        return settle();
      },
    };
  }

  #front(
    service: Service,
    { connection, tls, xclient, gone }: Required<Omit<Connected, "address">> & {
      connection: Connection;
      gone: () => void;
    },
  ): SmtpFront | Pop3Front | ImapFront {
    const hostname = "mx.smith.test";
    const timeouts = { commandMsMax: 1_000, dataMsMax: 1_000, dataBytesPerSecondMin: 1, slowGraceMs: 1_000 };
    const session: Omit<SmtpSessionOptions, "tls"> = {
      hostname,
      postmasterDomain: "smith.test" as DomainName,
      dialect: service === "lmtp" ? "lmtp" : "smtp",
      xclient,
      ...(service === "submission" ? { submission: { plaintextLogin: true, bearer: false } } : {}),
    };
    const smtp: SmtpFrontOptions = {
      session,
      tls,
      timeouts,
      senders: this.#senders,
      exempt: parseNetworks(this.#exempt),
      turns: new TurnRules(this.turns),
    };
    const pop3 = { session: { hostname, plaintextLogin: true }, tls, idleMsMax: 1_000, loginMsMax: 500 };
    if (service === "imap") return new ImapFront(connection, this.#services, pop3, gone);
    return service === "pop3"
      ? new Pop3Front(connection, this.#services, pop3, gone)
      : new SmtpFront(connection, this.#services, smtp, gone);
  }
}
