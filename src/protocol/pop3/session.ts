import { assert } from "../../base/assert.ts";
import { BARE_CHANNEL, type SaslChannel } from "../sasl/mod.ts";
import type { AuthAnswer, FetchOutcome, LoginOutcome, Pop3Action, Pop3Options, Pop3Session } from "./actions.ts";
import { isCredentialLine } from "./command.ts";
import { finishAuthentication } from "./commands/auth.ts";
import { continueDownload } from "./download.ts";
import { DEFAULT_POP3_LIMITS } from "./limits.ts";
import { LineReader } from "./line_reader.ts";
import { finishLogin } from "./login.ts";
import { POP3_LANGUAGES, reply } from "./replies.ts";
import { closed, type Pop3Context, type Pop3State, startState, type Step } from "./state.ts";
import { step } from "./step.ts";
import { COMMANDS } from "./table.ts";

type Question = "login" | "authenticate" | "open" | "fetch" | "update" | "startTls" | "pause";

/** A POP3 server session. Throws `Bug` when an answer comes that was not asked for, or the options cannot be served. */
export function createPop3Session(options: Pop3Options): Pop3Session {
  return new Session(options);
}

/** The mutable shell: holds bytes back, keeps the state between steps, and joins replies into few writes. */
class Session implements Pop3Session {
  readonly #context: Pop3Context;
  readonly #reader = new LineReader();
  #state: Pop3State;
  #question: Question | null = null;

  constructor(options: Pop3Options) {
    const languages = options.languages ?? [...POP3_LANGUAGES.keys()];
    // What is announced must be served, and must fit its grammar (RFC 2449 §3).
    assert(languages.length > 0 && languages.every((tag) => POP3_LANGUAGES.has(tag)), "languages without texts");
    assert(/^[\x21-\x3b\x3d-\x7e]{1,255}$/.test(options.hostname), "hostname not fit for a greeting");
    assert(/^[\x21-\x7e]{1,255}$/.test(options.implementation ?? "-"), "implementation must be one token");
    this.#context = { options, languages, commands: COMMANDS, limits: { ...DEFAULT_POP3_LIMITS, ...options.limits } };
    this.#state = startState(options.tls === "active", { errors: 0, loginFailures: 0 }, options.channel);
  }

  get waiting(): boolean {
    return this.#question !== null;
  }
  get phase(): Pop3State["phase"] {
    return this.#state.phase;
  }
  get refusals(): number {
    return this.#state.errors;
  }
  get bufferedBytes(): number {
    return this.#reader.bufferedBytes;
  }

  open(): Pop3Action[] {
    return [reply.greeting(this.#context.options.hostname)];
  }

  receive(chunk: Uint8Array): Pop3Action[] {
    // RFC 2595 §4, CVE-2011-0411: plaintext behind STLS must never be read as commands under TLS.
    if (this.#state.phase === "closed" || this.#question === "startTls" || chunk.length === 0) return [];
    const held = this.#question === null ? 0 : this.#reader.bufferedBytes;
    if (held + chunk.length > this.#context.limits.heldBytesMax && this.#question !== null) {
      return this.#take(closed(this.#state), []);
    }
    this.#reader.push(chunk);
    return this.#proceed([]);
  }

  loggedIn(outcome: LoginOutcome): Pop3Action[] {
    return this.#answer(this.#question === "open" ? "open" : "login", () => {
      assert(this.#state.phase === "authorization", "login answered outside AUTHORIZATION");
      return finishLogin(this.#state, outcome, this.#context);
    });
  }

  authenticated(answer: AuthAnswer): Pop3Action[] {
    return this.#answer("authenticate", () => {
      assert(this.#state.phase === "authorization", "authentication answered outside AUTHORIZATION");
      return finishAuthentication(this.#state, answer, this.#context);
    });
  }

  fetched(outcome: FetchOutcome): Pop3Action[] {
    return this.#answer("fetch", () => {
      assert(this.#state.phase === "transaction", "fetch answered outside TRANSACTION");
      return continueDownload(this.#state, outcome, this.#context);
    });
  }

  updated(ok: boolean): Pop3Action[] {
    return this.#answer("update", () => closed(this.#state, ok ? reply.bye : reply.notAllRemoved));
  }

  tlsStarted(channel: SaslChannel = BARE_CHANNEL): Pop3Action[] {
    return this.#answer("startTls", () => [startState(true, this.#state, channel)]);
  }

  resumed(): Pop3Action[] {
    return this.#answer("pause", () => {
      if (this.#state.phase !== "authorization") return [this.#state];
      return [{ ...this.#state, delayed: [] }, ...this.#state.delayed];
    });
  }

  timedOut(): Pop3Action[] {
    if (this.#state.phase === "closed") return [];
    return this.#take(closed(this.#state), []);
  }

  shuttingDown(): Pop3Action[] {
    // An update under way is let to its end; what it removes must be told.
    if (this.#state.phase === "closed" || this.#question === "update") return [];
    // Amid a message, or with TLS about to begin, a line of text would be taken for something else.
    const quiet = this.#question === "fetch" || this.#question === "startTls";
    return this.#take(quiet ? closed(this.#state) : closed(this.#state, reply.shuttingDown), []);
  }

  #answer(question: Question, next: () => Step): Pop3Action[] {
    // The connection may end while an answer is on its way.
    if (this.#state.phase === "closed") return [];
    assert(this.#question === question, `${question} answered but not asked`);
    this.#question = null;
    return this.#proceed(this.#take(next(), []));
  }

  /** Reads on, command by command, until a question is open, the input is used up or the replies should leave first. */
  #proceed(actions: Pop3Action[]): Pop3Action[] {
    let sentBytes = 0;
    while (this.#question === null && (this.#state.phase === "authorization" || this.#state.phase === "transaction")) {
      if (sentBytes > this.#context.limits.outputBytesMax) return this.#take([this.#state, PAUSE_TO_SEND], actions);
      const frame = this.#reader.next((pending) => this.#lineBytesMax(pending));
      if (frame === null) break;
      const next = step(this.#state, frame, this.#context);
      for (const action of next.slice(1) as Pop3Action[]) if (action.type === "send") sentBytes += action.data.length;
      this.#take(next, actions);
    }
    return actions;
  }

  #lineBytesMax(pending: Uint8Array): number {
    const { lineBytesMax, credentialLineBytesMax } = this.#context.limits;
    const inExchange = this.#state.phase === "authorization" && this.#state.exchange !== null;
    return inExchange || isCredentialLine(pending) ? credentialLineBytesMax : lineBytesMax;
  }

  /** Makes the step's state current and adds its actions, consecutive texts joined: one go, one write. */
  #take([state, ...steps]: Step, actions: Pop3Action[]): Pop3Action[] {
    this.#state = state;
    for (const action of steps) {
      const last = actions.at(-1);
      if (action.type === "send" && last?.type === "send" && typeof action.data + typeof last.data === "stringstring") {
        actions[actions.length - 1] = { type: "send", data: `${last.data}${action.data}` };
        continue;
      }
      actions.push(action);
      if (action.type === "close") this.#close();
      else if (action.type !== "send") this.#question = action.type;
      if (action.type === "startTls") this.#reader.clear();
    }
    return actions;
  }

  #close(): void {
    if (this.#state.phase !== "closed") [this.#state] = closed(this.#state);
    this.#question = null;
    this.#reader.clear();
  }
}

const PAUSE_TO_SEND: Pop3Action = { type: "pause", ms: 0 };
