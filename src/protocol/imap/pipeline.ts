import { assert } from "../../base/assert.ts";
import type { AppendAnswer } from "../../mail/mailbox_ask.ts";
import type { StoreAnswer, StoreWish } from "../../mail/store_wish.ts";
import type { Frame } from "./frame/frame.ts";
import type { CommandFramer } from "./frame/framer.ts";
import type { AppendCommand, ImapCommand } from "./grammar/ast.ts";
import { parseCommand, type ParsedCommand } from "./grammar/grammar.ts";

/** What comes out of a client's input: a frame, or a command that was parsed already. */
export type Came = Frame | Parsed;

/** A command that was looked at before its turn. */
export interface Parsed {
  readonly type: "parsed";
  readonly parsed: ParsedCommand;
}

/** A change that was made, and the command whose turn has not come. */
export interface Made {
  readonly command: ImapCommand;
  readonly wish: StoreWish;
  readonly answer: StoreAnswer;
}

/** Messages that were stored, or were not, and the command whose turn has not come. */
export interface Stored {
  readonly command: ImapCommand;
  readonly answer: AppendAnswer;
}

/** A command that is one message, which is a view of the input. */
export interface MessageAhead {
  readonly command: AppendCommand;
  readonly bytes: Uint8Array;
}

/** What was made of commands whose turn has not come, in their order. */
class MadeAhead<T extends { readonly command: ImapCommand }> {
  #made: T[] = [];

  get length(): number {
    return this.#made.length;
  }

  note(made: readonly T[]): void {
    this.#made = [...made];
  }

  /** What was made of a command whose turn has come; null when nothing was. */
  take(command: ImapCommand): T | null {
    const first = this.#made.shift();
    if (first === undefined) return null;
    assert(first.command === command, "a command was passed over of which something was made");
    return first;
  }
}

/** Bytes of a command that is looked at before its turn: others are long in themselves. */
const LOOKED_AT_BYTES_MAX = 1_024;

/**
 * A client's commands in their order. Those that wait may be looked at before their turn, and what some of them change may be
 * made (RFC 9051 §5.5): it is told when the turn comes, and nothing else may be asked for the command then.
 */
export class Pipeline {
  /** Commands that were looked at, and at the end what is none that may be. */
  #came: Came[] = [];
  #cameBytes = 0;
  readonly changes = new MadeAhead<Made>();
  readonly appends = new MadeAhead<Stored>();

  constructor(private readonly framer: CommandFramer) {}

  /** Bytes of input held. */
  get bufferedBytes(): number {
    return this.framer.bufferedBytes + this.#cameBytes;
  }

  /** Whether changes were made of commands whose turn has not come. */
  get owes(): boolean {
    return this.changes.length + this.appends.length > 0;
  }

  /** What comes next; null when more bytes are needed. */
  next(expected: "command" | "line"): Came | null {
    const came = this.#came.shift();
    if (came === undefined) return this.framer.next(expected);
    assert(expected === "command", "a command that reads lines had one behind it read");
    if (this.#came.length === 0) this.#cameBytes = 0;
    return came;
  }

  /** The next command that was not looked at; null when there is none, or it has to wait for its turn. */
  lookAhead(utf8: boolean): ImapCommand | null {
    const frame = this.framer.next("command");
    if (frame === null) return null;
    if (frame.type !== "command" || frame.command.literals.length > 0) return this.#held(frame, 0);
    const { length } = frame.command.text;
    if (length > LOOKED_AT_BYTES_MAX) return this.#held(frame, length);
    const parsed = parseCommand(frame.command, { utf8 });
    this.#held({ type: "parsed", parsed }, length);
    return parsed.type === "command" ? parsed.command : null;
  }

  /**
   * The next command that was not looked at, if it is an APPEND whose message has come and that `fits`; null when there is none, or it
   * has to wait for its turn.
   */
  lookAheadMessage(utf8: boolean, fits: (ahead: MessageAhead) => boolean): MessageAhead | null {
    const frame = this.framer.next("command");
    if (frame === null) return null;
    if (frame.type !== "literal") return this.#held(frame, frame.type === "command" ? frame.command.text.length : 0);
    const { length } = frame.command.text;
    const bytes = length > LOOKED_AT_BYTES_MAX ? null : this.framer.wholeMessage;
    const parsed = bytes === null ? null : parseCommand(frame.command, { utf8 });
    if (bytes === null || parsed?.type !== "command" || parsed.command.verb !== "APPEND") {
      return this.#held(frame, length);
    }
    const ahead = { command: parsed.command, bytes };
    if (!fits(ahead)) return this.#held(frame, length);
    this.framer.accept();
    const [message, end] = [this.framer.next("command"), this.framer.next("command")];
    assert(message?.type === "data" && message.left === 0 && end !== null, "a message that has come is there");
    if (end.type !== "command") return this.#held(end, 0);
    this.#held({ type: "parsed", parsed }, length);
    return ahead;
  }

  /** The session ends: what was read is forgotten. */
  drop(): void {
    this.#came = [];
    this.#cameBytes = 0;
    this.changes.note([]);
    this.appends.note([]);
    this.framer.takeRest();
  }

  #held(came: Came, bytes: number): null {
    this.#came.push(came);
    this.#cameBytes += bytes;
    return null;
  }
}
