import type { Connection } from "../../net/mod.ts";
import type { Front, FrontServices } from "./services.ts";

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
  /** What goes on when the client has read. */
  #delayed: (() => void) | null = null;

  constructor(
    protected readonly connection: Connection,
    protected readonly services: FrontServices,
    private readonly done: () => void,
  ) {}

  /** Carries one action out; answers those that follow from an answer given at once. */
  protected abstract act(action: A): readonly A[] | null;
  /** Sets the deadline that fits what the session does now; `acted` when it has just done something. */
  protected abstract arm(acted: boolean): void;
  /** The connection is gone, or given up: lets go of what the session took elsewhere. */
  protected left(): void {}

  /** Greets the client and begins to read. */
  start(): void {
    this.connection.start({
      data: (chunk) => this.#closed || this.receive(chunk),
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
    this.connection.startTls().then(() => this.answer(started), () => this.connection.destroy());
  }

  /** Notes what the session holds in memory; false when all sessions of the worker hold too much. */
  protected noteMemory(): boolean {
    const held = this.session.bufferedBytes;
    const fits = held === this.#held || this.services.memory.change(this.#held, held);
    this.#held = held;
    return fits;
  }

  /** Runs at once, or when the client has read enough of what was sent. */
  protected whenRoom(run: () => void): void {
    if (this.connection.congested) this.#delayed = run;
    else run();
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

  #drained(): void {
    const run = this.#delayed;
    this.#delayed = null;
    if (run !== null && !this.#closed) run();
    this.#flow();
  }

  /** Reads on or holds back. */
  #flow(): void {
    if (this.#closed) return;
    const { session, connection } = this;
    if (this.#ending && !session.waiting) return connection.close();
    const choked = connection.congested || (session.waiting && session.bufferedBytes > this.waitingBytesMax);
    if (choked) connection.pause();
    else connection.resume();
  }
}
