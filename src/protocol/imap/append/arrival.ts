import { asFailure } from "../../../base/failure.ts";
import { assert } from "../../../base/assert.ts";
import { textBytes } from "./append.ts";
import type { AppendCommand } from "../grammar/ast.ts";
import { NO_ROOM, urlProblem } from "./catenate.ts";
import { bad, type Completion, no } from "../completion.ts";
import { ask, leave, type Program } from "../effects.ts";
import { failureReply } from "../failure_reply.ts";
import type { Frame } from "../frame/frame.ts";
import { frameReply } from "../frame/frame_problem.ts";
import type { CommandFramer } from "../frame/framer.ts";
import { appendedAtOnce } from "../limits.ts";
import { type MessagesBefore, parseAnnounced, parseCommand, type ParsedCommand } from "../grammar/grammar.ts";
import { badCharsetCode, saveLimitCode } from "../write/response_code.ts";
import type { Came } from "../pipeline.ts";
import { complete, runCommand } from "../run.ts";
import { phaseOf, type Scene, speaksUtf8 } from "../state.ts";

type Problem = Extract<ParsedCommand, { type: "bad" }>["problem"];
type Arrived = Exclude<Came, { type: "lost" }>;

/** What a frame that came between commands sets going; null: nothing but what was done here. */
export function arrive(frame: Arrived, framer: CommandFramer, scene: Scene): Program<void> | null {
  const { output, literals } = scene;
  switch (frame.type) {
    case "command":
      return commanded(parseCommand(frame.command, { utf8: speaksUtf8(scene.state) }), scene);
    case "parsed":
      return commanded(frame.parsed, scene);
    case "literal":
      return announced(frame, framer, scene);
    case "data":
      literals.add(frame.bytes);
      if (frame.left === 0) literals.end();
      return null;
    case "continue":
      output.push(GO_AHEAD);
      return null;
    case "bad":
      literals.drop();
      return complete(frame.tag ?? "*", frameReply(frame.problem), scene);
    case "line":
      assert(false, "a line came that nobody waits for");
  }
}

const GO_AHEAD = "+ OK\r\n";

function commanded(parsed: ParsedCommand, scene: Scene): Program<void> {
  if (scene.literals.abandoned && parsed.tag !== null) {
    scene.literals.drop();
    return complete(parsed.tag, NO_ROOM, scene);
  }
  if (parsed.type === "command") return runCommand(parsed.tag, parsed.command, scene);
  scene.literals.drop();
  return refused(parsed.tag, parsed.problem, scene);
}

function* refused(tag: string | null, problem: Problem, scene: Scene): Program<void> {
  // Somebody tricked a browser into talking to us.
  if (problem.kind === "foreign") yield* leave("This is IMAP");
  yield* complete(tag ?? "*", problemReply(problem), scene);
}

function problemReply({ kind, text }: Problem): Completion {
  if (kind === "badCharset") return no(text, badCharsetCode(["UTF-8", "US-ASCII"])); // RFC 9051 §6.4.4.
  return bad(text, kind === "limit" ? "LIMIT" : undefined);
}

type Announcement = Extract<Frame, { type: "literal" }>;

/** A message is to come: it is refused before its bytes are sent, if it can be. */
function* announced(frame: Announcement, framer: CommandFramer, scene: Scene): Program<void> {
  const { literals, output } = scene;
  const known = frame.goesOn ? literals.before : null;
  assert(!frame.goesOn || known !== null, "what was read of a command is kept until its end");
  const { parsed, before } = parseAnnounced(frame.command, { utf8: speaksUtf8(scene.state) }, known);
  literals.before = before;
  if (before === null) {
    literals.drop();
    framer.refuse();
    return yield* refused(parsed.tag, parsed.problem, scene);
  }
  const refusal = yield* judge(before, frame.bytes, scene);
  if (refusal !== null) {
    literals.drop();
    framer.refuse();
    return yield* complete(parsed.tag, refusal, scene);
  }
  literals.begin();
  framer.accept();
  if (frame.synchronizing) output.push(GO_AHEAD);
}

function* judge({ command, count }: MessagesBefore, bytes: number, scene: Scene): Program<Completion | null> {
  const { literals, limits, state } = scene;
  const message = command.messages[0]!;
  if (literals.abandoned) return NO_ROOM;
  if (scene.commands.get(command.verb)?.phases.includes(phaseOf(state)) !== true) return bad("Not in this state");
  const problem = urlProblem(message);
  if (problem !== null) return problem;
  // What URLs bring is found out at the end of the command.
  if (textBytes(message) > limits.appendBytesMax) return no("Message too big", "TOOBIG"); // RFC 7889 §4.
  if (literals.bytes + bytes > limits.appendTotalBytesMax) return no("Messages too big together", "TOOBIG");
  const messagesMax = appendedAtOnce(limits);
  if (count > messagesMax) return no("Too many messages", saveLimitCode(messagesMax, limits));
  if (literals.count > 0 || bytes <= limits.readBytesMax) return null;
  return yield* judgeTarget(command);
}

/** Whether there is a mailbox for a message that is worth the question. */
function* judgeTarget({ mailbox }: AppendCommand): Program<Completion | null> {
  if (mailbox === null) return no("Not a name for a mailbox", "CANNOT");
  try {
    const { entries } = yield* ask("mailbox.statusOf", { names: [mailbox] });
    return entries[0]?.status === undefined ? no("No such mailbox", "TRYCREATE") : null;
  } catch (error) {
    const failure = asFailure(error);
    if (failure === null) throw error;
    return failureReply(failure);
  }
}
