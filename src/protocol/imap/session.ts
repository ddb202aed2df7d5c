import { assert } from "../../base/assert.ts";
import { Failure } from "../../base/failure.ts";
import { BARE_CHANNEL, type SaslChannel } from "../sasl/mod.ts";
import type { AskOutcome, AuthAnswer, ImapAction, ImapAsk, ImapOptions, ImapSession, LoginOutcome } from "./actions.ts";
import { AppendLiterals } from "./append/append_literals.ts";
import { arrive } from "./append/arrival.ts";
import { capabilityList } from "./capabilities.ts";
import { COMMANDS } from "./command_table.ts";
import { untaggedStatus } from "./completion.ts";
import type { Answer, Effect, Program } from "./effects.ts";
import { frameReply } from "./frame/frame_problem.ts";
import { CommandFramer } from "./frame/framer.ts";
import { announcedMax, DEFAULT_IMAP_LIMITS, framesOf } from "./limits.ts";
import { type Came, Pipeline } from "./pipeline.ts";
import { Output } from "./write/output.ts";
import { inProgressCode } from "./write/response_code.ts";
import { phaseOf, type Scene, startState } from "./state.ts";
import { hasUnasked, tellUnasked } from "./tidings.ts";

/** Asks that change something: whoever asked is told what became of it. */
const CHANGES: ReadonlySet<string> = new Set([
  "mailbox.append",
  "mailbox.appendEach",
  "mailbox.copy",
  "mailbox.create",
  "mailbox.expungeDeleted",
  "mailbox.remove",
  "mailbox.rename",
  "mailbox.resetKey",
  "mailbox.setAcl",
  "mailbox.setMetadata",
  "mailbox.store",
  "mailbox.storeEach",
  "mailbox.annotate",
  "mailbox.subscription",
  "mailbox.urlToken",
]);

/** Asks of a FETCH for what it tells. */
const READS: ReadonlySet<string> = new Set(["mailbox.page", "mailbox.read", "mailbox.rows"]);

/** An IMAP server session. Throws `Bug` when an answer comes that was not asked for, or the options cannot be served. */
export function createImapSession(options: ImapOptions): ImapSession {
  return new Session(options);
}

/** The mutable shell: feeds frames to one command at a time, and turns what that waits for into actions. */
class Session implements ImapSession {
  readonly #scene: Scene;
  readonly #framer: CommandFramer;
  /** The command at hand; null between commands. */
  #program: Program<void> | null = null;
  /** What it waits for. */
  #effect: Effect | null = null;
  #actions: ImapAction[] = [];
  /** The session ends as soon as the change that is under way is told. */
  #leaving = false;

  constructor(options: ImapOptions) {
    const given = { ...DEFAULT_IMAP_LIMITS, ...options.limits };
    const limits = announcedMax(given) === 0 ? given : { ...given, frames: framesOf(given) };
    // What is announced must fit its grammar (RFC 9051 §9 text, RFC 2971 §4).
    assert(/^[\x21-\x5a\x5c\x5e-\x7e]{1,255}$/.test(options.hostname), "hostname not fit for a greeting");
    assert(
      /^[\x20\x21\x23-\x5b\x5d-\x7e]{1,255}$/.test(options.implementation ?? "-"),
      "implementation not fit for ID",
    );
    this.#framer = new CommandFramer(limits.strangerFrames);
    this.#scene = {
      commands: COMMANDS,
      options,
      limits,
      state: startState(options.tls === "active", options.channel),
      output: new Output(limits.outputBytesMax),
      literals: new AppendLiterals(),
      pipeline: new Pipeline(this.#framer),
      progress: { tag: null, done: 0, goal: 0 },
      memory: { readBytes: 0, pageBytes: 0, short: false },
    };
  }

  get waiting(): boolean {
    return this.#effect !== null && !isInput(this.#effect);
  }
  get phase(): ImapSession["phase"] {
    return phaseOf(this.#scene.state);
  }
  get idling(): boolean {
    return this.#effect?.type === "idle";
  }
  get amidResponse(): boolean {
    return this.#scene.output.amidResponse;
  }
  get settling(): boolean {
    return this.#scene.pipeline.owes || (this.#effect?.type === "ask" && CHANGES.has(this.#effect.name));
  }
  get view(): number | null {
    return this.#scene.state.selected?.view ?? null;
  }
  get watch(): number | null {
    return this.#scene.state.notify?.watch || null;
  }
  get refusals(): number {
    return this.#scene.state.errors;
  }
  get bufferedBytes(): number {
    const { pipeline, literals, memory } = this.#scene;
    return pipeline.bufferedBytes + literals.heldBytes + memory.readBytes;
  }

  get pageBytes(): number {
    return this.#scene.memory.pageBytes;
  }

  open(): ImapAction[] {
    const { output, options } = this.#scene;
    output.push(untaggedStatus("ok", `${options.hostname} ready`, `CAPABILITY ${capabilityList(this.#scene)}`));
    return this.#collected();
  }

  receive(chunk: Uint8Array): ImapAction[] {
    // RFC 2595 §4, CVE-2011-0411: plaintext behind STARTTLS must never be read as commands under TLS.
    const secures = this.#effect?.type === "startTls" || this.#effect?.type === "compress";
    if (this.#closed || secures || chunk.length === 0) return [];
    const { pipeline, limits } = this.#scene;
    if (this.waiting && pipeline.bufferedBytes + chunk.length > limits.heldBytesMax) {
      return this.#close();
    }
    this.#framer.push(chunk);
    return this.#proceed();
  }

  loggedIn(outcome: LoginOutcome): ImapAction[] {
    return this.#answer(["login", "open"], { type: "loggedIn", outcome });
  }

  authenticated(answer: AuthAnswer): ImapAction[] {
    return this.#answer(["authenticate"], { type: "authenticated", answer });
  }

  answered(outcome: AskOutcome): ImapAction[] {
    if (outcome.type === "reply") return this.#answer(["ask"], outcome);
    if (this.#closed) return [];
    const effect = this.#effect;
    assert(effect?.type === "ask", "an ask is answered but not asked");
    // Of a view that is not known nothing can be asked any more; of a message that is gone, something else can.
    const ofView = "view" in effect.request && effect.request.view === this.#scene.state.selected?.view;
    if (
      outcome.kind === "not_found" && ofView && effect.name !== "mailbox.read" && this.#scene.state.selected !== null
    ) {
      this.#scene.state.viewLost = true;
    }
    this.#step((program) => program.throw(new Failure(outcome.kind, `${effect.name} failed`)));
    return this.#proceed();
  }

  tlsStarted(channel: SaslChannel = BARE_CHANNEL): ImapAction[] {
    return this.#answer(["startTls"], { type: "tlsStarted", channel });
  }

  compressed(): ImapAction[] {
    return this.#answer(["compress"], { type: "done" });
  }

  resumed(): ImapAction[] {
    return this.#answer(["pause"], { type: "done" });
  }

  stirred(view: number): ImapAction[] {
    const { state } = this.#scene;
    if (this.#closed) return [];
    const { notify } = state;
    if (notify !== null) notify.held = false;
    if (notify?.watch === view) {
      notify.stirred = true;
      return this.#proceed();
    }
    if (state.selected?.view !== view) {
      state.earlyStirred = view;
      return [];
    }
    state.selected.stirred = true;
    return this.#proceed();
  }

  stillWorking(): ImapAction[] {
    const { output, progress } = this.#scene;
    // Within a response a line would be a part of it.
    if (this.#effect?.type !== "ask" || progress.tag === null || output.amidResponse) return [];
    output.push(untaggedStatus("ok", "Still at it", inProgressCode(progress)));
    return this.#collected();
  }

  timedOut(): ImapAction[] {
    return this.#dismiss("Silent for too long");
  }

  shuttingDown(): ImapAction[] {
    if (this.settling) {
      this.#leaving = true;
      return [];
    }
    return this.#dismiss("Server is shutting down", "UNAVAILABLE");
  }

  memoryFull(): void {
    this.#scene.literals.abandon();
    this.#scene.memory.short = true;
  }

  /** Says BYE where a line can be said. */
  #dismiss(text: string, code?: string): ImapAction[] {
    if (this.#closed) return [];
    // Amid a response, or with TLS about to begin, a line of text would be taken for something else.
    const quiet = this.amidResponse || this.#effect?.type === "startTls" || this.#effect?.type === "compress";
    if (!quiet) this.#scene.output.push(untaggedStatus("bye", text, code));
    return this.#close();
  }

  get #closed(): boolean {
    return this.#scene.state.closed;
  }

  #answer(asked: readonly Effect["type"][], answer: Answer): ImapAction[] {
    // The connection may end while an answer is on its way.
    if (this.#closed) return [];
    assert(this.#effect !== null && asked.includes(this.#effect.type), `${asked[0]} answered but not asked`);
    this.#step((program) => program.next(answer));
    return this.#proceed();
  }

  /** Goes on until a question is open or the input is used up. */
  #proceed(): ImapAction[] {
    while (!this.#closed && !this.waiting) {
      if (this.#effect?.type === "idle" && hasUnasked(this.#scene.state, true)) {
        this.#step((program) => program.next({ type: "stirred" }));
        continue;
      }
      const came = this.#scene.pipeline.next(this.#program === null ? "command" : "line");
      if (came !== null) this.#take(came);
      else if (this.#program === null && hasUnasked(this.#scene.state, false)) this.#run(tellUnasked(this.#scene));
      else break;
    }
    return this.#collected();
  }

  #take(came: Came): void {
    if (came.type === "lost") return void this.#leave(came);
    if (this.#program !== null) {
      const text = came.type === "line" ? came.text : null;
      return this.#step((program) => program.next({ type: "line", text }));
    }
    const program = arrive(came, this.#framer, this.#scene);
    if (program !== null) this.#run(program);
  }

  #run(program: Program<void>): void {
    this.#program = program;
    this.#step((begun) => begun.next());
  }

  #leave({ problem }: Extract<Came, { type: "lost" }>): void {
    const { text, code } = frameReply(problem);
    this.#dismissNow(text, code);
  }

  #dismissNow(text: string, code?: string): void {
    this.#scene.output.push(untaggedStatus("bye", text, code));
    this.#end();
  }

  /** One step of the command at hand, and what it wants done. */
  #step(run: (program: Program<void>) => IteratorResult<Effect, void>): void {
    const program = this.#program;
    assert(program !== null, "no command is at hand");
    this.#effect = null;
    const result = run(program);
    if (result.done) {
      this.#program = null;
      this.#framer.relax(this.#frameLimits());
      // What was made of the next commands is told, too.
      if (this.#leaving && !this.#scene.pipeline.owes) this.#dismissNow("Server is shutting down", "UNAVAILABLE");
      return;
    }
    this.#begin(result.value);
  }

  #frameLimits() {
    const { state, limits } = this.#scene;
    return state.login === null ? limits.strangerFrames : limits.frames;
  }

  #begin(effect: Effect): void {
    switch (effect.type) {
      case "leave":
        return this.#dismissNow(effect.text, effect.code);
      case "close":
        return this.#end();
      case "unauthenticate":
        this.#flush();
        this.#actions.push(effect);
        return this.#step((program) => program.next({ type: "done" }));
      case "ahead":
        this.#actions.push(effect);
        return this.#step((program) => program.next({ type: "done" }));
      case "line":
      case "idle":
        this.#effect = effect;
        return;
      default:
        this.#effect = effect;
        // Between two reads of a FETCH little is said: many small writes cost more than they hasten.
        if (!isRead(effect) || this.#scene.output.pendingBytes >= WRITE_BYTES_MIN) this.#flush();
        this.#scene.output.waitedFor(effect);
        this.#actions.push(effect.type === "ask" ? effect as ImapAsk : effect);
        // RFC 2595 §4: what the client said in plaintext is forgotten, and it was told not to speak before COMPRESS began.
        if (effect.type === "startTls" || effect.type === "compress") this.#framer.takeRest();
    }
  }

  #close(): ImapAction[] {
    this.#end();
    return this.#collected();
  }

  #end(): void {
    this.#scene.state.closed = true;
    this.#program = null;
    this.#effect = null;
    this.#scene.pipeline.drop();
    this.#scene.literals.drop();
    this.#flush();
    this.#actions.push({ type: "close" });
  }

  #flush(): void {
    for (const { data, given } of this.#scene.output.take()) {
      this.#actions.push(given ? { type: "send", data, given } : { type: "send", data });
    }
  }

  #collected(): ImapAction[] {
    this.#flush();
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }
}

/** Text that is worth a write of its own while a command reads on. */
const WRITE_BYTES_MIN = 16_384;

function isRead(effect: Effect): boolean {
  return effect.type === "ask" && READS.has(effect.name);
}

/** Whether the client's input, rather than an answer, lets the command go on. */
function isInput(effect: Effect): boolean {
  return effect.type === "line" || effect.type === "idle";
}
