import { assert } from "@std/assert";
import {
  CommandFramer,
  type Frame,
  type FramedCommand,
  type FrameLimits,
  parseCommand,
} from "../../../../src/protocol/imap/mod.ts";
import { latin1Bytes } from "../../../support/latin1.ts";

/** Small limits, so that tests and fuzzers meet all of them. */
export const SMALL: FrameLimits = {
  lineBytesMax: 60,
  exchangeLineBytesMax: 30,
  commandBytesMax: 100,
  literalsMax: 3,
  literalBytesMax: 20,
  skipBytesMax: 80,
};

/** How a stream is to be framed. */
export interface Framing {
  readonly limits?: FrameLimits;
  /** What is said of an announced message; by default it is accepted when the command can be parsed. */
  readonly accepts?: (command: FramedCommand) => boolean;
  /** Commands after which lines of an exchange are expected until `*` or DONE. */
  readonly exchange?: RegExp;
}

/** Everything a framer makes of its input, one line each. Pieces of a message are joined. */
export function frames(chunks: readonly Uint8Array[], framing: Framing = {}): string[] {
  const limits = framing.limits ?? SMALL;
  const accepts = framing.accepts ?? parses;
  const wholes = new Wholes();
  const framer = new CommandFramer(limits);
  const found: string[] = [];
  let inExchange = false;
  let message = "";
  for (const chunk of chunks) {
    framer.push(chunk);
    for (;;) {
      const frame = framer.next(inExchange ? "line" : "command");
      if (frame === null) break;
      if (frame.type === "command") {
        found.push(`command ${show(frame.command.text)}${literals(frame.command.literals)}`);
        inExchange = framing.exchange?.test(frame.command.text) ?? false;
      } else if (frame.type === "literal") {
        const accepted = accepts(wholes.of(frame));
        found.push(`literal ${frame.bytes}${frame.synchronizing ? "" : "+"} ${accepted ? "accepted" : "refused"}`);
        if (accepted) framer.accept();
        else framer.refuse();
      } else if (frame.type === "data") {
        message += String.fromCharCode(...frame.bytes);
        if (frame.left === 0) {
          found.push(`data ${show(message)}`);
          message = "";
        }
      } else if (frame.type === "line") {
        found.push(`line ${show(frame.text)}`);
        inExchange = frame.text !== "DONE" && frame.text !== "*";
      } else if (frame.type === "continue") found.push("continue");
      else found.push(frame.type === "lost" ? `lost ${frame.problem}` : `bad ${frame.tag} ${frame.problem}`);
    }
    const heldMax = limits.commandBytesMax + limits.lineBytesMax + limits.exchangeLineBytesMax;
    assert(framer.bufferedBytes <= heldMax, `${framer.bufferedBytes} bytes are held`);
  }
  return found;
}

/** The commands of `literal` frames up to where each ends, as a client sent them. */
export class Wholes {
  #told: FramedCommand = { text: "", literals: [] };

  of({ command, goesOn }: Extract<Frame, { readonly type: "literal" }>): FramedCommand {
    const { text, literals } = goesOn ? this.#told : { text: "", literals: [] };
    const whole = { text: text + command.text, literals: [...literals, ...command.literals] };
    this.#told = { ...whole, literals: [...whole.literals, null] };
    return whole;
  }
}

function parses(command: FramedCommand): boolean {
  return parseCommand(command, { utf8: false }).type === "command";
}

function literals(list: readonly (Uint8Array | null)[]): string {
  return list.map((bytes) => bytes === null ? " <message>" : ` <${show(String.fromCharCode(...bytes))}>`).join("");
}

function show(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** One byte for each character. */
export function bytes(text: string): Uint8Array {
  return latin1Bytes(text);
}

/** The bytes cut at these places. */
export function cut(whole: Uint8Array, positions: readonly number[]): Uint8Array[] {
  const places = [...new Set(positions.map((at) => Math.min(at, whole.length)))].sort((a, b) => a - b);
  return [0, ...places].map((from, i) => whole.slice(from, places[i] ?? whole.length));
}
