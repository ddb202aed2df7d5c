import { asFailure, Failure } from "../base/mod.ts";
import type { ReplySink } from "./message.ts";
import type { Reply } from "./types.ts";

/** What a reply needs of the actor that answers. */
export interface ReplyOwner {
  answered(reply: ActorReply): void;
  /** Told what no asker sees: a defect's detail, or the failure of something told. */
  hidden(error: unknown): void;
}

/** One answer, given once. Its methods may be passed on as functions. */
export class ActorReply implements Reply<unknown> {
  done = false;
  /** Set when the handler has returned and the answer is still owed. */
  owed = false;
  constructor(
    private readonly sink: ReplySink | null,
    private readonly owner: ReplyOwner,
    readonly deadlineAt: number,
  ) {}

  /** False when the message was told: then nobody waits for an answer. */
  get asked(): boolean {
    return this.sink !== null;
  }

  readonly ok = (value: unknown, moved?: readonly string[]): void => {
    if (!this.#finish()) return;
    this.sink?.ok(value, moved);
  };

  readonly fail = (error: unknown): void => {
    if (!this.#finish()) return;
    const failure = asFailure(error);
    if (failure === null || this.sink === null) this.owner.hidden(error);
    this.sink?.fail(failure ?? new Failure("down", "the actor could not answer"));
  };

  #finish(): boolean {
    if (this.done) return false;
    this.done = true;
    if (this.owed) this.owner.answered(this);
    return true;
  }
}
