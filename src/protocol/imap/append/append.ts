import { assert } from "../../../base/assert.ts";
import { byteLength } from "../../../base/bytes.ts";
import type { AppendedMessage, AppendOutcome } from "../../../mail/mailbox_view.ts";
import type { MessageAnnotation, MessageAnnotationChange } from "../../../mail/message_annotation.ts";
import type { MailboxName } from "../../../mail/mailbox_name.ts";
import type { Uid } from "../../../mail/uid.ts";
import { readIndex } from "../../../mime/mod.ts";
import { lacksParts, partsNamed, refusedValues } from "../annotations.ts";
import type { AppendCommand, AppendMessage, AppendPart } from "../grammar/ast.ts";
import { type Catenating, readUrl } from "./catenate.ts";
import { type Completion, no } from "../completion.ts";
import { ask, type Program } from "../effects.ts";
import { appendedAtOnce } from "../limits.ts";
import { indexInSteps, keptIndex } from "../fetch/message_index.ts";
import { bring, noteOwn } from "../news.ts";
import { arrivalRefusal } from "../write/arrival_reply.ts";
import { saveLimitCode } from "../write/response_code.ts";
import { selectedOf } from "../selection.ts";
import { compressToPairs } from "../sequence_set.ts";
import type { Scene } from "../state.ts";
import { appendWithOthers, newsWanted } from "./appends_behind.ts";

type Appended = Extract<AppendOutcome, { type: "appended" }>;

interface Target {
  readonly name: MailboxName;
  /** A message of the selected mailbox that goes in the same change (RFC 8508). */
  readonly replaces?: Uid;
}

/** Stores the messages that came with a command; all or none (RFC 3502 §6.3.11). */
export function* appendAll(
  { messages }: Pick<AppendCommand, "messages">,
  { name, replaces }: Target,
  scene: Scene,
): Program<Appended | Completion> {
  const { literals, memory, limits } = scene;
  const messagesMax = appendedAtOnce(limits);
  if (messages.length > messagesMax) return no("Too many messages", saveLimitCode(messagesMax, limits));
  if (urlsOf(messages) > limits.appendUrlsMax) return no("Too many URLs", "LIMIT");
  // They lie in memory until the owner has answered.
  memory.readBytes = literals.heldBytes;
  const room = { message: 0, total: limits.appendTotalBytesMax - literals.bytes };
  const texts = literals.take()[Symbol.iterator]();
  const catenating: Catenating = { room, reader: null };
  const made: AppendedMessage[] = [];
  for (const message of messages) {
    room.message = limits.appendBytesMax - textBytes(message);
    const parts = yield* piecesOf(message, texts, catenating, scene);
    if ("type" in parts) return parts;
    const annotations = message.annotations ?? [];
    const problem = refusedValues(annotations);
    if (problem !== null) return problem;
    const index = yield* indexInSteps(parts);
    const root = partsNamed(annotations).length === 0 ? null : readIndex(index)?.parts() ?? null;
    const lacking = lacksParts(root, annotations);
    if (lacking !== null) return lacking;
    made.push({
      flags: message.flags,
      keywords: message.keywords,
      internalDateMs: message.internalDateMs,
      parts,
      index: keptIndex(index),
      ...(annotations.length === 0 ? {} : { annotations: annotations.flatMap(valued) }),
    });
  }
  const wish = { name, messages: made };
  const outcome = replaces === undefined ? yield* appendWithOthers(wish, scene) : yield* ask("mailbox.append", {
    ...{ ...wish, replaces: { view: selectedOf(scene).view, uid: replaces } },
    ...newsWanted([wish], scene),
  });
  return appendedOr(outcome, name, scene);
}

/** What became of messages, as a command tells it: what came into the selected mailbox is told at once (RFC 9051 §6.3.12). */
export function appendedOr(outcome: AppendOutcome, name: MailboxName, scene: Scene): Appended | Completion {
  if (outcome.type === "gone") return GONE;
  if (outcome.type !== "appended") return arrivalRefusal(outcome.type);
  const { selected } = scene.state;
  if (selected?.name !== name) return outcome;
  bring(outcome.news, selected);
  // News may have come along with the answer to a command before, and is told behind the last one.
  if (selected.news === undefined) selected.stirred = true;
  noteOwn(compressToPairs(outcome.uids), scene);
  return outcome;
}

/** A new message has no annotations that could be taken away. */
function valued({ entry, scope, value }: MessageAnnotationChange): MessageAnnotation[] {
  return value === null ? [] : [{ entry, scope, value }];
}

/** What was to be replaced is not there. */
export const GONE = no("The message is gone", "EXPUNGEISSUED");

/** Bytes of the texts of a message, one that is to come among them. */
export function textBytes({ parts }: AppendMessage): number {
  return parts.reduce((sum, part) => sum + (part.type === "literal" ? part.bytes : 0), 0);
}

function urlsOf(messages: readonly AppendMessage[]): number {
  return messages.reduce((sum, { parts }) => sum + parts.filter(({ type }) => type === "url").length, 0);
}

/** A message of its texts, which have come, and of what its URLs name (RFC 4469 §3). */
function* piecesOf(
  { parts }: AppendMessage,
  texts: Iterator<readonly Uint8Array[]>,
  catenating: Catenating,
  scene: Scene,
): Program<readonly Uint8Array[] | Completion> {
  const pieces: Uint8Array[] = [];
  for (const part of parts) {
    const next = part.type === "literal" ? textOf(part, texts) : yield* readUrl(part, catenating, scene);
    if ("type" in next) return next;
    for (const piece of next) pieces.push(piece);
  }
  // RFC 3502 §6.3.11: by an empty message a client gives up.
  return byteLength(pieces) === 0 ? no("An empty message is none", "CANNOT") : pieces;
}

function textOf(
  { binary }: Extract<AppendPart, { readonly type: "literal" }>,
  texts: Iterator<readonly Uint8Array[]>,
): readonly Uint8Array[] | Completion {
  const text = texts.next();
  assert(text.done !== true, "each text of a command has come");
  // RFC 9051 §9: CHAR8 is not NUL; a literal8 may hold it (RFC 3516 §4.4).
  const hasNul = !binary && text.value.some((piece) => piece.includes(0));
  return hasNul ? no("The message holds NUL", "CANNOT") : text.value;
}
