import { bad, type Completion } from "../completion.ts";
import type { FrameProblem } from "./frame.ts";

const TEXTS: Readonly<Record<FrameProblem, readonly [text: string, code?: string]>> = {
  tooLong: ["Command too long", "LIMIT"],
  tooManyLiterals: ["Too many literals", "LIMIT"],
  literalTooLarge: ["Literal too large", "TOOBIG"],
  badLiteral: ["Not a literal"],
  badCharacter: ["Lines end in CRLF and hold no CR, LF or NUL"],
  badTag: ["Not a tag"],
};

/** The answer to what is no command. Nothing the client sent is repeated in it. */
export function frameReply(problem: FrameProblem): Completion {
  const [text, code] = TEXTS[problem];
  return bad(text, code);
}
