import type { Connection } from "../../net/mod.ts";
import type { SessionRow } from "../../messages/mod.ts";
import type { Meter } from "./meter.ts";
import type { Dismissal, Front, FrontServices } from "./services.ts";

/** What a front needs of a protocol's session; everything but bytes and answers is the protocol's own. */
export interface FrontSession<A> {
  open(): readonly A[];
  /** Takes bytes, and when they came, in ms since 1970 UTC. */
  receive(chunk: Uint8Array, wallMs: number): readonly A[];
  timedOut(): readonly A[];
  shuttingDown(): readonly A[];
  /** A question is open: input is held back. */
  readonly waiting: boolean;
  /** Bytes of input that the session holds. */
  readonly bufferedBytes: number;
  /** What the protocol is at. */
  readonly phase: string;
  /** Commands refused so far for being wrong. */
  readonly refusals: number;
}

/** Joins a session to its connection: what every protocol's front has in common. */
export abstract class SessionFront<A> implements Front {
  protected abstract readonly session: FrontSession<A>;
  /** Input that may wait while a question is answered, in bytes; beyond it the socket is not read. */
  protected abstract readonly waitingBytesMax: number;
  /** Bytes noted in the worker's memory budget. */
  #held = 0;
  #closed = false;
  /** The client has half-closed: nothing more will come. */
  #ending = false;
  /** Something is being stored or removed whose outcome the client must be told; over when no question is open. */
  protected settling = false;
  /** A message is on its way to the client, and a line would become a part of it; over when no question is open. */
  protected sending = false;
  /** Messages that came whole from the client, or were read by it. */
  protected messages = 0;
  /** A TLS handshake is under way: nothing can be said. */
  #securing = false;
  /** Why the session ends as soon as it may. */
  #dismissal: Dismissal | null = null;
  #meter: Meter | null = null;
  /** Refusals that have been counted. */
  #refusals = 0;
  /** When the client last sent anything, monotonic, in ms. */
  #heardMs: number;
  /** What goes on when the client has read, and since when it waits, monotonic, in ms. */
  #delayed: (() => void) | null = null;
  #delayedMs = 0;
  /** How long the last such wait was, in ms. */
  #waitedMs = 0;

  constructor(
    protected readonly connection: Connection,
    protected readonly services: FrontServices,
    private readonly done: () => void,
  ) {
    this.#heardMs = services.clock.monotonicMs();
  }

  get id(): string {
    return this.connection.id;
  }

  get address(): string {
    return this.client.address;
  }

  /** Carries one action out; answers those that follow from an answer given at once. */
  protected abstract act(action: A): readonly A[] | null;
  /** Sets the deadline that fits what the session does now; `acted` when it has just done something. */
  protected abstract arm(acted: boolean): void;
  /** What is said to a client that is sent away. */
  protected abstract farewell(why: Dismissal): string;
  /** Who is on the other side. */
  protected get client(): { readonly address: string; readonly port: number } {
    return this.connection.remote;
  }
  /** Whether the client is a server of the operator's, free of rates. */
  protected get trusted(): boolean {
    return false;
  }
  /** Address of the account that has logged in. */
  protected get accountName(): string | null {
    return null;
  }
  /** The connection is gone, or given up: lets go of what the session took elsewhere. */
  protected left(): void {}

  /** Greets the client and begins to read. */
  start(): void {
    this.connection.start({
      data: (chunk) => {
        if (this.#closed) return;
        this.#heardMs = this.services.clock.monotonicMs();
        this.receive(chunk);
      },
      end: () => {
        // A client that half-closes still gets the answers it waits for.
        this.#ending = true;
        this.#flow();
      },
      closed: () => this.finish(),
      deadline: () => this.perform(this.session.timedOut()),
      drained: () => this.#drained(),
    });
    this.perform(this.session.open());
  }

  shutDown(): void {
    this.perform(this.session.shuttingDown());
  }

  dismiss(why: Dismissal): void {
    if (this.#closed || this.session.phase === "closed") return;
    this.#dismissal ??= why;
    if (this.settling) return; // `perform` comes back to it.
    this.services.counters.dismissed[this.#dismissal]++;
    if (!this.#securing && !this.sending) this.write(this.farewell(this.#dismissal));
    if (this.#securing) this.connection.destroy();
    else this.hangUp();
    this.finish();
  }

  view(): Omit<SessionRow, "service"> {
    const { connection, session, services: { clock }, client: { address, port } } = this;
    return {
      id: connection.id,
      remote: address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`,
      tls: connection.tls?.protocol ?? null,
      account: this.accountName,
      since: new Date(connection.openedMs).toISOString(),
      phase: session.phase,
      idleMs: Math.max(0, Math.round(clock.monotonicMs() - this.#heardMs)),
      bytesIn: connection.bytesIn,
      bytesOut: connection.bytesOut,
      messages: this.messages,
    };
  }

  /** Counts what this session takes of its address's or account's rates. */
  protected get meter(): Meter {
    return this.#meter ??= this.services.admission.meter(this.address, this.trusted);
  }

  /** The client is another from now on: so are the rates. */
  protected clientChanged(): void {
    this.#meter = null;
  }

  /** Sends bytes, or a text as UTF-8; `given` as a connection takes it. */
  protected write(data: string | Uint8Array, given = false): void {
    this.connection.write(data, given);
  }

  /** Closes the connection when all that was written has left. */
  protected hangUp(): void {
    this.connection.close();
  }

  /** Reads on, or holds the client back. */
  protected flow(open: boolean): void {
    if (open) this.connection.resume();
    else this.connection.pause();
  }

  protected get closed(): boolean {
    return this.#closed;
  }

  protected receive(chunk: Uint8Array): void {
    this.perform(this.session.receive(chunk, this.services.clock.wallMs()));
  }

  /** Carries out actions, and those that follow from answers given at once. */
  protected perform(actions: readonly A[]): void {
    let queue = actions;
    for (;;) {
      let next: readonly A[] | null = null;
      for (const action of queue) next = this.act(action) ?? next;
      if (next === null) break;
      queue = next;
    }
    if (this.#closed) return;
    if (!this.session.waiting) this.settling = this.sending = false;
    const why = this.#noteRefusals() ? this.#dismissal : "errors";
    if (why !== null) this.dismiss(why);
    if (this.#closed) return;
    this.noteMemory();
    this.#flow();
    this.arm(actions.length > 0);
  }

  /** Gives the session an answer, unless the client has gone meanwhile. */
  protected answer(step: () => readonly A[]): void {
    if (!this.#closed) this.perform(step());
  }

  /** Upgrades the connection; one whose handshake fails is closed. */
  protected startTls(started: () => readonly A[]): void {
    this.#securing = true;
    this.connection.startTls().then(() => {
      this.#securing = false;
      this.answer(started);
    }, () => this.connection.destroy());
  }

  /** Bytes held for the client beside its input. */
  protected get heldForClient(): number {
    return 0;
  }

  /** Notes what the session holds in memory; false when all sessions of the worker hold too much. */
  protected noteMemory(): boolean {
    const held = this.session.bufferedBytes + this.heldForClient;
    const fits = held === this.#held || this.services.memory.change(this.#held, held);
    this.#held = held;
    return fits;
  }

  /** Runs at once, or when the client has read enough of what was sent. */
  protected whenRoom(run: () => void): void {
    if (!this.connection.congested) return run();
    this.#delayed = run;
    this.#delayedMs = this.services.clock.monotonicMs();
  }

  /** How long the client took the last time that it was waited for, in ms. */
  protected get waitedMs(): number {
    return this.#waitedMs;
  }

  /** The end of this session for the worker; the connection may still be flushing. */
  protected finish(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.services.memory.change(this.#held, 0);
    this.#held = 0;
    this.left();
    this.done();
  }

  /** Counts what was refused since the last time; false when the client's address has had too much refused. */
  #noteRefusals(): boolean {
    const fresh = this.session.refusals - this.#refusals;
    this.#refusals += fresh;
    return fresh === 0 || this.meter.errors(fresh);
  }

  #drained(): void {
    const run = this.#delayed;
    this.#delayed = null;
    if (run !== null) this.#waitedMs = this.services.clock.monotonicMs() - this.#delayedMs;
    if (run !== null && !this.#closed) run();
    this.#flow();
  }

  /** Reads on or holds back. */
  #flow(): void {
    if (this.#closed) return;
    const { session, connection } = this;
    if (this.#ending && !session.waiting) return this.hangUp();
    const choked = connection.congested || (session.waiting && session.bufferedBytes > this.waitingBytesMax);
    this.flow(!choked);
  }
}
