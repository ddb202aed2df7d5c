import type { MessageSet } from "../../mail/mailbox_view.ts";
import type { ImapAskRequest } from "./actions.ts";
import type { Given } from "./command.ts";
import { ahead, type Program } from "./effects.ts";
import { isOverLimit } from "./message_limit.ts";
import { isBeyond } from "./message_set.ts";
import type { Begun } from "./pipeline.ts";
import { selectedOf } from "./selection.ts";
import { isUidOnly, type Scene, speaksUtf8, tellsModSeq, tellsSelected } from "./state.ts";

type StoreRequest = ImapAskRequest<"mailbox.store">;

/**
 * What a STORE asks for. Those that wait behind it are asked for along with it, as far as none of them hangs on another (RFC 9051
 * §5.5): all are durable by one flush. Each is answered in its turn, as it would have been; only what others did is told behind the
 * last of them, as no sequence number may change before.
 */
export function* storeRequest(given: Given<"STORE">, set: MessageSet, scene: Scene): Program<StoreRequest> {
  const request = requestOf(given, set, scene);
  const behind = storesBehind(given, scene);
  if (behind.length === 0) {
    return tellsSelected(scene.state) ? { ...request, news: { expunges: given.uid } } : request;
  }
  yield* ahead("mailbox.store", request);
  for (const each of behind) yield* ahead("mailbox.store", each.request);
  scene.pipeline.begin(behind);
  return request;
}

/** Whether a keyword is one that FLAGS has told. */
export function isKnown(keyword: string, known: readonly string[]): boolean {
  return known.some((each) => each.toLowerCase() === keyword.toLowerCase());
}

function requestOf(given: Given<"STORE">, set: MessageSet, scene: Scene): StoreRequest {
  const { flags: { flags, keywords }, how, silent, unchangedSince } = given;
  return {
    ...{ view: selectedOf(scene).view, set, flags, keywords, how, unchangedSince },
    silent: silent && unchangedSince === null && !tellsModSeq(scene.state),
  };
}

/** The commands behind a STORE that may be begun with it, and what they ask for. */
function storesBehind(first: Given<"STORE">, scene: Scene): Begun[] {
  const { pipeline, limits: { commandsAtOnceMax, messagesAtOnceMax }, state } = scene;
  const named = new Set<number>();
  const behind: Begun[] = [];
  if (!mayBeMany(scene) || !isApart(first, { named, messagesMax: messagesAtOnceMax }, scene)) return behind;
  while (behind.length + 1 < commandsAtOnceMax) {
    const command = pipeline.lookAhead(speaksUtf8(state));
    // RFC 9051 §5.5: by UIDs messages may go, and numbers would be of others then.
    if (command?.verb !== "STORE" || command.uid !== first.uid) break;
    if (!isApart(command, { named, messagesMax: messagesAtOnceMax }, scene)) break;
    behind.push({ command, request: requestOf(command, command.set, scene) });
  }
  return behind;
}

/** Whether nothing is told with an answer that changes what the next command is. */
function mayBeMany(scene: Scene): boolean {
  const { state: { notify }, limits } = scene;
  const { updates, exists } = selectedOf(scene);
  return notify === null && updates === null && !isOverLimit(exists, limits);
}

/** Whether a command is answered the same beside those that name messages already; then it has named its own. */
function isApart(
  command: Given<"STORE">,
  { named, messagesMax }: { readonly named: Set<number>; readonly messagesMax: number },
  scene: Scene,
): boolean {
  const { set, annotations, unchangedSince, flags: { keywords } } = command;
  const { state } = scene;
  const selected = selectedOf(scene);
  if (annotations !== undefined || isBeyond(set, selected.exists) || (isUidOnly(state) && !command.uid)) return false;
  // RFC 7162 §3.1: from a conditional one on MODSEQ is told, and a new keyword is told by FLAGS at once.
  if (unchangedSince !== null && !tellsModSeq(state)) return false;
  return keywords.every((keyword) => isKnown(keyword, selected.keywords)) && nameEach(set, named, messagesMax);
}

/** Adds the messages of a set to those that are named; false when one is among them, or they are too many, or nobody can tell. */
function nameEach(set: MessageSet, named: Set<number>, messagesMax: number): boolean {
  if (set.by === "saved") return false;
  const before = named.size;
  let messages = 0;
  for (let at = 0; at < set.pairs.length; at += 2) {
    const [first, last] = [set.pairs[at]!, set.pairs[at + 1]!];
    if (first === 0 || last === 0) return false;
    messages += Math.abs(last - first) + 1;
    if (before + messages > messagesMax) return false;
    for (let each = Math.min(first, last); each <= Math.max(first, last); each++) named.add(each);
  }
  return named.size === before + messages;
}
