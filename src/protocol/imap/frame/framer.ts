import { assert } from "../../../base/assert.ts";
import { concat } from "../../../base/bytes.ts";
import { latin1 } from "../../../base/latin1.ts";
import type { Frame, FramedCommand, FrameLimits, FrameProblem } from "./frame.ts";
import { Input } from "./input.ts";
import {
  type Announcement,
  ANNOUNCEMENT_CHARACTERS_MAX,
  announcesMessage,
  type Arguments,
  endsInQuotes,
  readAnnouncement,
} from "./literal.ts";
import { readTag, TAG_CHARACTERS_MAX } from "./tag.ts";

const CR = 0x0d;
const LF = 0x0a;
const EMPTY: Uint8Array = new Uint8Array(0);
/** What has to be remembered of a line that is thrown away: whether it ends in CRLF, and announces a literal. */
const TAIL_CHARACTERS = ANNOUNCEMENT_CHARACTERS_MAX + 1;
/** What is left of an announcement that began before the tail. */
const ENDLESS_SIZE = /^[0-9]{16,}\+\}$/;

type Mode =
  | "line"
  /** A literal comes and is kept. */
  | "held"
  /** A message was announced; the owner says what happens to it. */
  | "announced"
  /** A message comes and is handed on. */
  | "data"
  | "skipLiteral"
  | "skipLine"
  | "lost";

/** The step made progress without a frame. */
const AGAIN = Symbol("again");

/**
 * Cuts a stream into commands with their literals (RFC 9051 §2.2.1, §4.3). Lines end in CRLF and nothing else. What is refused is
 * thrown away up to the end of its command, together with the non-synchronizing literals in it: their bytes are never read as
 * another command (RFC 7888 §4). Memory: one command of at most `commandBytesMax`. Work: each byte is looked at and copied a fixed number
 * of times, however it comes and however many literals are among them; the text of a command is joined once.
 */
export class CommandFramer {
  #limits: FrameLimits;
  readonly #input = new Input();
  /** The beginning of a line or of a held literal that came in earlier chunks. */
  #kept: Uint8Array = EMPTY;
  #keptLength = 0;
  #mode: Mode = "line";
  /** Bytes to come of the literal at hand. */
  #left = 0;
  #synchronizing = false;
  /** The lines of the command at hand, with the CRLF of each that announces a literal. */
  #lines: string[] = [];
  /** Characters of them. */
  #characters = 0;
  #literals: (Uint8Array | null)[] = [];
  /** Lines and literals that went out with messages that were announced. */
  #told = { lines: 0, literals: 0 };
  #arguments: Arguments | null = null;
  #heldBytes = 0;
  #skipped = 0;
  #tail = "";
  #lostBy: FrameProblem | null = null;

  constructor(limits: FrameLimits) {
    this.#limits = limits;
  }

  /** Other limits from here on, as after a login. */
  relax(limits: FrameLimits): void {
    this.#limits = limits;
  }

  /** Bytes kept of an unfinished command. */
  get bufferedBytes(): number {
    return this.#keptLength + this.#characters + this.#heldBytes + this.#input.bytes;
  }

  /** Whether a command has begun and not ended. */
  get midCommand(): boolean {
    return this.#mode !== "line" || this.#keptLength > 0 || this.#lines.length > 0;
  }

  push(chunk: Uint8Array): void {
    this.#input.push(chunk);
  }

  /** What was pushed and not read, which is then forgotten: bytes behind STARTTLS (to be dropped) or COMPRESS. */
  takeRest(): Uint8Array {
    return concat([this.#takeKept(), this.#input.takeRest()]);
  }

  /** The next frame, or null when more bytes, or a word on the announced message, are needed. */
  next(expected: "command" | "line" = "command"): Frame | null {
    this.#input.advance();
    for (;;) {
      const frame = this.#step(expected);
      if (frame !== AGAIN && (frame !== null || !this.#input.advance())) return frame;
    }
  }

  /** The announced message, if all of it has come and its command ends behind it: a view of the input. */
  get wholeMessage(): Uint8Array | null {
    if (this.#mode !== "announced" || this.#synchronizing) return null;
    const ahead = this.#input.ahead(this.#left + 2);
    if (ahead === null || ahead[this.#left] !== CR || ahead[this.#left + 1] !== LF) return null;
    return ahead.subarray(0, this.#left);
  }

  /** Lets the announced message come. */
  accept(): void {
    assert(this.#mode === "announced", "no message was announced");
    this.#mode = "data";
  }

  /** The command is over: what was announced does not come, or is thrown away with the rest of its command. */
  refuse(): void {
    const mode = this.#mode;
    assert(
      mode === "announced" || mode === "data" || (mode === "line" && this.#lines.length > 0),
      "no command is at hand",
    );
    this.#endCommand();
    if (mode === "data" || (mode === "announced" && !this.#synchronizing)) this.#skipLiteral(this.#left, "tooLong");
    else if (mode === "line") this.#mode = "skipLine";
  }

  #step(expected: "command" | "line"): Frame | null | typeof AGAIN {
    switch (this.#mode) {
      case "line":
        return this.#line(expected);
      case "held":
        return this.#held();
      case "announced":
        return null;
      case "data":
        return this.#data();
      case "skipLiteral":
        return this.#skipBytes();
      case "skipLine":
        return this.#skipLine();
      case "lost": {
        this.#input.takeRest();
        const problem = this.#lostBy;
        this.#lostBy = null;
        return problem === null ? null : { type: "lost", problem };
      }
    }
  }

  #line(expected: "command" | "line"): Frame | null | typeof AGAIN {
    const { chunk, at, ended } = this.#input;
    if (ended) return null;
    const lf = chunk.indexOf(LF, at);
    const length = (lf < 0 ? chunk.length : lf + 1) - at;
    const room = Math.max(
      0,
      (expected === "line" ? this.#limits.exchangeLineBytesMax : this.#limits.lineBytesMax) - this.#keptLength,
    );
    if (length > room) {
      this.#keep(this.#input.take(room));
      return this.#skipFrom("tooLong", latin1(this.#takeKept()), expected);
    }
    const piece = this.#input.take(length);
    if (lf < 0) {
      this.#keep(piece);
      return null;
    }
    const line = latin1(this.#keptLength === 0 ? piece : (this.#keep(piece), this.#takeKept()));
    if (line.charCodeAt(line.length - 2) !== CR) return this.#skipFrom("badCharacter", line, expected);
    return this.#wholeLine(line.slice(0, -2), expected);
  }

  /** A line without its CRLF. */
  #wholeLine(line: string, expected: "command" | "line"): Frame | typeof AGAIN {
    const first = this.#lines.length === 0;
    const bad = line.includes("\r") || line.includes("\0");
    if (expected === "line" && first) {
      return bad ? { type: "bad", tag: null, problem: "badCharacter" } : { type: "line", text: line };
    }
    const announced = readAnnouncement(line);
    this.#addLine(announced === null ? line : `${line}\r\n`);
    const bytes = this.#characters + this.#heldBytes - (announced === null ? 0 : 2);
    if (bad) return this.#reject("badCharacter", announced);
    if (bytes > this.#limits.commandBytesMax) return this.#reject("tooLong", announced);
    if (announced === null) {
      const command = this.#commandFrom({ lines: 0, literals: 0 });
      this.#endCommand();
      return { type: "command", command };
    }
    if (announced.bytes < 0 || endsInQuotes(line, announced.at)) return this.#reject("badLiteral", announced);
    if (first && readTag(line) === null) return this.#reject("badTag", announced);
    if (this.#literals.length >= this.#limits.literalsMax) return this.#reject("tooManyLiterals", announced);
    return this.#literal(announced, line);
  }

  #literal(announced: Announcement, line: string): Frame | typeof AGAIN {
    const { bytes, synchronizing } = announced;
    const { message, so } = announcesMessage(line, announced.at, this.#arguments);
    this.#arguments = so;
    if (!message) {
      if (bytes > this.#limits.literalBytesMax) return this.#reject("literalTooLarge", announced);
      if (this.#characters - 2 + this.#heldBytes + bytes > this.#limits.commandBytesMax) {
        return this.#reject("tooLong", announced);
      }
    } else if (bytes === Infinity) return this.#reject("literalTooLarge", announced);
    this.#left = bytes;
    this.#synchronizing = synchronizing;
    this.#mode = message ? "announced" : "held";
    if (message) {
      const goesOn = this.#told.lines > 0;
      const command = this.#commandFrom(this.#told);
      // The message itself is told of when it has come.
      this.#told = { lines: this.#lines.length, literals: this.#literals.length + 1 };
      return { type: "literal", command, goesOn, bytes, synchronizing };
    }
    return synchronizing ? { type: "continue" } : AGAIN;
  }

  #addLine(line: string): void {
    this.#lines.push(line);
    this.#characters += line.length;
  }

  /** The command at hand, but for the lines and literals that went out before. */
  #commandFrom(told: { readonly lines: number; readonly literals: number }): FramedCommand {
    const lines = told.lines === 0 ? this.#lines : this.#lines.slice(told.lines);
    return { text: lines.length === 1 ? lines[0]! : lines.join(""), literals: this.#literals.slice(told.literals) };
  }

  #held(): null | typeof AGAIN {
    const piece = this.#input.take(this.#left);
    this.#keep(piece);
    this.#left -= piece.length;
    if (this.#left > 0) return null;
    this.#heldBytes += this.#keptLength;
    this.#literals.push(this.#takeKept());
    this.#mode = "line";
    return AGAIN;
  }

  #data(): Frame | null {
    if (this.#input.ended && this.#left > 0) return null;
    const bytes = this.#input.take(this.#left);
    this.#left -= bytes.length;
    if (this.#left === 0) {
      this.#literals.push(null);
      this.#mode = "line";
    }
    return { type: "data", bytes, left: this.#left };
  }

  /** A command whose line has ended: what it announced comes only if it does not wait for "+". */
  #reject(problem: FrameProblem, announced: Announcement | null): Frame | typeof AGAIN {
    const tag = readTag(this.#lines[0]!);
    this.#endCommand();
    if (announced === null || announced.synchronizing) return { type: "bad", tag, problem };
    this.#skipLiteral(announced.bytes, problem);
    return this.#mode === "skipLiteral" ? { type: "bad", tag, problem } : AGAIN;
  }

  /** A line that is refused before its end. `line` is what came of it. */
  #skipFrom(problem: FrameProblem, line: string, expected: "command" | "line"): Frame {
    const start = this.#lines[0] ?? line.slice(0, TAG_CHARACTERS_MAX + 1);
    const tag = expected === "line" ? null : readTag(start);
    this.#endCommand();
    this.#tail = line.slice(-TAIL_CHARACTERS);
    this.#mode = "skipLine";
    return { type: "bad", tag, problem };
  }

  #skipLiteral(bytes: number, problem: FrameProblem): void {
    this.#tail = "";
    this.#skipped += bytes;
    this.#left = bytes;
    this.#mode = "skipLiteral";
    if (bytes < 0) this.#lose("badLiteral");
    else if (this.#skipped > this.#limits.skipBytesMax) this.#lose(problem);
  }

  #lose(problem: FrameProblem): void {
    this.#mode = "lost";
    this.#lostBy = problem;
  }

  #skipBytes(): null | typeof AGAIN {
    this.#left -= this.#input.take(this.#left).length;
    if (this.#left > 0) return null;
    this.#mode = "skipLine";
    return AGAIN;
  }

  #skipLine(): null | typeof AGAIN {
    const { chunk, at, ended } = this.#input;
    if (ended) return null;
    const lf = chunk.indexOf(LF, at);
    const piece = this.#input.take((lf < 0 ? chunk.length : lf + 1) - at);
    this.#skipped += piece.length;
    this.#tail = (this.#tail + latin1(piece.subarray(-TAIL_CHARACTERS - 1))).slice(-TAIL_CHARACTERS - 1);
    if (this.#skipped > this.#limits.skipBytesMax) {
      this.#lose("tooLong");
      return AGAIN;
    }
    if (lf < 0) return null;
    if (!this.#tail.endsWith("\r\n")) return AGAIN;
    const line = this.#tail.slice(0, -2);
    const announced = readAnnouncement(line);
    if (announced !== null && !announced.synchronizing) this.#skipLiteral(announced.bytes, "tooLong");
    else if (ENDLESS_SIZE.test(line)) this.#lose("badLiteral");
    else {
      this.#endCommand();
    }
    return AGAIN;
  }

  #endCommand(): void {
    this.#lines = [];
    this.#characters = 0;
    this.#literals = [];
    this.#told = { lines: 0, literals: 0 };
    this.#arguments = null;
    this.#heldBytes = 0;
    this.#mode = "line";
    this.#skipped = 0;
    this.#tail = "";
  }

  #keep(bytes: Uint8Array): void {
    const needed = this.#keptLength + bytes.length;
    if (needed > this.#kept.length) {
      const grown = new Uint8Array(Math.max(64, needed, this.#keptLength * 2));
      grown.set(this.#kept.subarray(0, this.#keptLength));
      this.#kept = grown;
    }
    this.#kept.set(bytes, this.#keptLength);
    this.#keptLength = needed;
  }

  #takeKept(): Uint8Array {
    const taken = this.#kept.subarray(0, this.#keptLength);
    this.#forgetKept();
    return taken;
  }

  #forgetKept(): void {
    this.#kept = EMPTY;
    this.#keptLength = 0;
  }
}
