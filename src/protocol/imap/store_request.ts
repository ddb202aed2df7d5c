import {
  gatherStores,
  STORE_NUMBERS_MAX,
  type StoreAnswer,
  STORES_MAX,
  type StoreWish,
} from "../../mail/store_wish.ts";
import type { MessageSet } from "../../mail/mailbox_view.ts";
import type { ImapAsks } from "./actions.ts";
import { askEach, made } from "./ask_each.ts";
import type { Given } from "./command.ts";
import { ask, type Program } from "./effects.ts";
import { isOverLimit } from "./message_limit.ts";
import { isBeyond } from "./message_set.ts";
import { bring } from "./news.ts";
import type { Made } from "./pipeline.ts";
import { selectedOf } from "./selection.ts";
import { isUidOnly, type Scene, speaksUtf8, tellsModSeq, tellsSelected } from "./state.ts";

/** What a STORE asks for, and what became of it. */
export interface Stored {
  readonly wish: StoreWish;
  readonly answer: Exclude<StoreAnswer, { readonly type: "failed" }>;
}

/**
 * Makes the change of a STORE. Those that wait behind it are asked for along with it, as far as none of them hangs on another (RFC
 * 9051 §5.5): all are durable by one flush. Each is told in its turn, as it would have been; only what others did is told behind the
 * last of them, as no sequence number may change before. Throws a `Failure` when this one cannot be made.
 */
export function* storeWithOthers(given: Given<"STORE">, set: MessageSet, scene: Scene): Program<Stored> {
  const wish = wishOf(given, set, scene);
  const selected = selectedOf(scene);
  const { view } = selected;
  const news = tellsSelected(scene.state) ? { news: { expunges: given.uid } } : {};
  const behind = storesBehind(given, scene);
  if (behind.length === 0) {
    const answer = yield* ask("mailbox.store", { view, ...wish, ...news });
    bring(answer.news, selected);
    // A keyword that the mailbox has not had is told by FLAGS (RFC 9051 §7.3.5).
    if (answer.news === undefined && !wish.keywords.every((keyword) => isKnown(keyword, selected.keywords))) {
      selected.stirred = true;
    }
    return { wish, answer };
  }
  const stores = [wish, ...behind.map((each) => each.wish)];
  const { answers, news: told } = yield* askEach(
    ask("mailbox.storeEach", { view, stores: gatherStores(stores), ...news }),
    (failed): ImapAsks["mailbox.storeEach"]["reply"] => ({ answers: stores.map(() => failed) }),
  );
  bring(told, selected);
  scene.pipeline.changes.note(behind.map((each, i) => ({ ...each, answer: answers[i + 1] ?? null })));
  return taken({ wish, answer: answers[0] ?? null }, scene);
}

/** What was made of a command before its turn. Throws a `Failure` when it could not be. */
export function taken({ wish, answer }: Omit<Made, "command">, { state }: Scene): Stored {
  if (answer?.type === "failed" && answer.kind === "not_found") state.viewLost = true;
  return { wish, answer: made(answer) };
}

/** Whether a keyword is one that FLAGS has told. */
export function isKnown(keyword: string, known: readonly string[]): boolean {
  return known.some((each) => each.toLowerCase() === keyword.toLowerCase());
}

function wishOf(given: Given<"STORE">, set: MessageSet, { state }: Scene): StoreWish {
  const { flags: { flags, keywords }, how, silent, unchangedSince } = given;
  const isSilent = silent && unchangedSince === null && !tellsModSeq(state);
  return { set, flags, keywords, how, unchangedSince, silent: isSilent };
}

/** The commands behind a STORE whose changes may be made with its own, and what they ask for. */
function storesBehind(first: Given<"STORE">, scene: Scene): Omit<Made, "answer">[] {
  const { pipeline, limits: { commandsAtOnceMax, messagesAtOnceMax }, state } = scene;
  const messagesMax = Math.min(messagesAtOnceMax, STORE_NUMBERS_MAX);
  const named = new Set<number>();
  const behind: Omit<Made, "answer">[] = [];
  if (!mayBeMany(scene) || !isApart(first, { named, messagesMax }, scene)) return behind;
  while (behind.length + 1 < Math.min(commandsAtOnceMax, STORES_MAX)) {
    const command = pipeline.lookAhead(speaksUtf8(state));
    // RFC 9051 §5.5: by UIDs messages may go, and numbers would be of others then.
    if (command?.verb !== "STORE" || command.uid !== first.uid) break;
    if (!isApart(command, { named, messagesMax }, scene)) break;
    behind.push({ command, wish: wishOf(command, command.set, scene) });
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
