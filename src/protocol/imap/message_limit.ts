import type { MessageSet } from "../../mail/mailbox_view.ts";
import type { SearchProgram } from "../../mail/search_program.ts";
import { UID_MAX } from "../../mail/uid.ts";
import { type Completion, no, untaggedStatus } from "./completion.ts";
import { ask, type Program } from "./effects.ts";
import { selectedOf } from "./selection.ts";
import type { Scene } from "./state.ts";
import { messageLimitCode } from "./write/response_code.ts";

/** The lowest message that a command looks at, when there are more than one command may have; null when there are not. */
export type Lowest = { readonly sequence: number; readonly uid: number } | null;

/** Whether a command of so many messages has too many (RFC 9738 §3.1). */
export function isOverLimit(messages: number, { commandMessagesMax }: Scene["limits"]): boolean {
  return commandMessagesMax > 0 && messages > commandMessagesMax;
}

/** What a command with too many messages is told where none of them is looked at. */
export function overLimit({ commandMessagesMax }: Scene["limits"]): Completion {
  return no("Too many messages at once", messageLimitCode(commandMessagesMax));
}

/** Which messages of a set count: all, or those that fit a program or have a higher MODSEQ, too. */
export interface Counted {
  readonly also?: SearchProgram;
  readonly changedSince?: number | null;
}

/**
 * The part of a set that one command may have: the last messages of those that count (RFC 9738 §3.1). They are told in rising order as
 * ever: a client goes on below the lowest of them.
 */
export function* withinLimit(
  set: MessageSet,
  scene: Scene,
  { also, changedSince = null }: Counted = {},
): Program<{ readonly set: MessageSet; readonly lowest: Lowest }> {
  const own: SearchProgram = { type: "set", set };
  const program: SearchProgram = also === undefined ? own : { type: "and", of: [own, also] };
  const lowest = yield* lowestOf({ program, ...(changedSince === null ? {} : { changedSince }) }, scene);
  return { set: lowest === null ? set : from(set, lowest), lowest };
}

/** The same for a search (RFC 9738 §3.1): it is the messages it looks through that count, those of the sets that it names. */
export function* searchWithinLimit(
  program: SearchProgram,
  scene: Scene,
): Program<{ readonly program: SearchProgram; readonly lowest: Lowest }> {
  const sets = setsOf(program);
  const within: SearchProgram = sets.length > 1 ? { type: "and", of: sets } : sets[0] ?? { type: "all" };
  const lowest = yield* lowestOf({ program: within }, scene);
  if (lowest === null) return { program, lowest };
  const last: SearchProgram = { type: "set", set: { by: "uid", pairs: [lowest.uid, UID_MAX] } };
  return { program: { type: "and", of: program.type === "and" ? [last, ...program.of] : [last, program] }, lowest };
}

/** Says which message was the last one that was looked at: with the OK, or before it where that says something else (RFC 9738 §3.1). */
export function tellLimit(completion: Completion, lowest: Lowest, { limits, output }: Scene): Completion {
  if (lowest === null || completion.type === "bad") return completion;
  const code = messageLimitCode(limits.commandMessagesMax, lowest.uid);
  if (completion.type === "ok" && completion.code === undefined) return { ...completion, code };
  output.push(untaggedStatus("no", "Only the last messages were looked at", code));
  return completion;
}

/** Most mailboxes are smaller than the limit: then nothing is asked. */
function* lowestOf(
  counted: { readonly program: SearchProgram; readonly changedSince?: number },
  scene: Scene,
): Program<Lowest> {
  const { view, exists } = selectedOf(scene);
  if (!isOverLimit(exists, scene.limits)) return null;
  return (yield* ask("mailbox.lastOf", { view, ...counted, count: scene.limits.commandMessagesMax })).lowest;
}

/** The sets that all that is found must be in. */
function setsOf(program: SearchProgram): SearchProgram[] {
  if (program.type === "set") return [program];
  return program.type === "and" ? program.of.flatMap(setsOf) : [];
}

/** The messages of a set that are not below one of them. */
function from(set: MessageSet, { sequence, uid }: NonNullable<Lowest>): MessageSet {
  if (set.by === "saved") return { by: "saved", from: uid };
  const least = set.by === "uid" ? uid : sequence;
  const pairs: number[] = [];
  for (let at = 0; at < set.pairs.length; at += 2) {
    const [one, other] = [set.pairs[at]!, set.pairs[at + 1]!];
    // "*" is the last message.
    const [first, last] = one === 0 || other === 0 ? [one || other, 0] : [Math.min(one, other), Math.max(one, other)];
    if (last === 0 || last >= least) pairs.push(first === 0 ? 0 : Math.max(first, least), last);
  }
  return { by: set.by, pairs };
}
