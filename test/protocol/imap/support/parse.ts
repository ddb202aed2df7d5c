import { assert } from "@std/assert";
import { CommandFramer, FRAME_LIMITS, parseCommand, type ParsedCommand } from "../../../../src/protocol/imap/mod.ts";
import { bytes } from "./frames.ts";

/** What the wire text of one command, without its tag and last CRLF, is parsed to. */
export function parsed(text: string, { utf8 = false } = {}): ParsedCommand {
  const framer = new CommandFramer(FRAME_LIMITS);
  framer.push(bytes(`a ${text}\r\n`));
  for (;;) {
    const frame = framer.next();
    assert(frame !== null && frame.type !== "bad" && frame.type !== "lost", `${text} is framed`);
    if (frame.type === "literal") framer.accept();
    if (frame.type === "command") return parseCommand(frame.command, { utf8 });
  }
}

/** The command that the text is: a tree to compare. */
export function commandOf(text: string, options: { readonly utf8?: boolean } = {}): unknown {
  const result = parsed(text, options);
  assert(result.type === "command", `${text}: ${result.type === "bad" ? result.problem.text : ""}`);
  return result.command;
}

/** Why the text is no command. */
export function problemOf(text: string, options: { readonly utf8?: boolean } = {}): string {
  const result = parsed(text, options);
  assert(result.type === "bad", `${text} is taken`);
  return result.problem.kind === "syntax" ? result.problem.text : `${result.problem.kind}: ${result.problem.text}`;
}
