import { asFailure } from "../../base/failure.ts";
import type { ImapCommand } from "./grammar/ast.ts";
import type { Command, NewsPolicy } from "./command.ts";
import { COMMANDS } from "./command_table.ts";
import { bad, type Completion, no, taggedLine } from "./completion.ts";
import { leave, type Program } from "./effects.ts";
import { failureReply } from "./failure_reply.ts";
import { tellNews } from "./news.ts";
import { isUidOnly, phaseOf, type Scene, tellsSelected } from "./state.ts";
import { UIDS_REQUIRED, usesNumbers } from "./uid_only.ts";
import { tellTidings } from "./tidings.ts";
import { noteOwnChanges } from "./search/updates.ts";

/** A command from its first step to its tagged line. */
export function* runCommand(tag: string, given: ImapCommand, scene: Scene): Program<void> {
  const { progress } = scene;
  progress.tag = tag;
  progress.done = progress.goal = 0;
  const command = COMMANDS.get(given.verb) as Command | undefined;
  if (command === undefined) return yield* complete(tag, bad("Unknown command"), scene);
  if (!command.phases.includes(phaseOf(scene.state))) return yield* complete(tag, bad("Not in this state"), scene);
  const numbered = isUidOnly(scene.state) && usesNumbers(given);
  if (numbered) return yield* complete(tag, UIDS_REQUIRED, scene);
  // A table's entry takes what was parsed for its own verb.
  const own = given as never;
  scene.memory.short = false;
  const result = command.run(own, scene, tag);
  const completion = "next" in result ? yield* attempt(result, scene) : result;
  scene.literals.drop();
  scene.memory.readBytes = scene.memory.pageBytes = 0;
  const policy = typeof command.news === "function" ? command.news(own) : command.news;
  noteOwnChanges(scene);
  if (completion.type !== "bad" && mayTell(policy, scene)) yield* news(policy, command.polls === true, scene);
  if (isPlain(completion, scene)) say(tag, completion, scene);
  else yield* complete(tag, completion, scene);
}

/** Whether nothing comes behind the tagged line of a command. */
function isPlain({ type, closes, counted, silent }: Completion, { state, output }: Scene): boolean {
  return type === "ok" && closes === undefined && counted === undefined && silent === undefined && !state.viewLost &&
    !output.isFull;
}

function say(tag: string, completion: Completion, { progress, output }: Scene): void {
  progress.tag = null;
  output.push(taggedLine(tag, completion));
}

/** Whether it is known what a command may tell; what is held until one comes is told from here on. */
function mayTell(policy: NewsPolicy, { state: { notify }, pipeline }: Scene): boolean {
  if (notify !== null) notify.held = false;
  // Answers that are there already count by the numbers that the client knows: nothing may change them before they are told.
  return policy !== "none" && !pipeline.owes;
}

/** What the world does to a command is its NO; a defect of ours goes on to whoever drives the session. */
function* attempt(program: Program<Completion>, { state }: Scene): Program<Completion> {
  try {
    return yield* program;
  } catch (error) {
    const failure = asFailure(error);
    if (failure === null) throw error;
    return state.viewLost ? no("The mailbox is not open any more", "UNAVAILABLE") : failureReply(failure);
  }
}

/** What the command did is told whether or not there is news. */
function* news(policy: NewsPolicy, polls: boolean, scene: Scene): Program<void> {
  const { selected, notify } = scene.state;
  const tellsNews = selected !== null && (polls || selected.stirred || selected.news !== undefined) &&
    tellsSelected(scene.state);
  try {
    if (tellsNews) yield* tellNews(scene, policy === "all");
    if (notify?.stirred === true) yield* tellTidings(scene);
  } catch (error) {
    if (asFailure(error) === null) throw error;
    if (selected !== null) selected.stirred = true;
  }
  // RFC 5465 §6.1.1: what this command may not tell is told as soon as it has ended.
  if (tellsNews && policy !== "all" && notify?.selected?.delayed === false) selected.stirred = true;
}

/** Says how a command ended; counts those that made no sense. */
export function* complete(tag: string, completion: Completion, scene: Scene): Program<void> {
  const { state, limits, output } = scene;
  scene.progress.tag = null;
  if (completion.silent !== true) output.push(taggedLine(tag, completion));
  if (completion.closes === true) yield { type: "close" };
  if (state.viewLost) yield* leave("The mailbox has to be opened again", "UNAVAILABLE");
  if (completion.type === "bad" || completion.counted === true) {
    state.errors++;
    if (state.errors >= (state.login === null ? limits.strangerErrorsMax : limits.errorsMax)) {
      yield* leave("Too many errors");
    }
  }
  if (output.isFull) yield* output.drain();
}
